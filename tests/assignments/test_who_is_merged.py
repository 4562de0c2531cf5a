"""Which accounts become one, and which never do."""

from datetime import date

import pytest

from courseware.accounts.mergeable import CannotMerge, Unmerged
from courseware.accounts.standing_in import name_substitute
from courseware.assessment.models import OutsideTraining
from courseware.assessment.outside_records import record_outside
from courseware.assignments.merging import merge
from courseware.evidence.models import Event
from tests.making import make_admin, make_auditor, make_course, make_editor, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db


def left(person):
    person.is_active = False
    person.save()
    return person


def stands_in(person):
    lead = make_team().manager
    name_substitute(lead, person, first_day=date(2026, 11, 25), last_day=date(2026, 11, 26), by=lead)
    return person


def trained(person):
    training = OutsideTraining(person=person, course=make_course(), trained_on=date(2026, 1, 5), proof="A card")
    record_outside([training], by=make_admin())
    return person


WHO = {
    "the same twice": (lambda hr: [make_user()] * 2, Unmerged.SAME),
    "oneself, kept": (lambda hr: (hr, make_user()), Unmerged.OWN),
    "oneself, the other": (lambda hr: (make_user(), hr), Unmerged.OWN),
    "an editor": (lambda hr: (make_editor(), make_user()), Unmerged.STAFF),
    "an admin, the other": (lambda hr: (make_user(), make_admin()), Unmerged.STAFF),
    "an auditor": (lambda hr: (make_user(), make_auditor()), Unmerged.STAFF),
    "who has left, kept": (lambda hr: (left(make_user()), make_user()), Unmerged.GONE),
    "who leads a team": (lambda hr: (make_user(), make_team().manager), Unmerged.LEADS),
    "who was trained elsewhere": (lambda hr: (make_user(), trained(make_user())), Unmerged.TRAINED),
    "who stands in": (lambda hr: (make_user(), stands_in(make_user())), Unmerged.LEADS),
}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("by", [make_hr, make_admin])
def test_who_is_never_merged(who, by):
    person = by()
    pair, why = WHO[who]
    with pytest.raises(CannotMerge) as refused:
        merge(*pair(person), by=person)
    assert refused.value.why == why
    assert list(Event.objects.filter(verb="merged")) == []


def test_who_is_another_name_already_is_merged_with_nobody_else(kept, other, hr):
    third = make_user()
    merge(kept, other, by=hr)
    for pair, why in {
        (third, other): Unmerged.MERGED,
        (other, third): Unmerged.MERGED,
        (other, kept): Unmerged.MERGED,
        (third, kept): Unmerged.HAS_NAMES,
    }.items():
        with pytest.raises(CannotMerge) as refused:
            merge(*pair, by=hr)
        assert refused.value.why == why
    merge(kept, third, by=hr)  # a third account of the same person
