from django.urls import path

from courseware.notifications import views

app_name = "notifications"

urlpatterns = [
    path("letters/", views.own_email_settings, name="own-letters"),
    path("letters/stop/<str:token>/", views.unsubscribe_by_email, name="stop"),
    path("tray/", views.tray, name="tray"),
    path("tray/<int:pk>/", views.open_notification, name="open-line"),
]
