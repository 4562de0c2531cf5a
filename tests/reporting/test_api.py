"""The API for reports: access, content, paging, rate limits and logging."""

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
from tests.reporting.api_client import ApiClient
from tests.reporting.dashboards import learner_of
from tests.simulations.playing import BEST, play
from tests.simulations.samples import KETTLE, make_player
from tests.world import complete_course, finish_lessons

pytestmark = pytest.mark.django_db
LISTS = ("enrollments", "people", "teams", "courses", "certificates")
NOON = datetime(2026, 11, 27, 4, tzinfo=UTC)  # in Shanghai


@pytest.mark.parametrize("name", LISTS)
def test_request_without_valid_key_is_rejected(team, client, name):
    for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic wrong"}, {"authorization": "x"}):
        response = client.get(f"/api/v1/{name}/", headers=header)
        assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert ApiClient(team.manager).get(f"{name}/").status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_read_only(team, name):
    headers = {"authorization": f"Bearer {ApiClient(team.manager).secret}"}
    for send in (Client().post, Client().put, Client().delete):
        assert send(f"/api/v1/{name}/", headers=headers).status_code == 405


def test_key_stops_working_without_managed_team(team):
    learner_of(team)
    api = ApiClient(team.manager)
    assert len(api.rows("enrollments/")) == 1
    Membership.objects.filter(person=team.manager).delete()
    assert api.get("enrollments/").status_code == 401


def test_auditor_key_works_until_last_day(team):
    learner_of(team)
    auditor = make_auditor()
    api = ApiClient(auditor)
    assert len(api.rows("enrollments/")) == 1
    User.objects.filter(pk=auditor.pk).update(audits_until=site_day() - timedelta(days=1))
    assert api.get("enrollments/").status_code == 401


def test_learner_key_has_no_access():
    assert ApiClient(make_enrollment().learner).get("enrollments/").status_code == 401


def test_lists_show_same_people_as_dashboard(team):
    below = make_team("Front desk", parent=team)
    elsewhere = make_team("Elsewhere")
    learner_of(team, "Wang Ming")
    learner_of(below, "Li Na")
    learner_of(elsewhere, "Zhao Lei")
    staff = make_user("Ed Editor", is_staff=True)
    join(elsewhere, staff)
    make_enrollment(staff)
    manager, hr, auditor = ApiClient(team.manager), ApiClient(make_hr()), ApiClient(make_auditor())
    for name in ("enrollments/", "people/"):
        assert sorted(manager.names(name)) == ["Li Na", "Wang Ming"]
        assert "Zhao Lei" in hr.names(name) and "Ed Editor" not in hr.names(name)
        assert "Ed Editor" in auditor.names(name)
    assert manager.names("teams/") == ["Night shift", "Front desk"]
    assert hr.names("teams/") == ["Night shift", "Front desk", "Elsewhere"]


def test_enrollment_row_has_columns_of_dashboard_export(team):
    learner = make_user("Wang Ming", email="wang@example.com")
    join(team, learner)
    due_at = datetime(2026, 11, 27, 16, tzinfo=UTC)
    enrollment = make_enrollment(learner, due_at=due_at, started_at=NOON, last_active_at=NOON)
    with time_machine.travel(NOON, tick=False):
        [row] = ApiClient(team.manager).rows("enrollments/")
    assert row == {
        "id": enrollment.pk,
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


@pytest.mark.slow
def test_enrollment_has_pre_and_post_test_scores(team):
    enrollment = learner_of(team, course=import_course(pre_check_files()).course)
    sit(enrollment, exam=START, points=1)
    finish_lessons(enrollment)
    sit(enrollment)
    sit(enrollment, exam=START, points=2)
    [row] = ApiClient(team.manager).rows("enrollments/")
    scores = [{"points": points, "max_points": 3} for points in (1, 2)]
    assert [row["pre_test_score"], row["post_test_score"], row["improvement_percent"]] == [*scores, 50]


def test_titles_use_requested_language(team):
    learner_of(team)
    api = ApiClient(team.manager)
    titles = [api.rows("courses/", **{"accept-language": each})[0]["course_title"] for each in ("zh-hans", "en")]
    assert titles == ["茶水间守则", "Rules of the tea room"]


def test_former_people_are_listed_only_if_requested(team):
    enrollment = learner_of(team, "Gone")
    complete_course(enrollment)
    learner_of(team, "Here")
    User.objects.filter(pk=enrollment.learner_id).update(is_active=False)
    api = ApiClient(team.manager)
    found = {each: (api.names(f"{each}/"), api.names(f"{each}/?left=true")) for each in ("enrollments", "people")}
    assert found == dict.fromkeys(("enrollments", "people"), (["Here"], ["Gone", "Here"]))
    assert (api.names("certificates/"), api.names("certificates/?left=true")) == ([], ["Gone"])


def test_enrollments_filter_by_course_and_team(team):
    below = make_team("Front desk", parent=team)
    learner_of(team, "Wang Ming")
    learner_of(below, "Li Na")
    api = ApiClient(team.manager)
    assert api.names(f"enrollments/?team={below.pk}") == ["Li Na"]
    assert sorted(api.names(f"enrollments/?team={team.pk}&course=tea-room")) == ["Li Na", "Wang Ming"]


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
def test_invalid_parameters_are_rejected(team, query, status):
    learner_of(team)
    assert ApiClient(team.manager).get(f"enrollments/?{query}").status_code == status


def test_team_of_another_manager_is_404(team):
    other = make_team("Elsewhere", learners=1)
    assert ApiClient(team.manager).get(f"enrollments/?team={other.pk}").status_code == 404


@pytest.mark.slow
def test_enrollments_list_current_enrollment_but_all_certificates(team):
    learner = make_user("Wang Ming")
    join(team, learner)
    first = make_enrollment(learner)
    complete_course(first)
    Enrollment.objects.filter(pk=first.pk).update(is_newest=False)
    second = make_enrollment(learner, is_newest=True)
    api = ApiClient(team.manager)
    assert [(row["id"], row["certified"]) for row in api.rows("enrollments/")] == [(second.pk, True)]
    [row] = api.rows("certificates/")
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
def test_pages_cover_every_row_once(team, name):
    make_team("Front desk", parent=team)
    make_team("Phones", parent=team)
    for _ in range(3):
        learner_of(team)
    api = ApiClient(team.manager)
    whole, seen, address = api.rows(f"{name}/"), [], f"/api/v1/{name}/?page_size=2"
    while address:
        page = api.get(address.removeprefix("http://127.0.0.1:8000")).json()
        assert 1 <= len(page["results"]) <= 2
        seen += page["results"]
        address = page["next"]
    assert seen == whole and len(whole) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", LISTS)
def test_query_count_is_independent_of_rows(team, name):
    api, address = ApiClient(team.manager), f"{name}/"
    complete_course(learner_of(team))
    api.get(address)  # the first read of a day is logged
    one = statements(lambda: api.get(address))
    for each in ("Front desk", "Phones"):
        make_team(each, parent=team)
        complete_course(learner_of(team))
    assert statements(lambda: api.get(address)) == one


@pytest.mark.slow
def test_rate_limit_applies_per_person(team, settings):
    api, other, second = ApiClient(team.manager), ApiClient(make_hr()), ApiClient(team.manager)
    with time_machine.travel(NOON, tick=False) as clock:
        assert {api.get("courses/").status_code for _ in range(settings.API_REQUESTS_PER_MINUTE)} == {200}
        refused = api.get("courses/")
        assert (refused.status_code, refused["Retry-After"]) == (429, "60")
        assert second.get("courses/").status_code == 429
        assert other.get("courses/").status_code == 200
        clock.shift(60)
        assert api.get("courses/").status_code == 200


@pytest.mark.slow
def test_concurrent_requests_are_counted_separately(team, settings, monkeypatch):
    api, get, beside = ApiClient(team.manager), cache.get, []

    def get_while_another_request_comes(key, *arguments):
        value = get(key, *arguments)
        if isinstance(value, list) and len(value) == settings.API_REQUESTS_PER_MINUTE - 1 and not beside:
            beside.append(None)
            beside[0] = api.get("courses/").status_code
        return value

    with time_machine.travel(NOON, tick=False):
        for _ in range(settings.API_REQUESTS_PER_MINUTE - 1):
            api.get("courses/")
        monkeypatch.setattr(cache, "get", get_while_another_request_comes)
        assert {api.get("courses/").status_code, *beside} == {200, 429}


@pytest.mark.slow
def test_wrong_keys_are_limited_per_network(team, settings):
    def wrong(address="203.0.113.7"):
        return Client(REMOTE_ADDR=address).get("/api/v1/courses/", headers={"authorization": "Bearer wrong"})

    with time_machine.travel(NOON, tick=False):
        assert {wrong().status_code for _ in range(settings.API_REQUESTS_PER_MINUTE)} == {401}
        assert (wrong().status_code, wrong()["Retry-After"]) == (429, "60")
        assert wrong("203.0.113.8").status_code == 401
        headers = {"authorization": f"Bearer {ApiClient(team.manager).secret}"}
        assert Client(REMOTE_ADDR="203.0.113.7").get("/api/v1/courses/", headers=headers).status_code == 200


def test_reads_are_logged_once_a_day_per_selection(team):
    learner_of(team)
    api = ApiClient(team.manager)
    with time_machine.travel(NOON, tick=False) as clock:
        for address in (
            "enrollments/",
            "enrollments/?page_size=1",
            "enrollments/?after=1",
            "enrollments/?left=true",
            "people/",
        ):
            api.get(address)
        clock.shift(timedelta(days=1))
        api.get("enrollments/")
    key = ApiKey.objects.get()
    events = Event.objects.filter(verb="api-read").order_by("pk")
    assert [event.data for event in events] == [
        {"list": "enrollments"},
        {"list": "enrollments", "left": True},
        {"list": "people"},
        {"list": "enrollments"},
    ]
    assert {(event.actor_id, event.subject) for event in events} == {(team.manager.pk, f"api-key:{key.pk}")}


def test_day_of_last_use_is_stored(team):
    api = ApiClient(team.manager)
    assert ApiKey.objects.get().used_on is None
    with time_machine.travel(NOON, tick=False):
        api.get("courses/")
    assert ApiKey.objects.get().used_on == date(2026, 11, 27)


def test_description_is_current_and_for_readers_only(team, client):
    written = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(description())), "manage.py export_openapi writes it anew"
    address = "/api/openapi.json"
    assert ApiClient(team.manager).get(address).json() == written
    client.logout()
    assert client.get(address).status_code == 302
    client.force_login(make_user())
    assert client.get(address).status_code == 404
    client.force_login(team.manager)
    assert client.get(address).json() == written


# Statistics


NIGHTS = count(3)  # days from today, increasing


def read_statistics(person, address):
    """The response after the next nightly update."""
    with time_machine.travel(timezone.now() + timedelta(days=next(NIGHTS)), tick=False):
        update_statistics()
        return ApiClient(person).get(address)


@pytest.mark.slow
def test_simulation_statistics_start_at_5_people(team):
    address = f"simulations/tea-room/{KETTLE}/"
    for _ in range(5):
        player = make_player()
        join(team, player.learner)
        play(player, BEST)
    found = read_statistics(team.manager, address).json()
    assert (found["people"], [share for share in found["endings"] if share["about"] == "most"]) == (
        5,
        [{"id": "calm-end", "count": None, "percent": None, "about": "most"}],
    )
    assert read_statistics(make_team().manager, address).json().items() >= {"people": 0, "endings": []}.items()
    assert ApiClient(team.manager).get("simulations/tea-room/no-such/").status_code == 404


@pytest.mark.slow
def test_question_statistics_start_at_5_people_and_banks_need_staff(team):
    lesson, bank = (f"questions/tea-room/{document}/" for document in ("boiling", "tea-bank"))
    for _ in range(5):
        complete_course(learner_of(team))
    nearly_all = {"count": None, "percent": None, "about": "most"}
    assert {
        "id": "is-it-off",
        "people": 5,
        "right": {"id": "right"} | nearly_all,
        "choices": [{"id": "1"} | nearly_all | {"about": "few"}, {"id": "2"} | nearly_all],
    } in read_statistics(team.manager, lesson).json()["questions"]
    nobody = read_statistics(make_team().manager, lesson).json()["questions"]
    assert {(each["people"], each["right"]) for each in nobody} == {(0, None)}
    for address in (bank, "questions/tea-room/last-cup/"):
        assert ApiClient(team.manager).get(address).status_code == 404
    assert ApiClient(make_admin()).get(bank).status_code == 200


def test_shares_are_counts_below_20_people_else_percentages():
    shares = shares_in([("a", Share(6, 19)), ("b", Share(12, 20))])
    assert [vars(share) for share in shares] == [
        {"id": "a", "count": 6, "percent": None, "about": None},
        {"id": "b", "count": None, "percent": 60, "about": None},
    ]


# The page of API keys


def post(client, **fields):
    data = {"name": "Charts", "ends_on": (site_day() + timedelta(days=30)).isoformat()} | fields
    return client.post("/api/", data, headers={"accept-language": "en"})


def test_new_key_is_shown_once(team, client):
    page = post(client)
    secret = page.context["secret"]
    assert f'value="{secret}"' in page.text
    again = post(client)
    assert again.status_code == 422 and "You already have a key with this name." in again.text
    listed = client.get("/api/", headers={"accept-language": "en"}).text
    assert "Charts" in listed and "never used" in listed and secret not in listed


@pytest.mark.parametrize("ahead", [-1, 366])
def test_key_ends_within_a_year(team, client, ahead):
    page = post(client, ends_on=(site_day() + timedelta(days=ahead)).isoformat())
    assert page.status_code == 422 and "Choose a date from today to 1 year from now." in page.text
    assert not ApiKey.objects.exists()
    for fitting in (0, 365):
        day = site_day() + timedelta(days=fitting)
        assert post(client, name=f"{fitting}", ends_on=day.isoformat()).context["secret"]


def test_key_beyond_limit_is_rejected_after_concurrent_form(team, client, monkeypatch):

    def taken_meanwhile(person, **fields):
        for number in range(10):
            make_key(person, name=f"Key {number}", ends_on=site_day())
        return make_key(person, **fields)

    monkeypatch.setattr(api_keys, "make_key", taken_meanwhile)
    page = post(client)
    assert page.status_code == 422 and "You already have the maximum of 10 keys. Revoke one first." in page.text
    assert ApiKey.objects.count() == 10 and page.context["secret"] == ""
