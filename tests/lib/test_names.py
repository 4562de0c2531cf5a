"""Names: removed characters and sorting by pronunciation."""

import pytest
from django.apps import apps
from django.db import models

from courseware.accounts.models import JoinRequest, Team, User, plain_staff_number
from courseware.accounts.people.onboarding import add_person
from courseware.accounts.teams.invite_links import ask_manager, make_link
from courseware.accounts.teams.memberships import change_profile
from courseware.lib.text.names import MultilineNameField, NameField, visible, visible_lines
from courseware.lib.text.pinyin import readings
from tests.making import days, make_admin, make_hr, make_team, make_user

HOSTILE = "Li\u202e\u2066 \u200b\n\u3164Lin\ufe0f\u00ad\x07"
# Technical names and keys.
TECHNICAL = {
    "jobs.Job",
    "jobs.Worker",
    "audit_log.HashChain",
    "reporting.GroupStatistic",
    "notifications.UnreachableServer",
}


def name_fields():
    for model in apps.get_models():
        if model.__module__.startswith("courseware.") and model._meta.label not in TECHNICAL:
            for field in model._meta.fields:
                if field.name in ("name", "file_name", "who", "profession") and isinstance(field, models.CharField):
                    yield field


def test_every_name_field_of_every_model_is_cleaned():
    fields = [*name_fields()]
    assert len(fields) >= 9
    assert [str(field) for field in fields if not isinstance(field, NameField)] == []
    assert {field.get_prep_value(HOSTILE) for field in fields} == {"Li Lin"}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [(HOSTILE, "Li Lin"), ("王　小明", "王 小明"), ("O’Brien-Müller", "O’Brien-Müller"), ("\u200b", "")],
)
def test_invisible_characters_are_removed(typed, stored):
    assert visible(typed) == stored


def test_multiline_names_keep_their_line_breaks():
    assert visible_lines("One\u202e\nTwo  words") == "One\nTwo words"
    assert issubclass(MultilineNameField, NameField)


def test_staff_number_has_no_invisible_characters():
    assert plain_staff_number("A\u200b0\u202e12") == "A012"


@pytest.mark.django_db
def test_name_is_cleaned_on_every_write_path(client):
    person = add_person(HOSTILE, staff_number="N1", by=None)
    assert person.name == User.objects.get(staff_number="N1").name == "Li Lin"
    change_profile(person, {"name": HOSTILE + "a"}, by=make_hr())
    assert User.objects.get(staff_number="N1").name == "Li Lina"
    User.objects.filter(pk=person.pk).update(name=HOSTILE)
    assert User.objects.get(staff_number="N1").name == "Li Lin"
    User.objects.bulk_create([User(name=HOSTILE, staff_number="N2")])
    assert User.objects.get(staff_number="N2").name == "Li Lin"
    assert Team.objects.create(name=HOSTILE).name == "Li Lin"
    team = make_team()
    ask_manager(make_link(team, ends_at=days(1), uses=1, by=make_hr()), "N3", HOSTILE, days(0))
    assert JoinRequest.objects.get().name == "Li Lin"
    client.force_login(make_admin())
    none = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    client.post(f"/admin/accounts/team/{team.pk}/change/", {"name": HOSTILE} | none)
    assert Team.objects.get(pk=team.pk).name == "Li Lin"


@pytest.mark.django_db
def test_name_of_invisible_characters_is_refused(client):
    person = make_user("Wu Fan")
    client.force_login(make_hr())
    sent = {
        "name": "\u200b\u202e",
        "email": person.email,
        "language": "",
        "job_role": "",
        "starts_on": "",
        "leaves_on": "",
    }
    assert client.post(f"/people/{person.pk}/edit/", sent).status_code == 422
    person.refresh_from_db()
    assert person.name == "Wu Fan"


def read(name):
    return [(" ".join(surname), " ".join(given)) for surname, given in readings(name)]


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("王小明", [("wang", "xiao ming")]),
        ("欧阳修", [("ou yang", "xiu")]),
        ("万俟卨", [("mo qi", "xie")]),
        ("尉迟恭", [("yu chi", "gong")]),
        ("欧阳", [("ou", "yang")]),
        ("阿里木", [("a", "li mu")]),
        ("李", [("li", "")]),
        ("", [("", "")]),
    ],
)
def test_reading_has_surname_first(name, ways):
    assert read(name) == ways


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("单田芳", [("shan", "tian fang"), ("dan", "tian fang")]),
        ("覃勇", [("qin", "yong"), ("tan", "yong")]),
        ("李单", [("li", "dan")]),  # not a surname here
        ("王乐", [("wang", "yue"), ("wang", "le")]),
        ("吕布", [("lv", "bu"), ("lyu", "bu")]),
    ],
)
def test_ambiguous_surname_has_both_readings(name, ways):
    assert read(name) == ways


def test_unknown_character_is_its_own_reading():
    assert read("王\U0003abcd明") == [("wang", "\U0003abcd ming")]


def test_readings_are_limited_to_8():
    assert len(read("乐" * 60)) == 8
