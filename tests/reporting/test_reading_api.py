"""What programs read: who may, what is in it and what is not, page by page, and what is logged."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from courseware.accounts.api_keys import ApiKey
from courseware.accounts.models import Membership, User
from courseware.evidence.models import Event
from courseware.learning.models import Enrollment
from courseware.lib.dates import site_day
from courseware.reporting.api import description
from courseware.reporting.api_shapes import StandingShape
from courseware.reporting.exports import BOARD_COLUMNS
from tests.counting import statements
from tests.making import (
    join,
    make_admin,
    make_auditor,
    make_enrollment,
    make_hr,
    make_team,
    make_user,
)
from tests.reporting.boards import learner_of
from tests.reporting.programs import Program
from tests.world import complete_course

pytestmark = pytest.mark.django_db
LISTS = ("standings", "people", "teams", "courses", "certificates")
NOON = datetime(2026, 11, 27, 4, tzinfo=UTC)  # in Shanghai


@pytest.mark.parametrize("name", LISTS)
def test_without_a_key_that_works_nothing_is_read_not_even_by_who_is_signed_in(team, client, name):
    client.force_login(team.manager)
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
    assert len(program.rows("standings/")) == 1
    Membership.objects.filter(person=team.manager).delete()
    assert program.asks("standings/").status_code == 401


def test_a_learner_has_no_key_that_opens():
    assert Program(make_enrollment().learner).asks("standings/").status_code == 401


def test_an_auditor_reads_to_the_last_day_of_the_office(team):
    learner_of(team)
    auditor = make_auditor()
    program = Program(auditor)
    assert len(program.rows("standings/")) == 1
    User.objects.filter(pk=auditor.pk).update(audits_until=site_day() - timedelta(days=1))
    assert program.asks("standings/").status_code == 401


def test_everybody_reads_of_whom_the_board_shows(team):
    below = make_team("Front desk", parent=team)
    elsewhere = make_team("Elsewhere")
    learner_of(team, "Wang Ming")
    learner_of(below, "Li Na")
    learner_of(elsewhere, "Zhao Lei")
    staff = make_user("Ed Editor", is_staff=True)
    join(elsewhere, staff)
    make_enrollment(staff)
    leads = {"lead": team.manager, "lead below": below.manager, "lead elsewhere": elsewhere.manager}
    everybody = leads | {"HR": make_hr(), "auditor": make_auditor(), "admin": make_admin()}
    assert {who: sorted(Program(person).named("standings/")) for who, person in everybody.items()} == {
        "lead": ["Li Na", "Wang Ming"],
        "lead below": ["Li Na"],
        "lead elsewhere": ["Ed Editor", "Zhao Lei"],
        "HR": ["Li Na", "Wang Ming", "Zhao Lei"],
        "auditor": ["Ed Editor", "Li Na", "Wang Ming", "Zhao Lei"],
        "admin": ["Ed Editor", "Li Na", "Wang Ming", "Zhao Lei"],
    }
    assert {who: sorted(Program(person).named("people/")) for who, person in leads.items()} == {
        "lead": ["Li Na", "Wang Ming"],
        "lead below": ["Li Na"],
        "lead elsewhere": ["Ed Editor", "Zhao Lei"],
    }
    assert "Ed Editor" not in Program(everybody["HR"]).named("people/")
    assert "Ed Editor" in Program(everybody["auditor"]).named("people/")
    assert {who: Program(person).named("teams/") for who, person in everybody.items()} == {
        "lead": ["Night shift", "Front desk"],
        "lead below": ["Front desk"],
        "lead elsewhere": ["Elsewhere"],
        **{who: ["Night shift", "Front desk", "Elsewhere"] for who in ("HR", "auditor", "admin")},
    }


def test_a_standing_says_what_a_line_of_the_board_s_file_says_by_its_names(team):
    learner = make_user("Wang Ming", email="wang@example.com")
    join(team, learner)
    due_at = datetime(2026, 11, 27, 16, tzinfo=UTC)
    run = make_enrollment(learner, due_at=due_at, started_at=NOON, last_active_at=NOON)
    with time_machine.travel(NOON, tick=False):
        [row] = Program(team.manager).rows("standings/")
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
        "validity": "never",
        "is_trained_outside": False,
        "score_before": None,
        "score_after": None,
        "gain_percent": None,
        "next_act": "Boiling water",
        "stuck": "",
        "excuse": "",
        "post": "not chosen",
        "has_left": False,
    }
    assert {column.name for column in BOARD_COLUMNS} <= set(StandingShape.model_fields)


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
    found = {each: (program.named(f"{each}/"), program.named(f"{each}/?left=true")) for each in ("standings", "people")}
    assert found == dict.fromkeys(("standings", "people"), (["Here"], ["Gone", "Here"]))
    assert (program.named("certificates/"), program.named("certificates/?left=true")) == ([], ["Gone"])


def test_standings_are_narrowed_to_a_course_and_to_a_team_with_those_below_it(team):
    below = make_team("Front desk", parent=team)
    learner_of(team, "Wang Ming")
    learner_of(below, "Li Na")
    program = Program(team.manager)
    assert program.named(f"standings/?team={below.pk}") == ["Li Na"]
    assert sorted(program.named(f"standings/?team={team.pk}&course=tea-room")) == ["Li Na", "Wang Ming"]


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
    assert Program(team.manager).asks(f"standings/?{query}").status_code == status


def test_a_team_that_somebody_else_leads_is_not_there(team):
    other = make_team("Elsewhere", learners=1)
    assert Program(team.manager).asks(f"standings/?team={other.pk}").status_code == 404


def test_only_the_newest_run_stands_there_and_certificates_of_all_of_them(team):
    learner = make_user("Wang Ming")
    join(team, learner)
    first = make_enrollment(learner)
    complete_course(first)
    Enrollment.objects.filter(pk=first.pk).update(is_newest=False)
    second = make_enrollment(learner, is_newest=True)
    program = Program(team.manager)
    assert [(row["id"], row["certified"]) for row in program.rows("standings/")] == [(second.pk, True)]
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
        "withdrawn_at": None,
    }


@pytest.mark.parametrize("name", ["standings", "people", "teams"])
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
        assert {program.asks("courses/").status_code for _ in range(settings.READS_A_MINUTE)} == {200}
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
        if isinstance(value, list) and len(value) == settings.READS_A_MINUTE - 1 and not beside:
            beside.append(None)
            beside[0] = program.asks("courses/").status_code
        return value

    with time_machine.travel(NOON, tick=False):
        for _ in range(settings.READS_A_MINUTE - 1):
            program.asks("courses/")
        monkeypatch.setattr(cache, "get", get_while_another_request_comes)
        assert {program.asks("courses/").status_code, *beside} == {200, 429}


def test_a_network_that_sends_wrong_keys_is_slowed_down_and_a_key_that_works_is_not(team, settings):
    def wrong(address="203.0.113.7"):
        return Client(REMOTE_ADDR=address).get("/api/v1/courses/", headers={"authorization": "Bearer wrong"})

    with time_machine.travel(NOON, tick=False):
        assert {wrong().status_code for _ in range(settings.READS_A_MINUTE)} == {401}
        assert (wrong().status_code, wrong()["Retry-After"]) == (429, "60")
        assert wrong("203.0.113.8").status_code == 401
        headers = {"authorization": f"Bearer {Program(team.manager).secret}"}
        assert Client(REMOTE_ADDR="203.0.113.7").get("/api/v1/courses/", headers=headers).status_code == 200


def test_what_was_read_is_logged_once_a_day_for_each_choice_of_rows(team):
    learner_of(team)
    program = Program(team.manager)
    with time_machine.travel(NOON, tick=False) as clock:
        for address in (
            "standings/",
            "standings/?page_size=1",
            "standings/?after=1",
            "standings/?left=true",
            "people/",
        ):
            program.asks(address)
        clock.shift(timedelta(days=1))
        program.asks("standings/")
    key = ApiKey.objects.get()
    events = Event.objects.filter(verb="api-read").order_by("pk")
    assert [event.data for event in events] == [
        {"list": "standings"},
        {"list": "standings", "left": True},
        {"list": "people"},
        {"list": "standings"},
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
    assert written == json.loads(json.dumps(description())), "manage.py write_openapi writes it anew"
    address = "/api/openapi.json"
    assert Program(team.manager).asks(address).json() == written
    client.logout()
    assert client.get(address).status_code == 302
    client.force_login(make_user())
    assert client.get(address).status_code == 404
    client.force_login(team.manager)
    assert client.get(address).json() == written
