"""What programs read: who may, what is in it and what is not, page by page, and what is logged."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from courseware.accounts.api_keys import ApiKey, make_key
from courseware.accounts.models import Membership, User
from courseware.audit_log.models import Event
from courseware.content.releases.course_import import import_course
from courseware.learning.models import Enrollment
from courseware.lib.dates import site_day
from courseware.lib.text.fractions_text import AnonymousShare as Share
from courseware.reporting.api.endpoints import description, shares_in
from courseware.reporting.api.schemas import DashboardRowShape
from courseware.reporting.exports.columns import DASHBOARD_COLUMNS
from courseware.reporting.statistics.nightly_update import update_statistics
from courseware.reporting.views import api_keys
from tests.assessment.exams import START, pre_check_files, sit
from tests.counting import statements
from tests.making import join, make_admin, make_auditor, make_enrollment, make_hr, make_team, make_user
from tests.reporting.api_client import Program
from tests.reporting.dashboards import learner_of
from tests.simulations.playing import BEST, play
from tests.simulations.samples import KETTLE, make_player
from tests.world import complete_course, finish_lessons

pytestmark = pytest.mark.django_db
LISTS = ("enrollments", "people", "teams", "courses", "certificates")
NOON = datetime(2026, 11, 27, 4, tzinfo=UTC)  # in Shanghai


@pytest.mark.parametrize("name", LISTS)
def test_without_a_key_that_works_nothing_is_read_not_even_by_who_is_signed_in(team, client, name):
    for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic wrong"}, {"authorization": "x"}):
        response = client.get(f"/api/v1/{name}/", headers=header)
        assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert Program(team.manager).asks(f"{name}/").status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_it_is_only_read(team, name):
    headers = {"authorization": f"Bearer {Program(team.manager).secret}"}
    for send in (Client().post, Client().put, Client().delete):
        assert send(f"/api/v1/{name}/", headers=headers).status_code == 405


def test_a_key_shows_nothing_once_its_owner_leads_nobody(team):
    learner_of(team)
    program = Program(team.manager)
    assert len(program.rows("enrollments/")) == 1
    Membership.objects.filter(person=team.manager).delete()
    assert program.asks("enrollments/").status_code == 401


def test_key_of_an_auditor_works_until_the_last_day_of_the_office(team):
    learner_of(team)
    auditor = make_auditor()
    program = Program(auditor)
    assert len(program.rows("enrollments/")) == 1
    User.objects.filter(pk=auditor.pk).update(audits_until=site_day() - timedelta(days=1))
    assert program.asks("enrollments/").status_code == 401


def test_a_learner_has_no_key_that_opens():
    assert Program(make_enrollment().learner).asks("enrollments/").status_code == 401


def test_everybody_reads_of_whom_the_board_shows(team):
    below = make_team("Front desk", parent=team)
    elsewhere = make_team("Elsewhere")
    learner_of(team, "Wang Ming")
    learner_of(below, "Li Na")
    learner_of(elsewhere, "Zhao Lei")
    staff = make_user("Ed Editor", is_staff=True)
    join(elsewhere, staff)
    make_enrollment(staff)
    lead, hr, auditor = Program(team.manager), Program(make_hr()), Program(make_auditor())
    for name in ("enrollments/", "people/"):
        assert sorted(lead.named(name)) == ["Li Na", "Wang Ming"]
        assert "Zhao Lei" in hr.named(name) and "Ed Editor" not in hr.named(name)
        assert "Ed Editor" in auditor.named(name)
    assert lead.named("teams/") == ["Night shift", "Front desk"]
    assert hr.named("teams/") == ["Night shift", "Front desk", "Elsewhere"]


def test_a_standing_says_what_a_line_of_the_board_s_file_says_by_its_names(team):
    learner = make_user("Wang Ming", email="wang@example.com")
    join(team, learner)
    due_at = datetime(2026, 11, 27, 16, tzinfo=UTC)
    run = make_enrollment(learner, due_at=due_at, started_at=NOON, last_active_at=NOON)
    with time_machine.travel(NOON, tick=False):
        [row] = Program(team.manager).rows("enrollments/")
    assert row == {
        "id": run.pk,
        "person": learner.pk,
        "name": "Wang Ming",
        "email": "wang@example.com",
        "team": "Night shift",
        "course": "tea-room",
        "course_title": "Rules of the tea room",
        "state": "due-soon",
        "progress_percent": 0,
        "steps_done": 0,
        "steps": 2,
        "due_on": "2026-11-27",
        "away_until": None,
        "last_active_at": "2026-11-27T04:00:00Z",
        "completed_at": None,
        "certified": False,
        "certified_until": None,
        "certification_status": "never",
        "has_external_training": False,
        "pre_test_score": None,
        "post_test_score": None,
        "improvement_percent": None,
        "next_action": "Boiling water",
        "stuck": "",
        "exemption_reason": "",
        "job_role": "not chosen",
        "has_left": False,
    }
    assert {column.name for column in DASHBOARD_COLUMNS} <= set(DashboardRowShape.model_fields)


def test_standing_has_the_scores_before_and_after(team):
    enrollment = learner_of(team, course=import_course(pre_check_files()).course)
    sit(enrollment, exam=START, points=1)
    finish_lessons(enrollment)
    sit(enrollment)
    sit(enrollment, exam=START, points=2)
    [row] = Program(team.manager).rows("enrollments/")
    scores = [{"points": points, "max_points": 3} for points in (1, 2)]
    assert [row["pre_test_score"], row["post_test_score"], row["improvement_percent"]] == [*scores, 50]


def test_titles_come_in_the_language_that_is_asked_for(team):
    learner_of(team)
    program = Program(team.manager)
    titles = [program.rows("courses/", **{"accept-language": each})[0]["course_title"] for each in ("zh-hans", "en")]
    assert titles == ["茶水间守则", "Rules of the tea room"]


def test_who_has_left_is_there_only_where_it_is_asked(team):
    run = learner_of(team, "Gone")
    complete_course(run)
    learner_of(team, "Here")
    User.objects.filter(pk=run.learner_id).update(is_active=False)
    program = Program(team.manager)
    found = {
        each: (program.named(f"{each}/"), program.named(f"{each}/?left=true")) for each in ("enrollments", "people")
    }
    assert found == dict.fromkeys(("enrollments", "people"), (["Here"], ["Gone", "Here"]))
    assert (program.named("certificates/"), program.named("certificates/?left=true")) == ([], ["Gone"])


def test_enrollments_are_narrowed_to_a_course_and_to_a_team_with_those_below_it(team):
    below = make_team("Front desk", parent=team)
    learner_of(team, "Wang Ming")
    learner_of(below, "Li Na")
    program = Program(team.manager)
    assert program.named(f"enrollments/?team={below.pk}") == ["Li Na"]
    assert sorted(program.named(f"enrollments/?team={team.pk}&course=tea-room")) == ["Li Na", "Wang Ming"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("course=no-such", 404),
        ("course=%00", 422),
        ("team=999999", 404),
        ("team=99999999999999999999", 422),
        ("team=x", 422),
        ("after=-1", 422),
        ("page_size=501", 422),
        ("page_size=0", 422),
        ("left=perhaps", 422),
    ],
)
def test_what_cannot_be_meant_is_refused_and_shows_nobody(team, query, status):
    learner_of(team)
    assert Program(team.manager).asks(f"enrollments/?{query}").status_code == status


def test_a_team_that_somebody_else_leads_is_not_there(team):
    other = make_team("Elsewhere", learners=1)
    assert Program(team.manager).asks(f"enrollments/?team={other.pk}").status_code == 404


def test_only_the_newest_run_stands_there_and_certificates_of_all_of_them(team):
    learner = make_user("Wang Ming")
    join(team, learner)
    first = make_enrollment(learner)
    complete_course(first)
    Enrollment.objects.filter(pk=first.pk).update(is_newest=False)
    second = make_enrollment(learner, is_newest=True)
    program = Program(team.manager)
    assert [(row["id"], row["certified"]) for row in program.rows("enrollments/")] == [(second.pk, True)]
    [row] = program.rows("certificates/")
    certificate = first.certificate
    assert row == {
        "id": certificate.pk,
        "person": learner.pk,
        "name": "Wang Ming",
        "course": "tea-room",
        "course_title": "Rules of the tea room",
        "number": certificate.number,
        "issued_at": certificate.issued_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "certified_until": certificate.valid_until and certificate.valid_until.isoformat(),
        "release": 1,
        "revoked_at": None,
    }


@pytest.mark.parametrize("name", ["enrollments", "people", "teams"])
def test_pages_follow_each_other_to_the_last_row_and_each_row_comes_once(team, name):
    make_team("Front desk", parent=team)
    make_team("Phones", parent=team)
    for _ in range(3):
        learner_of(team)
    program = Program(team.manager)
    whole, seen, address = program.rows(f"{name}/"), [], f"/api/v1/{name}/?page_size=2"
    while address:
        page = program.asks(address.removeprefix("http://127.0.0.1:8000")).json()
        assert 1 <= len(page["results"]) <= 2
        seen += page["results"]
        address = page["next"]
    assert seen == whole and len(whole) == 3


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_for_one_row_and_for_three(team, name):
    program, address = Program(team.manager), f"{name}/"
    complete_course(learner_of(team))
    program.asks(address)  # of the first read of a day is a line in the log
    one = statements(lambda: program.asks(address))
    for each in ("Front desk", "Phones"):
        make_team(each, parent=team)
        complete_course(learner_of(team))
    assert statements(lambda: program.asks(address)) == one


def test_too_many_requests_in_a_minute_are_told_when_to_go_on_and_another_reader_is_not(team, settings):
    program, other, second = Program(team.manager), Program(make_hr()), Program(team.manager)
    with time_machine.travel(NOON, tick=False) as clock:
        assert {program.asks("courses/").status_code for _ in range(settings.API_REQUESTS_PER_MINUTE)} == {200}
        refused = program.asks("courses/")
        assert (refused.status_code, refused["Retry-After"]) == (429, "60")
        assert second.asks("courses/").status_code == 429
        assert other.asks("courses/").status_code == 200
        clock.shift(60)
        assert program.asks("courses/").status_code == 200


def test_two_requests_at_the_same_instant_count_as_two(team, settings, monkeypatch):
    program, get, beside = Program(team.manager), cache.get, []

    def get_while_another_request_comes(key, *arguments):
        value = get(key, *arguments)
        if isinstance(value, list) and len(value) == settings.API_REQUESTS_PER_MINUTE - 1 and not beside:
            beside.append(None)
            beside[0] = program.asks("courses/").status_code
        return value

    with time_machine.travel(NOON, tick=False):
        for _ in range(settings.API_REQUESTS_PER_MINUTE - 1):
            program.asks("courses/")
        monkeypatch.setattr(cache, "get", get_while_another_request_comes)
        assert {program.asks("courses/").status_code, *beside} == {200, 429}


def test_a_network_that_sends_wrong_keys_is_slowed_down_and_a_key_that_works_is_not(team, settings):
    def wrong(address="203.0.113.7"):
        return Client(REMOTE_ADDR=address).get("/api/v1/courses/", headers={"authorization": "Bearer wrong"})

    with time_machine.travel(NOON, tick=False):
        assert {wrong().status_code for _ in range(settings.API_REQUESTS_PER_MINUTE)} == {401}
        assert (wrong().status_code, wrong()["Retry-After"]) == (429, "60")
        assert wrong("203.0.113.8").status_code == 401
        headers = {"authorization": f"Bearer {Program(team.manager).secret}"}
        assert Client(REMOTE_ADDR="203.0.113.7").get("/api/v1/courses/", headers=headers).status_code == 200


def test_what_was_read_is_logged_once_a_day_for_each_choice_of_rows(team):
    learner_of(team)
    program = Program(team.manager)
    with time_machine.travel(NOON, tick=False) as clock:
        for address in (
            "enrollments/",
            "enrollments/?page_size=1",
            "enrollments/?after=1",
            "enrollments/?left=true",
            "people/",
        ):
            program.asks(address)
        clock.shift(timedelta(days=1))
        program.asks("enrollments/")
    key = ApiKey.objects.get()
    events = Event.objects.filter(verb="api-read").order_by("pk")
    assert [event.data for event in events] == [
        {"list": "enrollments"},
        {"list": "enrollments", "left": True},
        {"list": "people"},
        {"list": "enrollments"},
    ]
    assert {(event.actor_id, event.subject) for event in events} == {(team.manager.pk, f"api-key:{key.pk}")}


def test_the_day_of_the_last_use_is_kept_with_the_key(team):
    program = Program(team.manager)
    assert ApiKey.objects.get().used_on is None
    with time_machine.travel(NOON, tick=False):
        program.asks("courses/")
    assert ApiKey.objects.get().used_on == date(2026, 11, 27)


def test_the_description_is_for_who_may_read_signed_in_or_by_key_and_lies_in_the_documents(team, client):
    written = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(description())), "manage.py export_openapi writes it anew"
    address = "/api/openapi.json"
    assert Program(team.manager).asks(address).json() == written
    client.logout()
    assert client.get(address).status_code == 302
    client.force_login(make_user())
    assert client.get(address).status_code == 404
    client.force_login(team.manager)
    assert client.get(address).json() == written


# Statistics


NIGHTS = count(3)  # from today, each later than the one before


def figures(person, address):
    """The answer in the next night."""
    with time_machine.travel(timezone.now() + timedelta(days=next(NIGHTS)), tick=False):
        update_statistics()
        return Program(person).asks(address)


def test_figures_of_a_simulation_are_of_five_people_and_more(team):
    address = f"simulations/tea-room/{KETTLE}/"
    for _ in range(5):
        player = make_player()
        join(team, player.learner)
        play(player, BEST)
    found = figures(team.manager, address).json()
    assert (found["people"], [share for share in found["endings"] if share["about"] == "most"]) == (
        5,
        [{"id": "calm-end", "count": None, "percent": None, "about": "most"}],
    )
    assert figures(make_team().manager, address).json().items() >= {"people": 0, "endings": []}.items()
    assert Program(team.manager).asks("simulations/tea-room/no-such/").status_code == 404


def test_figures_of_questions_are_of_five_people_and_more_and_of_banks_for_staff_alone(team):
    lesson, bank = (f"questions/tea-room/{document}/" for document in ("boiling", "tea-bank"))
    for _ in range(5):
        complete_course(learner_of(team))
    nearly_all = {"count": None, "percent": None, "about": "most"}
    assert {
        "id": "is-it-off",
        "people": 5,
        "right": {"id": "right"} | nearly_all,
        "choices": [{"id": "1"} | nearly_all | {"about": "few"}, {"id": "2"} | nearly_all],
    } in figures(team.manager, lesson).json()["questions"]
    nobody = figures(make_team().manager, lesson).json()["questions"]
    assert {(each["people"], each["right"]) for each in nobody} == {(0, None)}
    for address in (bank, "questions/tea-room/last-cup/"):
        assert Program(team.manager).asks(address).status_code == 404
    assert Program(make_admin()).asks(bank).status_code == 200


def test_parts_of_a_group_are_in_people_below_twenty_and_from_there_on_in_percent_alone():
    shares = shares_in([("a", Share(6, 19)), ("b", Share(12, 20))])
    assert [vars(share) for share in shares] == [
        {"id": "a", "count": 6, "percent": None, "about": None},
        {"id": "b", "count": None, "percent": 60, "about": None},
    ]


# The page of API keys


def post(client, **fields):
    said = {"name": "Charts", "ends_on": (site_day() + timedelta(days=30)).isoformat()} | fields
    return client.post("/api/", said, headers={"accept-language": "en"})


def test_a_key_is_shown_by_the_press_that_made_it_and_never_again(team, client):
    page = post(client)
    secret = page.context["secret"]
    assert f'value="{secret}"' in page.text
    again = post(client)
    assert again.status_code == 422 and "You already have a key with this name." in again.text
    listed = client.get("/api/", headers={"accept-language": "en"}).text
    assert "Charts" in listed and "never used" in listed and secret not in listed


@pytest.mark.parametrize("ahead", [-1, 366])
def test_a_key_ends_from_today_on_and_within_a_year(team, client, ahead):
    page = post(client, ends_on=(site_day() + timedelta(days=ahead)).isoformat())
    assert page.status_code == 422 and "Choose a date from today to 1 year from now." in page.text
    assert not ApiKey.objects.exists()
    for fitting in (0, 365):
        day = site_day() + timedelta(days=fitting)
        assert post(client, name=f"{fitting}", ends_on=day.isoformat()).context["secret"]


def test_whoever_finds_the_last_place_taken_by_another_form_is_told(team, client, monkeypatch):

    def taken_meanwhile(person, **said):
        for number in range(10):
            make_key(person, name=f"Key {number}", ends_on=site_day())
        return make_key(person, **said)

    monkeypatch.setattr(api_keys, "make_key", taken_meanwhile)
    page = post(client)
    assert page.status_code == 422 and "You already have the maximum of 10 keys. Revoke one first." in page.text
    assert ApiKey.objects.count() == 10 and page.context["secret"] == ""
