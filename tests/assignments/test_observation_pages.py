"""/team/observations/: the sheet about somebody, for who leads them."""

import pytest
from bs4 import BeautifulSoup

from courseware.accounts.models import Membership
from courseware.assignments.models import Observation, ObservationAnswers
from courseware.content.compiled import serving
from tests.assignments.sheets import completed
from tests.counting import statements
from tests.language.samples import SHEET, make_files
from tests.making import join, make_admin, make_course, make_hr, make_team, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("signed_in")]
LIST = "/team/observations/"


def address(run):
    return f"{LIST}{run.pk}/month-later/"


def sent(run, **fields):
    return {"revision": serving.page(run.course.current, "month-later", "en").revision_id} | fields


def read(response):
    return BeautifulSoup(response.content, "html.parser")


def test_the_sheet_is_answered_from_the_list_and_is_gone_from_it(client, team):
    run = completed(team, "Wang Ming")
    [link] = [each["href"] for each in read(client.get(LIST)).select(".lines a")]
    assert link == address(run)
    page = read(client.get(link))
    assert page.h1.text == "A month later"
    assert "Wang Ming" in page.select_one("article .soft").text
    assert [each["name"] for each in page.select("form [name^=q-]")] == ["q-seen-off"] * 3 + ["q-seen-cup"] * 2 + [
        "q-seen-lacking"
    ]
    response = client.post(link, sent(run, **{"q-seen-off": 1, "q-seen-lacking": "A hook."}), follow=True)
    assert "Your answers are kept, without the person." in response.text
    assert "Nothing is asked of you today" in response.text
    assert ObservationAnswers.objects.get().answers == {"seen-off": 1, "seen-lacking": "A hook."}


def test_the_page_without_an_answer_and_one_of_no_choice_come_back(client, team):
    run = completed(team)
    for fields in ({}, {"q-seen-off": "7"}, {"q-seen-lacking": "x" * 2001}):
        response = client.post(address(run), sent(run, **fields))
        assert response.status_code == 422
        assert read(response).title.text.startswith("Error:")
        assert read(response).select_one(".error-summary li")
    assert not Observation.objects.exists()


def test_one_press_says_that_one_cannot_say(client, team):
    run = completed(team)
    response = client.post(address(run), sent(run, **{"cannot-say": "1"}), follow=True)
    assert "Noted that you can’t say." in response.text
    assert Observation.objects.get().is_answered is False


def test_the_second_lead_reads_who_has_answered_and_when(client, team):
    second = make_user("Zhao", language="en")
    join(team, second, Membership.Role.MANAGER)
    run = completed(team)
    client.post(address(run), sent(run, **{"q-seen-off": 0}))
    client.force_login(second)
    response = client.post(address(run), sent(run, **{"q-seen-off": 2}), follow=True)
    assert "Li Lin has answered already, on" in response.text
    page = read(client.get(address(run)))
    assert "Li Lin" in page.text
    assert not page.select("article form")
    assert ObservationAnswers.objects.get().answers == {"seen-off": 0}


def test_a_sheet_that_is_not_asked_says_so_and_takes_nothing(client, team):
    early, over = completed(team, days_ago=3), completed(team, days_ago=200)
    for run, said in ((early, "not before"), (over, "not asked any more")):
        assert said in client.get(address(run)).text
        assert said in client.post(address(run), sent(run, **{"q-seen-off": 0}), follow=True).text
    assert not Observation.objects.exists()


def test_a_sheet_that_was_changed_meanwhile_comes_back_with_the_texts(client, team):
    run = completed(team)
    form = sent(run, **{"q-seen-off": 0, "q-seen-lacking": "A hook."})
    make_course(make_files(**{path: text.replace("- Yes", "- Always") for path, text in SHEET.items()}))
    response = client.post(address(run), form)
    assert response.status_code == 409
    page = read(response)
    assert "Always" in page.text
    assert page.textarea.text.strip() == "A hook."
    assert not page.select("[checked]")
    assert not Observation.objects.exists()


@pytest.mark.parametrize("revision", ["9" * 5000, "-1", "１", ""])
def test_a_sheet_with_what_is_no_revision_comes_back(client, team, revision):
    run = completed(team)
    assert client.post(address(run), {"revision": revision, "q-seen-off": 0}).status_code == 409
    assert not Observation.objects.exists()


@pytest.mark.parametrize("make", [make_user, make_hr, make_admin])
def test_whoever_does_not_lead_the_person_finds_nothing(client, team, make):
    run = completed(team)
    client.force_login(make())
    for response in (client.get(address(run)), client.post(address(run), sent(run, **{"q-seen-off": 0}))):
        assert response.status_code == 404
    assert client.get(LIST).status_code == 404
    client.force_login(make_team().manager)
    assert client.get(address(run)).status_code == 404


@pytest.mark.parametrize("sheet", ["voice", "boiling", "nothing"])
def test_only_a_sheet_for_leads_is_one(client, team, sheet):
    assert client.get(f"{LIST}{completed(team).pk}/{sheet}/").status_code == 404


@pytest.mark.parametrize("people", [1, 3])
def test_the_list_takes_as_many_statements_for_one_as_for_three(client, team, people):
    for _each in range(people):
        completed(team)
    client.get(LIST)
    found = statements(lambda: client.get(LIST))
    assert found["SELECT"] <= 12, found
