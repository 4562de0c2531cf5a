from django.urls import path

from courseware.outbox import views

app_name = "outbox"

# /tray/
urlpatterns = [
    path("tray/", views.tray, name="tray"),
    path("tray/<int:pk>/", views.open_line, name="open-line"),
]
