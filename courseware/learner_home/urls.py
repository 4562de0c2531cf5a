"""URLs of offline copy, quick tasks and own record."""

from django.urls import path

from courseware.learner_home import views

app_name = "learner_home"
urlpatterns = [
    path("offline/", views.offline_copy, name="offline-copy"),
    path("learn/<id:course>/quick/", views.quick_tasks_page, name="quick-tasks"),
    path("learn/<id:course>/record/", views.record, name="record"),
]
