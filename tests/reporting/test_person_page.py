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


def test_page_shows_timeline_but_no_single_answers(client, team):
    enrollment = learner_of(team, "Lea")
    complete_course(enrollment)
    text = client.get(f"/team/people/{enrollment.pk}/").text
    for expected in ("Lea", "Boiling water", "The last cup: passed", "2 / 2", "Course completed", "completed"):
        assert expected in text
    assert Answer.objects.count() > 0
    for question in ("Is it off?", "It boils", "Smoke"):
        assert question not in text


@pytest.mark.slow
@pytest.mark.parametrize("runs", [1, 3])
def test_query_count_is_independent_of_enrollments(client, team, runs):
    enrollment = first = learner_of(team, "Lea")
    for _ in range(runs):
        Enrollment.objects.open().update(completed_at=timezone.now())
        enrollment = make_enrollment(first.learner, first.course)
    address = f"/team/people/{enrollment.pk}/"
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address)
    assert len(queries) == 32
    links = BeautifulSoup(response.content, "html.parser").select(".course-statuses a")
    assert len(links) == runs
    assert "completed" in links[-1].text
    assert client.get(links[-1]["href"]).context["enrollment"] == first


@pytest.mark.slow
def test_query_count_is_independent_of_refused_requests(client, team):
    enrollment, queries = learner_of(team, "Lea", due_at=days(9)), []
    for _request in range(3):
        request = request_extension(enrollment, timezone.localdate() + timedelta(days=20))
        answer_extension_request(request.pk, ExtensionAnswer(ExtensionRequest.End.REFUSED), by=team.manager)
        client.get(f"/team/people/{enrollment.pk}/")
        queries.append(statements(lambda: client.get(f"/team/people/{enrollment.pk}/")))
    assert queries == queries[:1] * 3
    page = BeautifulSoup(client.get(f"/team/people/{enrollment.pk}/").content, "html.parser")
    assert [each["value"] for each in page.select("button[name=refused]")] == [str(request.pk)]


def test_extension_lasts_to_end_of_day(client, team):
    enrollment = learner_of(team, due_at=days(-1))
    day = timezone.localdate() + timedelta(days=7)
    response = client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": day.isoformat()}, follow=True)
    enrollment.refresh_from_db()
    assert enrollment.due_at == due_instant(day, SHANGHAI)
    assert response.context["row"].enrollment.due_on == day
    assert Event.objects.get(verb="extended").actor == team.manager


@pytest.mark.slow
def test_message_names_change_or_reason_for_none(client, team):
    enrollment = learner_of(team, "Lea Lee", due_at=days(-1))

    def messages_after(day, kind=".message"):
        page = client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": day}, follow=True)
        return [message.text for message in BeautifulSoup(page.content, "html.parser").select(kind)]

    assert messages_after("2030-03-04", ".message.success") == ["The due date of Lea Lee is now 4 March 2030."]
    assert messages_after("2030-03-04") == ["Nothing was changed: the due date of Lea Lee is already 4 March 2030."]
    Enrollment.objects.update(exempted_at=timezone.now())
    assert messages_after("2030-03-05") == ["Nothing was changed because the enrollment has ended."]


def test_earliest_due_date_is_today_of_learner(client, team):
    team.time_zone = "Pacific/Kiritimati"  # where it is tomorrow already
    team.save()
    enrollment = learner_of(team, due_at=days(-3))
    with time_machine.travel(datetime(2026, 11, 25, 11, tzinfo=UTC), tick=False):
        client.force_login(team.manager)
        here, there = timezone.localdate(), timezone.localdate(timezone=team.zone)
        assert here < there
        assert client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": str(here)}).status_code == 422
        assert client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": str(there)}).status_code == 302


def test_exemption_closes_enrollment_with_reason(client, team):
    enrollment = learner_of(team, "Lea", due_at=days(-1))
    response = client.post(f"/team/people/{enrollment.pk}/exempt/", {"reason": "Moved to the warehouse"}, follow=True)
    enrollment.refresh_from_db()
    assert (enrollment.is_open, enrollment.exemption_reason) == (False, "Moved to the warehouse")
    assert "Moved to the warehouse" in response.text
    forms = BeautifulSoup(response.content, "html.parser").select("main form")
    assert [form["class"][0] for form in forms] == ["note", "undo"]
    assert counts_on(client.get("/team/").context)[Enrollment.State.OVERDUE] == 0


@pytest.mark.parametrize("verb", [each for each in ON_PERSON_PAGE if each.form.base_fields], ids=lambda verb: verb.name)
def test_rejected_form_keeps_input_and_shows_error(client, team, verb):
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


@pytest.mark.slow
def test_nobody_changes_own_training(client):
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
