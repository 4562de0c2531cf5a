"""Courses, people, enrollments and emails of the model."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tests.year.model_calendar import ABROAD, CHINA, DAY, SITE, day_ended_at, end_of

CENTRES = {
    "Shanghai": SITE, "Chengdu": SITE, "Urumqi": ZoneInfo("Asia/Urumqi"), "Berlin": ZoneInfo("Europe/Berlin"),
    "Boston": ZoneInfo("America/New_York"),
}  # fmt: skip
ABROAD_CENTRES = ("Berlin", "Boston")


@dataclass
class Course:
    steps: list[str]
    months: int
    exam: str = ""
    objectives: dict[str, str] = field(default_factory=dict)  # objective → its first lesson
    asks: tuple = ()  # lessons with a question
    changed: dict[str, datetime] = field(default_factory=dict)  # lesson → when a release asked to read it again

    @property
    def lessons(self):
        return [step for step in self.steps if step != self.exam]


@dataclass
class Absence:
    first: date
    last: date
    begins: datetime
    ends: datetime
    said_at: datetime
    stage: int = 0  # future, current, past

    def stage_at(self, at):
        return 0 if at < self.begins else 1 if at < self.ends else 2


@dataclass
class Proof:
    kind: str
    since: date
    ends: date
    is_withdrawn: bool = False

    @property
    def until(self):
        return date.min if self.is_withdrawn else self.ends


@dataclass(eq=False)
class Enrollment:
    number: int
    course: str
    begun_at: datetime
    due_at: datetime | None
    by: tuple = ()  # names of rules
    given_by_hand_at: datetime | None = None
    started_at: datetime | None = None
    active_at: datetime | None = None
    completed_at: datetime | None = None
    exempted_at: datetime | None = None
    required: frozenset | None = None  # of a short renewal
    renews_until: date | None = None
    done: dict[str, datetime] = field(default_factory=dict)
    missed: set = field(default_factory=set)  # objectives, in the exam
    proof: Proof | None = None
    given: tuple | None = None  # (when the due date was set, the due date, on which date, absence days known then)

    @property
    def is_open(self):
        return not (self.completed_at or self.exempted_at)

    @property
    def agreed_due_at(self):
        return self.given_by_hand_at or self.begun_at

    def keep_day(self, before, after):
        """Keep the due date when the time zone changes."""
        if self.due_at:
            self.due_at = end_of(day_ended_at(self.due_at, before), after)
        if self.given:
            given_at, due_at, *reckoned = self.given
            self.given = (given_at, end_of(day_ended_at(due_at, before), after), *reckoned)


@dataclass(eq=False)
class Person:
    key: int
    number: str
    name: str
    email: str
    team: str
    joined_on: date
    learns: bool = True
    starts_on: date | None = None
    leaves_on: date | None = None
    is_here: bool = True
    is_other_name: bool = False
    signed_in_at: datetime | None = None
    language: str = ""
    stopped: set = field(default_factory=set)  # email types
    wants_reports_since: date | None = None
    deputy_for: list = field(default_factory=list)  # (manager, first day, last day)
    runs: list[Enrollment] = field(default_factory=list)
    stands: dict[str, Enrollment] = field(default_factory=dict)  # course → newest enrollment
    outside: dict[str, list[Proof]] = field(default_factory=lambda: defaultdict(list))
    absences: list[Absence] = field(default_factory=list)
    occasions: set = field(default_factory=set)

    @property
    def first_day(self):
        return self.starts_on or self.joined_on

    @property
    def zone(self):
        return CENTRES.get(self.team, SITE)

    @property
    def calendar(self):
        return ABROAD if self.team in ABROAD_CENTRES else CHINA

    def go_to(self, team):
        before, self.team = self.zone, team
        for run in self.runs:
            run.keep_day(before, self.zone)
        for each in self.absences:
            each.begins, each.ends = end_of(each.first - DAY, self.zone), end_of(each.last, self.zone)

    def newest(self, course):
        return self.stands.get(course)

    def day_at(self, instant):
        return instant.astimezone(self.zone).date()

    def due_on(self, run):
        return day_ended_at(run.due_at, self.zone)

    def open_runs(self):
        return [run for run in self.runs if run.is_open]

    def best(self, course):
        """Return the proof valid longest; of equal ones a certificate, the newest."""
        own = [run.proof for run in self.runs if run.course == course and run.proof]
        proofs = [*self.outside.get(course, ()), *own]
        return max(reversed(proofs), key=lambda proof: (proof.until, proof.kind == "certificate"), default=None)

    def away_at(self, at):
        return next((each for each in self.absences if each.begins <= at < each.ends), None)


@dataclass(eq=False)
class Email:
    """`subjects`: enrollments, each with the date in the email, or None."""

    number: int
    kind: str
    person: Person
    written_at: datetime
    next_at: datetime
    address: str
    language: str
    subjects: list = field(default_factory=list)
    state: str = "queued"
    why: str = ""
    ended_at: datetime | None = None
    left_on: date | None = None  # date of the recipient
    zone_then: ZoneInfo | None = None  # time zone of the recipient then
    combined_into: Email | None = None

    @property
    def runs(self):
        return [run for run, _day in self.subjects]

    def end(self, state, at, why=""):
        self.state, self.why, self.ended_at = state, why, at

    def wait_again(self, at):
        self.state, self.why, self.ended_at, self.next_at = "queued", "", None, at
