from django.urls import path

from courseware.learning.views import branding, course, due_dates, lesson, search

app_name = "learning"

# /learn/<course>/<step>/
step_urls = [
    ("", lesson.step, "step"),
    ("answer/<id:question>/", lesson.answer, "answer"),
    ("answer/<id:open_question>/unsaved/", lesson.unsaved, "autosave"),
    ("read/", lesson.mark_read, "mark-read"),
    ("change-read/", lesson.say_change_read, "change-read"),
    ("post/", lesson.choose_job_role_page, "choose-post"),
    ("whole/", lesson.show_whole, "show-whole"),
    ("report/", lesson.report, "report"),
    ("phrases/", search.lesson_phrase, "lesson-phrase"),
]

# /learn/<course>/
course_urls = [
    ("", course.course_home, "course-home"),
    ("tracks/", course.tracks, "tracks"),
    ("card/", course.card, "card"),
    ("card/pocket/", course.pocket_card, "pocket-card"),
    ("print/", course.printed, "print"),
    ("print/<id:module>/", course.printed, "print-module"),
    ("finish/", course.finish, "finish"),
    ("another-day/", due_dates.extension_page, "another-day"),
    ("another-day/take-back/", due_dates.withdraw_request_page, "take-back-asked"),
    ("ask/", course.ask, "ask-manager"),
]

urlpatterns = [
    path("card/", course.own_emergency_cards, name="own-cards"),
    path("phrases/", search.own_phrases, name="phrases"),
    path("search/", search.search_own_courses, name="search"),
    path("due-days/", due_dates.due_days, name="due-days"),
    path("due-days/<slug:secret>.ics", due_dates.due_feed, name="due-feed"),
    path("house-style/", branding.branding_settings, name="house-style"),
    path("house-style/<id:course>/", branding.branding_settings, name="house-style-of-course"),
    *(path(f"learn/<id:course>/{route}", view, name=name) for route, view, name in course_urls),
    *(path(f"learn/<id:course>/<id:step>/{route}", view, name=name) for route, view, name in step_urls),
]
