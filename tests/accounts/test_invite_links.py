"""Invite links: listed newcomers join at once, others wait for approval."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.models import JoinRequest, Membership, TeamInviteLink, User
from courseware.accounts.teams.deputies import add_deputy
from courseware.accounts.teams.invite_links import (
    AccountExists,
    address_of,
    answer_request,
    end_link,
    join_by_link,
    make_link,
)
from courseware.audit_log.models import Event
from courseware.lib.dates import site_day
from tests.accounts.test_invitations import CHOOSE, is_in
from tests.making import PASSWORD, join, make_editor, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(team):
    return make_link(team, ends_at=timezone.now() + timedelta(days=7), uses=3, by=team.manager)


def make_numbered(team=None, number="A7", name="Wu Fan", **fields):
    person = User.objects.create_user(None, fields.pop("password", None), name=name, staff_number=number, **fields)
    if team:
        join(team, person)
    return person


def path_of(link):
    return address_of(link).removeprefix(settings.SITE_URL)


def send(client, link, staff_number="A7", name="Wu Fan"):
    return client.post(path_of(link), {"staff_number": staff_number, "name": name})


@pytest.mark.parametrize(("number", "name"), [("A7", "Wu Fan"), ("ａ 7", "wu fan"), (" a7", "WuFan")])
def test_listed_person_joins_and_sets_password(client, team, link, number, name):
    person = make_numbered(team)
    response = send(client, link, number, name)
    assert (response.status_code, response["Location"]) == (302, CHOOSE)
    assert int(client.session["_auth_user_id"]) == person.pk
    assert TeamInviteLink.objects.get().uses_left == 2
    assert [(event.verb, event.subject) for event in Event.objects.order_by("pk")] == [
        ("invite-link-created", f"team:{team.pk}"),
        ("invite-link-used", f"person:{person.pk}"),
        ("signed-in", f"person:{person.pk}"),
    ]


@pytest.mark.parametrize(
    ("seconds", "has_password", "is_let_in"), [(5, False, True), (5, True, False), (31, False, False)]
)
def test_double_submit_joins_once(client, team, link, time_machine, seconds, has_password, is_let_in):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    person = make_numbered(team)
    send(client, link)
    if has_password:
        person.set_password(PASSWORD)
        person.save(update_fields=["password"])
    time_machine.move_to(now + timedelta(seconds=seconds), tick=False)
    other = type(client)()  # sent before the first answer came
    send(other, link)
    assert (is_in(other), TeamInviteLink.objects.get().uses_left) == (is_let_in, 2)
    assert JoinRequest.objects.exists() is not is_let_in


def test_members_of_subteams_can_join(client, team, link):
    make_numbered(make_team(parent=team))
    for _ in range(3):
        assert "Welcome to Night shift" in client.get(path_of(link)).content.decode()
    assert TeamInviteLink.objects.get().uses_left == 3
    assert send(client, link).status_code == 302


def name_deputy(manager, person):
    add_deputy(manager, person, first_day=site_day(), last_day=site_day(), by=manager)


REFUSED = {
    "nobody has the number": lambda team: None,
    "alias": lambda team: make_numbered(team, name="Somebody Else"),
    "another team": lambda team: make_numbered(make_team()),
    "no team": lambda team: make_numbered(),
    "leads the team": lambda team: join(team, make_numbered(team), Membership.Role.MANAGER),
    "has an address": lambda team: join(team, make_user("Wu Fan", password=None, staff_number="A7")),
    "has a password": lambda team: make_numbered(team, password=PASSWORD),
    "has been here": lambda team: make_numbered(team, last_login=timezone.now()),
    "is of human resources": lambda team: make_numbered(team).groups.add(Group.objects.get(name="HR")),
    "stands in for a manager": lambda team: name_deputy(make_team().manager, make_numbered(team)),
    "is staff": lambda team: make_numbered(team, is_staff=True),
    "is superuser": lambda team: make_numbered(team, is_superuser=True),
    "left the company": lambda team: make_numbered(team, is_active=False),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_others_wait_with_same_response(client, team, link, reason):
    REFUSED[reason](team)
    response = send(client, link)
    assert response.status_code == 200
    assert "We asked your manager to let you join the team" in response.content.decode()
    assert not is_in(client)
    assert TeamInviteLink.objects.get().uses_left == 3
    assert JoinRequest.objects.get().is_accepted is None


def test_approval_admits_new_and_known_people(client, team, link):
    known = make_numbered(make_team(), "B8", "Known")
    for number, name in (("A7", "Wu Fan"), ("B8", "Known")):
        send(client, link, number, name)
    for number, by in (("A7", team.manager), ("B8", make_hr())):
        join_request = JoinRequest.objects.get(staff_number=number)
        assert answer_request(join_request, True, by=by)
        assert not answer_request(join_request, False, by=by)
    new = User.objects.get(staff_number="A7")
    assert (new.name, new.teams.get(), new.has_usable_password()) == ("Wu Fan", team, False)
    assert send(client, link)["Location"] == CHOOSE
    assert send(type(client)(), link, "B8", "Known")["Location"] == CHOOSE
    assert known.teams.get() != team


def test_declined_request_is_final(client, team, link):
    send(client, link)
    answer_request(JoinRequest.objects.get(), False, by=team.manager)
    send(client, link)
    assert not is_in(client)
    assert JoinRequest.objects.get().is_accepted is False
    assert not User.objects.filter(staff_number="A7").exists()


@pytest.mark.parametrize("reason", [reason for reason in REFUSED if reason not in ("nobody has the number", "alias")])
def test_manager_cannot_approve_existing_accounts(client, team, link, reason):
    REFUSED[reason](team)
    send(client, link)
    with pytest.raises(AccountExists):
        answer_request(JoinRequest.objects.get(), True, by=team.manager)
    if reason not in ("another team", "no team"):
        with pytest.raises(AccountExists):
            answer_request(JoinRequest.objects.get(), True, by=make_hr())
    send(client, link)
    assert not is_in(client)


def test_approval_does_not_open_account_in_use(client, team, link):
    send(client, link)
    answer_request(JoinRequest.objects.get(), True, by=team.manager)
    person = User.objects.get(staff_number="A7")
    person.set_password(PASSWORD)
    person.save()
    send(client, link)
    assert not is_in(client)


def test_link_ends_by_time_use_or_hand(client, team, link):
    make_numbered(team)
    for change in ({"ends_at": timezone.now()}, {"uses_left": 0}):
        before = {name: getattr(link, name) for name in change}
        TeamInviteLink.objects.update(**change)
        assert send(client, link).status_code == 404
        assert client.get(path_of(link)).status_code == 404
        TeamInviteLink.objects.update(**before)
    assert end_link(link, by=team.manager)
    assert not end_link(link, by=team.manager)
    assert "This link no longer works" in send(client, link).content.decode()
    assert not is_in(client)


def test_last_use_admits_one_person(client, team, link):
    for number in ("A7", "B8"):
        make_numbered(team, number)
    TeamInviteLink.objects.update(uses_left=1)
    assert send(client, link).status_code == 302
    other = type(client)()
    assert send(other, link, "B8").status_code == 404
    assert not is_in(other)


@pytest.mark.parametrize("token", ["1", "1.x", "x.y", ".", "0" * 500, "1.%00", "①.x"])
def test_invalid_link_is_not_found(client, link, token):
    assert client.get(reverse("account_join", args=["T"]).replace("T", token)).status_code == 404


def test_link_of_another_team_cannot_be_forged(client, team, link):
    other = make_link(make_team(), ends_at=timezone.now() + timedelta(days=7), uses=3, by=team.manager)
    token, of_other = (path_of(each).rstrip("/").rpartition("/")[2] for each in (link, other))
    forged = f"{other.pk}.{token.partition('.')[2]}"
    assert forged not in (token, of_other)
    assert client.get(reverse("account_join", args=[forged])).status_code == 404


@pytest.mark.slow
def test_failed_attempts_are_limited_to_10_an_hour(client, team, link):
    TeamInviteLink.objects.update(uses_left=20)
    for number in range(10):
        make_numbered(team, f"N{number}")
        assert send(type(client)(), link, f"N{number}").status_code == 302
        assert send(client, link, f"X{number}").status_code == 200
    make_numbered(team)
    refused = send(client, link)
    assert (refused.status_code, is_in(client)) == (422, False)
    assert "Too many attempts" in refused.content.decode()
    elsewhere = type(client)(REMOTE_ADDR="203.0.113.9")
    assert send(elsewhere, link).status_code == 302


def test_joining_ends_session_of_another_person(client, team, link):
    client.force_login(make_editor())
    person = make_numbered(team)
    send(client, link)
    assert int(client.session["_auth_user_id"]) == person.pk


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((field, value) for field in ("staff_number", "name") for value in ("", " ", "\x00", "x" * 121)),
        *(("staff_number", value) for value in ("@", "＠＠", "a7@example.com", "ﷺ" * 40, "x" * 41)),
    ],
)
def test_invalid_field_is_refused(client, link, field, value):
    response = client.post(path_of(link), {"staff_number": "A7", "name": "Wu Fan"} | {field: value})
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])
    assert JoinRequest.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_queries_do_not_reveal_known_numbers(client, team, link):
    make_numbered(make_team(), "B8")
    send(client, link, "warm")
    query_counts = []
    for number in ("B8", "C9"):
        with CaptureQueriesContext(connection) as queries:
            send(client, link, number)
        query_counts.append(len(queries))
    assert abs(query_counts[0] - query_counts[1]) <= 4, query_counts


def test_waiting_requests_are_limited(team, link, monkeypatch):
    monkeypatch.setattr("courseware.accounts.teams.invite_links.MOST_WAITING", 2)
    for number in range(4):
        assert join_by_link(link, f"X{number}", "Nobody") is None
    assert JoinRequest.objects.count() == 2
