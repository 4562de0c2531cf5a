"""What the nightly command takes out: all that has ended, and nothing that has not."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from courseware.evidence.models import Event
from courseware.unsaved.keeping import keep, unsaved_in
from tests.accounts.test_own_sessions import PAGE, is_in, signed_in
from tests.making import BY_THE_CLOCK_OF_THE_TEST, make_user

pytestmark = pytest.mark.django_db


def cached():
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM cache WHERE cache_key LIKE '%held-form%'")
        return {key.rpartition(":")[2] for (key,) in cursor.fetchall()}


def sessions():
    return Session.objects.count(), set(UserSession.objects.values_list("user__name", flat=True))


@BY_THE_CLOCK_OF_THE_TEST
def test_what_has_ended_goes_and_what_has_not_stays_however_often_it_is_called(time_machine):
    now = timezone.now().replace(microsecond=0)
    time_machine.move_to(now, tick=False)
    signed_in(make_user("Yesterday's"))
    cache.set_many({"held-form:ends": "typed", "held-form:at-its-last-second": "typed"}, 13 * 60 * 60)
    cache.set("held-form:ends", "typed", 60)
    cache.set("held-form:for-good", "typed", None)
    time_machine.move_to(now + timedelta(hours=13), tick=False)
    live = signed_in(make_user("Today's"))
    signed_in(make_user("Signed out")).post(reverse("account_logout"))
    cache.set("held-form:begins", "typed", 60)
    assert sessions() == (2, {"Yesterday's", "Today's", "Signed out"})
    for _ in range(2):
        events = Event.objects.count()
        call_command("clearsessions")
        assert sessions() == (1, {"Today's"})
        assert cached() == {"at-its-last-second", "for-good", "begins"}
        assert Event.objects.count() == events
    assert is_in(live)
    assert len(live.get(PAGE).context["sessions"]) == 1


@BY_THE_CLOCK_OF_THE_TEST
@pytest.mark.parametrize("number", [1, 3])
def test_it_costs_the_same_for_any_number_of_them(number, time_machine, django_assert_num_queries):
    for _ in range(number):
        signed_in(make_user())
    time_machine.move_to(timezone.now() + timedelta(hours=13))
    with django_assert_num_queries(5):  # one asks whether the table of the cache is there
        call_command("clearsessions")
    assert sessions() == (0, set())


def test_a_text_that_nobody_came_back_for_in_a_month_goes_and_a_newer_one_stays():
    person, now = make_user(), timezone.now()
    keep(person.pk, "/old/", {"text": "Typed"}, at=now - timedelta(days=30))
    keep(person.pk, "/new/", {"text": "Typed"}, at=now - timedelta(days=29))
    call_command("clearsessions")
    assert set(unsaved_in(person.pk, ["/old/", "/new/"])) == {"/new/"}
