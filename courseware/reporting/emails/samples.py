"""Sample data and placeholders of the emails to managers, for the preview of their wording."""

from datetime import date
from operator import itemgetter
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.learning.emails.enrollment import address_of_example, course_of_example
from courseware.notifications.wording.placeholders import NAME_AND_FIRM, Editable, Placeholder

MONTH = date(2026, 11, 1)


def example_enrollment() -> dict[str, str]:
    course = course_of_example()
    return {"name": gettext("Zhao Lei"), "title": course["title"], "day": course["day"], "manager": gettext("Wang Min")}


def example_of_digest() -> dict[str, Any]:
    return {
        "name": gettext("Li Hua"),
        "asked": {"number": 0, "since": "", "named": [], "others": 0},
        "late": {"number": 1, "named": [example_enrollment()], "others": 0},
        "stuck": {"number": 0, "named": [], "others": 0},
        "finished": {"number": 1, "named": [example_enrollment()], "others": 0},
        "teams": [],
        "link": address_of_example("team/"),
    }


def example_of_escalation() -> dict[str, Any]:
    link = address_of_example("team/")
    return {"name": gettext("Li Hua"), "late": [example_enrollment()], "days": 3, "is_for_hr": False, "link": link}


def example_of_month() -> dict[str, Any]:
    month, address = date_format(MONTH, "YEAR_MONTH_FORMAT"), address_of_example("team/reports/")
    return {"name": gettext("Li Hua"), "month": month, "address": address}


def number_of(part: str) -> Any:
    """Return a function: template context → number in this part of the weekly summary."""
    return lambda context: context[part]["number"]


WEEKLY_SUMMARY = Editable(
    {
        **NAME_AND_FIRM,
        "asked": Placeholder(_("how many extension requests wait for an answer"), number_of("asked")),
        "late": Placeholder(_("how many people are overdue"), number_of("late")),
        "stuck": Placeholder(_("how many people are stuck (no progress)"), number_of("stuck")),
        "finished": Placeholder(_("how many people finished a course in the last 7 days"), number_of("finished")),
    },
    example_of_digest,
)
ESCALATION = Editable(
    {
        **NAME_AND_FIRM,
        "number": Placeholder(
            _("how many enrollments have been overdue for several days"), lambda context: len(context["late"])
        ),
        "days": Placeholder(_("how many working days a course is overdue when this email is sent"), itemgetter("days")),
    },
    example_of_escalation,
)
MONTHLY_REPORT = Editable(
    {**NAME_AND_FIRM, "month": Placeholder(_("the month of the report"), itemgetter("month"))},
    example_of_month,
)
