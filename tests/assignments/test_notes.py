"""Notes of managers about people: writing, reading and withdrawing."""

import uuid

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from courseware.accounts.models import Membership, Note
from courseware.accounts.people.notes import write_note
from courseware.assignments.manager_actions import views
from tests.making import join, make_auditor, make_enrollment, make_hr, make_team, make_user
from tests.reporting.dashboards import learner_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("signed_in")]
ADDRESS = "/people/actions/note/"
ACT = str(uuid.UUID(int=5))


def notes_on(page):
    found = BeautifulSoup(page.content, "html.parser").select(".notes li, .timeline .noted")
    return [" ".join(each.select_one(".text").text.split()) for each in found]


def send(client, **fields):
    return client.post(ADDRESS, {"text": "Asked for nights.", "act": ACT} | fields)


@pytest.mark.slow
def test_note_is_shown_to_manager_and_learner_until_withdrawn(client, team):
    enrollment = learner_of(team, "Lea")
    page = f"/team/people/{enrollment.pk}/"
    form = BeautifulSoup(client.get(page).content, "html.parser").select_one("form.note")
    fields = {each["name"]: each.get("value", "") for each in form.select("input")}
    response = client.post(form["action"], fields | {"text": "Asked for\r\nnights."})
    assert response.headers["Location"] == page
    shown = client.get(page)
    assert notes_on(shown) == ["Asked for nights."]
    assert "Note added. Lea can also read the note." in shown.text
    assert Note.objects.get().text == "Asked for\nnights."
    client.force_login(enrollment.learner)
    record = client.get(reverse("learner_home:record", args=[enrollment.course.identifier]))
    assert notes_on(record) == ["Asked for nights."] and "Withdraw" not in record.text
    client.force_login(team.manager)
    form = BeautifulSoup(shown.content, "html.parser").select_one(".noted form")
    client.post(form["action"], {each["name"]: each.get("value", "") for each in form.select("input")})
    assert notes_on(client.get(page)) == []


@pytest.mark.slow
def test_only_author_can_withdraw_note(client, team):
    second = make_user("Second manager")
    join(team, second, Membership.Role.MANAGER)
    enrollment = learner_of(team)
    write_note([enrollment.learner.pk], "Asked for nights.", act=uuid.UUID(ACT), by=team.manager)
    for reader in (team.manager, second, make_hr(), make_auditor()):
        client.force_login(reader)
        page = client.get(f"/team/people/{enrollment.pk}/")
        assert notes_on(page) == ["Asked for nights."]
        assert ("Withdraw" in page.text) == (reader == team.manager)
    client.force_login(make_team().manager)
    assert client.get(f"/team/people/{enrollment.pk}/").status_code == 404
    assert client.post(f"/people/notes/{ACT}/undo/").status_code == 404


def test_bulk_note_skips_people_not_managed(client, team):
    enrollments = [learner_of(team, name) for name in ("Ann", "Ben")]
    beside, left = learner_of(make_team(), "Beside"), learner_of(team, "Left")
    left.learner.is_active = False
    left.learner.save()
    rows = [enrollment.pk for enrollment in (*enrollments, beside, left)]
    asked = client.get(ADDRESS, {"row": rows})
    assert "This change is for 2 people: Ann, Ben" in asked.text
    response = send(client, row=rows)
    assert response.headers["Location"] == f"/people/notes/{ACT}/"
    assert send(client, row=rows).headers["Location"] == f"/people/notes/{ACT}/"
    assert sorted(Note.objects.values_list("person__name", flat=True)) == ["Ann", "Ben"]
    page = client.get(f"/people/notes/{ACT}/")
    assert [each.text for each in BeautifulSoup(page.content, "html.parser").select(".lines li")] == ["Ann", "Ben"]
    client.post(f"/people/notes/{ACT}/undo/", {"person": enrollments[0].learner_id})
    assert list(Note.objects.in_force().values_list("person__name", flat=True)) == ["Ben"]
    done = client.post(f"/people/notes/{ACT}/undo/", follow=True)
    assert "1 note was withdrawn." in done.text and not Note.objects.in_force().exists()
    again = client.post(f"/people/notes/{ACT}/undo/", follow=True)
    assert "Nothing was withdrawn" in again.text


def test_team_note_is_written_and_withdrawn_for_everyone(client, team, monkeypatch):
    below = make_team("Below", parent=team)
    ann, _ben, _below = (learner_of(group, name) for group, name in ((team, "Ann"), (team, "Ben"), (below, "Cai")))
    learner_of(make_team(), "Beside")
    join(team, make_user("Not enrolled"))
    asked = client.get(ADDRESS, {"team": team.pk})
    assert "This change is for 4 people: Ann, Ben, Cai, Not enrolled" in asked.text
    page = client.post(ADDRESS, sent_again(asked) | {"text": "Shifts change in May."}, follow=True)
    names = list(Note.objects.in_force().values_list("person__name", flat=True).order_by("person__name"))
    assert names == ["Ann", "Ben", "Cai", "Not enrolled"]
    [form] = BeautifulSoup(page.content, "html.parser").select("form.undo")
    client.post(form["action"])
    assert not Note.objects.in_force().exists()
    monkeypatch.setattr(views, "MOST_AT_ONCE", 3)
    refused = client.post(ADDRESS, sent_again(asked) | {"text": "Once more.", "act": uuid.uuid4()})
    assert refused.status_code == 422 and "Choose at most 3 people at a time." in refused.text
    assert not Note.objects.about(ann.learner).exists()


def sent_again(page):
    """Fields of the returned form."""
    form = BeautifulSoup(page.content, "html.parser").select_one("main form.card")
    fields = {each["name"]: each.get("value", "") for each in form.select("input[name]")}
    return fields | {"text": form.textarea.text}


def test_second_text_in_same_form_asks_first(client, team):
    enrollment = learner_of(team, "Lea")
    for _ in range(2):  # double click
        assert send(client, person=enrollment.learner_id).status_code == 302
    page = send(client, person=enrollment.learner_id, text="Asked for days.")
    assert page.status_code == 422 and "You already saved another note with this form." in page.text
    assert [note.text for note in Note.objects.all()] == ["Asked for nights."]
    assert "Note added. Lea can also read the note." in client.post(ADDRESS, sent_again(page), follow=True).text
    assert [note.text for note in Note.objects.about(enrollment.learner)] == ["Asked for days.", "Asked for nights."]


def test_withdrawn_note_can_be_added_again(client, team):
    enrollment = learner_of(team, "Lea")
    send(client, person=enrollment.learner_id)
    client.post(f"/people/notes/{ACT}/undo/")
    page = send(client, person=enrollment.learner_id)
    assert page.status_code == 422 and not Note.objects.in_force().exists()
    client.post(ADDRESS, sent_again(page))
    assert [note.text for note in Note.objects.about(enrollment.learner)] == ["Asked for nights."]


def test_message_names_only_newly_added_people(client, team):
    enrollments = [learner_of(team, name) for name in ("Ann", "Ben")]
    send(client, row=enrollments[0].pk)
    page = client.post(
        ADDRESS, {"text": "Asked for nights.", "act": ACT, "row": [r.pk for r in enrollments]}, follow=True
    )
    assert "Note added. Ben can also read the note." in page.text


@pytest.mark.parametrize("text", ["", "  \r\n ", "x" * 501, "nul\0"])
def test_invalid_text_is_explained_and_not_saved(client, team, text):
    enrollment = learner_of(team)
    response = send(client, row=enrollment.pk, text=text)
    assert response.status_code == 422 and "<title>Error: " in response.text
    assert not Note.objects.exists()


def test_note_holds_500_characters_as_counted_by_browser(client, team):
    text = "\r\n".join(["x" * 99] * 5)  # 499 characters, 4 more as sent
    assert send(client, row=learner_of(team).pk, text=text).status_code == 302


def test_hr_cannot_write_note_about_themselves(client):
    clerk = make_hr()
    client.force_login(clerk)
    assert send(client, person=clerk.pk).status_code == 422
    assert not Note.objects.exists()


def test_no_notes_about_oneself_or_former_people(client, team):
    join(team, team.manager)
    own, enrollment = make_enrollment(team.manager), learner_of(team)
    assert send(client, row=own.pk).status_code == 422
    enrollment.learner.is_active = False
    enrollment.learner.save()
    page = BeautifulSoup(client.get(f"/team/people/{enrollment.pk}/").content, "html.parser")
    assert page.select("form.note") == []
    assert not Note.objects.exists()
