"""Bulk actions of managers: preview, result and undo."""

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import Group

from courseware.assignments.manager_actions import views
from courseware.learning.enrollments import adjustments
from courseware.learning.enrollments.adjustments import enroll_people
from courseware.learning.enrollments.enrollment import exempt, extend
from courseware.learning.manager_actions import ENROLL, FOR_MANY
from courseware.learning.models import Adjustment, AdjustmentItem, Enrollment
from courseware.reporting.integrity.check_all import differences
from tests.assessment.exams import START, make_course_with_pre_check, start
from tests.making import (
    days,
    join,
    make_admin,
    make_auditor,
    make_course,
    make_editor,
    make_enrollment,
    make_hr,
    make_team,
    make_user,
)
from tests.reporting.dashboards import learner_of

pytestmark = pytest.mark.django_db
FIELDS = {
    "extend": {"due_on": "2030-03-04", "reason": "flood"},
    "exempt": {"reason": "flood"},
    "extra-time": {"time": "1.5", "reason": "flood"},
}


def keys(*enrollments):
    return [enrollment.pk for enrollment in enrollments]


def page_of(response):
    return BeautifulSoup(response.content, "html.parser")


def paragraphs(response):
    return [" ".join(part.text.split()) for part in page_of(response).select("main > p, main > ul > li")]


def test_dashboard_sends_selected_rows_to_each_action(signed_in, team):
    enrollments = [learner_of(team, name) for name in ("Ann", "Bob")]
    page = page_of(signed_in.get("/team/"))
    boxes = page.select("input[type=checkbox][name=row][form=chosen]")
    assert {(box["value"], box["aria-label"]) for box in boxes} == {
        (str(enrollments[0].pk), "Choose Ann"), (str(enrollments[1].pk), "Choose Bob"),
    }  # fmt: skip
    addresses = [button["formaction"].split("/")[-2] for button in page.select("form#chosen[method=get] button")]
    assert addresses == ["remind", *(action.address for action in FOR_MANY), "note"]


def test_auditor_cannot_select_rows(client, team):
    learner_of(team, "Ann")
    auditor = make_user(audits_until=days(9).date())
    auditor.groups.add(Group.objects.get(name="Auditors"))
    client.force_login(auditor)
    page = page_of(client.get("/team/"))
    assert page.select("tbody tr") != []
    assert page.select("[name=row], #chosen") == []


def test_preview_lists_affected_and_skipped_people(signed_in, team):
    open_enrollment, other = learner_of(team, "Ann"), learner_of(team, "Bob")
    done, exempt_enrollment = learner_of(team, "Cem", completed_at=days(-1)), learner_of(team, "Dan")
    exempt(exempt_enrollment, "moved", by=None)
    stranger = make_enrollment(make_user("Eve"))
    rows = keys(other, open_enrollment, done, exempt_enrollment, stranger)
    before = list(Enrollment.objects.order_by("pk").values())
    response = signed_in.get("/people/actions/extend/", {"row": rows})
    assert paragraphs(response) == [
        "This change is for 2 people: Ann, Bob", "Cem: has completed the course", "Dan: is exempt",
    ]  # fmt: skip
    assert list(Enrollment.objects.order_by("pk").values()) == before


def test_hr_cannot_exempt_auditors(client):
    ann, auditor = make_enrollment(make_user("Ann")), make_enrollment(make_auditor(name="Olga"))
    editor = make_enrollment(make_editor())  # not visible to HR
    client.force_login(make_hr(language="en"))
    rows = {"row": keys(ann, auditor, editor)}
    expected = ["This change is for 1 person: Ann", "Olga: only another person, such as an admin, can make this change"]
    assert paragraphs(client.get("/people/actions/exempt/", rows)) == expected
    client.post("/people/actions/exempt/", {**rows, "reason": "flood"})
    assert [line.enrollment for line in AdjustmentItem.objects.all()] == [ann]
    assert paragraphs(client.get("/people/actions/enroll/", rows)) == ["This change is for 1 person: Ann"]


def back(response):
    return [link["href"] for link in page_of(response).select("main a") if link.text == "Keep unchanged"]


@pytest.mark.parametrize("address", [*FIELDS, "enroll"])
def test_cancel_link_returns_to_filtered_dashboard(signed_in, team, address):
    enrollment = learner_of(team, "Ann")
    [hidden] = page_of(signed_in.get("/team/?name=Ann")).select("#chosen [name=next]")
    sent = {"row": enrollment.pk, "next": hidden["value"]}
    assert back(signed_in.get(f"/people/actions/{address}/", sent)) == ["/team/?name=Ann"]
    assert back(signed_in.post(f"/people/actions/{address}/", sent)) == ["/team/?name=Ann"]
    assert back(signed_in.get(f"/people/actions/{address}/", {"next": "/team/"})) == ["/team/"]
    for elsewhere in ("", "//evil.example/", "https://evil.example/", "javascript:alert(1)"):
        assert back(signed_in.get(f"/people/actions/{address}/", sent | {"next": elsewhere})) == []


def test_manager_can_exempt_auditor_in_team(client, team):
    auditor = make_enrollment(make_auditor(name="Olga"))
    join(team, auditor.learner)
    client.force_login(team.manager)
    rows = {"row": keys(auditor)}
    assert paragraphs(client.get("/people/actions/exempt/", rows)) == ["This change is for 1 person: Olga"]


@pytest.mark.parametrize("address", FIELDS)
def test_bulk_action_is_one_change_undone_as_one(signed_in, team, address):
    enrollments = [learner_of(team, name, due_at=days(2)) for name in ("Ann", "Bob", "Cem")]
    strangers = [make_enrollment(due_at=days(2)), make_enrollment(team.manager, due_at=days(2))]
    people = list(Enrollment.objects.order_by("pk").values("due_at", "exempted_at", "learner__extra_time"))
    sent = {"row": keys(*enrollments, *strangers), **FIELDS[address]}
    response = signed_in.post(f"/people/actions/{address}/", sent, follow=True)
    [made] = Adjustment.objects.all()
    assert (made.made_by, made.reason) == (team.manager, "flood")
    assert sorted(made.lines.values_list("enrollment", flat=True)) == keys(*enrollments)
    assert paragraphs(response)[1:] == ["3 people", "Ann", "Bob", "Cem"]
    [form] = page_of(response).select("form.undo")
    undone = signed_in.post(form["action"], follow=True)
    assert list(Enrollment.objects.order_by("pk").values("due_at", "exempted_at", "learner__extra_time")) == people
    assert paragraphs(undone)[1:] == ["3 people", "Ann undone", "Bob undone", "Cem undone"]
    assert page_of(undone).select("form.undo") == []


@pytest.mark.parametrize("fields", [{"due_on": ""}, {"due_on": "2020-01-01"}, {"due_on": "x"}])
def test_invalid_date_keeps_selection(signed_in, team, fields):
    enrollment = learner_of(team, "Ann")
    response = signed_in.post("/people/actions/extend/", {"row": enrollment.pk, "reason": "flood", **fields})
    assert response.status_code == 422
    assert page_of(response).select_one("[name=reason]")["value"] == "flood"
    assert [field["value"] for field in page_of(response).select("[type=hidden][name=row]")] == [str(enrollment.pk)]
    assert not Adjustment.objects.exists()


def test_team_action_covers_subteams_but_not_other_teams(signed_in, team):
    below, other = make_team("Below", parent=team), make_team("Other")
    enrollments = [learner_of(team), learner_of(below)]
    learner_of(other)
    signed_in.post("/people/actions/exempt/", {"team": [team.pk, other.pk], "reason": "flood"})
    assert sorted(AdjustmentItem.objects.values_list("enrollment", flat=True)) == keys(*enrollments)


# Enrolling


def test_enroll_accepts_rows_and_person_with_date_and_reason(signed_in, team):
    course, other = make_course(), make_course()
    Enrollment.objects.filter(course=course).delete()
    row = learner_of(team, "Ann", course=course)
    address = "/people/actions/enroll/"
    new = make_user("Bob")
    join(team, new)
    enrolled = {"row": row.learner, "person": new}
    for name, key in (("row", row.pk), ("person", new.pk)):
        page = signed_in.get(address, {name: key})
        assert paragraphs(page) == [f"This change is for 1 person: {enrolled[name].name}"]
    sent = {"person": new.pk, "course": course.pk, "due_on": "2030-03-04", "reason": "joins"}
    signed_in.post(address, sent)
    enrollment = Enrollment.objects.get(learner=new)
    assert (enrollment.course, str(enrollment.due_on), enrollment.adjustment_items.get().adjustment.reason) == (
        course,
        "2030-03-04",
        "joins",
    )
    assert signed_in.post(address, sent).status_code == 422  # is enrolled already
    assert Enrollment.objects.filter(learner=new).count() == 1
    assert other.pk == course.pk or not Enrollment.objects.filter(course=other, learner=new).exists()


def test_enroll_accepts_number_of_days(signed_in, team):
    course, new = make_course(), make_user("Bob")
    join(team, new)
    signed_in.post("/people/actions/enroll/", {"person": new.pk, "course": course.pk, "due_on": "", "days": "14"})
    assert Enrollment.objects.get().due_on == days(14).date()


def make_member_of(name):
    person = make_user()
    person.groups.add(Group.objects.get(name=name))
    return person


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("manager", {"own"}),
        ("other manager", set()),
        ("HR", {"own", "stranger"}),
        ("admin", {"own", "stranger", "staff", "manager"}),
    ],
)
def test_enroll_is_limited_to_manageable_people(client, team, role, expected):
    course = make_course()
    people = {"own": make_user(), "stranger": make_user(), "staff": make_editor(), "gone": make_user(is_active=False)}
    people |= {"manager": make_editor()}
    for name in ("own", "gone"):
        join(team, people[name])
    actor = {
        "manager": team.manager,
        "other manager": make_team().manager,
        "HR": make_member_of("HR"),
        "admin": make_admin(),
    }
    client.force_login(actor[role])
    sent = {"person": [*(person.pk for person in people.values()), actor[role].pk], "course": course.pk}
    client.post("/people/actions/enroll/", sent)
    found = set(Enrollment.objects.values_list("learner", flat=True))
    assert found == {people[name].pk for name in expected}


# Undo of a bulk action, also while a worker still processes it.


BATCH = 2


@pytest.fixture
def enrollments(team, monkeypatch):
    for module in (adjustments, views):
        monkeypatch.setattr(module, "BATCH", BATCH)
    enrollments = [make_enrollment(make_user(), due_at=days(3)) for _ in range(5)]
    for enrollment in enrollments:
        join(team, enrollment.learner)
    return enrollments


@pytest.fixture
def exemption(client, team, enrollments):
    """An exemption of which the first batch is done."""
    client.force_login(team.manager)
    client.post("/people/actions/exempt/", {"team": team.pk, "reason": "flood"})
    made = Adjustment.objects.get()
    adjustments.decide_on_next(made.pk, keys(*enrollments[:BATCH]), left=len(enrollments))
    return made


def exempted():
    return sorted(Enrollment.objects.exclude(exempted_at=None).values_list("pk", flat=True))


def run_worker(adjustment, enrollments):
    adjustments.decide_on_all.func(adjustment.pk, keys(*enrollments))


def undo(client, adjustment):
    return client.post(f"/people/changes/{adjustment.pk}/undo/", follow=True).content.decode()


def test_undo_by_author_stops_worker(client, exemption, enrollments):
    assert exempted() == keys(*enrollments[:BATCH])
    page = undo(client, exemption)
    assert "The change was stopped. Nothing was changed for 3 people." in page
    assert "undone for 2 people" in page
    assert exempted() == []
    run_worker(exemption, enrollments)
    assert exempted() == []


def test_undo_works_before_worker_starts(client, team, enrollments):
    client.force_login(team.manager)
    client.post("/people/actions/exempt/", {"team": team.pk, "reason": "flood"})
    made = Adjustment.objects.get()
    assert "Undo" in client.get(f"/people/changes/{made.pk}/").content.decode()
    page = undo(client, made)
    assert "The change was stopped. Nothing was changed for 5 people." in page
    assert "Nothing was changed for anyone." in page
    run_worker(made, enrollments)
    assert exempted() == []


def test_undo_by_another_person_waits_for_worker(client, exemption, enrollments):
    hr = make_user(language="en")
    hr.groups.add(Group.objects.get(name="HR"))
    client.force_login(hr)
    assert "The site is still making this change." in undo(client, exemption)
    assert exempted() == keys(*enrollments[:BATCH])
    run_worker(exemption, enrollments)
    assert exempted() == keys(*enrollments)
    assert "undone for 5 people" in undo(client, exemption)
    assert exempted() == []


def test_undo_for_one_person_leaves_others(client, exemption, enrollments):
    client.post(f"/people/changes/{exemption.pk}/undo/", {"only": enrollments[0].pk})
    run_worker(exemption, enrollments)
    assert exempted() == keys(*enrollments[1:])


def test_page_shows_remaining_people_until_done(client, exemption, enrollments):
    address = f"/people/changes/{exemption.pk}/"
    assert "for 3 more people" in client.get(address).content.decode()
    run_worker(exemption, enrollments)
    assert "Reload the page" not in client.get(address).content.decode()
    assert exempted() == keys(*enrollments)


# Undo buttons in the message and in the timeline of the person.


@pytest.fixture
def enrollment(team):
    enrollment = make_enrollment(make_user("Zhou Kai"), due_at=days(2))
    join(team, enrollment.learner)
    return enrollment


def undo_forms(page, where="main"):
    return page.select(f"{where} form.undo")


def send(client, form):
    fields = {field["name"]: field["value"] for field in form.select("input") if field["name"] != "csrfmiddlewaretoken"}
    return client.post(form["action"], fields, follow=True)


@pytest.mark.slow
def test_action_can_be_undone_once_from_its_message(signed_in, enrollment):
    before = enrollment.due_at
    response = signed_in.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": "2030-03-04"}, follow=True)
    [beside], [on_its_line] = (undo_forms(page_of(response), where) for where in (".messages", ".timeline"))
    assert beside["action"] == on_its_line["action"]
    response = send(signed_in, beside)
    assert [each.text for each in page_of(response).select(".message")] == [
        "The change was undone for 1 person: Zhou Kai."
    ]
    enrollment.refresh_from_db()
    assert enrollment.due_at == before
    assert "Undone by Li Lin" in page_of(response).select_one(".timeline .extended").text
    assert undo_forms(page_of(response)) == []
    again = send(signed_in, beside)
    assert [each.text for each in page_of(again).select(".message")] == ["Zhou Kai: This change was already undone."]


def test_unknown_action_cannot_be_undone(signed_in, team, enrollment):
    extend(enrollment, days(9).date(), by=team.manager)
    [form] = undo_forms(page_of(signed_in.get(f"/team/people/{enrollment.pk}/")))
    Adjustment.objects.update(kind="unknown")
    sentence = "Zhou Kai: This version of the site cannot undo this change, so nothing was changed."
    assert [each.text for each in page_of(send(signed_in, form)).select(".message")] == [sentence]
    enrollment.refresh_from_db()
    assert enrollment.due_on == days(9).date()


def test_manager_undoes_action_for_own_people_only(client, team, enrollment):
    other = make_enrollment(course=enrollment.course)
    made, _refused = adjustments.adjust(
        [enrollment, other], Adjustment(kind="exempted", reason="flood", made_by=make_admin())
    )
    client.force_login(team.manager)
    assert client.post(f"/people/changes/{made.pk}/undo/", {"only": other.pk}).status_code == 404
    client.post(f"/people/changes/{made.pk}/undo/")
    assert [line.enrollment for line in AdjustmentItem.objects.exclude(undone_at=None)] == [enrollment]


def test_nobody_undoes_action_about_oneself(client, team, enrollment):
    exempt(enrollment, "moved", by=team.manager)
    made = AdjustmentItem.objects.get().adjustment
    join(team, enrollment.learner, "manager")
    for person in (enrollment.learner, make_team().manager, make_user()):
        client.force_login(person)
        assert client.post(f"/people/changes/{made.pk}/undo/").status_code == 404
    enrollment.refresh_from_db()
    assert not enrollment.is_open


def test_undo_keeps_enrollment_with_open_attempt(signed_in, team):
    people = [make_user("Ann"), make_user("Bob")]
    for person in people:
        join(team, person)
    adjustment = Adjustment(kind=ENROLL.kind, course=make_course_with_pre_check(), made_by=team.manager)
    enroll_people([person.pk for person in people], adjustment)
    ann = Enrollment.objects.get(learner=people[0])
    start(ann, START)
    response = signed_in.post(f"/people/changes/{adjustment.pk}/undo/", follow=True)
    assert [each.text for each in page_of(response).select(".message")] == [
        "The change was undone for 1 person: Bob.", "Ann: The person has started the course, so the enrollment stays.",
    ]  # fmt: skip
    assert list(Enrollment.objects.open()) == [ann]
    assert list(differences()) == []
