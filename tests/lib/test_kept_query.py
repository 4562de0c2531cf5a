"""A query that is kept gives what the queryset gives that it was built from."""

import threading
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import F, Value
from django.db.transaction import TransactionManagementError

from courseware.accounts.models import Membership, Team
from courseware.learning.models import Answer, Enrollment
from courseware.lib import dates
from courseware.lib.kept_query import KeptQuery
from tests.making import make_enrollment

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
        enrollment=enrollment, document=document, revision=document.head, token=uuid4(), **given
    )


def test_it_gives_the_rows_of_the_values_that_are_asked_for_each_time(people):
    kept = KeptQuery(named)

    assert [kept(name=name) for name in ("Ann", "Cem", "Nobody", "Ann")] == [[people[0]], [people[2]], [], [people[0]]]


def test_a_row_has_what_it_has_from_the_queryset_and_asks_for_nothing_more(people, django_assert_num_queries):
    [plain] = with_team(people[1].pk)
    kept = KeptQuery(with_team)
    kept(person=people[0].pk)

    with django_assert_num_queries(1):
        [found] = kept(person=people[1].pk)
        assert found.team.name == "Nights"

    assert (found, found.team.__dict__.keys()) == (plain, plain.team.__dict__.keys())
    assert found.team.get_deferred_fields() == plain.team.get_deferred_fields() == {"parent_id"}


def test_lists_of_any_length_are_asked_for(people):
    keys = [person.pk for person in people]
    kept = KeptQuery(among)

    for wanted in ([], keys[:1], keys[1:], keys, keys[1:]):
        assert sorted(kept(people=wanted)) == sorted(among(wanted))


def test_columns_that_are_worked_out_come_along(people):
    kept = KeptQuery(lambda person: Membership.objects.filter(person=person).annotate(team_name=F("team__name")))

    assert [row.team_name for row in kept(person=people[1].pk)] == ["Nights"]


def test_rows_can_be_changed_without_changing_what_is_given_next(people):
    kept = KeptQuery(named)
    kept(name="Ann")[0].name = "Somebody else"
    kept(name="Ann").clear()

    assert [person.name for person in kept(name="Ann")] == ["Ann"]


@pytest.mark.parametrize("value", [None, True, 1.5, b"Ann", ["Ann", None], ("Ann",)])
def test_what_a_column_would_have_to_turn_into_something_else_is_refused(people, value):
    with pytest.raises(TypeError, match="name: expected int or str or date or datetime or UUID, got"):
        KeptQuery(named)(name=value)


def test_a_row_is_refused_for_only_its_key_would_be_asked_for(people):
    with pytest.raises(TypeError, match="person: expected int or str or date or datetime or UUID, got User"):
        KeptQuery(with_team)(person=people[0])


def test_instants_and_uuids_are_asked_for_as_their_columns_hold_them(people):
    enrollment = make_enrollment()
    first, second = (make_answer(enrollment, instant) for instant in (NOON, NOON + timedelta(microseconds=1)))
    after, by = KeptQuery(after_instant), KeptQuery(with_token)

    assert [after(at=at) for at in (NOON, NOON.astimezone(ZoneInfo("Asia/Shanghai")))] == [[second], [second]]
    assert after(at=NOON - timedelta(microseconds=1)) == [first, second]
    assert [by(token=token) for token in (first.token, second.token, uuid4())] == [[first], [second], []]


def test_a_day_is_asked_for_as_its_column_holds_it(people):
    User.objects.filter(name="Ann").update(leaves_on=date(2026, 11, 25))
    User.objects.filter(name="Bo").update(leaves_on=date(2026, 11, 26))
    kept = KeptQuery(lambda day: User.objects.filter(leaves_on__gte=day).order_by("pk"))

    assert [kept(day=date(2026, 11, day)) for day in (25, 26, 27)] == [people[:2], people[1:2], []]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_a_number_that_no_column_can_hold_finds_nothing(people, number):
    kept = KeptQuery(with_team)

    assert kept(person=number) == kept(person=2**63 - 1) == []


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_in_a_transaction_only(people):
    kept = KeptQuery(lambda name: named(name).select_for_update(of=("self",), no_key=True))
    with transaction.atomic():
        assert kept(name="Bo") == [people[1]]

    with pytest.raises(TransactionManagementError):
        kept(name="Bo")


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_by_its_own_connection(people):
    kept, used = KeptQuery(named), []
    kept(name="Ann")

    def ask():
        try:
            with connection.execute_wrapper(lambda execute, *rest: used.append(rest[0]) or execute(*rest)):
                used.append(kept(name="Bo"))
        finally:
            connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()

    assert [type(each) for each in used] == [str, list]
    assert used[1] == [people[1]]


def test_an_instant_is_asked_for_as_much_later_as_is_added_to_it(people):
    enrollment = make_enrollment()
    answers = [make_answer(enrollment, NOON + timedelta(hours=hours)) for hours in range(4)]
    kept = KeptQuery(lambda at: Answer.objects.filter(answered_at__gt=at, answered_at__lte=at + timedelta(hours=2)))

    assert [kept(at=at) for at in (NOON, NOON + timedelta(hours=1))] == [answers[1:3], answers[2:]]


def test_the_day_of_an_instant_is_asked_for_where_the_clocks_of_the_site_are(people):
    enrollment = make_enrollment(people[0])
    evening = datetime(2026, 11, 27, 15, 59, 59, tzinfo=UTC)  # of Shanghai, where the next second is another day
    Enrollment.objects.filter(pk=enrollment.pk).update(certified_until=date(2026, 11, 27))
    kept = KeptQuery(lambda at: Enrollment.objects.filter(certified_until__gte=dates.site_day(at)))
    assert [kept(at=at) for at in (evening, evening + timedelta(seconds=1))] == [[enrollment], []]
