"""Emails and notifications about new enrollments and open renewals."""

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
    register_email_type,
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
    register_email_type(
        KIND, EmailType(_("New course"), template, unwanted, context, training, lines_in_words, ENROLLED)
    )
    template, context = "learning/mail/renewal_open.txt", one_by_one(renewals_text)
    label = _("Renewal open")
    register_email_type(RENEWAL, EmailType(label, template, unwanted, context, training, lines_in_words, RENEWAL_OPEN))


def queue_enrollment_email(enrollments, *, by, is_held=False):
    """Queue emails to the learners about `enrollments`; those a day old or older are skipped. `by`: the user who
    enrolls, or None; `is_held`: see `queue_emails`.
    """
    subjects, yesterday = {kind: defaultdict(list) for kind in KINDS}, timezone.now() - timedelta(days=1)
    for each in enrollments:
        if each.enrolled_at > yesterday:
            subjects[RENEWAL if each.renews_until else KIND][each.learner].append(each.pk)
    for kind, of_kind in subjects.items():
        if of_kind:
            queue_emails(kind, of_kind, data={"by": by.pk if by else None}, is_held=is_held)


def hand_over(other, kept):
    """Queue for `kept` emails queued for `other` about enrollments that now are of `kept`, open and not started."""
    for email in OutgoingEmail.objects.filter(kind__in=KINDS, person=other, state=DeliveryState.QUEUED).order_by("pk"):
        enrollments = Enrollment.objects.open().filter(pk__in=email.data["subjects"], learner=kept, started_at=None)
        if transferred := list(enrollments.order_by("pk").values_list("pk", flat=True)):
            queue_emails(email.kind, {kept: transferred}, data={"by": email.data["by"]})


def give_back(other, since):
    """Queue again emails of KINDS that were skipped for `other` (user) since the instant `since`, that of the merge.
    Emails combined into another one stay skipped.
    """
    skipped = OutgoingEmail.objects.filter(
        kind__in=KINDS, person=other, state=DeliveryState.SKIPPED, ended_at__gte=since
    )
    skipped.filter(combined_into=None).update(
        state=DeliveryState.QUEUED, why="", tries=0, next_at=timezone.now(), ended_at=None
    )


def asked_for(email):
    """Return the open enrollments of the email that its reader has not started, by due date."""
    of_reader = {"pk__in": email.data["subjects"], "learner": email.person}
    enrollments = Enrollment.objects.asked(ignoring=PERSON_OR_COURSE).filter(**of_reader, started_at=None)
    return enrollments.order_by(F("due_at").asc(nulls_last=True), "pk")


def why_unwanted(email):
    """Return why the email is not sent, as an untranslated text, or "" if it is."""
    person = email.person
    if not person.is_active:
        return gettext_noop("the person can no longer sign in")
    if person.last_login and person.last_login > email.written_at:
        return gettext_noop("the person has already signed in")
    return (
        ""
        if asked_for(email).exists()
        else gettext_noop(
            "before this email was sent, the person started the course or became exempt, or the "
            "person’s accounts were merged"
        )
    )


def in_words(email):
    """Return the template context: names, courses, .ics attachment, signer; a sign-in link without a password."""
    person, language = email.person, email.language or settings.LANGUAGE_CODE
    # People with a password need no link, and an email without one does not look like phishing.
    link = {} if person.has_usable_password() else link_text(email)
    with translation.override(language):
        enrollments = list(asked_for(email).with_release().with_zone())
        courses = [course_text(each, language) for each in enrollments]
        calendar = due_calendar_of(enrollments, language) if any(each.due_on for each in enrollments) else None
    return {
        **frame_text(email, courses),
        "other_pages": list(in_other_languages(link["link"], language)) if link else [],
        "attachments": [("due-days.ics", calendar.decode(), "text/calendar")] if calendar else None,
        "address": email.address,
        **link,
    }


def renewals_text(email):
    language = email.language or settings.LANGUAGE_CODE
    with translation.override(language):
        enrollments = list(asked_for(email).with_release().with_zone())
        courses = [course_text(each, language) | renewal_text(each) for each in enrollments]
    return frame_text(email, courses)


def renewal_text(enrollment):
    return {"until": day_text(enrollment.renews_until), "is_short": enrollment.required is not None}


def frame_text(email, courses):
    return {
        "name": email.person.name,
        "courses": courses,
        "house_style_of": courses[0]["id"] if len(courses) == 1 else "",
        "host": urlsplit(settings.SITE_URL).netloc,
        **signer_of(email.person, email.data["by"]),
    }


def lines_in_words(notifications):
    """Return notification id → text in the active language. Notifications without own enrollments have no key."""
    enrollments = Enrollment.objects.filter(pk__in={pk for item in notifications for pk in item.data["subjects"]})
    enrollments = {each.pk: each for each in enrollments.with_release().with_zone()}
    # After the undo of a merge, a notification may name enrollments of another person.
    own = {
        item.pk: [
            each for pk in item.data["subjects"] if (each := enrollments.get(pk)) and each.learner_id == item.person_id
        ]
        for item in notifications
    }
    return {
        pk: NotificationText(" · ".join(course_of_line(each) for each in found), reverse("home"))
        for pk, found in own.items()
        if found
    }


def course_of_line(enrollment):
    title = store.outline(enrollment.release, get_language()).title
    if enrollment.due_on:
        return gettext("New course: “%(title)s”, due %(day)s") % {"title": title, "day": day_text(enrollment.due_on)}
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
    """Return {"signer", "team"}: names of the manager of `person` and of the team. Without a manager, "team" is "" and
    "signer" the name of the user who enrolled (id `by` or None), "" if that is unknown or `person`.
    """
    return signers_of({person.pk: by})[person.pk]


def signers_of(enrolled_by):
    """Return person id → result of `signer_of`. `enrolled_by`: person id → enrolling user's id or None. 3 queries."""
    managers, authors = managers_of(enrolled_by), User.objects.in_bulk({by for by in enrolled_by.values() if by})
    found = {}
    for person, by in enrolled_by.items():
        if manager := managers.get(person):
            found[person] = {"signer": manager.person.name, "team": manager.team.name}
        else:
            found[person] = {"signer": authors[by].name if by in authors and by != person else "", "team": ""}
    return found


DAY, UNTIL = date(2026, 12, 4), date(2026, 12, 31)  # fixed, so that changes of the wording can be detected


def value_of_first(key: str, name: str = "courses") -> Any:
    """Return a function: template context → value of `key` of the first item in its list `name`."""
    return lambda context: context[name][0][key]


def title_of_only_one(context: Mapping[str, Any]) -> object:
    return context["courses"][0]["title"] if len(context["courses"]) == 1 else ""


SIGNED = {
    "signer": Placeholder(_("the person who signs the email, usually the manager"), itemgetter("signer")),
    "team": Placeholder(_("the team of the manager who signs the email"), itemgetter("team")),
}
FIRST_COURSE = Placeholder(
    _("the title of the course, or of the first course if there are several"), value_of_first("title")
)
FIRST_DAY = Placeholder(_("the due date"), value_of_first("day"))


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
        "until": Placeholder(_("the last valid day of the certificate"), value_of_first("until")),
        **SIGNED,
    },
    example_of_courses,
)
