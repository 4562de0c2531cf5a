"""URLs of notifications, email settings and unsubscribing."""

from django.urls import path

from courseware.notifications import views

app_name = "notifications"

urlpatterns = [
    path("email-settings/", views.own_email_settings, name="email-settings"),
    path("unsubscribe/<str:token>/", views.unsubscribe_by_email, name="unsubscribe"),
    path("notifications/", views.inbox, name="inbox"),
    path("notifications/<int:pk>/", views.open_notification, name="open"),
]
