from django.urls import path

from courseware.learning import views

app_name = "learning"

# /learn/<course>/<step>/
step_urls = [
    ("", views.step, "step"),
    ("answer/<id:question>/", views.answer, "answer"),
    ("read/", views.mark_read, "mark-read"),
    ("report/", views.report, "report"),
]

# /learn/<course>/
course_urls = [
    ("tracks/", views.tracks, "tracks"),
    ("card/", views.card, "card"),
    ("finish/", views.finish, "finish"),
]

urlpatterns = [
    *(path(f"learn/<id:course>/{route}", view, name=name) for route, view, name in course_urls),
    *(path(f"learn/<id:course>/<id:step>/{route}", view, name=name) for route, view, name in step_urls),
]
