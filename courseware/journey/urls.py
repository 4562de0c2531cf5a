from django.urls import path

from courseware.journey import views

app_name = "journey"
urlpatterns = [
    path("offline/", views.reading_copy, name="reading-copy"),
    path("learn/<id:course>/minutes/", views.minutes, name="minutes"),
    path("learn/<id:course>/record/", views.record, name="record"),
]
