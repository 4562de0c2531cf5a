"""Manager actions: each can be described, recorded, refused and undone."""

from importlib import import_module
from pkgutil import iter_modules

import pytest
from django.utils.translation import override

from courseware.accounts.models import User
from courseware.audit_log.models import Event
from courseware.content.models import Course
from courseware.learning import manager_actions
from courseware.learning.enrollments.adjustments import adjustments_of, start_adjustment, undo
from courseware.learning.manager_actions import ACTIONS, BY_KIND, EVENT_WORDS, FOR_MANY, ON_PERSON_PAGE
from courseware.learning.manager_actions.manager_action import ActionRefusal, ManagerAction, UndoRefusal
from courseware.learning.models import Adjustment, Enrollment
from courseware.reporting.integrity.check_all import differences
from tests.making import days, filled, join, make_course, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db
EACH_ACTION = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.kind)


def rows():
    """All values that actions may change."""
    return list(Enrollment.objects.order_by("pk").values()), list(User.objects.order_by("pk").values("extra_time"))


@pytest.fixture
def team():
    make_course()
    return make_team("Night shift", manager=make_user("Li Lin"))


def filled_adjustment(action, team):
    """An unsaved adjustment by the team's manager, from a filled-in form."""
    if action not in FOR_MANY:
        return Adjustment(kind=action.kind, made_by=team.manager)
    form = action.form(filled(action.form) | {"course": Course.objects.get().pk})
    assert form.is_valid()
    return Adjustment(kind=action.kind, made_by=team.manager, **form.cleaned_data)


def carry_out(action, team):
    """Carry out the action for a new learner; return (adjustment, refused, rows before)."""
    learner = make_user("Zhao Min")
    join(team, learner)
    key = learner.pk if action.is_about_people else make_enrollment(learner, due_at=days(5)).pk
    for to_manager in (None, *FOR_MANY):  # some actions need another one first
        if to_manager:
            start_adjustment(filled_adjustment(to_manager, team), [key])
        before = rows()
        adjustment, refused = start_adjustment(filled_adjustment(action, team), [key])
        if adjustment:
            return adjustment, refused, before
    raise AssertionError(refused)


def test_each_action_has_its_own_kind():
    """Finds classes that are imported nowhere."""
    for module in iter_modules(manager_actions.__path__, f"{manager_actions.__name__}."):
        import_module(module.name)
    listed_types, found = [type(action) for action in ACTIONS], ManagerAction.__subclasses__()
    while found:
        action = found.pop()
        assert action in listed_types and len(listed_types) == len(BY_KIND)
        found += action.__subclasses__()


@EACH_ACTION
def test_undo_restores_what_action_changed(action, team):
    adjustment, refused, before = carry_out(action, team)
    assert not refused and rows() != before
    last = Event.objects.latest("pk").pk
    _learners, left = undo(adjustment, adjustment.lines.all(), by=team.manager)
    assert not left and rows() == before
    assert adjustment.lines.get().undone_by == Event.objects.get(pk__gt=last).actor == team.manager
    assert [each for each in differences() if "people at" not in each] == []
    learners, [left] = undo(adjustment, adjustment.lines.all(), by=team.manager)
    assert (learners, left.why, rows()) == ([], UndoRefusal.UNDONE, before)


@EACH_ACTION
def test_events_of_action_have_labels(action, team):
    last = Event.objects.latest("pk").pk
    adjustment, _refused, _before = carry_out(action, team)
    undo(adjustment, adjustment.lines.all(), by=team.manager)
    verbs = set(Event.objects.filter(pk__gt=last).values_list("verb", flat=True))
    assert verbs and verbs <= EVENT_WORDS.keys()


@EACH_ACTION
def test_action_is_described_to_learner_and_manager_in_both_languages(action, team):
    adjustment, _refused, _before = carry_out(action, team)
    enrollment = Enrollment.objects.get()
    texts = set()
    for language in ("en", "zh-hans"):
        with override(language):
            to_learner, to_manager = (adjustments_of(enrollment, is_own=is_own)[-1].words for is_own in (True, False))
            assert "Li Lin" in to_learner and "Li Lin" in to_manager
            texts |= {to_learner, action.heading(adjustment)}
    assert len(texts) == 4


@pytest.mark.parametrize("action", FOR_MANY, ids=lambda action: action.kind)
def test_manager_cannot_decide_about_oneself(action, team):
    join(team, team.manager)
    enrollment = make_enrollment(team.manager)
    key = team.manager.pk if action.is_about_people else enrollment.pk
    adjustment, refused = start_adjustment(filled_adjustment(action, team), [key])
    assert (adjustment, [each.why for each in refused]) == (None, [ActionRefusal.OWN])


@pytest.mark.parametrize("action", ON_PERSON_PAGE, ids=lambda action: action.kind)
def test_repeated_action_changes_nothing(action, team):
    carry_out(action, team)
    key, before = Enrollment.objects.get().pk, rows()
    again, refused = start_adjustment(filled_adjustment(action, team), [key])
    assert (again, [each.why for each in refused], rows()) == (None, [ActionRefusal.UNCHANGED], before)


@pytest.mark.parametrize("action", FOR_MANY, ids=lambda action: action.kind)
def test_form_fields_are_columns_of_adjustment(action):
    assert action.form.base_fields.keys() <= {field.name for field in Adjustment._meta.fields}
    assert action.title and action.button and action.address


@pytest.mark.parametrize("action", ON_PERSON_PAGE, ids=lambda action: action.kind)
def test_person_page_has_messages_for_changed_and_unchanged(action):
    assert action.done and action.unchanged and action.done != action.unchanged
