"""Pages of managers, HR and auditors run hardly more statements for 120 rows than for 1.

Routes come from the resolver and roles from access.txt, so a new page without a row in `LISTS` fails.
"""

import uuid
from datetime import date, timedelta

import pytest
from django.utils import timezone

from courseware.accounts.models import (
    Absence,
    CalendarDay,
    Deputy,
    JoinRequest,
    Membership,
    Note,
    Team,
    TeamInviteLink,
    User,
)
from courseware.assessment.certificates.certification import store_certifications
from courseware.assessment.models import Certificate
from courseware.assignments.models import AssignmentRule, ChatBot, ChatMessage, RuleAction, RuleVersion
from courseware.audit_log.models import Event
from courseware.audit_log.record import NewEvent, record_many
from courseware.learning.manager_actions import FOR_MANY
from courseware.learning.models import AdjustmentItem, Enrollment
from courseware.notifications.models import OutgoingEmail
from courseware.notifications.wording.email_wording import EmailWording
from tests.counting import statements
from tests.site.routes import fill_in, routes
from tests.site.test_access import client_of, read_table
from tests.world import ACT_OF_NOTE, ROLES, manager_of

pytestmark = [pytest.mark.django_db, pytest.mark.postgres_in_deep]
PARTS = ("people/", "rules/", "team/", "audit-log/", "surveys/")
ONE_ROW, MANY_ROWS = 1, 120
EXTRA = {  # extra statements, for a second chunk and for details that one row lacks
    "people/emails/scheduled/": 8,  # four for more managers in each of two reports, at the beginning of a month
    "people/emails/wording/": 2,
    "rules/<int:pk>/": 1,  # how many there are, if more than a page
    "team/": 2,
    "team/dashboard.csv": 5,
    "team/dashboard.xlsx": 5,
    "team/trends/": 5,
    "team/reports/audit-pack.zip": 10,
}
ROLES_TRIED = ("HR", "manager", "admin", "learner")  # the first one that may open the page is used
ONE = None  # a page without a growing list
LISTS = {
    "team/": Enrollment,
    "team/dashboard.csv": Enrollment,
    "team/dashboard.xlsx": Enrollment,
    "team/trends/": Enrollment,
    "team/teams/": Team,
    "team/reports/": Enrollment,
    "team/reports/report.csv": Enrollment,
    "team/reports/report.xlsx": Enrollment,
    "team/reports/audit-pack.zip": Enrollment,
    "team/reports/monthly/": ONE,
    "team/today/": Enrollment,
    "team/follow-ups/": Enrollment,
    "team/follow-ups/<int:pk>/<id:survey_id>/": ONE,
    "team/people/<int:pk>/": Event,
    "team/preview/<id:course>/": ONE,
    "team/preview/<id:course>/<id:step>/": ONE,
    "team/simulations/<id:course>/<id:simulation>/": ONE,
    "team/questions/<id:course>/<id:document>/": ONE,
    "team/deputies/": Deputy,
    "surveys/<id:course>/<id:survey>/": ONE,
    "audit-log/": Event,
    "people/": User,
    "people/new/": Team,
    "people/new/list/": Team,
    "people/import/": ONE,
    "people/import/<int:roster>/": ONE,
    "people/codes/": ONE,
    "people/conflicts/": ONE,
    "people/first-day/": User,
    "people/merges/": ONE,
    "people/external-training/": ONE,
    "people/external-training/<int:training>/undo/": ONE,
    "people/invite-links/": TeamInviteLink,
    "people/invite-links/<int:pk>/": JoinRequest,
    "people/calendar/": CalendarDay,
    **{f"people/actions/{each.address}/": User if each.is_about_people else Enrollment for each in FOR_MANY},
    "people/actions/remind/": Enrollment,
    "people/actions/note/": User,
    "people/notes/<uuid:act>/": Note,
    "people/reminders/<int:pk>/": ONE,
    "people/changes/<int:pk>/": AdjustmentItem,
    "people/certificates/<int:pk>/revoke/": ONE,
    "people/emails/": OutgoingEmail,
    "people/emails/scheduled/": OutgoingEmail,
    "people/emails/wording/": EmailWording,
    "people/emails/wording/<slug:kind>/": EmailWording,
    "people/reminders/": AssignmentRule,
    "people/chat-bots/": ChatBot,
    "people/chat-bots/new/": Team,
    "people/chat-bots/<int:pk>/": ChatMessage,
    "people/teams/": Team,
    "people/teams/new/": Team,
    "people/teams/<int:pk>/": Membership,
    "people/teams/<int:pk>/close/": Membership,
    "people/<int:pk>/": Event,
    "people/<int:pk>/edit/": Membership,
    "people/<int:pk>/merge/": ONE,
    "people/<int:pk>/external-training/": ONE,
    "people/<int:pk>/remove/": Event,
    "people/<int:pk>/absences/": Absence,
    "people/<int:pk>/code/": ONE,
    "rules/": AssignmentRule,
    "rules/new/": Team,
    "rules/<int:pk>/": RuleAction,
    "rules/<int:pk>/edit/": RuleVersion,
    "rules/<int:pk>/rollback/": Enrollment,
}
SHOWN_TO = {route.removeprefix("/"): answers for (method, route), answers in read_table().items() if method == "GET"}


def pages():
    """Route → the role that opens it."""
    found = {}
    for route in dict.fromkeys(route for route, _pattern in routes()):
        answers = dict(zip(ROLES, SHOWN_TO.get(route, ()), strict=False))
        opener = next((role for role in ROLES_TRIED if answers.get(role) == "200"), None)
        if route.startswith(PARTS) and opener:
            found[route] = opener
    return found


def test_each_page_is_listed():
    assert set(LISTS) == set(pages())


class Growth:
    """Adds rows of every kind about the learner, the team and the rule of the world."""

    def __init__(self, world):
        self.world, self.size = world, 1
        self.manager = manager_of(world.team)
        self.rule = AssignmentRule.objects.get(pk=world.places["rules/<pk>"])
        self.item = AdjustmentItem.objects.get(adjustment=world.places["people/changes/<pk>"])
        self.bot = ChatBot.objects.get(pk=world.places["people/chat-bots/<pk>"])
        self.link = TeamInviteLink.objects.get(pk=world.places["people/invite-links/<pk>"])

    def to(self, size):
        numbers = range(self.size, size)
        self.size = size
        if numbers:
            self.add_people(numbers)
            for number in numbers:
                self.add(number)

    def add_people(self, numbers):
        new = [User(email=f"grown{number}@example.com", name=f"Grown {number:03}") for number in numbers]
        people = User.objects.bulk_create(new)
        world, now = self.world, timezone.now()
        for person in people:
            Membership.objects.create(team=world.team, person=person, role=Membership.Role.LEARNER)
            Membership.objects.create(team=world.team, person=person, role=Membership.Role.MANAGER)
        Enrollment.objects.bulk_create(Enrollment(learner=each, course=world.course) for each in people)
        enrollments = list(Enrollment.objects.filter(learner__in=people).order_by("pk"))
        AdjustmentItem.objects.bulk_create(
            AdjustmentItem(
                adjustment=self.item.adjustment, learner=enrollment.learner, enrollment=enrollment, made_at=now
            )
            for enrollment in enrollments
        )
        facts = {
            "rule": self.rule,
            "version": self.rule.current,
            "kind": RuleAction.Kind.ENROLL,
            "why": "never-learned",
        }
        RuleAction.objects.bulk_create(
            RuleAction(person=enrollment.learner, enrollment=enrollment, **facts) for enrollment in enrollments
        )
        certificate = self.world.passed.enrollment.certificate
        for enrollment in enrollments:
            store_certifications([copy_of(certificate, enrollment)])
        OutgoingEmail.objects.bulk_create(
            OutgoingEmail(kind="invitation", person=person, address=person.email or "")
            for person in [world.learner] * len(people)
        )
        Note.objects.bulk_create(
            Note(person=person, by=self.manager, text="Seen.", act=act)
            for person, act in [
                *((each, ACT_OF_NOTE) for each in people),
                *((world.learner, uuid.uuid4()) for _ in people),
            ]
        )
        record_many(NewEvent("signed-in", each, each, {}, now) for each in [world.learner] * len(people))

    def add(self, number):
        world, day = self.world, timezone.localdate() + timedelta(days=60 + number)
        now, manager = timezone.now(), self.manager
        Team.objects.create(name=f"Grown {number}", parent=world.team)
        TeamInviteLink.objects.create(
            team=world.team, made_by=manager, made_at=now, ends_at=now + timedelta(days=5), uses_left=9
        )
        ChatBot.objects.create(team=world.team, service="slack", language="en", address=f"{self.bot.address}{number}")
        ChatMessage.objects.create(bot=self.bot, day=day)
        wording = {"subject": {"en": f"Hi {number}", "zh-hans": f"你好{number}"}}
        EmailWording.objects.create(kind="reminder", number=number, words=wording, set_by=manager)
        JoinRequest.objects.create(link=self.link, staff_number=f"J{number}", name=f"Jo {number}", asked_at=now)
        CalendarDay.objects.create(team=None, day=day, is_free=True, name=f"Day {number}")
        Absence.objects.create(
            person=world.learner, first_day=day, last_day=day, begins_at=now + timedelta(days=60 + number),
            ends_at=now + timedelta(days=61 + number),
        )  # fmt: skip
        other = world.people["other manager"]
        ago = date(2021, 1, 1) + timedelta(days=number)
        Deputy.objects.create(manager=manager, person=other, made_by=manager, first_day=ago, last_day=ago)
        self.add_rule(number)

    def add_rule(self, number):
        terms = {"name": f"Grown {number}", "team": self.world.team, "due_days": 14, "acts_since": timezone.localdate()}
        rule = AssignmentRule.objects.create(course=self.world.course)
        rule.current = RuleVersion.objects.create(rule=rule, number=1, **terms)
        rule.save()
        RuleVersion.objects.create(rule=self.rule, number=self.rule.current.number + number, **terms)


def copy_of(certificate, enrollment):
    fields = {name: getattr(certificate, name) for name in ("issued_at", "valid_until", "holder", "titles", "release")}
    return Certificate.objects.create(enrollment=enrollment, number=uuid.uuid4().hex, **fields)


def days_to_thursday():
    """Weekly emails leave on a Monday or Tuesday. Their preview writes one for each manager, up to 200 people."""
    return (3 - timezone.localtime().weekday()) % 7 or 7


def count_statements(world, clients):
    """Route → how often its page asks the database, by kind of statement."""
    found = {}
    for route, role in pages().items():
        address = fill_in(route, world.places)
        if route == "people/emails/scheduled/":
            address += f"?in_days={days_to_thursday()}"
        found[route] = statements(lambda client=clients[role], address=address: read(client.get(address)))
    return found


def read(response):
    if response.streaming:
        b"".join(response.streaming_content)
    return response


@pytest.mark.slow
def test_statements_do_not_grow_with_rows(world, time_machine):
    time_machine.move_to(timezone.now(), tick=False)  # else a session is also written, every five minutes
    growth, counted = Growth(world), {}
    clients = {role: client_of(world, role) for role in ROLES_TRIED}
    count_statements(world, clients)  # what is read once in each process, and once in a session
    for size in (ONE_ROW, MANY_ROWS):
        growth.to(size)
        counted[size] = count_statements(world, clients)
    few = {route for route, model in LISTS.items() if model and model.objects.count() < MANY_ROWS - 1}
    assert not few, f"none of these has grown: {few}"
    rows = {route: (counted[ONE_ROW][route], counted[MANY_ROWS][route]) for route in counted[ONE_ROW]}
    grown = {route: each for route, each in rows.items() if each[1].total() > each[0].total() + EXTRA.get(route, 0)}
    assert not grown, grown
