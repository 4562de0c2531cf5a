"""Teams, for human resources: the tree, and how one is made, changed, led and closed."""

import pytest

from courseware.accounts.models import Membership, Team
from courseware.evidence.models import Event
from courseware.evidence.recording import subject_of
from courseware.learning.headcounts import Headcount
from courseware.learning.models import Enrollment
from tests.making import join, make_admin, make_auditor, make_editor, make_enrollment, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
LEARNER, MANAGER = Membership.Role.LEARNER, Membership.Role.MANAGER


@pytest.fixture
def hr(client):
    hr = make_hr(name="Hana")
    client.force_login(hr)
    return hr


def address(team, rest=""):
    return f"/people/teams/{team.pk}/{rest}"


def log_of(subject):
    return list(Event.objects.filter(subject=subject).order_by("pk").values_list("verb", "data"))


def test_the_list_is_a_tree_with_who_leads_and_how_many_learn(client, hr):
    head = make_team("Head office", manager=make_user("Hu"))
    make_team("Night", parent=head, learners=2, manager=make_user("Ni"))
    day = make_team("Day", parent=head, learners=1, manager=make_user("Da"))
    make_team("Early", parent=day, manager=make_user("Ea"))
    other = make_team("Another", manager=make_user("An"))
    join(other, make_user("Bo"), MANAGER)
    join(other, make_user(is_active=False))
    rows = [(team.name, team.depth, team.leads, team.learners) for team in client.get("/people/teams/").context["page"]]
    assert rows == [
        ("Another", 0, ["An", "Bo"], 0),
        ("Head office", 0, ["Hu"], 0),
        ("Day", 1, ["Da"], 1),
        ("Early", 2, ["Ea"], 0),
        ("Night", 1, ["Ni"], 2),
    ]


def test_a_team_is_made_renamed_and_moved_and_the_log_says_so(client, hr):
    head = make_team("Head office")
    made = client.post("/people/teams/new/", {"name": "Night", "parent": head.pk, "time_zone": "Asia/Shanghai"})
    team = Team.objects.get(name="Night")
    assert (made.url, team.parent, team.above) == (address(team), head, f"/{head.pk}/")
    for _twice in range(2):
        client.post(address(team), {"name": "Late", "parent": "", "time_zone": ""})
    team.refresh_from_db()
    assert (team.name, team.parent, team.above, team.time_zone) == ("Late", None, "/", "")
    assert log_of(subject_of(team)) == [
        ("team-added", {"parent": head.pk}),
        ("team-changed", {"fields": ["name", "parent", "time_zone"]}),
        ("team-moved", {"parent": None}),
    ]


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"name": ""}, "name"), ({"time_zone": "Moon/Base"}, "time_zone"), ({"parent": "below"}, "parent")],
)
def test_what_cannot_be_is_refused_on_the_page_itself(client, hr, sent, field):
    team = make_team("Night")
    below = make_team("Below", parent=team)
    sent = {"name": "Night", "time_zone": "", "parent": ""} | sent
    refused = client.post(address(team), sent | ({"parent": below.pk} if sent["parent"] else {}))
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {field})
    team.refresh_from_db()
    assert (team.name, team.parent, team.time_zone) == ("Night", None, "")


def test_a_team_that_somebody_else_moved_since_the_page_was_opened_is_not_moved_back(client, hr):
    before, now = make_team("Before"), make_team("Now")
    team = make_team("Night", parent=before)
    page = client.get(address(team))
    assert f'<input type="hidden" name="initial-parent" value="{before.pk}">' in page.text
    team.parent = now
    team.save()
    shown = {"name": "Night", "parent": before.pk, "time_zone": ""}
    shown |= {f"initial-{name}": value for name, value in shown.items()}
    client.post(address(team), shown | {"name": "Late"})
    team.refresh_from_db()
    assert (team.name, team.parent) == ("Late", now)
    own = make_team("Own")
    join(own, hr, MANAGER)
    client.post(address(team), shown | {"parent": own.pk, "initial-parent": own.pk})
    team.refresh_from_db()
    assert (team.name, team.parent) == ("Late", now)


def test_several_lead_a_team_and_each_is_taken_out_alone(client, hr):
    team, second = make_team("Night"), make_user("Li Na", staff_number="A1")
    for _twice in range(2):
        client.post(address(team, "leads/"), {"person": "ａ１"})
    leads = team.memberships.filter(role=MANAGER)
    assert {place.person for place in leads} == {team.manager, second}
    first = leads.get(person=team.manager)
    for _twice in range(2):
        client.post(address(team, f"leads/{first.pk}/end/"))
    assert {place.person for place in leads.all()} == {second}
    assert [verb for verb, _data in log_of(subject_of(second))] == ["membership-added"]
    assert [verb for verb, _data in log_of(subject_of(team.manager))] == ["membership-removed"]


@pytest.mark.parametrize("make", [make_admin, make_editor, make_auditor, lambda: None])
def test_human_resources_make_neither_staff_nor_auditors_nor_themselves_a_lead(client, hr, make):
    team, person = make_team("Night"), make() or hr
    refused = client.post(address(team, "leads/"), {"person": person.email})
    assert refused.context["lead_form"].errors == {"person": ["For this person, please ask an admin."]}
    assert not team.memberships.filter(person=person).exists()
    place = join(team, person, MANAGER)
    assert client.post(address(team, f"leads/{place.pk}/end/")).status_code == 404
    assert team.memberships.filter(person=person).exists()


def test_nobody_knows_a_lead_who_is_not_here(client, hr):
    make_user(email="gone@example.com", is_active=False)
    for words in ("nobody@example.com", "gone@example.com", "\0", ""):
        refused = client.post(address(make_team(), "leads/"), {"person": words})
        assert (refused.status_code, set(refused.context["lead_form"].errors)) == (422, {"person"}), words


def test_the_learner_of_a_team_is_not_taken_out_as_one_who_leads_it(client, hr):
    team = make_team(learners=1)
    place = team.memberships.get(role=LEARNER)
    client.post(address(team, f"leads/{place.pk}/end/"))
    assert Membership.objects.filter(pk=place.pk).exists()


def test_who_leads_a_team_puts_no_other_below_it(client, hr):
    own, other = make_team("Own"), make_team("Other")
    join(own, hr, MANAGER)
    deep = make_team("Deep", parent=own)
    for parent in (own, deep):
        refused = client.post(address(other), {"name": "Other", "parent": parent.pk, "time_zone": ""})
        assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"parent"})
    assert client.post(address(deep), {"name": "Deeper", "parent": own.pk, "time_zone": ""}).status_code == 302


def numbers(team):
    return sum(Headcount.objects.filter(team=team.pk).values_list("number", flat=True))


def test_a_team_is_closed_once_its_learners_have_a_place_and_no_record_is_lost(client, hr):
    head, to = make_team("Head office"), make_team("Day")
    team = make_team("Night", parent=head)
    below = make_team("Below", parent=team)
    learner, both = make_user("Lea"), make_user("Bo")
    for place in (team, to):
        join(place, both)
    join(team, learner)
    run = make_enrollment(learner)
    assert "Below" in client.get(address(team, "close/")).text
    assert client.post(address(team, "close/")).context["form"].errors == {
        "to": ["Say in which team the learners go on."]
    }
    assert client.post(address(team, "close/"), {"to": to.pk}).url == "/people/teams/"
    assert not Team.objects.filter(pk=team.pk).exists()
    below.refresh_from_db()
    assert (below.parent, below.above) == (head, f"/{head.pk}/")
    assert {place.person for place in to.memberships.filter(role=LEARNER)} == {learner, both}
    assert Enrollment.objects.get(pk=run.pk).learner == learner
    assert (numbers(to), numbers(team)) == (1, 0)
    people = sorted([learner.pk, both.pk, team.manager.pk])
    assert log_of(f"team:{team.pk}") == [("team-deleted", {"people": people})]
    assert [verb for verb, _data in log_of(subject_of(learner))] == ["membership-added", "membership-removed"]
    assert [verb for verb, _data in log_of(subject_of(both))] == ["membership-removed"]
    assert log_of(subject_of(below)) == [("team-moved", {"parent": head.pk})]


def test_a_team_without_learners_is_closed_as_it_is(client, hr):
    team = make_team("Night")
    assert client.post(address(team, "close/")).status_code == 302
    assert not Team.objects.filter(pk=team.pk).exists()


@pytest.mark.parametrize("role", [LEARNER, MANAGER])
@pytest.mark.parametrize("make", [make_admin, make_editor, make_auditor, lambda: None])
def test_human_resources_close_no_team_of_staff_auditors_or_their_own(client, hr, make, role):
    team = make_team("Night")
    join(team, make() or hr, role)
    refused = client.post(address(team, "close/"), {"to": make_team().pk})
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"__all__"})
    assert Team.objects.filter(pk=team.pk).exists()


def test_an_auditor_reads_teams_without_a_form(client):
    team = make_team("Night", learners=1)
    client.force_login(make_auditor())
    for page in ("/people/teams/", address(team)):
        text = client.get(page).text
        assert "<form" not in text[text.index("<main") : text.index("</main>")]
    for rest in ("", "leads/", "close/"):
        assert client.post(address(team, rest), {"name": "X", "person": team.manager.email}).status_code == 404
    assert client.get("/people/teams/new/").status_code == client.get(address(team, "close/")).status_code == 404
