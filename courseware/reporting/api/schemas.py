"""Response schemas of the API. Fields have the names of the columns in the dashboard's CSV file."""

from datetime import date, datetime
from operator import attrgetter
from typing import Generic, Literal, TypeVar

from ninja import Field, Schema
from pydantic import create_model

from courseware.assessment.certificates.facts import FACTS

Row = TypeVar("Row")
LARGEST_KEY = 2**63 - 1


class Window(Schema):
    """Which rows of a list: `page_size` of them, behind the row with the id `after`."""

    after: int = Field(0, ge=0, le=LARGEST_KEY)
    page_size: int = Field(100, ge=1, le=500)


class PeopleWindow(Window):
    left: bool = Field(False, description="Includes people who have left the company")


class DashboardWindow(PeopleWindow):
    course: str = Field("", pattern=r"^[A-Za-z0-9._-]*$", max_length=64, description="The id of a course")
    team: int = Field(0, ge=0, le=LARGEST_KEY, description="The id of a team; those below it are part of it")


class ListOf(Schema, Generic[Row]):
    results: list[Row]
    next: str | None = Field(description="The address of the next page; null behind the last row")


class ScoreShape(Schema):
    points: int
    max_points: int


class DashboardRowShape(Schema):
    """Where a person stands in a course. `id` is that of the newest enrollment, which is the one described."""

    id: int
    person: int
    name: str
    email: str | None
    team: str
    course: str
    course_title: str
    state: str
    progress_percent: int
    steps_done: int
    steps: int
    due_on: date | None
    away_until: date | None
    last_active_at: datetime | None
    completed_at: datetime | None
    certified: bool
    certified_until: date | None = Field(description="The last day, also of a certificate that has ended")
    validity: str
    is_trained_outside: bool
    score_before: ScoreShape | None
    score_after: ScoreShape | None
    gain_percent: int | None
    next_action: str
    stuck: str
    excuse: str
    job_role: str = Field(description="As the course calls it")
    has_left: bool


# Paths in `DashboardRow` of fields with another name.
DASHBOARD_ROW_PATHS = {
    "id": "enrollment.pk",
    "person": "enrollment.learner_id",
    "course": "journey.outline.course_id",
    "course_title": "journey.outline.title",
    "state": "state.value",
    "progress_percent": "journey.progress.percent",
    "steps_done": "journey.progress.done_count",
    "steps": "journey.progress.total",
    "due_on": "enrollment.due_on",
    "last_active_at": "enrollment.last_active_at",
    "completed_at": "enrollment.completed_at",
    "certified": "validity.is_certified",
    "certified_until": "certificate_day",
    "validity": "validity.value",
    "score_before": "journey.pre_post_test.before",
    "score_after": "journey.pre_post_test.after",
    "gain_percent": "journey.pre_post_test.gain",
    "next_action": "journey.words",
    "stuck": "stuck.words",
    "excuse": "enrollment.exemption_reason",
}
DASHBOARD_ROW_GETTERS = {
    name: attrgetter(DASHBOARD_ROW_PATHS.get(name, name)) for name in DashboardRowShape.model_fields
}


class PersonShape(Schema):
    id: int
    name: str
    email: str | None
    staff_number: str | None
    teams: list[int] = Field(description="Ids of the teams in which the person learns, of those that are shown")
    has_left: bool


class TeamShape(Schema):
    id: int
    name: str
    parent: int | None = Field(description="The id of the team above, if it is shown")


class CourseShape(Schema):
    id: int
    course: str
    course_title: str
    release: int
    released_at: datetime
    digest: str


CertificateShape = create_model(  # type: ignore[call-overload]  # mypy takes the facts for options
    "CertificateShape",
    __base__=Schema,
    id=(int, ...),
    person=(int, ...),
    name=(str, Field(description="Of the holder, as printed on the certificate")),
    course=(str, ...),
    course_title=(str, ...),
    number=(str, ...),
    **{fact.exported_as: (fact.api_type, Field(description=fact.api_description)) for fact in FACTS if fact.api_type},
    revoked_at=(datetime | None, ...),
)


class ShareShape(Schema):
    """A part of a group: people below 20, percent from 20 on. All and all but one are both "most", one and none are
    both "few", without a number."""

    id: str
    count: int | None
    percent: int | None
    about: Literal["most", "few"] | None


class SituationShape(Schema):
    id: str
    people: int
    choices: list[ShareShape]


class SimulationShape(Schema):
    """First runs, by how they ended and what was decided: figures of five people and more, which grow by five."""

    people: int
    endings: list[ShareShape]
    situations: list[SituationShape]


class QuestionShape(Schema):
    """`choices` is empty for kinds that are not chosen from, as an order."""

    id: str
    people: int
    right: ShareShape | None = Field(description="Null where too few have answered")
    choices: list[ShareShape]


class QuestionsShape(Schema):
    """First answers, by what was right and what was chosen: figures of five people and more, which grow by five."""

    questions: list[QuestionShape]
