from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseware.audit_log.models import Event
from courseware.learning.due_dates.extensions import ExtensionAnswer, answer_extension_request, request_extension
from courseware.learning.manager_actions import ON_PERSON_PAGE
from courseware.learning.models import Answer, Enrollment, ExtensionRequest
from courseware.lib.dates import due_instant
from tests.counting import statements
from tests.making import days, filled, join, make_admin, make_enrollment, make_team
from tests.reporting.dashboards import counts_on, learner_of
from tests.world import complete_course

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


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
    assert len(needed) == 32
    links = BeautifulSoup(response.content, "html.parser").select(".course-statuses a")
    assert len(links) == runs
    assert "completed" in links[-1].text
    assert client.get(links[-1]["href"]).context["enrollment"] == first


def test_a_persons_page_costs_the_same_however_often_another_day_was_refused(client, team):
    enrollment, needed = learner_of(team, "Lea", due_at=days(9)), []
    for _request in range(3):
        asked = request_extension(enrollment, timezone.localdate() + timedelta(days=20))
        answer_extension_request(asked.pk, ExtensionAnswer(ExtensionRequest.End.REFUSED), by=team.manager)
        client.get(f"/team/people/{enrollment.pk}/")
        needed.append(statements(lambda: client.get(f"/team/people/{enrollment.pk}/")))
    assert needed == needed[:1] * 3
    page = BeautifulSoup(client.get(f"/team/people/{enrollment.pk}/").content, "html.parser")
    assert [each["value"] for each in page.select("button[name=refused]")] == [str(asked.pk)]


def test_more_time_is_given_to_the_end_of_a_day(client, team):
    enrollment = learner_of(team, due_at=days(-1))
    day = timezone.localdate() + timedelta(days=7)
    response = client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": day.isoformat()}, follow=True)
    enrollment.refresh_from_db()
    assert enrollment.due_at == due_instant(day, SHANGHAI)
    assert response.context["row"].enrollment.due_on == day
    assert Event.objects.get(verb="extended").actor == team.manager


def test_a_page_says_what_was_changed_or_why_nothing_was(client, team):
    enrollment = learner_of(team, "Lea Lee", due_at=days(-1))

    def said(day, kind=".message"):
        page = client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": day}, follow=True)
        return [message.text for message in BeautifulSoup(page.content, "html.parser").select(kind)]

    assert said("2030-03-04", ".message.success") == ["The due date of Lea Lee is now 4 March 2030."]
    assert said("2030-03-04") == ["Nothing was changed: the due date of Lea Lee is already 4 March 2030."]
    Enrollment.objects.update(exempted_at=timezone.now())
    assert said("2030-03-05") == ["Nothing was changed because the enrollment has ended."]


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
    response = client.post(f"/team/people/{enrollment.pk}/exempt/", {"reason": "Moved to the warehouse"}, follow=True)
    enrollment.refresh_from_db()
    assert (enrollment.is_open, enrollment.exemption_reason) == (False, "Moved to the warehouse")
    assert "Moved to the warehouse" in response.text
    forms = BeautifulSoup(response.content, "html.parser").select("main form")
    assert [form["class"][0] for form in forms] == ["note", "undo"]
    assert counts_on(client.get("/team/").context)[Enrollment.State.OVERDUE] == 0


@pytest.mark.parametrize("verb", [each for each in ON_PERSON_PAGE if each.form.base_fields], ids=lambda verb: verb.name)
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
    assert [form["action"].split("/")[-2] for form in page.select(".person aside form")] == [
        *(each.address for each in ON_PERSON_PAGE if each.is_offered(enrollment)),
        "absences",
    ]
    assert not BeautifulSoup(client.get(f"/team/people/{enrollment.pk}/").content, "html.parser").select(".is-invalid")


def test_nobody_changes_the_own_training_administrators_included(client):
    admin = make_admin()
    join(make_team(manager=admin), admin)
    own, other = make_enrollment(learner=admin), make_enrollment()
    client.force_login(admin)
    for verb in ON_PERSON_PAGE:
        fields = filled(verb.form)
        assert client.post(f"/team/people/{own.pk}/{verb.address}/", fields).status_code == 404
        assert client.post(f"/team/people/{other.pk}/{verb.address}/", fields).status_code == 302
    page = client.get(f"/team/people/{own.pk}/")
    assert (page.status_code, page.context["forms"]) == (200, {})
    offered = client.get(f"/team/people/{other.pk}/").context["forms"]
    assert list(offered) == [action for action in ON_PERSON_PAGE if action.is_offered(other)]
    own.refresh_from_db()
    admin.refresh_from_db()
    assert (own.exempted_at, admin.extra_time) == (None, "")
