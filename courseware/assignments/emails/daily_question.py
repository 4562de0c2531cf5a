"""Daily question by email; each option links to the page with that option selected."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.accounts.models import User
from courseware.accounts.sign_in.emails import EmailHours, hours_of
from courseware.assessment.daily.answers import DAILY_EMAIL, preference_of
from courseware.assessment.daily.selection import AskedToday, daily_of, enrollments_of_person
from courseware.assessment.models import DailyQuestionPreference
from courseware.assignments.emails.daily_email_jobs import DailyEmailJob, DailyEmails, by_person, schedule_emails
from courseware.assignments.emails.samples import DAILY_QUESTION
from courseware.learning.lessons.question_rendering import ask
from courseware.learning.models import Enrollment
from courseware.lib.dates import now
from courseware.notifications.email.email_types import EmailCategory, EmailType, one_by_one, register_email_type
from courseware.notifications.email.queue import email_to
from courseware.notifications.models import OutgoingEmail

_SIDE_BY_SIDE = re.compile(r"</(?:td|th|dt|li)>")
NEAR = timedelta(days=1)  # an email that waits longer would be skipped if nothing is due yet
NOT_WANTED = gettext_noop("the person turned off daily question emails")
DAY_IS_OVER = gettext_noop("the question was for a day that has passed")
NOTHING_ASKED = gettext_noop("the person has no question today or has already answered it")


def register() -> None:
    kind = EmailType(
        words=_("Daily question"),
        template="assignments/mail/daily_question.txt",
        why_unwanted=one_by_one(why_not),
        context=in_words,
        sort=EmailCategory.SUBSCRIBED,
        editable=DAILY_QUESTION,
        asked_for_on="assessment:daily",
        is_for=lambda person: Enrollment.objects.filter(learner=person).exists(),
    )
    register_email_type(DAILY_EMAIL, kind)
    schedule_emails("queue-daily-questions", _("Create daily question emails"), JOB)


def emails(morning: DailyEmails) -> Iterator[OutgoingEmail]:
    wanted = DailyQuestionPreference.objects.filter(by_email=True, person__is_active=True).select_related("person")
    for preferences in by_person(wanted, "person_id"):
        hours = hours_of([preference.person_id for preference in preferences])
        for preference in preferences:
            email = question_email(preference.person, hours[preference.person_id], morning.at)
            if email and asked_in(email):
                yield email


JOB = DailyEmailJob(DAILY_EMAIL, time(5, 40), emails, unsaid=NOTHING_ASKED)
write_questions = JOB.run


def question_email(person: User, hours: EmailHours, at: datetime) -> OutgoingEmail | None:
    """Return the unsaved email, to leave in the next sending hours of the person (`hours`); None if these open more
    than a day after `at`.
    """
    next_at = hours.opens_at(at)
    if next_at - at > NEAR:
        return None
    day = next_at.astimezone(hours.zone).date().isoformat()
    key = f"{DAILY_EMAIL}:{person.pk}:{day}"
    return email_to(person, DAILY_EMAIL, key=key, data={"day": day}, next_at=next_at)


def asked_in(message: OutgoingEmail) -> AskedToday | None:
    """Return the question that the email asks at its sending time, or None if nothing is due then."""
    at = max(now(), message.next_at).astimezone(UTC)
    language = message.language or settings.LANGUAGE_CODE
    daily = daily_of(enrollments_of_person(message.person, at), language, at)  # type: ignore[arg-type]  # has a person
    return daily.asked if daily else None


def why_not(message: OutgoingEmail) -> str:
    if not preference_of(message.person).by_email:  # type: ignore[arg-type]  # these emails always have a person
        return NOT_WANTED
    zone = hours_of([message.person_id])[message.person_id].zone  # type: ignore[list-item,index]  # the same
    if now().astimezone(zone).date() > date.fromisoformat(message.data["day"]):
        return DAY_IS_OVER  # another email used the sending day
    return "" if asked_in(message) else NOTHING_ASKED


def in_words(messages: Sequence[OutgoingEmail]) -> Mapping[int, dict[str, Any]]:
    return {message.pk: question_text(asked) for message in messages if (asked := asked_in(message))}


def question_text(asked: AskedToday) -> dict[str, Any]:
    shown = ask(asked.question, asked.enrollment.pk, asked.number - 1)
    page = settings.SITE_URL.rstrip("/") + reverse("assessment:daily")
    query = {"question": shown.id, "number": asked.number}
    return {
        "name": asked.enrollment.learner.name,
        "title": plain(shown.title),
        "stem": plain(shown.stem),
        "choices": [
            {"words": plain(each.html), "link": f"{page}?{urlencode({**query, 'choice': each.value})}"}
            for each in shown.choices
        ],
        "page": page,
        "house_style_of": asked.enrollment.course.identifier,
    }


def plain(html: str) -> str:
    """Return the text of HTML. Tags add no line breaks: `<p>a</p><p>b</p>` gives "ab". Cells and list items are
    separated by a space.

    >>> plain("<p>Coffee &amp; tea</p>\\n<ul><li>Yes</li><li>No</li></ul>").splitlines()
    ['Coffee & tea', 'Yes No']
    """
    lines = unescape(strip_tags(_SIDE_BY_SIDE.sub(" ", html))).splitlines()
    return "\n".join(" ".join(line.split()) for line in lines).strip()
