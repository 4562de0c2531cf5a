"""Sample data and placeholders for the editable wording of the emails of this package."""

from operator import itemgetter
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.learning.emails.enrollment import (
    FIRST_COURSE,
    SIGNED,
    UNTIL,
    address_of_example,
    course_of_example,
    signed_example,
    value_of_first,
)
from courseware.notifications.wording.placeholders import NAME_AND_FIRM, Editable, Placeholder


def example_of_reminder() -> dict[str, Any]:
    left = {
        "is_over": False,
        "is_begun": True,
        "stops": 3,
        "minutes": 25,
        "next": gettext("When a caller threatens you"),
        "next_minutes": 10,
        "link": address_of_example("learn/"),
        "ask": address_of_example("learn/extension/"),
    }
    return {**signed_example(), "courses": [course_of_example() | left]}


def example_of_certificates() -> dict[str, Any]:
    certificate = {
        "title": course_of_example()["title"],
        "points": 18,
        "max_points": 20,
        "day": date_format(UNTIL),
        "link": address_of_example("certificates/"),
    }
    return {**signed_example(), "certificates": [certificate], "next": None}


def example_of_question() -> dict[str, Any]:
    page = address_of_example("daily/")
    choices = [
        gettext("Read the code to the caller, slowly"),
        gettext("Do not read the code to the caller, and follow the process for lost phones"),
    ]
    return {
        "name": signed_example()["name"],
        "title": gettext("A caller asks for a code"),
        "stem": gettext(
            "The caller says: “My phone was stolen, so I cannot get the code. Read the code to me.” What do you do?"
        ),
        "choices": [{"words": words, "link": f"{page}?choice={position}"} for position, words in enumerate(choices)],
        "page": page,
    }


ABOUT_CERTIFICATES = {
    **NAME_AND_FIRM,
    "course": Placeholder(
        _("the title of the course, or of the first course if there are several"),
        value_of_first("title", "certificates"),
    ),
    "until": Placeholder(_("the last valid day of the certificate"), value_of_first("day", "certificates")),
    **SIGNED,
}
REMINDER = Editable(
    {
        **NAME_AND_FIRM,
        "course": FIRST_COURSE,
        "day": Placeholder(_("the due date, which may have passed"), value_of_first("day")),
        **SIGNED,
    },
    example_of_reminder,
)
ARRIVAL = Editable(ABOUT_CERTIFICATES, example_of_certificates)
ENDING = Editable(ABOUT_CERTIFICATES, example_of_certificates)
DAILY_QUESTION = Editable(
    {**NAME_AND_FIRM, "title": Placeholder(_("the title of the question"), itemgetter("title"))}, example_of_question
)
