from datetime import timedelta

import pytest
from django.contrib import admin
from django.utils import timezone

from courseware.autosave.models import AutosavedText
from courseware.autosave.store import drop, drop_old, save, unsaved_in
from tests.making import make_user

pytestmark = pytest.mark.django_db
FORM, OTHER = "/a/form/", "/another/form/"


def kept():
    """(whose, which form, what) of every row, the oldest first."""
    rows = AutosavedText.objects.order_by("typed_at", "pk")
    return [(row.person.name, row.form, row.fields["text"]) for row in rows]


@pytest.fixture
def ada():
    return make_user("Ada")


@pytest.fixture
def ben():
    return make_user("Ben")


def test_one_text_is_kept_of_a_person_and_form_and_that_is_the_last_one(ada, ben):
    save(ada.pk, FORM, {"text": "first"})
    save(ben.pk, FORM, {"text": "of Ben"})
    save(ada.pk, OTHER, {"text": "elsewhere"})
    save(ada.pk, FORM, {"text": "second"})
    assert sorted(kept()) == [("Ada", FORM, "second"), ("Ada", OTHER, "elsewhere"), ("Ben", FORM, "of Ben")]


def test_everybody_finds_what_is_their_own_in_the_forms_that_are_asked_for(ada, ben, django_assert_num_queries):
    for person, form in [(ada, FORM), (ada, OTHER), (ben, FORM)]:
        save(person.pk, form, {"text": f"{person.name} {form}"})
    with django_assert_num_queries(1):
        found = unsaved_in(ada.pk, [FORM, "/a/form/that/is/empty/"])
    assert {form: text.fields for form, text in found.items()} == {FORM: {"text": f"Ada {FORM}"}}
    with django_assert_num_queries(0):
        assert unsaved_in(ada.pk, []) == {}


def test_dropped_is_one_persons_text_in_one_form_and_once_more_changes_nothing(ada, ben):
    for person, form in [(ada, FORM), (ada, OTHER), (ben, FORM)]:
        save(person.pk, form, {"text": "typed"})
    for _once_more in range(2):
        drop(ada.pk, FORM)
        assert sorted(kept()) == [("Ada", OTHER, "typed"), ("Ben", FORM, "typed")]


def test_thirty_texts_are_kept_of_a_person_and_the_oldest_give_way(ada, ben):
    now = timezone.now()
    save(ben.pk, FORM, {"text": "of Ben"}, at=now - timedelta(days=2))
    for number in range(30):
        save(ada.pk, f"/form/{number}/", {"text": "typed"}, at=now + timedelta(minutes=number))
    save(ada.pk, "/form/0/", {"text": "again"}, at=now + timedelta(hours=1))
    assert len(kept()) == 31
    save(ada.pk, "/form/30/", {"text": "typed"}, at=now + timedelta(hours=2))
    forms = [form for name, form, _text in kept() if name == "Ada"]
    assert forms == [f"/form/{number}/" for number in [*range(2, 30), 0, 30]]
    assert ("Ben", FORM, "of Ben") in kept()


@pytest.mark.parametrize(("age", "is_kept"), [(timedelta(days=30), False), (timedelta(days=30, microseconds=-1), True)])
def test_what_nobody_came_back_for_in_thirty_days_is_dropped(ada, age, is_kept):
    now = timezone.now()
    save(ada.pk, FORM, {"text": "typed"}, at=now - age)
    save(ada.pk, OTHER, {"text": "just now"}, at=now)
    assert drop_old(now) == (0 if is_kept else 1)
    assert [form for _name, form, _text in kept()] == ([FORM, OTHER] if is_kept else [OTHER])
    assert drop_old(now) == 0


def test_nobody_reads_it_in_the_admin_and_it_goes_with_its_writer(ada):
    save(ada.pk, FORM, {"text": "between me and myself"})
    assert AutosavedText not in admin.site._registry
    assert "between" not in str(AutosavedText.objects.get())
    ada.delete()
    assert kept() == []
