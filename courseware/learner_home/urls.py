from django.urls import path

from courseware.learner_home import views

app_name = "learner_home"
urlpatterns = [
    path("offline/", views.offline_copy, name="reading-copy"),
    path("learn/<id:course>/quick/", views.minutes, name="minutes"),
    path("learn/<id:course>/record/", views.record, name="record"),
]
