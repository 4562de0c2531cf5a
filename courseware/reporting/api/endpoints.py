"""Endpoints of the read-only API. Lists show the rows that the key's owner sees on the site, paginated by id."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import get_language
from ninja import NinjaAPI, Query
from ninja.errors import AuthenticationError
from ninja.security import HttpBearer
from ninja.throttling import BaseThrottle

from courseware.accounts.api_keys import ApiKey, note_use, working_key
from courseware.accounts.models import Team, User
from courseware.accounts.permissions.permissions import people_visible_to, sees_reports
from courseware.accounts.sign_in.allauth_internals import consume
from courseware.assessment.certificates.facts import FACTS
from courseware.assessment.models import Certificate
from courseware.audit_log.models import Event
from courseware.audit_log.record import record, subject_of
from courseware.content.models import Course, Document
from courseware.lib.text.fractions_text import PERCENT_FROM, AnonymousShare
from courseware.reporting.api.schemas import (
    DASHBOARD_ROW_GETTERS,
    CertificateShape,
    CourseShape,
    DashboardRowShape,
    DashboardWindow,
    ListOf,
    PeopleWindow,
    PersonShape,
    QuestionShape,
    QuestionsShape,
    ShareShape,
    SimulationShape,
    SituationShape,
    TeamShape,
    Window,
)
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard.rows import DashboardRow
from courseware.reporting.statistics.group_statistics import GroupStatistic, asked_or_404, released_document_or_404
from courseware.reporting.statistics.questions import QuestionSplit, question_splits
from courseware.reporting.statistics.simulations import Split, split_of

ROOT = "/api/v1/"
A_MINUTE = 60  # seconds
LISTS = ("enrollments", "people", "teams", "courses", "certificates")


class ApiKeyAuth(HttpBearer):
    """API key in the header `Authorization: Bearer …`."""

    def authenticate(self, request, token: str) -> ApiKey | None:
        key = working_key(token)
        if key is None or not sees_reports(key.person):
            return None
        note_use(key)
        return key


class ApiRateLimit(BaseThrottle):
    """Rate limit of all keys of a person together; a lock in the cache keeps the count exact."""

    def allow_request(self, request) -> bool:
        return is_within_rate(request, "api_reads", key=str(request.auth.person_id))

    def wait(self) -> float:
        return A_MINUTE


def is_within_rate(request, action: str, key: str | None = None) -> bool:
    """Count the request against the limit of this name in ACCOUNT_RATE_LIMITS."""
    rates = {"app": "courseware", "config": settings.ACCOUNT_RATE_LIMITS}
    return consume(request, **rates, action=action, key=key, limit_get=True) is not None


key_of_reader = ApiKeyAuth()
api = NinjaAPI(
    title="Training records (read-only)",
    version="1",
    description=(
        "Lists of the records that the owner of the key can see on the site. Titles and texts are in the language of "
        "Accept-Language. Create keys on /api/."
    ),
    auth=key_of_reader,
    throttle=[ApiRateLimit()],
    docs_url=None,
    openapi_url=None,
    urls_namespace="reading-api",
)


@api.exception_handler(AuthenticationError)
def refuse(request, error):
    if not is_within_rate(request, "api_refusals"):
        response = api.create_response(request, {"detail": "Too many requests."}, status=429)
        response["Retry-After"] = A_MINUTE
        return response
    response = api.create_response(request, {"detail": "A key is needed that works today."}, status=401)
    response["WWW-Authenticate"] = "Bearer"
    return response


def description() -> dict[str, Any]:
    """Return the OpenAPI schema."""
    return api.get_openapi_schema(path_prefix=ROOT)


def record_read(key: ApiKey, list_name: str, window: Window) -> None:
    """Log that rows are read, once a day for each key, list and filter. Call it before the rows are read."""
    data = {"list": list_name, **window.model_dump(exclude={"after", "page_size"}, exclude_defaults=True)}
    zone = timezone.get_default_timezone()
    midnight = datetime.combine(timezone.localdate(timezone=zone), time.min, zone)
    read = Event.objects.filter(subject=subject_of(key), verb="api-read", at__gte=midnight)
    if data not in read.values_list("data", flat=True):
        record("api-read", actor=key.person, subject=key, data=data)


def keys_in(request, rows: QuerySet, window: Window) -> tuple[list[int], str | None]:
    """Return the ids of the rows in the window, and the URL of the next page or None. Runs 1 query."""
    found = rows.filter(pk__gt=window.after).order_by("pk").values_list("pk", flat=True)
    keys = list(found[: window.page_size + 1])
    if len(keys) <= window.page_size:
        return keys, None
    query = request.GET.copy()
    query["after"] = keys[window.page_size - 1]
    return keys[:-1], f"{settings.SITE_URL}{request.path}?{query.urlencode()}"


@api.get("enrollments/", response=ListOf[DashboardRowShape], operation_id="enrollments")
def enrollments(request, window: Query[DashboardWindow]):
    """The rows of the dashboard: one for each person and course."""
    user, now = request.auth.person, timezone.now()
    team = get_object_or_404(dashboard_rows.teams_shown_to(user), pk=window.team) if window.team else None
    released = Course.objects.exclude(current=None)
    course = get_object_or_404(released, identifier=window.course) if window.course else None
    record_read(request.auth, "enrollments", window)
    board = dashboard_rows.dashboard_rows_of(user, team=team, course=course, left=window.left, at=now)
    keys, following = keys_in(request, board, window)
    teams = dict(dashboard_rows.teams_shown_to(user).values_list("pk", "name"))
    rows = dashboard_rows.rows(
        dashboard_rows.enrollments_with_facts(keys, now), teams, dashboard_rows.outlines(get_language()), now
    )
    return {"results": [dashboard_row_shape(row) for row in rows], "next": following}


def dashboard_row_shape(row: DashboardRow) -> DashboardRowShape:
    return DashboardRowShape(**{name: value_of(row) for name, value_of in DASHBOARD_ROW_GETTERS.items()})


@api.get("people/", response=ListOf[PersonShape], operation_id="people")
def people(request, window: Query[PeopleWindow]):
    """People whose records you can see."""
    user = request.auth.person
    record_read(request.auth, "people", window)
    shown = people_visible_to(user)
    keys, following = keys_in(request, shown if window.left else shown.filter(is_active=True), window)
    teams = set(dashboard_rows.teams_shown_to(user).values_list("pk", flat=True))
    joined = dashboard_rows.teams_joined(keys)
    results = [
        PersonShape(
            id=person.pk,
            name=person.name,
            email=person.email,
            staff_number=person.staff_number,
            teams=[team for team, _zone in joined[person.pk] if team in teams],
            has_left=not person.is_active,
        )
        for person in User.objects.filter(pk__in=keys).order_by("pk")
    ]
    return {"results": results, "next": following}


@api.get("teams/", response=ListOf[TeamShape], operation_id="teams")
def teams(request, window: Query[Window]):
    """The teams you manage and the teams below them; all teams for HR and auditors."""
    shown = dashboard_rows.teams_shown_to(request.auth.person)
    record_read(request.auth, "teams", window)
    keys, following = keys_in(request, shown, window)
    known = set(shown.values_list("pk", flat=True))
    results = [
        TeamShape(id=pk, name=name, parent=parent if parent in known else None)
        for pk, name, parent in Team.objects.filter(pk__in=keys).order_by("pk").values_list("pk", "name", "parent")
    ]
    return {"results": results, "next": following}


@api.get("courses/", response=ListOf[CourseShape], operation_id="courses")
def courses(request, window: Query[Window]):
    """Released courses, each with its current release."""
    keys, following = keys_in(request, Course.objects.exclude(current=None), window)
    outlines = dashboard_rows.outlines(get_language())
    results = [
        CourseShape(
            id=course.pk,
            course=course.identifier,
            course_title=outlines[course.pk].title,
            release=course.current.number,
            released_at=course.current.created_at,
            digest=course.current.digest,
        )
        for course in Course.objects.filter(pk__in=keys).select_related("current").order_by("pk")
        if course.current
    ]
    return {"results": results, "next": following}


@api.get("certificates/", response=ListOf[CertificateShape], operation_id="certificates")
def certificates(request, window: Query[PeopleWindow]):
    """All certificates of people you can see, including expired, revoked and earlier ones."""
    record_read(request.auth, "certificates", window)
    enrollments = dashboard_rows.enrollments_shown_to(request.auth.person)
    enrollments = enrollments if window.left else enrollments.filter(learner__is_active=True)
    keys, following = keys_in(request, Certificate.objects.filter(enrollment__in=enrollments.values("pk")), window)
    found = Certificate.objects.filter(pk__in=keys).select_related("enrollment__course", "release").order_by("pk")
    outlines = dashboard_rows.outlines(get_language())
    results = [certificate_in(each, outlines[each.enrollment.course_id].title) for each in found]
    return {"results": results, "next": following}


def certificate_in(certificate: Certificate, title: str) -> CertificateShape:
    return CertificateShape(
        id=certificate.pk,
        person=certificate.enrollment.learner_id,
        name=certificate.holder,
        course=certificate.enrollment.course.identifier,
        course_title=title,
        number=certificate.number,
        **{fact.exported_as: fact.in_export(certificate) for fact in FACTS if fact.api_type},
        revoked_at=certificate.revoked_at,
    )


@api.get("simulations/{id:course}/{id:simulation}/", response=SimulationShape, operation_id="simulation")
def simulation(request, course: str, simulation: str):
    """Statistics of decisions in a simulation, without names."""
    user = request.auth.person
    document, page = released_document_or_404(user, course, simulation, Document.Kind.SIMULATION)
    return split_in(split_of(document, page, GroupStatistic.objects.shown_to(user)))


def split_in(split: Split) -> SimulationShape:
    return SimulationShape(
        people=split.people,
        endings=shares_in((ending.id, share) for ending, share in split.endings),
        situations=[
            SituationShape(
                id=node.node.id,
                people=node.people,
                choices=shares_in(
                    (str(position), share) for position, (_choice, share) in enumerate(node.choices, start=1)
                ),
            )
            for node in split.nodes
        ],
    )


@api.get("questions/{id:course}/{id:document}/", response=QuestionsShape, operation_id="questions")
def questions(request, course: str, document: str):
    """Statistics of answers to the questions of a lesson (for admins also of a question bank), without names."""
    user = request.auth.person
    found, page = asked_or_404(user, course, document)
    splits = question_splits(found, page, GroupStatistic.objects.shown_to(user))
    return QuestionsShape(questions=[question_in(each) for each in splits])


def question_in(split: QuestionSplit) -> QuestionShape:
    numbered = enumerate(split.choices, start=1)
    return QuestionShape(
        id=split.question.id,
        people=split.people,
        right=share_in("right", split.right) if split.right else None,
        choices=shares_in((str(position), share) for position, (_choice, share) in numbered),
    )


def shares_in(shares: Iterable[tuple[str, AnonymousShare]]) -> list[ShareShape]:
    return [share_in(name, share) for name, share in shares]


def share_in(name: str, share: AnonymousShare) -> ShareShape:
    if share.is_most or share.is_few:
        return ShareShape(id=name, count=None, percent=None, about="most" if share.is_most else "few")
    if share.people >= PERCENT_FROM:
        return ShareShape(id=name, count=None, percent=share.percent, about=None)
    return ShareShape(id=name, count=share.count, percent=None, about=None)


def owner_of_key(request) -> User | None:
    """Return the owner of the request's API key, or None without a valid key."""
    key = key_of_reader(request)
    return key.person if key else None
