import pytest
from bs4 import BeautifulSoup

from courseware.accounts.models import Membership
from courseware.reporting.dashboard import saved_views
from courseware.reporting.dashboard.saved_views import SavedView
from tests.making import join, make_team, make_user
from tests.reporting.dashboards import learner_of

pytestmark = pytest.mark.django_db


def save_view(client, name, query):
    return client.post("/team/views/", {"name": name, "query": query}, follow=True)


def views(client, query=""):
    """(name, address, is shown)"""
    page = BeautifulSoup(client.get(f"/team/{query}").content, "html.parser")
    return [(each.text, each["href"], "aria-current" in each.attrs) for each in page.select(".views a")]


@pytest.mark.slow
def test_filters_are_saved_for_their_owner_only(client, team):
    learner_of(team, "Lea")
    second = make_user()
    join(team, second, "manager")
    assert BeautifulSoup(client.get("/team/").content, "html.parser").select(".views") == []
    form = BeautifulSoup(client.get("/team/?days=late-7&stuck=on").content, "html.parser").select_one(".views form")
    fields = {each["name"]: each.get("value", "") for each in form.select("input")}
    page = client.post(form["action"], fields | {"name": " Late and stuck "}, follow=True)
    assert "The view “Late and stuck” is saved. You find it above your dashboard." in page.text
    save_view(client, "Done", "state=completed")
    saved = [("Done", "/team/?state=completed", False), ("Late and stuck", "/team/?days=late-7&stuck=on", False)]
    assert views(client) == saved
    assert views(client, "?stuck=on&days=late-7") == [saved[0], (*saved[1][:2], True)]
    client.force_login(second)
    assert views(client) == []


@pytest.mark.slow
def test_view_of_deleted_team_says_so_and_can_be_deleted(client, team):
    below = make_team("Below", parent=team)
    learner_of(team, "Lea")
    learner_of(below, "Bob")
    save_view(client, "Below", f"team={below.pk}")
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


def test_view_keeps_known_filters_only(client, team):
    other, below = make_team("Not mine"), make_team("Below", parent=team)
    query = f"x=1&state=overdue&state=nonsense&page=3&days=nonsense&name=%00&left=on&team={below.pk}"
    save_view(client, "One", query)
    save_view(client, "Two", f"team={other.pk}&stuck=on")
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
        ("One", "name=" + "夜" * 60, "The filters of this view are too long to save"),
        ("One", "name=" + "%E5%A4%9C" * 60, "The filters of this view are too long to save"),
        ("", "stuck=on", "Enter a name of up to 40 characters"),
        ("   ", "stuck=on", "Enter a name of up to 40 characters"),
        ("x" * 41, "stuck=on", "Enter a name of up to 40 characters"),
    ],
)
def test_invalid_view_is_explained(client, team, name, query, said):
    page = save_view(client, name, query)
    assert said in page.text and not SavedView.objects.exists()


@pytest.mark.slow
def test_same_name_replaces_view_and_number_is_limited(client, team, monkeypatch):
    monkeypatch.setattr(saved_views, "MOST_VIEWS", 2)
    for name, query in (("A", "stuck=on"), ("B", "away=on"), ("A", "left=on")):
        save_view(client, name, query)
    page = save_view(client, "C", "stuck=on")
    assert "Delete one first." in page.text
    save_view(client, "B", "stuck=on")
    assert dict(SavedView.objects.values_list("name", "query")) == {"A": "left=on", "B": "stuck=on"}


def test_only_owner_can_delete_view(client, team):
    save_view(client, "Mine", "stuck=on")
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
