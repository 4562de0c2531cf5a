"""What stands in an example of the letters of this room, and what a firm may fill into its own words there."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.learning.due import day_in_words
from courseware.learning.letter_examples import (
    FIRST_COURSE,
    SIGNED,
    UNTIL,
    address_of_example,
    course_of_example,
    of_first,
    signed_example,
)
from courseware.outbox.placeholders import NAME_AND_FIRM, Editable, Placeholder


def example_of_reminder() -> dict[str, Any]:
    left = {
        "is_over": False,
        "is_begun": True,
        "stops": 3,
        "minutes": 25,
        "next": gettext("When a caller threatens"),
        "next_minutes": 10,
        "link": address_of_example("learn/"),
        "ask": address_of_example("learn/another-day/"),
    }
    return {**signed_example(), "courses": [course_of_example() | left]}


def example_of_certificates() -> dict[str, Any]:
    certificate = {
        "title": course_of_example()["title"],
        "points": 18,
        "max_points": 20,
        "day": day_in_words(UNTIL),
        "link": address_of_example("certificates/"),
    }
    return {**signed_example(), "certificates": [certificate], "next": None}


ABOUT_CERTIFICATES = {
    **NAME_AND_FIRM,
    "course": Placeholder(_("the title of the course; of several the first"), of_first("title", "certificates")),
    "until": Placeholder(_("the last day of the certificate"), of_first("day", "certificates")),
    **SIGNED,
}
REMINDER = Editable(
    {
        **NAME_AND_FIRM,
        "course": FIRST_COURSE,
        "day": Placeholder(_("the due day, which may be over"), of_first("day")),
        **SIGNED,
    },
    example_of_reminder,
)
ARRIVAL = Editable(ABOUT_CERTIFICATES, example_of_certificates)
ENDING = Editable(ABOUT_CERTIFICATES, example_of_certificates)
