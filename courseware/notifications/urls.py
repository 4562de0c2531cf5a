from django.urls import path

from courseware.notifications import views

app_name = "notifications"

urlpatterns = [
    path("letters/", views.own_letters, name="own-letters"),
    path("letters/stop/<str:token>/", views.stop_by_letter, name="stop"),
    path("tray/", views.tray, name="tray"),
    path("tray/<int:pk>/", views.open_line, name="open-line"),
]
