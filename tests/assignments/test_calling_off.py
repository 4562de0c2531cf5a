"""A decision on many people is taken back as a whole, also while a worker still decides."""

import pytest
from django.contrib.auth.models import Group

from courseware.assignments import decision_pages
from courseware.learning import adjusting
from courseware.learning.adjustments import Adjustment
from courseware.learning.models import Enrollment
from tests.making import days, join, make_enrollment, make_user

pytestmark = pytest.mark.django_db
BATCH = 2


@pytest.fixture
def runs(team, monkeypatch):
    for room in (adjusting, decision_pages):
        monkeypatch.setattr(room, "BATCH", BATCH)
    runs = [make_enrollment(make_user(), due_at=days(3)) for _ in range(5)]
    for run in runs:
        join(team, run.learner)
    return runs


@pytest.fixture
def excused(client, team, runs):
    """The decision, with the first batch of it done."""
    client.force_login(team.manager)
    client.post("/people/decide/excuse/", {"team": team.pk, "reason": "flood"})
    made = Adjustment.objects.get()
    adjusting.decide_on_next(made.pk, keys(runs[:BATCH]), left=len(runs))
    return made


def keys(runs):
    return [run.pk for run in runs]


def waived():
    return sorted(Enrollment.objects.exclude(waived_at=None).values_list("pk", flat=True))


def go_on(adjustment, runs):
    adjusting.decide_on_all.func(adjustment.pk, keys(runs))


def undo(client, adjustment):
    return client.post(f"/people/acts/{adjustment.pk}/undo/", follow=True).content.decode()


def test_who_decided_takes_all_of_it_back_and_the_worker_goes_no_further(client, excused, runs):
    assert waived() == keys(runs[:BATCH])
    page = undo(client, excused)
    assert "It goes no further: 3 people stay as before." in page
    assert "Taken back for 2 people" in page
    assert waived() == []
    go_on(excused, runs)
    assert waived() == []


def test_before_the_worker_has_begun_it_is_taken_back_too(client, team, runs):
    client.force_login(team.manager)
    client.post("/people/decide/excuse/", {"team": team.pk, "reason": "flood"})
    made = Adjustment.objects.get()
    assert "Undo" in client.get(f"/people/acts/{made.pk}/").content.decode()
    page = undo(client, made)
    assert "It goes no further: 5 people stay as before." in page
    assert "For nobody has anything changed." in page
    go_on(made, runs)
    assert waived() == []


def test_somebody_else_is_told_to_wait_and_nothing_is_taken_back_half(client, excused, runs):
    hr = make_user(language="en")
    hr.groups.add(Group.objects.get(name="HR"))
    client.force_login(hr)
    assert "It is still going on." in undo(client, excused)
    assert waived() == keys(runs[:BATCH])
    go_on(excused, runs)
    assert waived() == keys(runs)
    assert "Taken back for 5 people" in undo(client, excused)
    assert waived() == []


def test_for_one_person_it_is_taken_back_and_the_others_go_on(client, excused, runs):
    client.post(f"/people/acts/{excused.pk}/undo/", {"only": runs[0].pk})
    go_on(excused, runs)
    assert waived() == keys(runs[1:])


def test_the_page_says_how_many_are_left_and_no_more_once_all_are_seen_to(client, excused, runs):
    address = f"/people/acts/{excused.pk}/"
    assert "3 people are left" in client.get(address).content.decode()
    go_on(excused, runs)
    assert "Load the page again" not in client.get(address).content.decode()
    assert waived() == keys(runs)
