"""The course preview of a manager stores nothing."""

import re

import pytest
from bs4 import BeautifulSoup
from django.apps import apps

from courseware.reporting.course_preview import MAX_DECISIONS, PREVIEW_KINDS, DecisionPath
from tests.browser.courses import POURING
from tests.course_format.samples import make_files
from tests.making import make_auditor, make_course, make_editor, make_enrollment, make_hr, make_team, make_user
from tests.simulations.samples import KETTLE, make_simulation_course
from tests.world import outline_of

pytestmark = pytest.mark.django_db


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def row_counts():
    own_books = ("sessions", "audit_log")  # sign-ins and views
    return {
        model._meta.label: model._default_manager.count()
        for model in apps.get_models()
        if model._meta.app_label not in own_books
    } | {"events": apps.get_model("audit_log.Event").objects.count()}


def test_preview_opens_all_steps_and_stores_nothing(client, team, course):
    before = row_counts()
    links = [
        link["href"]
        for link in soup(client.get(f"/team/preview/{course.identifier}/")).select(".seen li > a:first-child")
    ]
    steps = [step for step in outline_of(course).steps if step.kind in PREVIEW_KINDS]
    assert links == [f"/team/preview/{course.identifier}/{step.id}/" for step in steps] and len(links) == 2
    for link in links:
        page = client.get(link)
        assert "are not recorded" in page.text
        assert [form for form in soup(page).select("main form") if form.get("method") == "post"] == []
    assert row_counts() == before


def test_lesson_preview_shows_questions_by_job_role(client, team, course):
    step = next(step for step in outline_of(course).steps if step.check)
    page = soup(client.get(f"/team/preview/{course.identifier}/{step.id}/?job_role=night"))
    assert page.select_one("[aria-current=true][href='?job_role=night']")
    questions = page.select("section.question")
    assert questions and all(each.select_one("fieldset[disabled]") for each in questions)
    assert page.select(".right, .wrong, .key, .reason") == []
    nonsense = soup(client.get(f"/team/preview/{course.identifier}/{step.id}/?job_role=nonsense"))
    assert nonsense.select_one("[aria-current=true][href='?job_role=day']")


def test_simulation_preview_is_played_by_address_only(client, team, course):
    step = next(step for step in outline_of(course).steps if step.kind == "simulation")
    address = f"/team/preview/{course.identifier}/{step.id}/"
    page = client.get(address)
    for _decision in range(MAX_DECISIONS):
        form = soup(page).select_one(".seen-choices")
        if form is None:
            break
        fields = {"way": form.select_one("[name=way]")["value"], "choice": form.select_one("button")["value"]}
        page = client.get(address, fields)
        assert page.status_code == 200
    assert page.context["situation"].ending and "Back to the beginning" in page.text
    assert client.get(address, {"way": str(page.context["situation"].way)}).context["situation"].ending


def test_simulation_preview_shuffles_choices(client, team, monkeypatch):
    monkeypatch.setattr("courseware.reporting.course_preview.shuffle_for", lambda _shown: list.reverse)
    address = f"/team/preview/{make_simulation_course().identifier}/{KETTLE}/"
    page, note = soup(client.get(address)), soup(client.get(f"{address}?way=0-0"))
    assert [button["value"] for button in page.select(".seen-choices button")] == ["2", "1", "0"]
    assert [box["value"] for box in note.select(".seen-choices [name=part]")] == ["2", "1", "0"]


@pytest.mark.parametrize("query", ["way=9-9", "choice=99", "way=0&choice=9"])
def test_invalid_decision_restarts_simulation(client, team, course, query):
    step = next(step for step in outline_of(course).steps if step.kind == "simulation")
    address = f"/team/preview/{course.identifier}/{step.id}/"
    assert client.get(f"{address}?{query}").headers["Location"] == address


@pytest.mark.parametrize("text", ["x", "-", "1--2", "1.x", "1000", "１", ".", "0." * 5, "\0"])
def test_invalid_path_is_empty(text):
    assert DecisionPath.read(text) == DecisionPath()


def test_path_is_read_as_written():
    path = DecisionPath().then(1, ()).then(0, (2, 3)).then(4, ())
    assert str(path) == "1-0.2.3-4"
    assert DecisionPath.read(str(path)) == path
    assert DecisionPath.read("") == DecisionPath()
    assert len(DecisionPath.read("-".join("0" * 500)).decisions) == MAX_DECISIONS


def test_exam_has_no_preview(client, team, course):
    exam = outline_of(course).exam_id
    assert client.get(f"/team/preview/{course.identifier}/{exam}/").status_code == 404


@pytest.mark.slow
def test_links_stay_within_preview(client, team):
    places = ["boiling", "is-it-off", "drill", "last-cup", "card", "tracks", "slowly"]
    text = " ".join(f"[{place}](#{place})." for place in places) + " [elsewhere](https://example.org/learn/)."
    files = {path: re.sub("A full cup spills.|水满则溢。", text, source) for path, source in POURING.items()}
    course = make_course(make_files(**files))
    seen = f"/team/preview/{course.identifier}/"
    links = [link["href"] for link in soup(client.get(f"{seen}pouring/")).select("article h2 ~ p a")]
    within = [f"{seen}boiling/", f"{seen}boiling/#q-is-it-off", f"{seen}drill/", seen, seen, seen]
    assert links == [*within, "#slowly", "https://example.org/learn/"]
    assert {client.get(address.partition("#")[0]).status_code for address in within} == {200}


# Search in previewable courses


def search(client, person, query):
    client.force_login(person)
    return soup(client.get("/search/", {"q": query}, headers={"accept-language": "en"}))


@pytest.mark.parametrize("make", [make_hr, make_editor, make_auditor, lambda: make_team().manager])
def test_search_finds_lessons_of_previewable_courses(client, course, make):
    person = make()
    page = search(client, person, "kettle")
    made, links = row_counts(), [link["href"] for link in page.select(".found li a")]
    assert links and all(link.startswith(f"/team/preview/{course.identifier}/") for link in links)
    for link in links:
        address, at = link.split("#")
        target = soup(client.get(address, headers={"accept-language": "en"})).find(id=at)
        assert "kettle" in target.get_text(" ", strip=True).lower()
    search(client, person, "water")
    assert row_counts() == made


def test_search_shows_no_previews_to_others(client, course):
    page = search(client, make_user(), "kettle")
    assert page.select(".found") == [] and "You have no courses to search yet." in page.text


def test_search_links_own_courses_to_lessons(client, course):
    other = make_course({path: body.replace(b"id: tea-room", b"id: other-room") for path, body in make_files().items()})
    manager = make_enrollment(course=course).learner
    make_team(manager=manager)
    starts = {"/".join(link["href"].split("/")[:4]) for link in search(client, manager, "kettle").select(".found a")}
    own, preview = f"/learn/{course.identifier}", f"/team/preview/{other.identifier}"
    assert {start for start in starts if not start.startswith(own)} == {preview}
    assert any(start.startswith(own) for start in starts)


def test_search_leaves_out_unreleased_courses_and_banks(client, course):
    hr = make_hr()
    assert search(client, hr, "kettle").select(".found")
    assert search(client, hr, "smell").select(".found") == []  # a question of the bank
    type(course).objects.filter(pk=course.pk).update(current=None)
    assert "You have no courses to search yet." in search(client, hr, "kettle").text
