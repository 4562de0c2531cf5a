"""Factories for test data: each function makes one object from the values the test is about."""

import itertools
from datetime import date, timedelta

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django import forms
from django.conf import settings
from django.core import mail
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.permissions import roles
from courseware.audit_log.models import Event
from courseware.audit_log.record import record
from courseware.content.models import (
    Course,
    Document,
    ImportedFile,
    Release,
    ReleaseEntry,
    RenderedPage,
    Revision,
    SourceFile,
)
from courseware.content.releases.course_import import import_course
from courseware.content.releases.publishing import publish
from courseware.learning.models import Enrollment
from courseware.notifications.email.delivery import deliver_due
from courseware.notifications.email.queue import HELD_FOR_UNDO
from courseware.notifications.models import DeliveryState, OutgoingEmail
from tests.course_format.samples import make_files

counter = itertools.count(1)
PASSWORD = "a-password-for-tests"
STEP_OF_CODES = 60_000_000  # half minutes since 1970, at which codes of apps are made and looked at: see conftest.py
BY_THE_CLOCK_OF_THE_TEST = pytest.mark.skipif(bool(settings.CACHE_URL), reason="Redis forgets by its own clock")


def use_database(name):
    """Connect this process to another SQLite file, or to another database of the same PostgreSQL server."""
    connection.close()
    connection.settings_dict["NAME"] = name


def sent_emails():
    """Return all emails sent so far, after sending those that are due."""
    deliver_due()
    return mail.outbox


def emails_after_undo():
    """Like `sent_emails`, after the time for *Undo*."""
    OutgoingEmail.objects.filter(state=DeliveryState.QUEUED).update(next_at=F("next_at") - HELD_FOR_UNDO)
    return sent_emails()


def make_user(name="", *, email="", password=PASSWORD, **fields):
    number = next(counter)
    person = User(
        email=email or f"person{number}@example.com",
        name=name or f"Person {number}",
        **{"listed_on": date(2020, 1, 1)} | fields,  # so that answers count in statistics
    )
    person.set_password(password)
    if email or fields:
        person.full_clean(exclude=["password"])
    person.save()
    return person


def make_admin(**fields):
    return make_user(is_staff=True, is_superuser=True, **fields)


def make_editor(**fields):
    from django.contrib.auth.models import Group

    editor = make_user(is_staff=True, **fields)
    editor.groups.add(Group.objects.get(name="Editors"))
    return editor


def make_hr(**fields):
    """A person of HR; not staff, so the admin is closed to them."""
    return make_office(roles.HR, **fields)


def make_auditor(**fields):
    return make_office(roles.AUDITORS, **{"audits_until": date(2099, 12, 31)} | fields)


def make_office(office, **fields):
    from django.contrib.auth.models import Group

    person = make_user(**fields)
    person.groups.add(Group.objects.get(name=office))
    return person


def make_team(name="", *, learners=0, manager=None, parent=None, time_zone=""):
    """A team with that many new learners and `team.manager` (new if not given)."""
    team = Team.objects.create(name=name or f"Team {next(counter)}", parent=parent, time_zone=time_zone)
    team.manager = manager or make_user()
    Membership.objects.create(team=team, person=team.manager, role=Membership.Role.MANAGER)
    for _ in range(learners):
        join(team, make_user())
    return team


def join(team, person, role=Membership.Role.LEARNER):
    return Membership.objects.create(team=team, person=person, role=role)


def make_course(files=None):
    """The sample course (or these files: path → bytes), imported and released as an operator would.

    The first import into a database without courses is stored. Later calls insert its rows, which takes 4 ms instead of
    28; tests/content/test_course_import.py compares the two.
    """
    files = files or make_files()
    key, is_first = frozenset(files.items()), not Course.objects.exists()
    if is_first and key in IMPORTED:
        IMPORTED[key].insert()
    else:
        import_course(files)
        if is_first:
            IMPORTED[key] = StoredImport()
    return Course.objects.latest("pk")


class StoredImport:
    """Rows that an import wrote, to be inserted again into a database without courses.

    They keep their primary keys, which is safe in the same database: its sequences return no key twice.
    """

    def __init__(self):
        self.dated, self.undated = ([list(model.objects.all()) for model in models] for models in (DATED, UNDATED))
        self.events = list(Event.objects.filter(verb__in=["content-released", "content-imported"]).order_by("pk"))
        self.statements = []  # INSERTs of the undated rows: building them takes longer than running them

    def keep_statement(self, execute, sql, params, *others):
        self.statements.append((sql, params))
        return execute(sql, params, *others)

    def insert(self):
        at = timezone.now()
        with transaction.atomic():
            self.insert_undated()
            for rows in self.dated:
                for row in rows:
                    row.created_at = at
                type(rows[0]).objects.bulk_create(rows)
            for event in self.events:
                record(event.verb, subject=event.subject, data=event.data, at=at)

    def insert_undated(self):
        if self.statements:
            with connection.cursor() as cursor:
                for sql, params in self.statements:
                    cursor.execute(sql, params)
            return
        with connection.execute_wrapper(self.keep_statement):
            for rows in filter(None, self.undated):
                type(rows[0]).objects.bulk_create(rows)


IMPORTED: dict[frozenset, StoredImport] = {}  # by files
DATED = (Revision, Release)
UNDATED = (Course, Document, SourceFile, ImportedFile, RenderedPage, ReleaseEntry, ReleaseEntry.pages.through)


def publish_latest(document, *, impact="minor", note=""):
    """Release the latest revision of a document with default options."""
    document = Document.objects.select_related("course", "latest_revision").get(pk=document.pk)
    return publish(document.course, [document.latest_revision], impact=impact, note=note, by=None)


def make_enrollment(learner=None, course=None, **fields):
    course = course or Course.objects.first() or make_course()
    return Enrollment.objects.create(learner=learner or make_user(), course=course, **fields)


def code_of_an_app(secret):
    """Return the 6-digit code an authenticator app shows for this secret."""
    return format_hotp_value(hotp_value(secret, STEP_OF_CODES))


def filled(form):
    """Return valid form values of a manager action: the last choice, a future date."""
    values = {forms.ChoiceField: lambda field: field.choices[-1][0], forms.DateField: lambda field: "2030-01-31"}
    return {
        name: next((value(field) for kind, value in values.items() if isinstance(field, kind)), "On leave")
        for name, field in form.base_fields.items()
    }


def days(number):
    return timezone.now() + timedelta(days=number)
