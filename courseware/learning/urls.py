"""URLs of courses, lessons, search, saved phrases, calendar and branding."""

from django.urls import path

from courseware.learning.views import branding, course, due_dates, lesson, search

app_name = "learning"

# /learn/<course>/<step>/
step_urls = [
    ("", lesson.step, "step"),
    ("answer/<id:question>/", lesson.answer, "answer"),
    ("answer/<id:open_question>/unsaved/", lesson.autosave, "autosave"),
    ("read/", lesson.mark_read, "mark-read"),
    ("acknowledge/", lesson.acknowledge_change, "acknowledge"),
    ("job-role/", lesson.choose_job_role_page, "choose-job-role"),
    ("all/", lesson.show_all, "show-all"),
    ("report/", lesson.report, "report"),
    ("phrases/", search.lesson_phrase, "lesson-phrase"),
]

# /learn/<course>/
course_urls = [
    ("", course.course_home, "course-home"),
    ("job-role/", course.job_role, "job-role"),
    ("emergency-card/", course.emergency_card, "emergency-card"),
    ("emergency-card/pocket/", course.pocket_card, "pocket-card"),
    ("print/", course.printed, "print"),
    ("print/<id:module>/", course.printed, "print-module"),
    ("finish/", course.finish, "finish"),
    ("extension/", due_dates.extension_page, "extension"),
    ("extension/withdraw/", due_dates.withdraw_request_page, "withdraw-request"),
    ("ask/", course.ask, "ask-manager"),
]

urlpatterns = [
    path("emergency-card/", course.own_emergency_cards, name="own-emergency-cards"),
    path("phrases/", search.own_phrases, name="phrases"),
    path("search/", search.search_own_courses, name="search"),
    path("calendar/", due_dates.calendar, name="calendar"),
    path("calendar/<slug:secret>.ics", due_dates.calendar_feed, name="calendar-feed"),
    path("branding/", branding.branding_settings, name="branding"),
    path("branding/<id:course>/", branding.branding_settings, name="branding-of-course"),
    *(path(f"learn/<id:course>/{route}", view, name=name) for route, view, name in course_urls),
    *(path(f"learn/<id:course>/<id:step>/{route}", view, name=name) for route, view, name in step_urls),
]
