"""Emails about enrollments of accounts that are merged or separated before sending."""

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
from tests.making import emails_after_undo, join, make_admin, make_course, make_hr, make_team, make_user, sent_emails
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


def sent():
    return [(email.to, "coffee" in email.body) for email in sent_emails()]


def state_of(person):
    return list(OutgoingEmail.objects.filter(kind=KIND, person=person).values_list("state", flat=True))


def test_waiting_email_goes_to_kept_account(kept, other, hr):
    enroll(other, make_course(), by=hr)
    merge(kept, other, by=hr)
    assert sent() == [(["kept@example.com"], False)]
    assert state_of(other) == [DeliveryState.SKIPPED]


def test_waiting_emails_of_both_accounts_are_combined(kept, other, hr):
    enroll(kept, make_course(), by=hr)
    enroll(other, another_course(b"coffee-room"), by=hr)
    merge(kept, other, by=hr)
    [(to, _about)] = sent()
    assert to == ["kept@example.com"]
    [email] = OutgoingEmail.objects.filter(kind=KIND, person=kept)
    assert sorted(email.data["subjects"]) == sorted(Enrollment.objects.values_list("pk", flat=True))


@pytest.mark.slow
def test_sent_started_and_closed_enrollments_send_no_email(kept, other, hr):
    enroll(other, make_course(), by=hr)
    sent()
    finish_lessons(enroll(other, another_course(b"coffee-room"), by=hr))
    third = another_course(b"cocoa-room")
    finish_lessons(enroll(kept, third, by=hr))
    enroll(other, third, by=hr)
    merge(kept, other, by=hr)
    assert state_of(kept) == [DeliveryState.QUEUED]  # its own enrollment, already started
    assert [to for to, _about in sent()] == [["other@example.com"]]


@pytest.mark.slow
@pytest.mark.parametrize("is_undone", [False, True])
def test_waiting_reminders_follow_their_enrollment(kept, other, hr, is_undone):
    enrollment = enroll(other, make_course(), by=hr)
    OutgoingEmail.objects.all().delete()
    own = enroll(kept, another_course(b"coffee-room"), by=hr)
    remind([enrollment.pk, own.pk], by=hr)
    ending = OutgoingEmail.objects.create(
        kind="certificate-ending", person=other, address=other.email, data={"subjects": [[enrollment.pk, "2027-01-01"]]}
    )
    merged = merge(kept, other, by=hr)
    if is_undone:
        undo_merge(merged, by=hr)
    holder = other if is_undone else kept
    ending.refresh_from_db()
    assert (ending.person, ending.address) == (holder, holder.email)
    emails_after_undo()
    reminders = OutgoingEmail.objects.filter(kind="reminder").order_by("pk")
    assert [(each.person, each.address, each.why[:4]) for each in reminders] == [
        (holder, holder.email, ""),
        (kept, kept.email, "" if is_undone else "comb"),
    ]


@pytest.mark.parametrize("is_undone", [False, True])
def test_claimed_email_is_replaced_for_new_holder(kept, other, hr, is_undone):
    enrollment = enroll(other, make_course(), by=hr)
    OutgoingEmail.objects.all().delete()
    merged = merge(kept, other, by=hr) if is_undone else None
    holder = other if is_undone else kept
    remind([enrollment.pk], by=hr)
    OutgoingEmail.objects.update(next_at=timezone.now())  # the time for *Undo* is over
    claimed(OutgoingEmail.objects.values_list("pk", flat=True))  # and the worker dies
    undo_merge(merged, by=hr) if merged else merge(kept, other, by=hr)
    assert [email.to for email in sent_emails()] == [[holder.email]]
    OutgoingEmail.objects.filter(state=DeliveryState.QUEUED).update(next_at=timezone.now())
    assert len(sent_emails()) == 1
    begun, another = OutgoingEmail.objects.order_by("pk")
    assert (begun.person, begun.state) == (kept if is_undone else other, DeliveryState.SKIPPED)
    assert (another.person, another.data) == (holder, begun.data)


def test_undo_splits_email_about_both_enrollments(kept, other, hr):
    own, transferred = enroll(kept, make_course(), by=hr), enroll(other, another_course(b"coffee-room"), by=hr)
    OutgoingEmail.objects.all().delete()
    row = merge(kept, other, by=hr)
    data = {"subjects": [[own.pk, None], [transferred.pk, None]], "by": hr.pk}
    OutgoingEmail.objects.create(kind="reminder", person=kept, address=kept.email, data=data)
    undo_merge(row, by=hr)
    assert sorted(sent()) == [(["kept@example.com"], False), (["other@example.com"], True)]


@pytest.mark.usefixtures("real_sending_hours")
def test_transferred_email_loses_sending_day(kept, other, hr, monkeypatch):
    enrollment, own = enroll(other, make_course(), by=hr), enroll(kept, another_course(b"coffee-room"), by=hr)
    OutgoingEmail.objects.all().delete()
    with time_machine.travel("2026-03-11T02:00Z", tick=False):
        remind([own.pk], by=hr)
        emails_after_undo()
        remind([enrollment.pk], by=hr)
        with monkeypatch.context() as patch:
            patch.setattr("courseware.notifications.email.delivery.CLAIMED_FOR", timedelta(seconds=-1))
            emails_after_undo()
        waiting = OutgoingEmail.objects.get(person=other)
        assert (waiting.state, waiting.tries, str(waiting.sending_day)) == (DeliveryState.QUEUED, 0, "2026-03-11")
        merge(kept, other, by=hr)
    waiting.refresh_from_db()
    assert (waiting.person, waiting.sending_day) == (kept, None)


def test_undo_before_sending_returns_email(kept, other, hr):
    enroll(other, make_course(), by=hr)
    undo_merge(merge(kept, other, by=hr), by=hr)
    assert sent() == [(["other@example.com"], False)]
    assert state_of(kept) == [DeliveryState.SKIPPED]


def test_undo_after_sending_emails_other_account(kept, other, hr):
    enroll(other, make_course(), by=hr)
    row = merge(kept, other, by=hr)
    sent()
    undo_merge(row, by=hr)
    assert [to for to, _about in sent()] == [["kept@example.com"], ["other@example.com"]]


@pytest.mark.slow
def test_undo_leaves_only_kept_account_former(kept, other, hr):
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


def test_undo_separates_notifications(kept, other, hr):
    enroll(other, make_course(), by=hr)
    row = merge(kept, other, by=hr)
    undo_merge(row, by=hr)
    assert [inbox_of(each) for each in (kept, other)] == [
        ["New course"],
        ["New course: “Rules of the tea room”"],
    ]


def inbox_of(person):
    with override("en"):
        return [notification.words for _line, notification in in_words(Notification.objects.filter(person=person))]


# Undoing a rule or an enrollment after a merge.


@pytest.fixture
def rule(course, other):
    """The rule that enrolls the other account."""
    team = make_team("Night shift")
    join(team, other)
    rule = make_rule(course, team_id=team.pk)
    assert act() == "enroll: 1"
    return rule


def enrollments():
    """(is newest, is exempt) of each enrollment."""
    rows = Enrollment.objects.order_by("pk").values_list("is_newest", "exempted_at")
    return [(is_newest, exempted_at is not None) for is_newest, exempted_at in rows]


@pytest.mark.slow
def test_rule_rollback_keeps_enrollment_of_both_accounts(kept, other, course, rule, hr):
    enroll(kept, course, by=hr)
    merge(kept, other, by=hr)
    assert enrollments() == [(True, False), (False, True)]
    assert undo_actions_of_rule(rule, by=hr) == 0
    assert enrollments() == [(True, False), (False, True)]
    assert enrollments_that_stay(rule, make_hr()).count() == 1


@pytest.mark.slow
def test_rule_rollback_removes_transferred_enrollment(kept, other, rule, hr):
    row = merge(kept, other, by=hr)
    assert undo_actions_of_rule(rule, by=hr) == 1
    assert enrollments() == []
    undo_merge(row, by=hr)
    assert list(differences()) == []


@pytest.mark.slow
def test_rule_rollback_works_after_undone_merge(kept, other, course, rule, hr):
    enroll(kept, course, by=hr)
    undo_merge(merge(kept, other, by=hr), by=hr)
    assert undo_actions_of_rule(rule, by=hr) == 1
    assert enrollments() == [(True, False)]


def test_rule_rollback_exempts_if_other_account_was_emailed(kept, other, rule, hr):
    assert OutgoingEmail.objects.filter(person=other).update(state=DeliveryState.SENT) == 1
    merge(kept, other, by=hr)
    assert undo_actions_of_rule(rule, by=hr) == 1
    assert enrollments() == [(True, True)]


def test_enrollment_superseded_by_merge_cannot_be_undone(kept, other, course, hr):
    mistake = Adjustment(kind=ENROLL.kind, course=course, made_by=hr)
    mistake, _refused = enroll_people([other.pk], mistake)
    enroll(kept, course, by=make_admin())
    merge(kept, other, by=hr)
    done, left = undo(mistake, list(mistake.lines.all()), by=hr)
    assert done == []
    assert [each.why for each in left] == [UndoRefusal.LATER]
    assert enrollments() == [(True, False), (False, True)]
