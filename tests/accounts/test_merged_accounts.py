"""Merged accounts: the alias cannot sign in and stands for the kept account."""

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courseware.accounts.models import User
from courseware.accounts.people.duplicates import find_duplicates
from courseware.accounts.people.offboarding import come_back
from courseware.hr.people.account_merge import merge, undo_merge
from tests.accounts.roster_import.company import apply, bring_in, compared, outcomes, plan_of
from tests.making import PASSWORD, make_admin, make_auditor, make_editor, make_hr, make_user, sent_emails

OTHER_PASSWORD = "another-password"
pytestmark = pytest.mark.django_db


@pytest.fixture
def kept():
    return make_user("王小明", email="wang@example.com", staff_number="A12", language="en")


@pytest.fixture
def other():
    return make_user("王晓明", email="x.wang@example.com", staff_number="B7", password=OTHER_PASSWORD, language="en")


@pytest.fixture
def row(kept, other):
    return merge(kept, other, by=make_hr())


def sign_in(client, name, password):
    return client.post(reverse("account_login"), {"login": name, "password": password}, follow=True)


def sentences(response):
    return [each.text for each in BeautifulSoup(response.content, "html.parser").select(".message")]


@pytest.mark.parametrize("name", ["x.wang@example.com", "b7"])
def test_sign_in_with_alias_names_kept_account(client, row, name):
    text = "Your 2 accounts were merged. Sign in with wang@example.com and the password of that account."
    refused = sign_in(client, name, OTHER_PASSWORD)
    assert (sentences(refused), refused.wsgi_request.user.is_authenticated) == ([text], False)
    assert sentences(sign_in(client, name, PASSWORD)) == []  # a wrong password reveals nothing
    assert sign_in(client, "wang@example.com", PASSWORD).wsgi_request.user.is_authenticated


def test_undone_merge_restores_sign_in_of_alias(client, kept, other):
    client.force_login(other)
    row = merge(kept, other, by=make_hr())
    assert not client.get("/").wsgi_request.user.is_authenticated
    undo_merge(row, by=make_hr())
    assert sign_in(client, "x.wang@example.com", OTHER_PASSWORD).wsgi_request.user == other


def test_new_link_goes_to_kept_account(client, row):
    client.post(reverse("account_reset_password"), {"email": "x.wang@example.com"})
    [email] = sent_emails()
    assert (email.to, "/accounts/password/" in email.body) == (["wang@example.com"], True)


def test_alias_cannot_be_reactivated(client, row, other):
    assert not come_back(User.objects.get(pk=other.pk), by=make_admin())
    client.force_login(make_admin())
    page = client.get(reverse("admin:accounts_user_change", args=[other.pk]))
    form = page.context["adminform"].form
    sent = {name: form[name].value() or "" for name in form.fields} | {"is_active": "on", "groups": []}
    refused = client.post(reverse("admin:accounts_user_change", args=[other.pk]), sent)
    assert refused.context["adminform"].form.errors == {
        "is_active": ["This account was merged into another account, so you cannot change it. Undo the merge first."]
    }
    assert not User.objects.get(pk=other.pk).is_active


@pytest.mark.parametrize(
    "cells", [["B7", "王小明", ""], ["", "王小明", "X.Wang@example.com"], ["B7", "王小明", "x.wang@example.com"]]
)
def test_roster_row_with_alias_means_kept_account(row, kept, cells):
    plan = plan_of([*cells, ""], is_complete=True)
    assert {kind: number for kind, number in plan.counts.items() if number} == {"unchanged": 1, "leave": 1}
    assert [line.name for line in plan.lines["leave"]] == [row.made_by.name]
    bring_in(["B7", "Wang Xiaoming", "x.wang@example.com", ""])
    kept.refresh_from_db()
    assert (kept.name, kept.staff_number, kept.email) == ("Wang Xiaoming", "A12", "wang@example.com")


def test_rows_of_alias_and_account_are_duplicates(row):
    plan = plan_of(["A12", "王小明", "", ""], ["B7", "王晓明", "", ""])
    assert [[each.code for each in line.problems] for line in plan.lines["bad"]] == [["twice"], ["twice"]]


def test_earlier_comparison_does_not_reactivate_alias(kept, other):
    User.objects.filter(pk=other.pk).update(is_active=False)
    roster = compared(["B7", "王晓明", "x.wang@example.com", ""])
    merge(kept, User.objects.get(pk=other.pk), by=make_hr())
    assert outcomes(apply(roster)) == {"conflict": [2]}
    assert not User.objects.get(pk=other.pk).is_active


@pytest.mark.parametrize(
    ("name", "addresses"), [("X.Wang@example.com", [["x.wang@example.com"]]), ("A12", []), ("B7", [])]
)
def test_link_goes_to_alias_address_if_account_has_none(client, other, name, addresses):
    kept = User.objects.create_user(None, None, name="王小明", staff_number="A12")
    merge(kept, other, by=make_hr())
    client.post(reverse("account_reset_password"), {"email": name})
    assert [email.to for email in sent_emails()] == addresses


def duplicates(without=None):
    pairs, more = find_duplicates(without=without or make_hr(), most=50)
    assert more == 0
    return [(pair.first.name, pair.second.name, pair.why.value) for pair in pairs]


@pytest.mark.parametrize(
    ("one", "two", "why"),
    [
        ({"staff_number": "A0012"}, {"staff_number": "a-12"}, "number"),
        ({"staff_number": "00120"}, {"staff_number": "120"}, "number"),
        ({"email": "li.na@example.com"}, {"email": "lina+desk@example.com"}, "address"),
        ({"name": "WANG Xiao-Ming"}, {"name": "Xiaoming Wang", "staff_number": "A12"}, "name"),
        ({"name": "王小明"}, {"name": "王 小明"}, "name"),
        ({"name": "Li Na", "staff_number": "A1"}, {"name": "Li Na", "staff_number": "A2"}, None),
        ({"staff_number": "A012"}, {"staff_number": "A120"}, None),
        ({"email": "li.na@example.com"}, {"email": "lina@example.org"}, None),
    ],
)
def test_duplicates_are_found_by_number_address_or_name(one, two, why):
    first, second = make_user(**{"name": "One"} | one), make_user(**{"name": "Two"} | two)
    make_user("Somebody else")
    assert duplicates() == ([(first.name, second.name, why)] if why else [])


@pytest.mark.parametrize("make", [make_admin, make_editor, make_auditor])
def test_staff_former_and_merged_people_are_not_proposed(make):
    merge(make_user("王晓明"), make_user("王 晓明"), by=make_hr())
    make(name="Li Na")
    make_user("Li Na")
    make_user("Li Na", is_active=False)
    assert duplicates() == []


def test_own_account_is_not_proposed():
    own = make_hr(name="Li Na")
    make_user("Li Na")
    assert (len(duplicates(make_hr())), duplicates(own)) == (1, [])


def test_list_is_limited_and_counts_remaining_pairs():
    for name in ("Li Na", "Wang Fang", "Zhou Kai"):
        make_user(name), make_user(name)
    make_user("Li Na")
    pairs, more = find_duplicates(without=make_hr(), most=3)
    assert ([pair.first.name for pair in pairs], more) == (["Li Na", "Li Na", "Wang Fang"], 1)
    assert statements_for(1) == statements_for(3)


def statements_for(pairs):
    for _pair in range(pairs):
        make_user("An Li"), make_user("An Li")
    hr = make_hr()
    with CaptureQueriesContext(connection) as queries:
        find_duplicates(without=hr, most=50)
    return len(queries)
