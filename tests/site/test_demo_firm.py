"""A demo firm of any size holds what the product's own functions would have written of the same people."""

import datetime

import pytest
from django.db import transaction
from django.db.models import DateField, UUIDField
from django.utils import timezone

from benchmarks import demo_scale
from benchmarks.bulk import BulkRows, settle
from benchmarks.copies import HISTORY, Copy, Original
from benchmarks.demo_firm import IN_A_TEAM, DemoFirm
from courseware.accounts.models import Membership, SearchTerm, Team, User
from courseware.accounts.permissions import people_managed_by
from courseware.evidence.models import Event
from courseware.evidence.verifying import alterations
from courseware.learning.models import Enrollment
from courseware.learning.states import State
from courseware.outbox.models import Message
from courseware.reporting import board_counts, board_rows
from courseware.reporting.consistency import differences
from courseware.reporting.demo import PEOPLE
from tests.making import make_user
from tests.world import rows_shown_to

pytestmark = pytest.mark.django_db
PEOPLE_IN_ALL = 150
DAYS = datetime.timedelta(days=3)
ANOTHER_S = {"accounts.Membership", "accounts.SearchTerm", "reporting.CountedWith"}
NEVER_TOLD = {"outbox.Message", "outbox.TrayLine"}
OF_THE_LOG = {"evidence.Event"}
LOOKED_AT_BY_NOBODY = {"assignments.Observation"}  # whose answers name nobody, so that none could be copied
NOT_COPIED = ANOTHER_S | NEVER_TOLD | OF_THE_LOG | LOOKED_AT_BY_NOBODY
# Beside every column of UUIDs.
OWN_OR_RANDOM = {"accounts.User": ("email", "name"), "assessment.Certificate": ("holder", "number")}


@pytest.fixture(scope="module")
def firm(demo_company, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        told = Message.objects.count()
        copies = copied_one_by_one()
        grown = DemoFirm()
        for _number in grown.grow(PEOPLE_IN_ALL):
            pass
        grown.copies, grown.letters = copies, Message.objects.count() - told
    return grown


def copied_one_by_one():
    """(who was copied, the copy of three days earlier) of everybody in the demo."""
    bulk, made = BulkRows((*HISTORY, SearchTerm, Membership)), []
    for number, each in enumerate(PEOPLE):
        person = User.objects.get(email=f"{each.address}@example.com")
        copy = Copy(Original(person), bulk, DAYS, name=f"Copy {number}", email=f"copy.{number}@example.com")
        team = person.memberships.get().team
        bulk.new(Membership, team=team, person=copy.person, role=Membership.Role.LEARNER.value)
        made.append((person, copy.person))
    bulk.write()
    settle()
    return made


def everything_of(person):
    """Model → rows of all tables that name the person, or a row that does; found by the models, not by the copying."""
    found, todo = {}, [person]
    while todo:
        row = todo.pop(0)
        of_model = found.setdefault(type(row), {})
        if row.pk in of_model:
            continue
        of_model[row.pk] = row
        for field in row._meta.get_fields(include_hidden=True):
            label = field.related_model and field.related_model._meta.label
            is_named_by = field.auto_created and not field.concrete and not field.many_to_many
            if is_named_by and label not in NOT_COPIED:
                todo += field.related_model._base_manager.filter(**{field.field.name: row.pk}).order_by("pk")
    return found


def places_in(found):
    """(model, key) → the how manieth of its model it is."""
    return {(model, key): place for model, rows in found.items() for place, key in enumerate(sorted(rows))}


def compared(person, later):
    """All that is known of somebody, keys and what is random aside, so much later than it was."""
    found = everything_of(person)
    places = places_in(found)

    def value_of(row, field):
        value = getattr(row, field.attname)
        known = type(row) if field.primary_key else field.related_model
        if known and (known, value) in places:
            return known.__name__, places[known, value]
        return value + later if isinstance(field, DateField) and value else value

    rows = {}
    for model, those in found.items():
        # What the database works out of a row has days without end, which are never another one.
        fields = [each for each in model._meta.concrete_fields if not (each.generated or isinstance(each, UUIDField))]
        fields = [each for each in fields if each.name not in OWN_OR_RANDOM.get(model._meta.label, ())]
        rows[model.__name__] = [[value_of(row, each) for each in fields] for _key, row in sorted(those.items())]
    return rows | {"Event": [in_words(event, places, later) for event in events_about(places)]}


def name_in_log(model):
    return getattr(model, "logged_as", model._meta.model_name)


def events_about(places):
    subjects = [f"{name_in_log(model)}:{key}" for model, key in places]
    return Event.objects.filter(subject__in=subjects).order_by("pk")


def in_words(event, places, later):
    kind, _colon, key = event.subject.partition(":")
    by_name = {(name_in_log(model), key): place for (model, key), place in places.items()}
    by_name |= {("learner", key): place for (model, key), place in places.items() if model is User}
    by_name |= {("training", key): place for (model, key), place in places.items() if "Outside" in model.__name__}
    by_name |= {("request", key): place for (model, key), place in places.items() if "Request" in model.__name__}
    data = {name: known_or_moved(name, value, by_name, later) for name, value in event.data.items()}
    actor = "oneself" if (User, event.actor_id) in places else event.actor_id
    return event.verb, kind, by_name[kind, int(key)], actor, data, event.at + later


def known_or_moved(name, value, by_name, later):
    if isinstance(value, int) and (name, value) in by_name:
        return by_name[name, value]
    try:
        return datetime.datetime.fromisoformat(value) + later
    except (TypeError, ValueError):
        return value


@pytest.mark.long
def test_a_copy_has_row_for_row_and_event_for_event_what_was_made_by_the_verbs(firm):
    for person, copy in firm.copies:
        expected, found = compared(person, datetime.timedelta(0)), compared(copy, DAYS)
        for table, rows in expected.items():
            assert found[table] == rows, (person.name, table)
        assert found.keys() == expected.keys() >= {"User", "Enrollment", "Event"}


@pytest.mark.long
def test_records_and_log_of_the_firm_agree(firm):
    assert list(differences()) == []
    assert list(alterations()) == []


@pytest.mark.long
def test_the_numbers_kept_above_its_boards_are_those_of_the_rows(firm):
    at = timezone.now()
    for lead in User.objects.filter(memberships__role=Membership.Role.MANAGER):
        assert board_counts.counts_kept(lead, None, None, at) == board_counts.counts(board_rows.board(lead), at)


@pytest.mark.long
def test_somebody_copied_stands_on_the_board_as_the_one_who_was(firm):
    shown = {}
    for row in rows_shown_to(User.objects.get(email="manager@example.com")):
        facts = row.journey.progress.percent, row.validity, row.journey.outline.course_id, row.enrollment.is_newest
        shown.setdefault(row.email, []).append(facts)
    for person, copy in firm.copies:
        assert shown.get(copy.email) == shown.get(person.email), person.name
    assert len(shown) > len(PEOPLE)


@pytest.mark.long
def test_it_has_as_many_as_were_asked_for_in_teams_with_a_lead_in_every_state_and_none_was_told(firm):
    assert User.objects.count() == PEOPLE_IN_ALL
    assert not User.objects.filter(is_demo=False).exists()
    assert set(Enrollment.objects.newest().with_state().values_list("state", flat=True)) == set(State)
    assert 0 < people_managed_by(firm.last_lead).count() <= IN_A_TEAM
    leads = Membership.objects.filter(role=Membership.Role.MANAGER, team__in=[team.pk for team in firm.teams])
    assert leads.count() == len(firm.teams) > 2
    assert not Team.objects.get(name="晚班组").children.exists()
    assert firm.letters == 0
    names = set(User.objects.exclude(email__startswith="copy").values_list("name", flat=True))
    assert {name.isascii() for name in names} == {True, False}


def test_it_is_only_made_beside_people_who_are_demo_themselves():
    assert demo_scale.why_not() == ""
    make_user(is_demo=True)
    assert demo_scale.why_not() == ""
    make_user()
    assert demo_scale.why_not() == (
        "There is 1 person here who is no demo. A demo firm is only made on a site of its own."
    )


def test_a_site_that_others_can_reach_gets_no_demo_firm(settings):
    settings.PLAIN_HTTP = False
    assert "PLAIN_HTTP" in demo_scale.why_not()


def test_asked_for_as_many_as_there_are_it_changes_nothing(firm):
    before = User.objects.count(), Event.objects.count()
    assert list(firm.grow(PEOPLE_IN_ALL)) == []
    assert (User.objects.count(), Event.objects.count()) == before
