"""Extension requests on Today and on the person page."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.accounts.models import Membership
from courseware.learning.due_dates.extensions import request_extension
from courseware.learning.enrollments.enrollment import exempt
from courseware.learning.models import ExtensionRequest
from courseware.reporting.today import learner_requests
from courseware.reporting.today.learner_requests import learner_requests as days_asked_of
from courseware.reporting.today.suggested_actions import led_by
from tests.counting import statements
from tests.making import days, make_auditor, make_enrollment, make_hr, make_team, make_user
from tests.reporting.dashboards import learner_of, sign_in_another_manager

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("course")]


def in_days(number):
    return timezone.localdate() + timedelta(days=number)


def make_request(team, name="Zoe", number=4, why="A sick child", **fields):
    return request_extension(learner_of(team, name, **{"due_at": days(-2)} | fields), in_days(number), why)


def names(user):
    return [each.enrollment.learner.name for each, _title in days_asked_of(user, led_by(user), timezone.now()).shown]


def answer(client, request, answer, *, back="/team/", **fields):
    address = f"/team/people/{request.enrollment_id}/extension/"
    return client.post(address, {"request": request.pk, "answer": answer, "next": back} | fields, follow=True)


def message_of(response):
    found = BeautifulSoup(response.content, "html.parser").select_one(".messages")
    return " ".join(found.get_text(" ").split()) if found else ""


def undo(client, response):
    form = BeautifulSoup(response.content, "html.parser").select_one(".messages form")
    fields = {field["name"]: field["value"] for field in form.select("input") if field["name"] != "csrfmiddlewaretoken"}
    return client.post(form["action"], fields, follow=True)


def end_of(request):
    request.refresh_from_db()
    return request.end


def test_request_shows_date_reason_and_three_answers(client, team):
    request = make_request(team)
    part = BeautifulSoup(client.get("/team/today/").content, "html.parser").select_one(".today .asked")
    text = " ".join(part.get_text(" ").split())
    assert "Request to extend the due date to" in text and "Zoe" in text and "A sick child" in text
    buttons = [button["value"] for button in part.select("button")]
    assert buttons == ["give", "other", "refuse"]
    assert {form["action"] for form in part.select("form")} == {f"/team/people/{request.enrollment_id}/extension/"}
    assert not part.select("[checked], [selected], input[type=date][value]")


@pytest.mark.slow
def test_accepting_sets_due_date_and_can_be_undone(client, team):
    request = make_request(team)
    given = answer(client, request, "give")
    assert "The due date of Zoe is now" in message_of(given)
    assert (end_of(request), request.enrollment.due_on, names(team.manager)) == ("given", in_days(4), [])
    assert "The change was undone for 1 person: Zoe." in message_of(undo(client, given))
    assert (end_of(request), names(team.manager)) == ("", ["Zoe"])


@pytest.mark.slow
def test_refusal_can_be_undone_on_both_pages(client, team):
    request = make_request(team)
    refused = answer(client, request, "refuse", words="We need you on Friday.")
    assert (
        "The extension request of Zoe was declined. The due date stays the same. The learner gets a notification."
        in message_of(refused)
    )
    assert (end_of(request), request.words) == ("refused", "We need you on Friday.")
    assert "The answer to 1 extension request was undone. The request is waiting for an answer again." in message_of(
        undo(client, refused)
    )
    assert end_of(request) == ""
    page = f"/team/people/{request.enrollment_id}/"
    answer(client, request, "refuse", back=page)
    assert "We need you" not in client.get(page).text
    form = BeautifulSoup(client.get(page).content, "html.parser").select_one('[name="refused"]').parent
    client.post(form["action"], {"refused": request.pk, "next": page})
    assert end_of(request) == ""


def test_manager_can_set_another_date(client, team):
    request = make_request(team)
    answer(client, request, "other", due_on=in_days(2).isoformat())
    assert (end_of(request), request.given_on) == ("another", in_days(2))


@pytest.mark.parametrize(
    ("pressed", "fields", "why"),
    [
        ("other", {}, "Choose a date first."),
        ("other", {"due_on": "2020-01-01"}, "This date is in the past."),
        ("other", {"due_on": "soon"}, "Enter a valid date."),
        ("other", {"due_on": "due"}, "This is already the due date."),
        ("refuse", {"words": "x" * 121}, "at most 120"),
        ("perhaps", {}, "perhaps"),
    ],
)
def test_invalid_answer_is_explained_and_ignored(client, team, pressed, fields, why):
    request = make_request(team, due_at=days(2))
    if fields.get("due_on") == "due":
        fields = {"due_on": request.enrollment.due_on.isoformat()}
    assert why in message_of(answer(client, request, pressed, **fields))
    assert end_of(request) == ""


@pytest.mark.slow
def test_second_answer_names_the_first(client, team):
    request = make_request(team)
    answer(client, request, "give")
    assert "The extension request of Zoe was answered by you (" in message_of(answer(client, request, "give"))
    sign_in_another_manager(client, team)
    second = answer(client, request, "refuse")
    assert "The extension request of Zoe was answered by Li Lin (" in message_of(
        second
    ) and "extended to" in message_of(second)
    assert "Undo" not in message_of(second)
    assert (end_of(request), request.ended_by) == ("given", team.manager)


def test_answer_to_ended_request_is_explained(client, team):
    waived, taken_back = make_request(team, "Ada"), make_request(team, "Ben")
    exempt(waived.enrollment, "moved", by=team.manager)
    ExtensionRequest.objects.filter(pk=taken_back.pk).update(end="taken-back", ended_at=timezone.now())
    assert "The extension request of Ada has expired" in message_of(answer(client, waived, "give"))
    assert "Ben has withdrawn the extension request." in message_of(answer(client, taken_back, "give"))


def test_request_of_another_enrollment_is_404(client, team):
    own, foreign = make_request(team), make_request(make_team())
    address = f"/team/people/{own.enrollment_id}/extension/"
    assert client.post(address, {"request": foreign.pk, "answer": "give"}).status_code == 404
    assert end_of(foreign) == ""


def test_auditor_sees_request_without_buttons(client, team):
    request = make_request(team)
    client.force_login(make_auditor(language="en"))
    page = client.get(f"/team/people/{request.enrollment_id}/").text
    assert "Request to extend the due date to" in page and "A sick child" in page
    assert f"/team/people/{request.enrollment_id}/extension/" not in page


@pytest.mark.slow
def test_hr_answers_people_without_manager(client, team):
    hr = make_hr()
    make_request(team, "Led")
    unmanaged = request_extension(make_enrollment(make_user("Alone"), due_at=days(-2)), in_days(4))
    own = request_extension(make_enrollment(hr, due_at=days(-2)), in_days(4))
    without = make_team("Without")
    Membership.objects.filter(team=without, role=Membership.Role.MANAGER).delete()
    make_request(without, "Team without a manager")
    assert names(hr) == ["Alone", "Team without a manager"]
    assert names(team.manager) == ["Led"]
    client.force_login(hr)
    assert "Alone" in client.get("/team/today/").text
    assert "/team/today/" in client.get("/team/").text
    answer(client, unmanaged, "give")
    assert end_of(unmanaged) == "given"
    assert answer(client, own, "give").status_code == 404


def test_hr_finds_unmanaged_people_behind_many_managed(team, monkeypatch):
    monkeypatch.setattr(learner_requests, "ASKED_AT_ONCE", 2)
    for name in ("Ada", "Ben", "Cid"):
        make_request(team, name)
    for name in ("Dan", "Eve"):
        request_extension(make_enrollment(make_user(name), due_at=days(-2)), in_days(4))
    assert names(make_hr()) == ["Dan", "Eve"]


def test_hr_has_no_today_without_requests(client, team):
    learner_of(team, due_at=days(-2))
    client.force_login(make_hr())
    assert "/team/today/" not in client.get("/team/").text


@pytest.mark.slow
def test_oldest_requests_come_first_and_rest_is_counted(client, team, monkeypatch):
    monkeypatch.setattr(learner_requests, "SHOWN", 2)
    requests = [make_request(team, name) for name in ("Ada", "Ben", "Cid", "Dan")]
    assert names(team.manager) == ["Ada", "Ben"]
    assert "2 more extension requests are shown after you answer the requests above." in client.get("/team/today/").text
    answer(client, requests[0], "refuse")
    assert names(team.manager) == ["Ben", "Cid"]


def test_requester_is_not_counted_as_needing_nothing(client, team):
    make_request(team, due_at=days(9), number=12)
    learner_of(team, "Far", due_at=days(9))
    assert client.get("/team/today/").context["draft"].others == 1


@pytest.mark.parametrize("people", [1, 3])
def test_query_count_is_independent_of_requests(client, team, people):
    for number in range(people):
        make_request(team, f"Person {number}", due_at=days(9), number=12)
    client.get("/team/today/")
    assert statements(lambda: client.get("/team/today/"))["SELECT"] == 18
