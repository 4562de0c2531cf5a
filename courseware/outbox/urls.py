from django.urls import path

from courseware.outbox import stop_pages, views

app_name = "outbox"

urlpatterns = [
    # /letters/
    path("letters/", stop_pages.own_letters, name="own-letters"),
    path("letters/stop/<str:token>/", stop_pages.stop_by_letter, name="stop"),
    # /tray/
    path("tray/", views.tray, name="tray"),
    path("tray/<int:pk>/", views.open_line, name="open-line"),
]
