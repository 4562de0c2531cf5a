"""Compiled queries, condition evaluation and rows in chunks."""

import threading
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Q, Value
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from courseware.accounts.models import Membership, Team
from courseware.learning.models import Answer, Enrollment
from courseware.lib import dates
from courseware.lib.db.chunks import chunks
from courseware.lib.db.compiled_query import CompiledQuery
from courseware.lib.db.condition_eval import fulfils
from tests.making import make_enrollment, make_team

User = get_user_model()
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    teams = [Team.objects.create(name=name) for name in ("Days", "Nights")]
    people = [User.objects.create_user(f"{name}@example.org", name=name) for name in ("Ann", "Bo", "Cem")]
    for person, team in zip(people, (teams[0], teams[1], teams[0]), strict=True):
        Membership.objects.create(person=person, team=team)
    return people


def named(name):
    return User.objects.filter(name=name)


def with_team(person):
    return Membership.objects.filter(person=person).select_related("team").defer("team__parent")


def among(people):
    own = Membership.objects.filter(person__pk__in=people).values_list("person", "team__name")
    return own.union(User.objects.filter(pk__in=people).order_by().values_list("pk", Value("a person")))


def after_instant(at):
    return Answer.objects.filter(answered_at__gt=at).order_by("pk")


def with_token(token):
    return Answer.objects.filter(token=token)


def make_answer(enrollment, at):
    document = enrollment.course.documents.filter(kind="lesson").first()
    given = {"question": "first", "shape": "one", "response": [0], "is_right": True, "answered_at": at}
    return Answer.objects.create(
        enrollment=enrollment, document=document, revision=document.latest_revision, token=uuid4(), **given
    )


def test_compiled_query_uses_new_parameters(people):
    find = CompiledQuery(named)

    assert [find(name=name) for name in ("Ann", "Cem", "Nobody", "Ann")] == [[people[0]], [people[2]], [], [people[0]]]


def test_compiled_rows_equal_queryset_rows(people, django_assert_num_queries):
    [plain] = with_team(people[1].pk)
    find = CompiledQuery(with_team)
    find(person=people[0].pk)

    with django_assert_num_queries(1):
        [found] = find(person=people[1].pk)
        assert found.team.name == "Nights"

    assert (found, found.team.__dict__.keys()) == (plain, plain.team.__dict__.keys())
    assert found.team.get_deferred_fields() == plain.team.get_deferred_fields() == {"parent_id"}


def test_list_parameters_may_have_any_length(people):
    keys = [person.pk for person in people]
    find = CompiledQuery(among)

    for wanted in ([], keys[:1], keys[1:], keys, keys[1:]):
        assert sorted(find(people=wanted)) == sorted(among(wanted))


def test_results_are_not_shared(people):
    find = CompiledQuery(named)
    find(name="Ann")[0].name = "Somebody else"
    find(name="Ann").clear()

    assert [person.name for person in find(name="Ann")] == ["Ann"]


@pytest.mark.parametrize("value", [None, True, 1.5, b"Ann", ["Ann", None], ("Ann",)])
def test_unsupported_parameter_type_is_refused(people, value):
    with pytest.raises(TypeError, match="name: expected int or str or date or datetime or UUID, got"):
        CompiledQuery(named)(name=value)


def test_datetime_and_uuid_parameters(people):
    enrollment = make_enrollment()
    first, second = (make_answer(enrollment, instant) for instant in (NOON, NOON + timedelta(microseconds=1)))
    after, by = CompiledQuery(after_instant), CompiledQuery(with_token)

    assert [after(at=at) for at in (NOON, NOON.astimezone(ZoneInfo("Asia/Shanghai")))] == [[second], [second]]
    assert after(at=NOON - timedelta(microseconds=1)) == [first, second]
    assert [by(token=token) for token in (first.token, second.token, uuid4())] == [[first], [second], []]


def test_date_parameters(people):
    User.objects.filter(name="Ann").update(leaves_on=date(2026, 11, 25))
    User.objects.filter(name="Bo").update(leaves_on=date(2026, 11, 26))
    find = CompiledQuery(lambda day: User.objects.filter(leaves_on__gte=day).order_by("pk"))

    assert [find(day=date(2026, 11, day)) for day in (25, 26, 27)] == [people[:2], people[1:2], []]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_too_large_number_finds_nothing(people, number):
    find = CompiledQuery(with_team)

    assert find(person=number) == find(person=2**63 - 1) == []


@pytest.mark.django_db(transaction=True)
def test_locking_needs_transaction(people):
    find = CompiledQuery(lambda name: named(name).select_for_update(of=("self",), no_key=True))
    with transaction.atomic():
        assert find(name="Bo") == [people[1]]

    with pytest.raises(TransactionManagementError):
        find(name="Bo")


@pytest.mark.django_db(transaction=True)
def test_each_thread_uses_own_connection(people):
    find, used = CompiledQuery(named), []
    find(name="Ann")

    def ask():
        try:
            with connection.execute_wrapper(lambda execute, *rest: used.append(rest[0]) or execute(*rest)):
                used.append(find(name="Bo"))
        finally:
            connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()

    assert [type(each) for each in used] == [str, list]
    assert used[1] == [people[1]]


def test_datetime_parameter_plus_timedelta(people):
    enrollment = make_enrollment()
    answers = [make_answer(enrollment, NOON + timedelta(hours=hours)) for hours in range(4)]
    find = CompiledQuery(lambda at: Answer.objects.filter(answered_at__gt=at, answered_at__lte=at + timedelta(hours=2)))

    assert [find(at=at) for at in (NOON, NOON + timedelta(hours=1))] == [answers[1:3], answers[2:]]


def test_site_day_of_datetime_parameter(people):
    enrollment = make_enrollment(people[0])
    evening = datetime(2026, 11, 27, 15, 59, 59, tzinfo=UTC)  # in Shanghai; the next second is another day
    Enrollment.objects.filter(pk=enrollment.pk).update(certified_until=date(2026, 11, 27))
    find = CompiledQuery(lambda at: Enrollment.objects.filter(certified_until__gte=dates.site_day(at)))
    assert [find(at=at) for at in (evening, evening + timedelta(seconds=1))] == [[enrollment], []]


CUP = SimpleNamespace(size=3, colour=None)


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        (Q(size=3), True),
        (Q(size=4), False),
        (Q(size__lte=3), True),
        (Q(size__lte=2), False),
        (Q(size__gt=2), True),
        (Q(size__gt=3), False),
        (Q(size__gte=3), True),
        (Q(size__gte=4), False),
        (Q(size__lt=4), True),
        (Q(size__lt=3), False),
        (Q(colour=None), True),
        (Q(colour__gt=9), False),
        (Q(colour__gte=9), False),
        (Q(colour__lt=9), False),
        (Q(colour__lte=9), False),  # null is neither below nor above anything
        (~Q(size=3), False),
        (~Q(colour__lte=9), True),  # as in Django, where NOT includes null
        (Q(size=3, colour=None), True),
        (Q(size=3) & Q(colour=1), False),
        (Q(size=4) | Q(colour=None), True),
        (~(Q(size=4) | Q(colour=1)), True),
        (Q(), True),
    ],
)
def test_condition_is_evaluated_for_object(condition, answer):
    assert fulfils(CUP, condition) == answer


@pytest.mark.parametrize("condition", [Q(size__in=[4]), Q(size__range=(3, 4)) | Q(size=3)])
def test_unknown_lookup_is_refused(condition):
    with pytest.raises(KeyError):
        fulfils(CUP, condition)


@pytest.fixture
def teams():
    return [make_team(f"Team {number}") for number in range(5)]


@pytest.mark.django_db(transaction=True)
def test_chunks_use_1_query_without_held_cursor(teams):
    with CaptureQueriesContext(connection) as asked:
        found = list(chunks(Team.objects.order_by("pk"), 2))
    assert found == [teams[:2], teams[2:4], teams[4:]]
    statements = [query["sql"] for query in asked if "accounts_team" in query["sql"]]
    assert len(statements) == 1
    assert "WITH HOLD" not in statements[0]


@pytest.mark.django_db(transaction=True)
def test_closing_chunks_ends_transaction(teams):
    reading = chunks(Team.objects.order_by("pk"), 2)
    assert next(reading) == teams[:2]
    reading.close()
    assert not connection.in_atomic_block
    assert list(chunks(Team.objects.none(), 2)) == []
