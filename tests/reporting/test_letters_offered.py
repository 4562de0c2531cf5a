"""The page *Which letters I get* lists the types of email that the reader can get."""

import pytest
from bs4 import BeautifulSoup

from courseware.accounts.models import Membership
from courseware.assignments.group_doors import GroupDoor
from courseware.outbox.models import StoppedKind
from courseware.reporting.monthly_reports import subscribe
from tests.making import make_enrollment, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
LEADING = {"digest", "escalation", "observation"}


def offered(client, person):
    client.force_login(person)
    page = BeautifulSoup(client.get("/letters/", headers={"accept-language": "en"}).content, "html.parser")
    daily = {"daily-question"} if page.select("a[href='/daily/']") else set()
    return {field["value"] for field in page.select("main [name=kind]")} | daily


def test_a_learner_is_offered_no_email_of_managers(client):
    assert offered(client, make_enrollment().learner) == {"daily-question"}
    assert offered(client, make_user()) == set()


def test_a_manager_is_offered_emails_about_the_team_while_managing_one(client):
    manager = make_team().manager
    assert offered(client, manager) == LEADING
    Membership.objects.all().delete()
    assert offered(client, manager) == set()


def test_the_monthly_report_is_offered_after_it_was_asked_for(client):
    manager = make_team().manager
    subscribe(manager)
    assert offered(client, manager) == LEADING | {"monthly-report"}


def test_failed_chat_messages_are_offered_while_a_chat_bot_is_in_use(client):
    team, hr = make_team(), make_hr()
    GroupDoor.objects.create(team=team, service="wecom", address="https://chat.example.com/1")
    assert "group-summary" in offered(client, team.manager) & offered(client, hr)
    assert "group-summary" not in offered(client, make_user())


def test_an_email_that_a_person_cannot_get_cannot_be_stopped_on_the_page(client):
    client.force_login(make_user())
    client.post("/letters/", {"kind": "digest", "stop": ""})
    assert not StoppedKind.objects.exists()
