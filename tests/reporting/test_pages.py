import csv
import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseware.content.compiled import serving
from courseware.evidence.models import Event
from courseware.evidence.verifying import verify
from courseware.learning import enrolling, feedback
from courseware.learning.models import Answer, Enrollment
from courseware.learning.verbs import VERBS
from courseware.lib.dates import due_instant
from tests.making import days, filled, join, make_admin, make_course, make_editor, make_enrollment, make_team, make_user
from tests.world import complete_course, finish_lesson, outline_of

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def team(client):
    team = make_team("Night shift")
    client.force_login(team.manager)
    return team


def learner_of(team, name="", **fields):
    learner = make_user(name)
    join(team, learner)
    return make_enrollment(learner, **fields)


def table(response):
    """The rows of the board as a reader sees them: name and team, state, done, due day, last active, next step."""
    found = BeautifulSoup(response.content, "html.parser").select(".board tbody tr")
    return [[" ".join(cell.get_text(" ").split()) for cell in row.select("th, td")] for row in found]


def exported(client, query=""):
    response = client.get(f"/team/board.csv{query}")
    data = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(data, newline="")))


def test_whoever_acts_after_the_session_ended_is_led_back_to_the_person(client, team):
    enrollment = learner_of(team)
    client.logout()
    for verb in VERBS:
        response = client.post(f"/team/people/{enrollment.pk}/{verb.address}/")
        assert response.headers["Location"] == f"/accounts/login/?next=/team/people/{enrollment.pk}/"


# The board


def test_the_board_shows_the_team_the_most_urgent_first(client, team):
    with time_machine.travel(datetime(2026, 11, 25, 8, tzinfo=UTC), tick=False):
        learner_of(team, "Late", due_at=due_instant(date(2026, 11, 22), SHANGHAI))
        soon = learner_of(team, "Soon", due_at=due_instant(date(2026, 11, 27), SHANGHAI))
        finish_lesson(soon, outline_of(soon.course).step("boiling"))
        client.force_login(team.manager)
        response = client.get("/team/")
    assert table(response) == [
        ["Late", "3 days overdue", "0/2", "due 22 November", "–", "Boiling water"],
        ["Soon", "due soon", "1/2", "due 27 November", "25 November", "The last cup"],
    ]
    assert "Wednesday 25 November" in response.text


def test_every_state_has_its_number_above_the_board_and_nobody_excused_is_not_said(client, team):
    def numbers():
        page = BeautifulSoup(client.get("/team/").content, "html.parser")
        return [box.get_text(" ", strip=True) for box in page.select("ul.sum li")]

    shown = ["1 overdue", "0 due soon", "0 not started", "0 in progress", "0 completed"]
    learner_of(team, "Late", due_at=days(-3))
    assert numbers() == shown
    enrolling.waive(learner_of(team, "Away"), "moved", by=None)
    assert numbers() == [*shown, "1 waived"]


def test_with_several_teams_each_row_names_its_own(client, team):
    below = make_team("Late shift", parent=team)
    learner_of(below, "Lea")
    assert table(client.get("/team/"))[0][0] == "Lea Late shift"


def test_the_file_says_what_the_screen_says(client, team):
    learner_of(team, "Late", due_at=days(-3))
    half = learner_of(team, "Half", due_at=days(30))
    finish_lesson(half, outline_of(half.course).step("boiling"))
    complete_course(learner_of(team, "Whole"))
    enrolling.waive(learner_of(team, "Away"), "moved", by=None)
    on_screen = client.get("/team/").context["rows"]
    columns = ("Name", "Team", "State", "Progress (%)", "Done", "Of", "Due on", "Next step")
    assert [[row[column] for column in columns] for row in exported(client)] == [
        [
            row.name, row.team, row.state.label, str(row.progress.percent),
            str(row.progress.done_count), str(row.progress.total), str(row.due_on or ""),
            row.next_act.words,
        ]
        for row in on_screen
    ]  # fmt: skip
    shown = table(client.get("/team/"))
    assert [row["Name"] for row in exported(client)] == [cells[0] for cells in shown]
    assert [f"{row['Done']}/{row['Of']}" for row in exported(client)] == [cells[2] for cells in shown]
    assert [row["Next step"] or "–" for row in exported(client)] == [cells[5] for cells in shown]


def test_filters_stay_in_the_address_of_every_page_and_of_the_file(client, team, monkeypatch):
    monkeypatch.setattr("courseware.reporting.views.board.ROWS_A_PAGE", 2)
    below = make_team("Late shift", parent=team)
    for number in range(3):
        learner_of(below, f"Lea {number}", due_at=days(-1))
    learner_of(team, "Lea elsewhere", due_at=days(-1))
    query = f"?state=overdue&team={below.pk}&name=Lea"
    response = client.get(f"/team/{query}")
    page = BeautifulSoup(response.content, "html.parser")
    assert [cells[0] for cells in table(response)] == ["Lea 0 Late shift", "Lea 1 Late shift"]
    links = [link["href"] for link in page.select("main a") if link["href"].startswith(("?", "/team/board.csv"))]
    assert f"{query}&page=2" in links
    assert f"/team/board.csv{query}" in links
    assert f"?state=completed&team={below.pk}&name=Lea" in links
    assert [cells[0] for cells in table(client.get(f"/team/{query}&page=2"))] == ["Lea 2 Late shift"]
    assert [row["Name"] for row in exported(client, query)] == ["Lea 0", "Lea 1", "Lea 2"]
    assert page.select_one("select[name=state] [selected]")["value"] == "overdue"
    assert page.select_one("input[name=name]")["value"] == "Lea"


def test_the_counts_keep_still_while_a_state_is_chosen(client, team):
    learner_of(team, due_at=days(-1))
    learner_of(team)
    for query in ("", "?state=overdue", "?state=completed"):
        counts = client.get(f"/team/{query}").context["counts"]
        assert {state.value: number for state, number in counts.items() if number} == {"overdue": 1, "not-started": 1}


@pytest.mark.parametrize("query", ["?state=nonsense", "?team=999", "?team=x", "?page=99", "?page=x", "?name=", "?x=1"])
def test_a_filter_that_makes_no_sense_is_left_out(client, team, query):
    learner_of(team, "Lea")
    response = client.get(f"/team/{query}")
    assert [cells[0] for cells in table(response)] == ["Lea"]
    assert len(exported(client, query)) == 1


@pytest.mark.parametrize("query", ["?name=%00", "?name=" + "x" * 5000, "?team=" + "9" * 5000, "?page=" + "9" * 5000])
def test_nonsense_in_the_address_breaks_nothing(client, team, query):
    learner_of(team, "Lea")
    assert client.get(f"/team/{query}").status_code == 200


def test_the_team_of_another_is_no_filter(client, team):
    other = make_team("Other")
    learner_of(other, "Not mine")
    assert table(client.get(f"/team/?team={other.pk}")) == []
    assert "Not mine" not in client.get("/team/?name=Not").text


def test_empty_boards_say_what_will_appear(client, team):
    assert "Nobody is enrolled yet" in client.get("/team/").text
    learner_of(team)
    assert "Nobody matches" in client.get("/team/?name=zzz").text


@pytest.mark.parametrize("people", [1, 3, 500])
def test_the_board_page_costs_the_same_for_any_number_of_people(client, team, people):
    course = make_course()
    learners = [make_user(password=None) for _ in range(people)]
    for learner in learners:
        join(team, learner)
    Enrollment.objects.bulk_create(Enrollment(learner=learner, course=course) for learner in learners)
    client.get("/team/")  # the outline is read once in each process
    with CaptureQueriesContext(connection) as needed:
        response = client.get("/team/")
    assert response.context["page"].paginator.count == people
    assert len(needed) == 14


def test_who_takes_the_file_away_is_on_record_without_names(client, team):
    learner_of(team, "Lea", due_at=days(-1))
    exported(client, "?state=overdue&name=Lea")
    event = Event.objects.get(verb="board-exported")
    assert (event.actor, event.data) == (team.manager, {"state": "overdue", "team": None, "rows": 1})
    assert verify() == []


# One person


def test_a_persons_page_has_the_timeline_and_no_single_answer(client, team):
    enrollment = learner_of(team, "Lea")
    complete_course(enrollment)
    text = client.get(f"/team/people/{enrollment.pk}/").text
    for said in ("Lea", "Boiling water", "The last cup: passed", "2 / 2", "Course completed", "completed"):
        assert said in text
    assert Answer.objects.count() > 0
    for question in ("Is it off?", "It boils", "Smoke"):
        assert question not in text


@pytest.mark.parametrize("runs", [1, 3])
def test_a_persons_page_leads_to_earlier_runs_and_costs_the_same_for_any_number(client, team, runs):
    enrollment = first = learner_of(team, "Lea")
    for _ in range(runs):
        Enrollment.objects.open().update(completed_at=timezone.now())
        enrollment = make_enrollment(first.learner, first.course)
    address = f"/team/people/{enrollment.pk}/"
    client.get(address)
    with CaptureQueriesContext(connection) as needed:
        response = client.get(address)
    assert len(needed) == 25
    links = BeautifulSoup(response.content, "html.parser").select("h2 + ul:not(.modules) a[href^='/team/people/']")
    assert len(links) == runs
    assert "completed" in links[-1].text
    assert client.get(links[-1]["href"]).context["enrollment"] == first
    assert "Earlier runs" not in client.get(links[-1]["href"]).text


def test_more_time_is_given_to_the_end_of_a_day(client, team):
    enrollment = learner_of(team, due_at=days(-1))
    day = timezone.localdate() + timedelta(days=7)
    response = client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": day.isoformat()}, follow=True)
    enrollment.refresh_from_db()
    assert enrollment.due_at == due_instant(day, SHANGHAI)
    assert response.context["row"].due_on == day
    assert Event.objects.get(verb="extended").actor == team.manager


def test_what_a_manager_has_changed_is_said_in_a_sentence(client, team):
    enrollment = learner_of(team, "Lea Lee", due_at=days(-1))
    said = {
        "extend": ({"due_on": "2030-03-04"}, "Lea Lee has time until 4 March 2030."),
        "time": ({"time": "off"}, "From the next exam or simulation on, Lea Lee has the time you set."),
        "excuse": ({"reason": "On leave"}, "Lea Lee is excused. The reason is on record."),
    }
    assert said.keys() == {verb.address for verb in VERBS}
    for address, (fields, sentence) in said.items():
        page = client.post(f"/team/people/{enrollment.pk}/{address}/", fields, follow=True)
        messages = BeautifulSoup(page.content, "html.parser").select(".message.success")
        assert [message.text for message in messages] == [sentence]
    closed = client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": "2030-03-05"}, follow=True)
    assert "has time until" not in closed.text


@pytest.mark.parametrize("due_on", ["", "x", "2020-01-01", "9999-12-31", "2026-02-30", "\0"])
def test_a_day_that_makes_no_sense_is_explained_and_nothing_moves(client, team, due_on):
    enrollment = learner_of(team, due_at=days(3))
    response = client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": due_on})
    assert response.status_code == 422
    assert "<title>Error: " in response.text
    assert Enrollment.objects.get().due_at == enrollment.due_at


def test_today_is_the_earliest_day_where_the_learner_is(client, team):
    team.time_zone = "Pacific/Kiritimati"  # where it is tomorrow already
    team.save()
    enrollment = learner_of(team, due_at=days(-3))
    with time_machine.travel(datetime(2026, 11, 25, 11, tzinfo=UTC), tick=False):
        client.force_login(team.manager)
        here, there = timezone.localdate(), timezone.localdate(timezone=team.zone)
        assert here < there
        assert client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": str(here)}).status_code == 422
        assert client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": str(there)}).status_code == 302


def test_a_person_is_excused_with_a_reason_that_stays(client, team):
    enrollment = learner_of(team, "Lea", due_at=days(-1))
    response = client.post(f"/team/people/{enrollment.pk}/excuse/", {"reason": "Moved to the warehouse"}, follow=True)
    enrollment.refresh_from_db()
    assert (enrollment.is_open, enrollment.waived_reason) == (False, "Moved to the warehouse")
    assert "Moved to the warehouse" in response.text
    forms = BeautifulSoup(response.content, "html.parser").select("main form")
    assert [form["class"][0] for form in forms] == ["undo"]
    assert client.get("/team/").context["counts"][Enrollment.State.OVERDUE] == 0


def test_excusing_needs_a_reason(client, team):
    enrollment = learner_of(team)
    for reason in ("", "  ", "x" * 201):
        assert client.post(f"/team/people/{enrollment.pk}/excuse/", {"reason": reason}).status_code == 422
    assert Enrollment.objects.get().is_open


def test_what_is_completed_is_neither_extended_nor_excused(client, team):
    enrollment = learner_of(team)
    complete_course(enrollment)
    before = Enrollment.objects.values().get()
    for verb in VERBS:
        address = f"/team/people/{enrollment.pk}/{verb.address}/"
        assert client.post(address, filled(verb.form)).status_code == 302
    assert Enrollment.objects.values().get() == before


def test_extending_and_handing_in_at_the_same_second_go_by_one_rule(client, team):
    """What is overdue at an instant is not any more once there is more time, on board and file alike."""
    enrollment = learner_of(team, due_at=timezone.now())
    assert [row["State"] for row in exported(client)] == ["overdue"]
    client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": str(timezone.localdate())})
    assert [row["State"] for row in exported(client)] == ["due soon"]
    assert client.get("/team/").context["counts"][Enrollment.State.OVERDUE] == 0


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_what_is_refused_comes_back_with_what_was_written_and_why(client, team, verb):
    enrollment = learner_of(team)
    address = f"/team/people/{enrollment.pk}/{verb.address}/"
    first, *_ = verb.form.base_fields
    response = client.post(address, {first: "x" * 201, "reason": "x" * 201})
    page = BeautifulSoup(response.content, "html.parser")
    assert response.status_code == 422
    assert page.title.text.startswith("Error:")
    assert [form["action"] for form in page.select("main form:has([aria-invalid=true])")] == [address]
    assert [field["value"] for field in page.select("main [aria-invalid=true][name=reason]")] == ["x" * 201]
    assert [form["action"].split("/")[-2] for form in page.select("main form")] == [
        *(each.address for each in VERBS),
        "away",
    ]
    assert not BeautifulSoup(client.get(f"/team/people/{enrollment.pk}/").content, "html.parser").select(".is-invalid")


# Who may not


def everybody_else(enrollment):
    other = make_team("Other")
    learner_of(other)
    below = make_team("Below")
    learner_of(below)
    return [enrollment.learner, make_user(), other.manager, below.manager, make_editor()]


def test_the_page_of_a_person_is_only_for_those_who_lead_them(client, team):
    enrollment = learner_of(team, due_at=days(3))
    before = Enrollment.objects.values().get()
    for person in everybody_else(enrollment):
        client.force_login(person)
        assert client.get(f"/team/people/{enrollment.pk}/").status_code == 404
        for verb in VERBS:
            address = f"/team/people/{enrollment.pk}/{verb.address}/"
            assert client.post(address, filled(verb.form)).status_code == 404
    assert Enrollment.objects.filter(pk=enrollment.pk).values().get() == before
    assert not Event.objects.filter(verb="record-viewed").exists()


def test_a_manager_finds_no_page_of_the_own_record_nor_of_people_above(client, team):
    join(team, team.manager)
    own = make_enrollment(team.manager)
    below = make_team("Below", parent=team)
    above = learner_of(team)
    client.force_login(below.manager)
    assert client.get(f"/team/people/{above.pk}/").status_code == 404
    client.force_login(team.manager)
    assert client.get(f"/team/people/{own.pk}/").status_code == 404
    assert client.get(f"/team/people/{above.pk}/").status_code == 200


def test_a_manager_who_is_one_no_more_sees_nothing(client, team):
    enrollment = learner_of(team)
    team.memberships.filter(person=team.manager).delete()
    for address in ("/team/", "/team/board.csv", f"/team/people/{enrollment.pk}/"):
        assert client.get(address).status_code == 404


def test_boards_are_for_managers_and_admins(client):
    learner_of(make_team(), "Lea")
    for person in (make_user(), make_editor()):
        client.force_login(person)
        assert client.get("/team/").status_code == client.get("/team/board.csv").status_code == 404
    client.force_login(make_admin())
    assert table(client.get("/team/"))[0][0] == "Lea"


def test_a_stranger_signs_in_first(client, team):
    enrollment = learner_of(team)
    client.logout()
    for address in ("/team/", "/team/board.csv", f"/team/people/{enrollment.pk}/", "/surveys/tea-room/voice/"):
        assert client.get(address)["Location"].endswith(f"?next={address}")


# Surveys


def test_results_are_for_managers_editors_and_admins_from_five_answers_up(client, team):
    enrollments = [learner_of(team) for _ in range(5)]
    course = enrollments[0].course
    page = serving.page(course.current, "voice", "zh-hans")
    for person in (team.manager, make_editor(), make_admin()):
        client.force_login(person)
        assert "Not enough answers yet" in client.get("/surveys/tea-room/voice/").text
    for number, enrollment in enumerate(enrollments):
        answers = {"recommend": number, "say-more": "<b>x</b>"}
        feedback.answer_survey(enrollment, page, answers, is_signed=False, at=days(-3))
    response = client.get("/surveys/tea-room/voice/")
    assert "Recommend it?" in response.text
    assert "&lt;b&gt;x&lt;/b&gt;" in response.text
    for person in (enrollments[0].learner, make_user()):
        client.force_login(person)
        assert client.get("/surveys/tea-room/voice/").status_code == 404


def test_the_board_leads_to_the_results(client, team):
    learner_of(team)
    links = BeautifulSoup(client.get("/team/").content, "html.parser").select(".after a")
    assert [link["href"] for link in links] == ["/team/board.csv", "/people/links/", "/surveys/tea-room/voice/"]


@pytest.mark.parametrize(
    "address",
    [
        "/surveys/tea-room/%00/",
        "/team/simulations/tea-room/%00/",
        "/surveys/tea-room/last-cup/",
        "/surveys/tea-room/x/",
        "/surveys/nowhere/voice/",
    ],
)
def test_what_is_no_survey_is_not_there(client, team, address):
    make_course()
    assert client.get(address).status_code == 404


def test_nobody_changes_the_own_training_administrators_included(client):
    admin = make_admin()
    join(make_team(manager=admin), admin)
    own, other = make_enrollment(learner=admin), make_enrollment()
    client.force_login(admin)
    for verb in VERBS:
        fields = filled(verb.form)
        assert client.post(f"/team/people/{own.pk}/{verb.address}/", fields).status_code == 404
        assert client.post(f"/team/people/{other.pk}/{verb.address}/", fields).status_code == 302
    page = client.get(f"/team/people/{own.pk}/")
    assert (page.status_code, page.context["forms"]) == (200, {})
    assert len(client.get(f"/team/people/{other.pk}/").context["forms"]) == len(VERBS)
    own.refresh_from_db()
    admin.refresh_from_db()
    assert (own.waived_at, admin.practice_time) == (None, "")
