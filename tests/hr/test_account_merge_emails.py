"""The letter about a course, where the accounts of its reader become one before it has left, and two again."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from django.utils.translation import override

from courseware.accounts.models import User
from courseware.accounts.people.offboarding import leave
from courseware.assignments.manager_actions.daily_actions import remind
from courseware.assignments.rules.execution import act
from courseware.assignments.rules.lifecycle import enrollments_that_stay, undo_actions_of_rule
from courseware.hr.people.account_merge import merge, undo_merge
from courseware.learning.emails.enrollment import KIND
from courseware.learning.enrollments.adjustments import enroll_people, undo
from courseware.learning.enrollments.enrollment import enroll
from courseware.learning.manager_actions import ENROLL
from courseware.learning.manager_actions.manager_action import UndoRefusal
from courseware.learning.models import Adjustment, Enrollment
from courseware.notifications.email.delivery import claimed
from courseware.notifications.inbox import in_words
from courseware.notifications.models import DeliveryState, Notification, OutgoingEmail
from courseware.reporting.integrity.check_all import differences
from tests.assignments.rules import make_rule
from tests.hr.two_accounts import another_course
from tests.making import join, letters, letters_after_undo, make_admin, make_course, make_hr, make_team, make_user
from tests.world import finish_lessons

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(team):
    return member(team, "kept@example.com")


@pytest.fixture
def other(team):
    return member(team, "other@example.com")


def member(team, email):
    person = make_user(email=email, language="en")
    join(team, person)
    return person


def told():
    return [(letter.to, "coffee" in letter.body) for letter in letters()]


def state_of(person):
    return list(OutgoingEmail.objects.filter(kind=KIND, person=person).values_list("state", flat=True))


def test_what_waited_for_the_account_that_went_is_told_to_the_one_that_stays(kept, other, hr):
    enroll(other, make_course(), by=hr)
    merge(kept, other, by=hr)
    assert told() == [(["kept@example.com"], False)]
    assert state_of(other) == [DeliveryState.SKIPPED]


def test_it_is_one_letter_with_what_waits_for_the_account_that_stays(kept, other, hr):
    enroll(kept, make_course(), by=hr)
    enroll(other, another_course(b"coffee-room"), by=hr)
    merge(kept, other, by=hr)
    [(to, _about)] = told()
    assert to == ["kept@example.com"]
    [letter] = OutgoingEmail.objects.filter(kind=KIND, person=kept)
    assert sorted(letter.data["subjects"]) == sorted(Enrollment.objects.values_list("pk", flat=True))


def test_nothing_is_told_of_what_was_told_begun_or_closes(kept, other, hr):
    enroll(other, make_course(), by=hr)
    told()
    finish_lessons(enroll(other, another_course(b"coffee-room"), by=hr))
    third = another_course(b"cocoa-room")
    finish_lessons(enroll(kept, third, by=hr))
    enroll(other, third, by=hr)
    merge(kept, other, by=hr)
    assert state_of(kept) == [DeliveryState.QUEUED]  # its own, which is begun
    assert [to for to, _about in told()] == [["other@example.com"]]


@pytest.mark.parametrize("is_undone", [False, True])
def test_a_reminder_that_waits_and_that_of_a_certificate_that_ends_go_to_whoever_has_the_run(
    kept, other, hr, is_undone
):
    run = enroll(other, make_course(), by=hr)
    OutgoingEmail.objects.all().delete()
    own = enroll(kept, another_course(b"coffee-room"), by=hr)
    remind([run.pk, own.pk], by=hr)
    ending = OutgoingEmail.objects.create(
        kind="certificate-ending", person=other, address=other.email, data={"subjects": [[run.pk, "2027-01-01"]]}
    )
    merged = merge(kept, other, by=hr)
    if is_undone:
        undo_merge(merged, by=hr)
    has_it = other if is_undone else kept
    ending.refresh_from_db()
    assert (ending.person, ending.address) == (has_it, has_it.email)
    letters_after_undo()
    reminders = OutgoingEmail.objects.filter(kind="reminder").order_by("pk")
    assert [(each.person, each.address, each.why.partition(" with ")[0]) for each in reminders] == [
        (has_it, has_it.email, ""),
        (kept, kept.email, "" if is_undone else "combined"),
    ]


@pytest.mark.parametrize("is_undone", [False, True])
def test_of_what_a_worker_has_begun_to_send_whoever_has_the_run_is_told_by_another_letter(kept, other, hr, is_undone):
    run = enroll(other, make_course(), by=hr)
    OutgoingEmail.objects.all().delete()
    merged = merge(kept, other, by=hr) if is_undone else None
    has_it = other if is_undone else kept
    remind([run.pk], by=hr)
    OutgoingEmail.objects.update(next_at=timezone.now())  # the time for *Undo* is over
    claimed(OutgoingEmail.objects.values_list("pk", flat=True))  # and the worker dies
    undo_merge(merged, by=hr) if merged else merge(kept, other, by=hr)
    assert [letter.to for letter in letters()] == [[has_it.email]]
    OutgoingEmail.objects.filter(state=DeliveryState.QUEUED).update(next_at=timezone.now())
    assert len(letters()) == 1
    begun, another = OutgoingEmail.objects.order_by("pk")
    assert (begun.person, begun.state) == (kept if is_undone else other, DeliveryState.SKIPPED)
    assert (another.person, another.data) == (has_it, begun.data)


def test_of_one_letter_about_the_runs_of_both_each_is_told_of_the_own_one_once_it_is_undone(kept, other, hr):
    own, brought = enroll(kept, make_course(), by=hr), enroll(other, another_course(b"coffee-room"), by=hr)
    OutgoingEmail.objects.all().delete()
    row = merge(kept, other, by=hr)
    data = {"subjects": [[own.pk, None], [brought.pk, None]], "by": hr.pk}
    OutgoingEmail.objects.create(kind="reminder", person=kept, address=kept.email, data=data)
    undo_merge(row, by=hr)
    assert sorted(told()) == [(["kept@example.com"], False), (["other@example.com"], True)]


@pytest.mark.usefixtures("letter_hours")
def test_a_letter_that_lost_its_day_to_a_slow_server_follows_to_who_had_one_that_day(kept, other, hr, monkeypatch):
    run, own = enroll(other, make_course(), by=hr), enroll(kept, another_course(b"coffee-room"), by=hr)
    OutgoingEmail.objects.all().delete()
    with time_machine.travel("2026-03-11T02:00Z", tick=False):
        remind([own.pk], by=hr)
        letters_after_undo()
        remind([run.pk], by=hr)
        with monkeypatch.context() as patch:
            patch.setattr("courseware.notifications.email.delivery.CLAIMED_FOR", timedelta(seconds=-1))
            letters_after_undo()
        waiting = OutgoingEmail.objects.get(person=other)
        assert (waiting.state, waiting.tries, str(waiting.sending_day)) == (DeliveryState.QUEUED, 0, "2026-03-11")
        merge(kept, other, by=hr)
    waiting.refresh_from_db()
    assert (waiting.person, waiting.sending_day) == (kept, None)


def test_undone_before_it_has_left_each_is_told_of_the_own_one(kept, other, hr):
    enroll(other, make_course(), by=hr)
    undo_merge(merge(kept, other, by=hr), by=hr)
    assert told() == [(["other@example.com"], False)]
    assert state_of(kept) == [DeliveryState.SKIPPED]


def test_undone_afterwards_the_other_one_is_told_after_all(kept, other, hr):
    enroll(other, make_course(), by=hr)
    row = merge(kept, other, by=hr)
    told()
    undo_merge(row, by=hr)
    assert [to for to, _about in told()] == [["kept@example.com"], ["other@example.com"]]


def test_who_has_left_by_the_account_that_stayed_has_left_by_that_one_alone_once_it_is_undone(kept, other, hr):
    first, second = make_course(), another_course(b"coffee-room")
    enroll(kept, first, by=hr)
    finish_lessons(enroll(other, first, by=hr))
    enroll(other, second, by=hr)
    row = merge(kept, other, by=hr)
    leave(User.objects.get(pk=kept.pk), by=hr)
    assert list(differences()) == []
    undo_merge(row, by=hr)
    assert list(User.objects.filter(pk__in=[kept.pk, other.pk]).order_by("pk").values_list("is_active", flat=True)) == (
        [False, True] if kept.pk < other.pk else [True, False]
    )
    assert list(Enrollment.objects.open().order_by("pk").values_list("learner", flat=True)) == [
        kept.pk, other.pk, other.pk,
    ]  # fmt: skip
    assert list(differences()) == []


def test_the_tray_of_neither_tells_of_what_is_the_other_ones_again(kept, other, hr):
    enroll(other, make_course(), by=hr)
    row = merge(kept, other, by=hr)
    undo_merge(row, by=hr)
    assert [tray_of(each) for each in (kept, other)] == [
        ["New course"],
        ["New course: “Rules of the tea room”"],
    ]


def tray_of(person):
    with override("en"):
        return [line.words for _line, line in in_words(Notification.objects.filter(person=person))]


# What a rule or somebody did is taken back, and the run is one of two accounts that were merged since.


@pytest.fixture
def rule(course, other):
    """By which the other account is enrolled."""
    team = make_team("Night shift")
    join(team, other)
    rule = make_rule(course, team_id=team.pk)
    assert act() == "enroll: 1"
    return rule


def runs():
    """Each run: whether it is the newest, whether it is excused."""
    rows = Enrollment.objects.order_by("pk").values_list("is_newest", "exempted_at")
    return [(is_newest, waived is not None) for is_newest, waived in rows]


def test_a_run_that_stands_for_another_account_is_not_taken_back_with_its_rule(kept, other, course, rule, hr):
    enroll(kept, course, by=hr)
    merge(kept, other, by=hr)
    assert runs() == [(True, False), (False, True)]
    assert undo_actions_of_rule(rule, by=hr) == 0
    assert runs() == [(True, False), (False, True)]
    assert enrollments_that_stay(rule, make_hr()).count() == 1


def test_a_run_that_was_brought_alone_is_taken_back_with_its_rule(kept, other, rule, hr):
    row = merge(kept, other, by=hr)
    assert undo_actions_of_rule(rule, by=hr) == 1
    assert runs() == []
    undo_merge(row, by=hr)
    assert list(differences()) == []


def test_once_the_merge_is_undone_the_run_goes_with_its_rule(kept, other, course, rule, hr):
    enroll(kept, course, by=hr)
    undo_merge(merge(kept, other, by=hr), by=hr)
    assert undo_actions_of_rule(rule, by=hr) == 1
    assert runs() == [(True, False)]


def test_who_was_told_of_the_run_in_the_other_account_is_excused_and_not_left_wondering(kept, other, rule, hr):
    assert OutgoingEmail.objects.filter(person=other).update(state=DeliveryState.SENT) == 1
    merge(kept, other, by=hr)
    assert undo_actions_of_rule(rule, by=hr) == 1
    assert runs() == [(True, True)]


def test_who_was_enrolled_by_mistake_stays_so_where_that_run_goes_on_for_the_other_account(kept, other, course, hr):
    mistake = Adjustment(kind=ENROLL.kind, course=course, made_by=hr)
    mistake, _refused = enroll_people([other.pk], mistake)
    enroll(kept, course, by=make_admin())
    merge(kept, other, by=hr)
    done, left = undo(mistake, list(mistake.lines.all()), by=hr)
    assert done == []
    assert [each.why for each in left] == [UndoRefusal.LATER]
    assert runs() == [(True, False), (False, True)]
