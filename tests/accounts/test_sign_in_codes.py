"""Sign-in codes: valid once, for 1 day; the owner is told by email."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.models import Membership, SignInCode, User
from courseware.accounts.sign_in.sign_in_codes import SignInCodeRefused, give_code, may_give_code, use_code
from courseware.accounts.teams.deputies import add_deputy
from courseware.audit_log.models import Event
from courseware.lib.dates import site_day
from tests.accounts.test_invitations import CHOOSE, NEW, is_in
from tests.making import (
    PASSWORD,
    join,
    make_admin,
    make_auditor,
    make_editor,
    make_hr,
    make_team,
    make_user,
    sent_emails,
)

pytestmark = pytest.mark.django_db
PAGE = reverse("account_sign_in_code")


def make_numbered(number="A7", **fields):
    return User.objects.create_user(None, None, name="Wu Fan", staff_number=number, **fields)


@pytest.fixture
def hr():
    return make_hr(name="Yang Lan")


def test_code_has_8_unambiguous_characters_and_is_stored_hashed(hr):
    codes = [give_code(make_numbered(f"A{number}"), by=hr) for number in range(20)]
    assert {len(code) for code in codes} == {8}
    assert not set("".join(codes)) & set("0O1IL8B5S2ZUV")
    assert len(set(codes)) == 20
    kept = "".join(SignInCode.objects.values_list("digest", flat=True)) + str(list(Event.objects.values_list("data")))
    assert not any(code in kept for code in codes)


@pytest.mark.parametrize("typed", ["{code}", "{lower}", " {first} {last} ", "{first}-{last}"])
def test_code_signs_in_however_typed_and_asks_for_password(client, hr, typed):
    person = make_numbered()
    code = give_code(person, by=hr)
    typed = typed.format(code=code, lower=code.lower(), first=code[:4], last=code[4:])
    response = client.post(PAGE, {"name": " a7", "code": typed})
    assert (response.status_code, response["Location"]) == (302, CHOOSE)
    assert int(client.session["_auth_user_id"]) == person.pk
    page = client.get(CHOOSE)
    assert "You signed in with a code from Yang Lan." in page.content.decode()
    assert client.post(CHOOSE, {"password1": NEW, "password2": NEW})["Location"] == "/start/"
    assert [(event.verb, event.actor, event.data) for event in Event.objects.order_by("pk")] == [
        ("sign-in-code-created", hr, {}),
        ("sign-in-code-used", person, {"given_by": hr.pk}),
        ("signed-in", person, {}),
        ("password-set", person, {}),
    ]


def test_new_code_ends_old_one(client, hr):
    person, other = make_numbered(), make_numbered("B8")
    first, second = give_code(person, by=hr), give_code(person, by=hr)
    give_code(other, by=hr)
    for name, code in (("A7", first), ("B8", second), ("A7", ""), ("", second), ("C9", second)):
        assert client.post(PAGE, {"name": name, "code": code}).status_code == 422, name
    assert client.post(PAGE, {"name": "A7", "code": second}).status_code == 302


@pytest.mark.parametrize(("hours", "works"), [(-0.1, False), (0, True), (23.99, True), (24, False), (99, False)])
def test_code_expires_after_1_day(hr, hours, works):
    now = timezone.now()
    code = give_code(make_numbered(), by=hr, at=now)
    assert bool(use_code("A7", code, at=now + timedelta(hours=hours))) is works


@pytest.mark.parametrize(
    ("change", "works"),
    [
        ({}, True),
        ({"is_staff": True}, False),
        ({"is_superuser": True}, False),
        ({"audits_until": date(2100, 1, 1)}, False),
        ({"is_active": False}, False),
    ],
)
def test_code_is_refused_if_owner_gained_rights(client, hr, change, works):
    person = make_numbered()
    code = give_code(person, by=hr)
    User.objects.filter(pk=person.pk).update(**change)
    client.post(PAGE, {"name": "A7", "code": code})
    assert is_in(client) is works


def test_code_from_manager_ends_with_password_or_management(client):
    team = make_team()
    people = [make_numbered(f"N{number}") for number in range(3)]
    for person in people:
        join(team, person)
    codes = [give_code(person, by=team.manager) for person in people]
    people[1].set_password(NEW)
    people[1].save()
    assert [bool(use_code(f"N{number}", codes[number])) for number in (0, 1)] == [True, False]
    team.memberships.get(person=team.manager).delete()
    assert use_code("N2", codes[2]) is None


def test_code_ends_sessions_and_password_and_is_emailed(client, hr):
    person = make_user(email="b@example.com", language="en")
    elsewhere = type(client)()
    elsewhere.force_login(person)
    code = give_code(person, by=hr)
    [email] = sent_emails()
    assert email.to == ["b@example.com"]
    assert "Created by:\nYang Lan" in email.body
    assert code not in email.body
    client.post(PAGE, {"name": "b@example.com", "code": code})
    assert elsewhere.get(reverse("account_change_password")).status_code == 302
    client.post(reverse("account_logout"))
    assert client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD}).status_code == 422


def test_code_starts_new_session(client, hr):
    client.force_login(make_user())
    before = client.session.session_key
    person = make_numbered()
    client.post(PAGE, {"name": "A7", "code": give_code(person, by=hr)})
    assert int(client.session["_auth_user_id"]) == person.pk
    assert client.session.session_key != before


def test_wrong_codes_are_throttled_apart_from_passwords(client, hr):
    person = make_user(staff_number="A7")
    give_code(person, by=hr)
    answers = [client.post(PAGE, {"name": "a7", "code": "WRONG"}).content.decode() for _ in range(6)]
    assert ["Too many attempts" in page for page in answers] == [False] * 5 + [True]
    assert client.post(reverse("account_login"), {"login": "A7", "password": PASSWORD}).status_code == 302
    assert Event.objects.filter(verb="sign-in-failed", subject=f"person:{person.pk}").count() == 1


@pytest.mark.django_db(transaction=True)
def test_response_and_queries_reveal_no_codes_or_people(client, hr):
    give_code(make_numbered(), by=hr)
    make_numbered("B8")
    client.post(PAGE, {"name": "warm", "code": "WRONG"})
    query_counts, pages = [], []
    for name in ("A7", "B8", "C9"):
        with CaptureQueriesContext(connection) as queries:
            response = client.post(PAGE, {"name": name, "code": "WRONG"})
        query_counts.append(len(queries))
        token = str(response.context["csrf_token"])
        pages.append(response.content.decode().replace(token, "").replace(name, ""))
    assert len(set(query_counts)) == 1, query_counts
    assert len(set(pages)) == 1


@pytest.mark.parametrize("value", ["", "\x00", "x" * 10**5, "'; --", "🙈"])
def test_any_input_is_answered(client, value):
    assert client.post(PAGE, {"name": value, "code": value}).status_code == 422


def test_code_is_given_by_hr_admins_and_own_managers(hr):
    company = make_team(manager=make_user("Top"))
    team = make_team(parent=company, manager=make_user("Lead"))
    other = make_team(manager=make_user("Other"))
    people = {
        "without address": make_numbered(),
        "with address": make_user(password=None),
        "with password": make_numbered("B8"),
        "staff": make_editor(),
        "left": make_numbered("C9", is_active=False),
        "elsewhere": make_numbered("D1"),
    }
    people["with password"].set_password(NEW)
    people["with password"].save()
    for name, person in people.items():
        join(other if name == "elsewhere" else team, person)
    found = {
        giver: [name for name, person in people.items() if may_give_code(user, person)]
        for giver, user in {
            "HR": hr, "lead": team.manager, "above": company.manager, "other": other.manager, "admin": make_admin(),
            "editor": make_editor(), "auditor": make_auditor(), "learner": make_user(),
        }.items()
    }  # fmt: skip
    everybody = ["without address", "with address", "with password", "elsewhere"]
    assert found == {
        "HR": everybody, "admin": everybody, "lead": ["without address"], "above": ["without address"],
        "other": ["elsewhere"], "editor": [], "auditor": [], "learner": [],
    }  # fmt: skip


def test_manager_gives_codes_only_to_plain_learners(hr):
    company, team = make_team(), make_team()
    people = {name: make_numbered(f"N{number}") for number, name in enumerate(("learns", "leads", "stands in", "HR"))}
    for person in people.values():
        join(company, person)
    join(team, people["leads"], Membership.Role.MANAGER)
    manager = team.manager
    add_deputy(manager, people["stands in"], first_day=site_day(), last_day=site_day(), by=manager)
    people["HR"].groups.set(hr.groups.all())
    for giver, given in ((company.manager, ["learns"]), (hr, ["learns", "leads", "stands in"])):
        assert [name for name, person in people.items() if may_give_code(giver, person)] == given


def test_forbidden_code_is_refused(hr):
    assert not may_give_code(hr, hr)
    for giver in (make_user(), make_team().manager):
        with pytest.raises(SignInCodeRefused):
            give_code(make_numbered(f"N{giver.pk}"), by=giver)
    assert (SignInCode.objects.count(), Event.objects.count()) == (0, 0)


# The same code submitted twice, as by a double click


@pytest.fixture
def person():
    return User.objects.create_user(None, None, name="Wu Fan", staff_number="A7")


def press(client, code):
    return client.post(PAGE, {"name": "A7", "code": code}).status_code


def test_double_submit_signs_in_twice_with_one_use(client, person):
    code = give_code(person, by=make_hr())
    second = type(client)()
    assert [press(client, code), press(second, code)] == [302, 302]
    for browser in (client, second):
        assert browser.get(CHOOSE).status_code == 200
    assert second.post(CHOOSE, {"password1": NEW, "password2": NEW}).status_code == 302
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert Event.objects.filter(verb="sign-in-code-used").count() == 1


@pytest.mark.parametrize(("seconds", "works"), [(0, True), (119, True), (120, False), (86400, False)])
def test_used_code_works_for_2_minutes(person, seconds, works):
    now = timezone.now()
    code = give_code(person, by=make_hr(), at=now)
    use_code("A7", code, at=now)
    assert bool(use_code("A7", code, at=now + timedelta(seconds=seconds))) is works


def test_used_code_ends_with_password(client, person):
    code = give_code(person, by=make_hr())
    press(client, code)
    client.post(CHOOSE, {"password1": NEW, "password2": NEW})
    assert press(type(client)(), code) == 422


def test_new_code_is_unused(person):
    hr = make_hr()
    first = give_code(person, by=hr)
    use_code("A7", first)
    second = give_code(person, by=hr)
    assert SignInCode.objects.get().used_at is None
    assert use_code("A7", first) is None
    assert use_code("A7", second).person == person


def test_used_code_ends_with_sign_out(client, person):
    code = give_code(person, by=make_hr())
    press(client, code)
    client.post(reverse("account_logout"))
    assert press(client, code) == 422
