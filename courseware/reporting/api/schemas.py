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
    team: int = Field(0, ge=0, le=LARGEST_KEY, description="The id of a team; includes the teams below it")


class ListOf(Schema, Generic[Row]):
    results: list[Row]
    next: str | None = Field(description="The URL of the next page; null on the last page")


class ScoreShape(Schema):
    points: int
    max_points: int


class DashboardRowShape(Schema):
    """Status of a person in a course. `id` is the id of the current enrollment."""

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
    certified_until: date | None = Field(description="The last day, also of an expired certificate")
    certification_status: str
    has_external_training: bool
    pre_test_score: ScoreShape | None
    post_test_score: ScoreShape | None
    improvement_percent: int | None
    next_action: str
    stuck: str
    exemption_reason: str
    job_role: str = Field(description="The name in the course")
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
    "has_external_training": "is_trained_outside",
    "certified_until": "certificate_day",
    "certification_status": "validity.value",
    "pre_test_score": "journey.pre_post_test.before",
    "post_test_score": "journey.pre_post_test.after",
    "improvement_percent": "journey.pre_post_test.gain",
    "next_action": "journey.words",
    "stuck": "stuck.words",
    "exemption_reason": "enrollment.exemption_reason",
}
DASHBOARD_ROW_GETTERS = {
    name: attrgetter(DASHBOARD_ROW_PATHS.get(name, name)) for name in DashboardRowShape.model_fields
}


class PersonShape(Schema):
    id: int
    name: str
    email: str | None
    staff_number: str | None
    teams: list[int] = Field(
        description="Ids of the teams in which the person is a learner, as far as you can see them"
    )
    has_left: bool


class TeamShape(Schema):
    id: int
    name: str
    parent: int | None = Field(description="The id of the team above, if you can see it")


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
    """A share of a group: a number of people below 20, percent from 20 on. "most" means all or all but one, "few" means
    one or none; both have no number.
    """

    id: str
    count: int | None
    percent: int | None
    about: Literal["most", "few"] | None


class SituationShape(Schema):
    id: str
    people: int
    choices: list[ShareShape]


class SimulationShape(Schema):
    """First attempts by outcome and decision. Numbers start at 5 people and grow in steps of 5."""

    people: int
    endings: list[ShareShape]
    situations: list[SituationShape]


class QuestionShape(Schema):
    """`choices` is empty for question types without options, such as order."""

    id: str
    people: int
    right: ShareShape | None = Field(description="Null if too few people have answered")
    choices: list[ShareShape]


class QuestionsShape(Schema):
    """First answers by correctness and option. Numbers start at 5 people and grow in steps of 5."""

    questions: list[QuestionShape]
