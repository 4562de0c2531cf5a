from django.urls import path

from courseware.notifications import views

app_name = "notifications"

urlpatterns = [
    path("email-settings/", views.own_email_settings, name="own-letters"),
    path("unsubscribe/<str:token>/", views.unsubscribe_by_email, name="stop"),
    path("notifications/", views.tray, name="tray"),
    path("notifications/<int:pk>/", views.open_notification, name="open-line"),
]
