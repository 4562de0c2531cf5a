"""A company that grows to a million enrollments: ten courses, teams of fifty in a tree, people in all states.

Each person is in each course. Of ten enrollments one is completed and renewed, one completed, one exempt, three are
overdue or due soon, three in progress, one not started; together they have thirteen completed lessons. Certificates and
log agree, so `manage.py check_records` finds nothing.
"""

import datetime
import secrets
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.utils import timezone

from benchmarks.bulk import BulkRows, settle
from benchmarks.small_courses import files_of
from courseware.accounts.models import Membership, Team, User
from courseware.accounts.people.search import SearchTerm
from courseware.accounts.permissions import roles
from courseware.assessment.certificates.facts import months_later
from courseware.assessment.models import Certificate, Certification
from courseware.audit_log.models import Event
from courseware.audit_log.record import NewEvent, subject_of
from courseware.content.models import Course
from courseware.content.releases.course_import import import_course
from courseware.content.rendering.store import Outline, outline
from courseware.learning.models import Completion, Enrollment
from courseware.lib import dates
from courseware.notifications.models import LINES_KEPT_FOR, DeliveryState, Notification, OutgoingEmail
from courseware.reporting.forms import job_roles_of

COURSES = 10
IN_A_TEAM = 50
TEAMS_BELOW = 10  # directly below a team
AT_A_TIME = 500  # people
DAY = datetime.timedelta(days=1)
PASSWORD = "a-password-for-benchmarks"


@dataclass(frozen=True)
class Way:
    """State of an enrollment. `due`: number of the enrollment → days from now until its due date."""

    enrolled: int  # days ago
    lessons: int = 0
    is_completed: bool = False
    is_exempt: bool = False
    is_renewed: bool = False  # half of these certificates have expired
    due: object = lambda number: 4 + number % 60


WAYS = (
    Way(enrolled=330, lessons=3, is_completed=True, is_renewed=True),
    Way(enrolled=100, lessons=3, is_completed=True),
    Way(enrolled=100, is_exempt=True),
    Way(enrolled=60, lessons=1, due=lambda number: -1 - number % 30),
    Way(enrolled=60, lessons=1, due=lambda number: -1 - number % 7),
    Way(enrolled=30, lessons=1, due=lambda number: (1 + number % 70) / 24),
    Way(enrolled=20, lessons=2),
    Way(enrolled=20, lessons=1),
    Way(enrolled=20, lessons=1),
    Way(enrolled=20),
)


@dataclass(frozen=True)
class TaughtCourse:
    course: Course
    lessons: list  # release entries of the first three
    titles: dict
    route: Outline


def taught(course):
    course_outline = outline(course.current, course.source_language)
    ids = [step.id for step in course_outline.steps if step.kind == "lesson" and step.is_required][:3]
    entries = {each.document.identifier: each for each in course.current.entries.select_related("document")}
    titles = {language: outline(course.current, language).title for language in course.current.outlines}
    return TaughtCourse(course, [entries[each] for each in ids], titles, course_outline)


class GrowingCompany:
    def __init__(self, courses=COURSES):
        """Needs a site with the shipped course: see `scenario.prepare_site`."""
        for number in range(2, courses + 1):
            import_course(files_of(f"course-{number}"))
        self.courses = [taught(course) for course in Course.objects.select_related("current")]
        self.admin = User.objects.create_superuser("admin@bench.example", PASSWORD, name="Admin")
        self.head = User.objects.create_user("head@bench.example", PASSWORD, name="Head")
        self.hr = User.objects.create_user("hr@bench.example", PASSWORD, name="Human resources")
        self.hr.groups.add(Group.objects.get(name=roles.HR))
        self.password = self.head.password
        self.job_roles = sorted(job_roles_of({each.course.pk: each.route for each in self.courses}))
        self.teams = [Team.objects.create(name="Team 0000")]
        Membership.objects.create(team=self.teams[0], person=self.head, role=Membership.Role.MANAGER)
        self.people = 0
        self.now = timezone.now()

    @property
    def last_manager(self):
        """The manager of fifty people, without teams below."""
        return User.objects.get(email=f"manager{len(self.teams) - 1:04}@bench.example")

    @property
    def senior_manager(self):
        """The manager of 550 people in eleven teams; the head, if the company is too small."""
        index = (len(self.teams) - 1 - TEAMS_BELOW) // TEAMS_BELOW
        return User.objects.get(email=f"manager{index:04}@bench.example") if index > 0 else self.head

    @property
    def learner(self):
        return User.objects.get(email="p000003@bench.example")

    def grow(self, enrollments):
        """Add people until there are so many enrollments, without renewals."""
        people = enrollments // len(self.courses)
        for first in range(self.people, people, AT_A_TIME):
            more = Intake(self)
            for number in range(first, min(first + AT_A_TIME, people)):
                more.take_in(number)
            more.write()
        self.people = people
        settle()


class Intake(BulkRows):
    """A batch of new people and their rows."""

    def __init__(self, company):
        super().__init__(
            (
                Team,
                User,
                SearchTerm,
                Membership,
                Enrollment,
                Completion,
                Certificate,
                Certification,
                OutgoingEmail,
                Notification,
            )
        )
        self.company = company

    def person(self, address, name, job_role=""):
        fields = {"email": f"{address}@bench.example", "name": name, "job_role": job_role}
        person = self.new(User, password=self.company.password, **fields)
        self.find_by_terms(person)
        return person

    def take_in(self, number):
        index = 1 + number // IN_A_TEAM
        team = self.company.teams[index] if index < len(self.company.teams) else self.team(index)
        job_role = self.company.job_roles[number % len(self.company.job_roles)]
        learner = self.person(f"p{number:06}", f"Person {number:06}", job_role)
        self.new(Membership, team=team, person=learner, role=Membership.Role.LEARNER.value)
        self.emails(learner, number)
        for index, taught_course in enumerate(self.company.courses):
            self.enroll(
                learner, taught_course, number * len(self.company.courses) + index, WAYS[(number + index) % len(WAYS)]
            )

    def team(self, index):
        parent = self.company.teams[(index - 1) // TEAMS_BELOW]
        team = self.new(Team, name=f"Team {index:04}", parent=parent, ancestors=parent.place)
        self.company.teams.append(team)
        manager = self.person(f"manager{index:04}", f"Manager {index:04}")
        self.new(Membership, team=team, person=manager, role=Membership.Role.MANAGER.value)
        return team

    def emails(self, learner, number):
        sent = {"person": learner, "address": learner.email, "ended_at": self.company.now}
        self.new(OutgoingEmail, kind="invitation", state=DeliveryState.SENT.value, **sent)
        became = DeliveryState.SENT if number % 50 else DeliveryState.BOUNCED
        self.new(OutgoingEmail, kind="new-link", state=became.value, **sent)

    def enroll(self, learner, taught_course, number, way, certified_until=None):
        enrolled_at = self.company.now - way.enrolled * DAY + (number % 1000) * DAY / 1440
        if way.is_renewed and number // len(self.company.courses) % 2:
            enrolled_at -= 90 * DAY
        done = [enrolled_at + (lesson + 1) * DAY for lesson in range(way.lessons)]
        enrollment = self.new(
            Enrollment,
            learner=learner,
            course=taught_course.course,
            enrolled_at=enrolled_at,
            due_at=self.company.now + way.due(number) * DAY,
            is_newest=not way.is_renewed,
            started_at=done[0] if done else None,
            last_active_at=done[-1] if done else None,
            completed_at=done[-1] if way.is_completed else None,
            exempted_at=enrolled_at + DAY if way.is_exempt else None,
            exemption_reason="On leave" if way.is_exempt else "",
            certified_until=certified_until,
        )
        data = {"course": taught_course.course.identifier, "learner": learner.pk, "due_at": enrollment.due_at}
        self.log("enrolled", enrollment, self.company.admin, enrolled_at, data)
        if way.enrolled < LINES_KEPT_FOR.days:
            notification_data = {"subjects": [enrollment.pk]}
            self.new(
                Notification, kind="enrolled", person_id=learner.pk, data=notification_data, written_at=enrolled_at
            )
        for at, entry in zip(done, taught_course.lessons, strict=False):
            self.complete(enrollment, entry, at)
        if way.is_exempt:
            self.log("exempted", enrollment, self.company.admin, enrollment.exempted_at)
        if way.is_completed:
            self.certify(enrollment, taught_course)
        if way.is_renewed:
            self.enroll(learner, taught_course, number, WAYS[-1], enrollment.certified_until)

    def complete(self, enrollment, entry, at):
        completed = Completion.Outcome.COMPLETED.value
        self.new(
            Completion,
            enrollment=enrollment,
            document=entry.document,
            revision_id=entry.revision_id,
            outcome=completed,
            completed_at=at,
        )
        data = {"document": entry.document.identifier, "revision": entry.revision_id, "outcome": completed}
        self.log("completed", enrollment, enrollment.learner, at, data)

    def certify(self, enrollment, taught_course):
        at = enrollment.completed_at
        certificate = self.new(
            Certificate,
            enrollment=enrollment,
            number=secrets.token_hex(16),
            issued_at=at,
            valid_until=months_later(dates.site_day(at), taught_course.route.valid_months),
            holder=enrollment.learner.name,
            titles=taught_course.titles,
            release=taught_course.course.current,
        )
        enrollment.certified_until = certificate.certifies_until
        self.new(
            Certification,
            learner=enrollment.learner,
            course=enrollment.course,
            certificate=certificate,
            certified_until=certificate.certifies_until,
        )
        self.log("enrollment-completed", enrollment, enrollment.learner, at)
        self.log("certificate-issued", enrollment, enrollment.learner, at, {"certificate": certificate.pk})

    def log(self, verb, enrollment, actor, at, data=None):
        self.events.append(NewEvent(verb, subject_of(enrollment), actor, data or {}, at))


def table_sizes():
    """Return the number of rows by table."""
    tables = (User, SearchTerm, Team, Enrollment, Completion, Certificate, Event, OutgoingEmail, Notification)
    return {model._meta.model_name: model.objects.count() for model in tables}
