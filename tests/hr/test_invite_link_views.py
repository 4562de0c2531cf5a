"""Pages for invite links of teams, and requests to join."""

import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.models import JoinRequest, TeamInviteLink, User
from courseware.accounts.teams.invite_links import make_link
from courseware.lib.dates import site_day
from tests.making import join, make_hr, make_team, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("signed_in")]
PAGE = reverse("hr:invite-links")


def create_link(team, **changes):
    fields = {"ends_at": timezone.now() + timedelta(days=7), "uses": 3, "by": team.manager} | changes
    return make_link(team, **fields)


def create_request(link, number="A7"):
    return JoinRequest.objects.create(link=link, staff_number=number, name="Jo", asked_at=timezone.now())


def test_manager_creates_link_with_qr_code(client, team):
    last = site_day() + timedelta(days=3)
    response = client.post(PAGE, {"team": team.pk, "ends_on": last, "uses": 12})
    link = TeamInviteLink.objects.get()
    assert response["Location"] == reverse("hr:invite-link", args=[link.pk])
    assert (link.team, link.uses_left, link.made_by) == (team, 12, team.manager)
    page = client.get(response["Location"]).content.decode()
    picture = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page).group(1)
    assert b"<svg" in b64decode(picture)
    address = re.search(r"http\S+/accounts/join/\S+?/", page).group()
    assert (
        type(client)().get(address.partition("//")[2].partition("/")[1] + address.split("/", 3)[3]).status_code == 200
    )
    assert "for 12 more people" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [("team", "0"), ("ends_on", "2020-01-01"), ("ends_on", "2999-01-01"), ("uses", "0"), ("uses", "501"), ("uses", "")],
)
def test_invalid_field_is_refused(client, team, field, value):
    fields = {"team": team.pk, "ends_on": site_day(), "uses": 12} | {field: value}
    response = client.post(PAGE, fields)
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])


def test_last_day_uses_time_zone_of_team(client, team, settings, time_machine):
    settings.TIME_ZONE = "Asia/Shanghai"
    time_machine.move_to(datetime(2026, 11, 26, 15, tzinfo=UTC), tick=False)
    client.force_login(team.manager)
    ahead = make_team(manager=team.manager, time_zone="Pacific/Auckland")  # where it is the 27th
    fields = {"team": ahead.pk, "uses": 1}
    assert client.post(PAGE, fields | {"ends_on": "2026-11-26"}).status_code == 422
    assert client.get(client.post(PAGE, fields | {"ends_on": "2026-11-27"})["Location"]).status_code == 200


def test_manager_handles_only_links_of_own_teams(client, team):
    other = make_team("Day shift")
    link = create_link(other)
    request = create_request(link)
    page = client.get(PAGE).content.decode()
    assert "Day shift" not in page
    assert client.post(PAGE, {"team": other.pk, "ends_on": site_day(), "uses": 1}).status_code == 422
    for name, pk in (("invite-link", link.pk), ("answer-request", request.pk)):
        assert client.post(reverse(f"hr:{name}", args=[pk]), {"answer": "yes"}).status_code == 404
    link.refresh_from_db()
    request.refresh_from_db()
    assert (link.ended_at, request.is_accepted) == (None, None)


def test_answered_requests_leave_list_with_message(client, team):
    link = create_link(team)
    yes, no = create_request(link, "A7"), create_request(link, "B8")
    for request, answer in ((yes, "yes"), (no, "no")):
        client.post(reverse("hr:answer-request", args=[request.pk]), {"answer": answer})
    page = client.get(PAGE).content.decode()
    assert "Jo can now join by opening the link again." in page
    assert "Jo cannot join with this link." in page
    assert "Waiting for your answer" not in page
    assert list(User.objects.filter(staff_number__in=["A7", "B8"]).values_list("staff_number", flat=True)) == ["A7"]


def test_request_with_existing_account_cannot_be_approved(client, team):
    join(team, User.objects.create_user(None, "four words nobody joined", name="Wang", staff_number="A7"))
    request = create_request(create_link(team))
    page = client.get(PAGE).content.decode()
    assert "This staff number belongs to Wang, who cannot join with this link." in page
    assert 'value="yes"' not in page
    response = client.post(reverse("hr:answer-request", args=[request.pk]), {"answer": "yes"}, follow=True)
    assert "already belongs to an account" in response.content.decode()


def test_ended_link_has_no_page(client, team):
    link = create_link(team)
    address = reverse("hr:invite-link", args=[link.pk])
    assert client.post(address)["Location"] == PAGE
    assert client.get(address).status_code == 404
    assert client.post(address)["Location"] == PAGE


# Staff numbers typed at a link must not reveal names of other teams to a manager.


@pytest.fixture
def asked_team():
    """A team with requests for own, foreign, active and unknown staff numbers."""
    team, other = make_team("Night", manager=make_user("Lead", language="en")), make_team("Day")
    join(team, User.objects.create_user(None, None, name="Own Ann", staff_number="A1"))
    join(other, User.objects.create_user(None, None, name="Other Bob", staff_number="B1"))
    join(team, make_user("Known Cid", staff_number="C1"))
    link = make_link(team, ends_at=timezone.now() + timedelta(days=7), uses=9, by=team.manager)
    for number in ("A1", "B1", "C1", "D1"):
        JoinRequest.objects.create(link=link, staff_number=number, name=f"typed {number}", asked_at=timezone.now())
    return team


def named_to(client, user):
    client.force_login(user)
    page = client.get(PAGE).content.decode()
    assert all(f"typed {number}" in page for number in ("A1", "B1", "C1", "D1"))
    return [name for name in ("Own Ann", "Other Bob", "Known Cid") if name in page], page


def test_manager_sees_names_of_own_people_only(client, asked_team):
    named, page = named_to(client, asked_team.manager)
    assert named == ["Own Ann", "Known Cid"]
    assert page.count("This staff number belongs to a person outside your teams.") == 1
    assert page.count("Nobody has this staff number yet") == 1
    assert page.count("Approve") == 2  # Own Ann and the new person


def test_hr_sees_all_names(client, asked_team):
    named, page = named_to(client, make_hr(language="en"))
    assert named == ["Own Ann", "Other Bob", "Known Cid"]
    assert "outside your teams" not in page


def test_message_after_declining_shows_typed_name(client, asked_team):
    client.force_login(asked_team.manager)
    request = JoinRequest.objects.get(staff_number="B1")
    page = client.post(reverse("hr:answer-request", args=[request.pk]), {"answer": "no"}, follow=True)
    assert "typed B1 cannot join with this link." in page.content.decode()
    assert "Other Bob" not in page.content.decode()
