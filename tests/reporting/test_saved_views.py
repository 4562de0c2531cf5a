import pytest
from bs4 import BeautifulSoup

from courseware.accounts.models import Membership
from courseware.reporting.dashboard import saved_views
from courseware.reporting.dashboard.saved_views import SavedView
from tests.making import join, make_team, make_user
from tests.reporting.dashboards import learner_of

pytestmark = pytest.mark.django_db


def keep(client, name, query):
    return client.post("/team/views/", {"name": name, "query": query}, follow=True)


def views(client, query=""):
    """(name, where it leads, whether it is the one shown)"""
    page = BeautifulSoup(client.get(f"/team/{query}").content, "html.parser")
    return [(each.text, each["href"], "aria-current" in each.attrs) for each in page.select(".views a")]


def test_the_filters_of_a_board_are_kept_under_a_name_for_who_kept_them_alone(client, team):
    learner_of(team, "Lea")
    second = make_user()
    join(team, second, "manager")
    assert BeautifulSoup(client.get("/team/").content, "html.parser").select(".views") == []
    form = BeautifulSoup(client.get("/team/?days=late-7&stuck=on").content, "html.parser").select_one(".views form")
    fields = {each["name"]: each.get("value", "") for each in form.select("input")}
    page = client.post(form["action"], fields | {"name": " Late and stuck "}, follow=True)
    assert "The view “Late and stuck” is saved. You find it above your dashboard." in page.text
    keep(client, "Done", "state=completed")
    kept = [("Done", "/team/?state=completed", False), ("Late and stuck", "/team/?days=late-7&stuck=on", False)]
    assert views(client) == kept
    assert views(client, "?stuck=on&days=late-7") == [kept[0], (*kept[1][:2], True)]
    client.force_login(second)
    assert views(client) == []


def test_a_view_of_a_team_that_is_gone_says_so_shows_nobody_and_can_be_taken_away(client, team):
    below = make_team("Below", parent=team)
    learner_of(team, "Lea")
    learner_of(below, "Bob")
    keep(client, "Below", f"team={below.pk}")
    [(_name, address, _current)] = views(client)
    assert "Bob" in client.get(address).text
    Membership.objects.filter(team=below).delete()
    below.delete()
    page = client.get(address)
    assert "You no longer manage this team" in page.text and "Lea" not in page.text
    for file in ("dashboard.csv", "dashboard.xlsx"):
        assert client.get(address.replace("/team/", f"/team/{file}")).status_code == 404
    [form] = BeautifulSoup(page.content, "html.parser").select(".views form")
    client.post(form["action"])
    assert views(client) == []


def test_of_an_address_only_what_the_board_knows_is_kept(client, team):
    other, below = make_team("Not mine"), make_team("Below", parent=team)
    query = f"x=1&state=overdue&state=nonsense&page=3&days=nonsense&name=%00&left=on&team={below.pk}"
    keep(client, "One", query)
    keep(client, "Two", f"team={other.pk}&stuck=on")
    assert dict(SavedView.objects.values_list("name", "query")) == {
        "One": f"team={below.pk}&left=on",
        "Two": "stuck=on",
    }


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("One", "", "There is nothing to save"),
        ("One", "state=nonsense", "There is nothing to save"),
        ("One", "name=" + "x" * 600, "There is nothing to save"),
        ("One", "name=" + "夜" * 60, "This view is too long to save"),
        ("One", "name=" + "%E5%A4%9C" * 60, "This view is too long to save"),
        ("", "stuck=on", "Enter a name of up to 40 characters"),
        ("   ", "stuck=on", "Enter a name of up to 40 characters"),
        ("x" * 41, "stuck=on", "Enter a name of up to 40 characters"),
    ],
)
def test_what_cannot_be_kept_is_explained(client, team, name, query, said):
    page = keep(client, name, query)
    assert said in page.text and not SavedView.objects.exists()


def test_a_name_that_is_there_gets_the_new_filters_and_there_is_an_end_to_their_number(client, team, monkeypatch):
    monkeypatch.setattr(saved_views, "MOST_VIEWS", 2)
    for name, query in (("A", "stuck=on"), ("B", "away=on"), ("A", "left=on")):
        keep(client, name, query)
    page = keep(client, "C", "stuck=on")
    assert "Delete one first." in page.text
    keep(client, "B", "stuck=on")
    assert dict(SavedView.objects.values_list("name", "query")) == {"A": "left=on", "B": "stuck=on"}


def test_a_view_is_taken_away_by_its_owner_and_twice_is_once(client, team):
    keep(client, "Mine", "stuck=on")
    [view] = SavedView.objects.all()
    address = f"/team/views/{view.pk}/delete/"
    client.force_login(make_team().manager)
    assert client.post(address).status_code == 302 and SavedView.objects.exists()
    client.force_login(make_user())
    assert client.post(address).status_code == 404
    client.force_login(team.manager)
    for _ in range(2):
        assert client.post(address).headers["Location"] == "/team/"
    assert not SavedView.objects.exists()
