"""Emails about a new enrollment and about an open renewal."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from operator import itemgetter
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_language, gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User
from courseware.accounts.sign_in.invitations import in_other_languages, link_text
from courseware.accounts.teams.managers import managers_of
from courseware.content.rendering import store
from courseware.learning.due_dates.calendar_feed import due_calendar_of
from courseware.learning.due_dates.due_dates import day_text
from courseware.learning.models import Enrollment
from courseware.learning.status.not_asked import PERSON_OR_COURSE
from courseware.notifications.email.email_types import (
    EmailCategory,
    EmailType,
    NotificationText,
    one_by_one,
    register_kind,
)
from courseware.notifications.email.queue import queue_emails
from courseware.notifications.models import DeliveryState, OutgoingEmail
from courseware.notifications.wording.placeholders import NAME_AND_FIRM, Editable, Placeholder

KIND = "enrolled"
RENEWAL = "renewal-open"  # in place of `KIND` while a certificate is valid
KINDS = (KIND, RENEWAL)


def register_emails():
    unwanted, training = one_by_one(why_unwanted), EmailCategory.TRAINING
    template, context = "learning/mail/enrolled.txt", one_by_one(in_words)
    register_kind(KIND, EmailType(_("New course"), template, unwanted, context, training, lines_in_words, ENROLLED))
    template, context = "learning/mail/renewal_open.txt", one_by_one(renewals_text)
    words = _("Renewal open")
    register_kind(RENEWAL, EmailType(words, template, unwanted, context, training, lines_in_words, RENEWAL_OPEN))


def queue_enrollment_email(enrollments, *, by, is_held=False):
    """Queue one email per learner for new enrollments and one for renewals; none if dated before yesterday."""
    subjects, yesterday = {kind: defaultdict(list) for kind in KINDS}, timezone.now() - timedelta(days=1)
    for each in enrollments:
        if each.enrolled_at > yesterday:
            subjects[RENEWAL if each.renews_until else KIND][each.learner].append(each.pk)
    for kind, of_kind in subjects.items():
        if of_kind:
            queue_emails(kind, of_kind, data={"by": by.pk if by else None}, is_held=is_held)


def hand_over(other, kept):
    """Queue for `kept` what waits to be told to `other` about runs that a merge has moved."""
    for letter in OutgoingEmail.objects.filter(kind__in=KINDS, person=other, state=DeliveryState.QUEUED).order_by("pk"):
        runs = Enrollment.objects.open().filter(pk__in=letter.data["subjects"], learner=kept, started_at=None)
        if brought := list(runs.order_by("pk").values_list("pk", flat=True)):
            queue_emails(letter.kind, {kept: brought}, data={"by": letter.data["by"]})


def give_back(other, since):
    """Queue again what was skipped for `other` while a merge held."""
    skipped = OutgoingEmail.objects.filter(
        kind__in=KINDS, person=other, state=DeliveryState.SKIPPED, ended_at__gte=since
    )
    skipped.filter(combined_into=None).update(
        state=DeliveryState.QUEUED, why="", tries=0, next_at=timezone.now(), ended_at=None
    )


def asked_for(message):
    of_reader = {"pk__in": message.data["subjects"], "learner": message.person}
    runs = Enrollment.objects.asked(ignoring=PERSON_OR_COURSE).filter(**of_reader, started_at=None)
    return runs.order_by(F("due_at").asc(nulls_last=True), "pk")


def why_unwanted(message):
    person = message.person
    if not person.is_active:
        return gettext_noop("the person can no longer sign in")
    if person.last_login and person.last_login > message.written_at:
        return gettext_noop("the person signed in in the meantime")
    return (
        ""
        if asked_for(message).exists()
        else gettext_noop("in the meantime, the person started the course, became exempt, or the accounts were merged")
    )


def in_words(message):
    person, language = message.person, message.language or settings.LANGUAGE_CODE
    # Who has a password needs no link, and a letter without one looks like no trap.
    link = {} if person.has_usable_password() else link_text(message)
    with translation.override(language):
        runs = list(asked_for(message).with_release().with_zone())
        courses = [course_text(run, language) for run in runs]
        calendar = due_calendar_of(runs, language) if any(run.due_on for run in runs) else None
    return {
        **frame_text(message, courses),
        "other_pages": list(in_other_languages(link["link"], language)) if link else [],
        "attachments": [("due-days.ics", calendar.decode(), "text/calendar")] if calendar else None,
        "address": message.address,
        **link,
    }


def renewals_text(message):
    language = message.language or settings.LANGUAGE_CODE
    with translation.override(language):
        runs = list(asked_for(message).with_release().with_zone())
        courses = [course_text(run, language) | renewal_text(run) for run in runs]
    return frame_text(message, courses)


def renewal_text(run):
    return {"until": day_text(run.renews_until), "is_short": run.required is not None}


def frame_text(message, courses):
    return {
        "name": message.person.name,
        "courses": courses,
        "house_style_of": courses[0]["id"] if len(courses) == 1 else "",
        "host": urlsplit(settings.SITE_URL).netloc,
        **signer_of(message.person, message.data["by"]),
    }


def lines_in_words(lines):
    runs = Enrollment.objects.filter(pk__in={pk for line in lines for pk in line.data["subjects"]})
    runs = {run.pk: run for run in runs.with_release().with_zone()}
    # After a merge was undone, a line may name runs that are somebody else's again.
    told = {
        line.pk: [run for pk in line.data["subjects"] if (run := runs.get(pk)) and run.learner_id == line.person_id]
        for line in lines
    }
    return {
        pk: NotificationText(" · ".join(course_of_line(run) for run in found), reverse("home"))
        for pk, found in told.items()
        if found
    }


def course_of_line(run):
    title = store.outline(run.release, get_language()).title
    if run.due_on:
        return gettext("New course: “%(title)s”, due %(day)s") % {"title": title, "day": day_text(run.due_on)}
    return gettext("New course: “%(title)s”") % {"title": title}


def course_text(enrollment, language):
    outline = store.outline(enrollment.release, language)
    required = outline.required if enrollment.required is None else enrollment.required  # of a short renewal
    return {
        "id": outline.course_id,
        "title": outline.title,
        "day": day_text(enrollment.due_on) if enrollment.due_on else "",
        "steps": len(required),
        "minutes": outline.minutes_left(set(outline.required).difference(required)),
        "has_exam": bool(outline.exam_id),
        "months": outline.valid_months,
    }


def signer_of(person, by):
    """The manager, else the person who enrolled `person`. `team` is empty for the latter."""
    return signers_of({person.pk: by})[person.pk]


def signers_of(by_whom):
    """The same for several: person key → key of who enrolled them, or None. Runs three queries."""
    leads, authors = managers_of(by_whom), User.objects.in_bulk({by for by in by_whom.values() if by})
    found = {}
    for person, by in by_whom.items():
        if lead := leads.get(person):
            found[person] = {"signer": lead.person.name, "team": lead.team.name}
        else:
            found[person] = {"signer": authors[by].name if by in authors and by != person else "", "team": ""}
    return found


DAY, UNTIL = date(2026, 12, 4), date(2026, 12, 31)  # always the same: by them it is seen whether the words changed


def of_first(what: str, name: str = "courses") -> Any:
    return lambda context: context[name][0][what]


def title_of_only_one(context: Mapping[str, Any]) -> object:
    return context["courses"][0]["title"] if len(context["courses"]) == 1 else ""


SIGNED = {
    "signer": Placeholder(_("the person who signs the email, usually the manager"), itemgetter("signer")),
    "team": Placeholder(_("the team of the manager who signs the email"), itemgetter("team")),
}
FIRST_COURSE = Placeholder(_("the title of the course, or of the first course if there are several"), of_first("title"))
FIRST_DAY = Placeholder(_("the due date"), of_first("day"))


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
        "day": day_text(DAY),
        "until": day_text(UNTIL),
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
        "course": Placeholder(_("the title of the course, if the email is about one course"), title_of_only_one),
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
