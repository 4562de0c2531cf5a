"""The list of people: who finds whom, and by what."""

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from courseware.accounts.leaving import leave
from tests.making import join, make_admin, make_auditor, make_editor, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def hr(client):
    hr = make_hr(name="Hana")
    client.force_login(hr)
    return hr


def names(client, **query):
    return [person.name for person in client.get("/people/", query).context["page"]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("zhang", ["Zhang Li", "Zhang Nan"]),
        ("ZHANG.NAN@example.com", ["Zhang Nan"]),
        ("ａ０１２", ["Zhang Li"]),
        ("A0", ["Zhang Li"]),
        ("nobody", []),
        ("%", []),
        ("\0", ["Hana", "Zhang Li", "Zhang Nan"]),  # as good as not there
    ],
)
def test_people_are_found_by_name_address_and_staff_number(client, hr, words, found):
    make_user("Zhang Nan", email="zhang.nan@example.com")
    make_user("Zhang Li", email="z.li@example.com", staff_number="A012")
    assert names(client, words=words) == found


def test_the_filters_say_who_is_here_who_has_left_and_who_never_signed_in(client, hr):
    here, gone, new = make_user("Here", last_login=timezone.now()), make_user("Gone"), make_user("New")
    leave(gone, by=hr)
    assert names(client) == ["Hana", "Here", "New"]
    assert names(client, standing="left") == ["Gone"]
    assert names(client, standing="never") == ["New"]
    assert names(client, standing="all") == ["Gone", "Hana", "Here", "New"]
    assert names(client, standing="nonsense", team="x") == ["Hana", "Here", "New"]
    assert (here.name, new.name) == ("Here", "New")


def test_the_filter_of_a_team_takes_the_teams_below_it_along(client, hr):
    top = make_team("Top", manager=make_user("Tom"))
    below = make_team("Below", parent=top, manager=make_user("Ben"))
    beside = make_team("Beside", manager=make_user("Bea"))
    for team, name in ((top, "Tia"), (below, "Bo"), (beside, "Bee")):
        join(team, make_user(name))
    assert names(client, team=top.pk) == ["Ben", "Bo", "Tia", "Tom"]
    assert names(client, team=below.pk) == ["Ben", "Bo"]


def test_of_staff_and_auditors_human_resources_see_the_name_and_whom_to_ask(client, hr):
    shown = {"Ada": make_admin(name="Ada"), "Ed": make_editor(name="Ed"), "Aude": make_auditor(name="Aude")}
    page = client.get("/people/")
    assert {person.name for person in page.context["page"] if not person.is_shown} == set(shown)
    assert page.text.count("ask an admin") == len(shown)
    for person in shown.values():
        assert f"/people/{person.pk}/" not in page.text
        assert client.get(f"/people/{person.pk}/").status_code == 404


def test_an_auditor_may_look_at_everybody(client):
    client.force_login(make_auditor())
    make_admin(name="Ada")
    page = client.get("/people/")
    assert all(person.is_shown for person in page.context["page"])
    assert "ask an admin" not in page.text


def test_an_auditor_who_is_of_human_resources_too_sees_no_less(client):
    both, admin = make_auditor(name="Both"), make_admin(name="Ada")
    both.groups.add(Group.objects.get(name="HR"))
    client.force_login(both)
    assert all(person.is_shown for person in client.get("/people/").context["page"])
    for person in (both, admin):
        assert client.get(f"/people/{person.pk}/").context["may_change"] is False


@pytest.mark.parametrize("make", [make_user, make_editor, lambda: make_team().manager])
def test_for_everybody_else_there_is_no_such_page(client, make):
    client.force_login(make())
    assert client.get("/people/").status_code == 404


def test_a_long_list_has_pages_that_keep_the_filters(client, hr):
    for number in range(51):
        make_user(f"Somebody {number:02}")
    first = client.get("/people/", {"words": "somebody"})
    assert len(first.context["page"].object_list) == 50
    assert "?words=somebody&amp;page=2" in first.text
    assert names(client, words="somebody", page=2) == ["Somebody 50"]
