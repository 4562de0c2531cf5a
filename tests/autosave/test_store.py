from datetime import timedelta

import pytest
from django.contrib import admin
from django.utils import timezone

from courseware.autosave.models import AutosavedText
from courseware.autosave.store import drop, drop_old, save, unsaved_in
from tests.making import make_user

pytestmark = pytest.mark.django_db
FORM, OTHER = "/a/form/", "/another/form/"


def stored_texts():
    """Return (person, form, text) of every row, oldest first."""
    rows = AutosavedText.objects.order_by("typed_at", "pk")
    return [(row.person.name, row.form, row.fields["text"]) for row in rows]


@pytest.fixture
def ada():
    return make_user("Ada")


@pytest.fixture
def ben():
    return make_user("Ben")


def test_last_text_per_person_and_form_is_stored(ada, ben):
    save(ada.pk, FORM, {"text": "first"})
    save(ben.pk, FORM, {"text": "of Ben"})
    save(ada.pk, OTHER, {"text": "elsewhere"})
    save(ada.pk, FORM, {"text": "second"})
    assert sorted(stored_texts()) == [("Ada", FORM, "second"), ("Ada", OTHER, "elsewhere"), ("Ben", FORM, "of Ben")]


def test_only_own_texts_of_given_forms_are_found(ada, ben, django_assert_num_queries):
    for person, form in [(ada, FORM), (ada, OTHER), (ben, FORM)]:
        save(person.pk, form, {"text": f"{person.name} {form}"})
    with django_assert_num_queries(1):
        found = unsaved_in(ada.pk, [FORM, "/a/form/that/is/empty/"])
    assert {form: text.fields for form, text in found.items()} == {FORM: {"text": f"Ada {FORM}"}}
    with django_assert_num_queries(0):
        assert unsaved_in(ada.pk, []) == {}


def test_drop_deletes_text_of_1_person_and_form(ada, ben):
    for person, form in [(ada, FORM), (ada, OTHER), (ben, FORM)]:
        save(person.pk, form, {"text": "typed"})
    for _once_more in range(2):
        drop(ada.pk, FORM)
        assert sorted(stored_texts()) == [("Ada", OTHER, "typed"), ("Ben", FORM, "typed")]


def test_30_newest_texts_per_person_are_stored(ada, ben):
    now = timezone.now()
    save(ben.pk, FORM, {"text": "of Ben"}, at=now - timedelta(days=2))
    for number in range(30):
        save(ada.pk, f"/form/{number}/", {"text": "typed"}, at=now + timedelta(minutes=number))
    save(ada.pk, "/form/0/", {"text": "again"}, at=now + timedelta(hours=1))
    assert len(stored_texts()) == 31
    save(ada.pk, "/form/30/", {"text": "typed"}, at=now + timedelta(hours=2))
    forms = [form for name, form, _text in stored_texts() if name == "Ada"]
    assert forms == [f"/form/{number}/" for number in [*range(2, 30), 0, 30]]
    assert ("Ben", FORM, "of Ben") in stored_texts()


@pytest.mark.parametrize(("age", "is_kept"), [(timedelta(days=30), False), (timedelta(days=30, microseconds=-1), True)])
def test_texts_are_deleted_after_30_days(ada, age, is_kept):
    now = timezone.now()
    save(ada.pk, FORM, {"text": "typed"}, at=now - age)
    save(ada.pk, OTHER, {"text": "just now"}, at=now)
    assert drop_old(now) == (0 if is_kept else 1)
    assert [form for _name, form, _text in stored_texts()] == ([FORM, OTHER] if is_kept else [OTHER])
    assert drop_old(now) == 0


def test_text_is_hidden_from_admin_and_deleted_with_person(ada):
    save(ada.pk, FORM, {"text": "between me and myself"})
    assert AutosavedText not in admin.site._registry
    assert "between" not in str(AutosavedText.objects.get())
    ada.delete()
    assert stored_texts() == []
