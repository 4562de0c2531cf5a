"""Example contexts and placeholders of training emails."""

from collections.abc import Mapping
from datetime import date
from operator import itemgetter
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.learning.due import day_in_words
from courseware.outbox.placeholders import NAME_AND_FIRM, Editable, Placeholder

DAY, UNTIL = date(2026, 12, 4), date(2026, 12, 31)  # always the same: by them it is seen whether the words changed


def of_first(what: str, name: str = "courses") -> Any:
    return lambda context: context[name][0][what]


def title_of_only_one(context: Mapping[str, Any]) -> object:
    return context["courses"][0]["title"] if len(context["courses"]) == 1 else ""


SIGNED = {
    "signer": Placeholder(_("who signs the letter, most often the lead"), itemgetter("signer")),
    "team": Placeholder(_("the team of the lead who signs"), itemgetter("team")),
}
FIRST_COURSE = Placeholder(_("the title of the course; of several the first"), of_first("title"))
FIRST_DAY = Placeholder(_("the day by which to finish it"), of_first("day"))


def address_of_example(path: str) -> str:
    return f"{settings.SITE_URL}/{path}"


def signed_example() -> dict[str, Any]:
    return {
        "name": gettext("Li Hua"),
        "host": urlsplit(settings.SITE_URL).netloc,
        "signer": gettext("Wang Min"),
        "team": gettext("Early shift"),
    }


def course_of_example() -> dict[str, Any]:
    return {
        "id": "",
        "title": gettext("Safe at the front desk"),
        "day": day_in_words(DAY),
        "until": day_in_words(UNTIL),
        "steps": 12,
        "minutes": 90,
        "has_exam": True,
        "months": 12,
        "is_short": False,
    }


def example_of_courses() -> dict[str, Any]:
    return {
        **signed_example(),
        "courses": [course_of_example()],
        "address": "li.hua@example.com",
        "other_pages": [],
        "link": address_of_example("accounts/"),
        "days": settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60),
    }


ENROLLED = Editable(
    {
        **NAME_AND_FIRM,
        "course": Placeholder(_("the title of the course, where the letter is about one"), title_of_only_one),
        "day": FIRST_DAY,
        **SIGNED,
    },
    example_of_courses,
    secrets=("link", "other_pages"),
)
RENEWAL_OPEN = Editable(
    {
        **NAME_AND_FIRM,
        "course": FIRST_COURSE,
        "day": FIRST_DAY,
        "until": Placeholder(_("the last day of the certificate"), of_first("until")),
        **SIGNED,
    },
    example_of_courses,
)
