"""One decision about several people: whom it touches is said before, what it did afterwards, and all is taken back at
once."""

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


def keys(*runs):
    return [run.pk for run in runs]


def page_of(response):
    return BeautifulSoup(response.content, "html.parser")


def paragraphs(response):
    return [" ".join(part.text.split()) for part in page_of(response).select("main > p, main > ul > li")]


def test_the_board_sends_the_rows_that_are_ticked_to_each_decision(signed_in, team):
    runs = [learner_of(team, name) for name in ("Ann", "Bob")]
    page = page_of(signed_in.get("/team/"))
    boxes = page.select("input[type=checkbox][name=row][form=chosen]")
    assert {(box["value"], box["aria-label"]) for box in boxes} == {
        (str(runs[0].pk), "Choose Ann"), (str(runs[1].pk), "Choose Bob"),
    }  # fmt: skip
    addresses = [button["formaction"].split("/")[-2] for button in page.select("form#chosen[method=get] button")]
    assert addresses == ["remind", *(action.address for action in FOR_MANY), "note"]


def test_who_audits_has_nothing_to_tick(client, team):
    learner_of(team, "Ann")
    auditor = make_user(audits_until=days(9).date())
    auditor.groups.add(Group.objects.get(name="Auditors"))
    client.force_login(auditor)
    page = page_of(client.get("/team/"))
    assert page.select("tbody tr") != []
    assert page.select("[name=row], #chosen") == []


def test_whom_it_touches_and_whom_not_and_why_is_said_before(signed_in, team):
    open_enrollment, other = learner_of(team, "Ann"), learner_of(team, "Bob")
    done, excused = learner_of(team, "Cem", completed_at=days(-1)), learner_of(team, "Dan")
    exempt(excused, "moved", by=None)
    stranger = make_enrollment(make_user("Eve"))
    rows = keys(other, open_enrollment, done, excused, stranger)
    before = list(Enrollment.objects.order_by("pk").values())
    response = signed_in.get("/people/actions/extend/", {"row": rows})
    assert paragraphs(response) == [
        "For 2 people: Ann, Bob", "Cem: has completed the course", "Dan: is exempt",
    ]  # fmt: skip
    assert list(Enrollment.objects.order_by("pk").values()) == before


def test_human_resources_decide_nothing_about_who_audits_and_read_so_before(client):
    ann, auditor = make_enrollment(make_user("Ann")), make_enrollment(make_auditor(name="Olga"))
    editor = make_enrollment(make_editor())  # of whom they see nothing
    client.force_login(make_hr(language="en"))
    rows = {"row": keys(ann, auditor, editor)}
    said = ["For 1 person: Ann", "Olga: must be changed by another person, such as an admin"]
    assert paragraphs(client.get("/people/actions/exempt/", rows)) == said
    client.post("/people/actions/exempt/", {**rows, "reason": "flood"})
    assert [line.enrollment for line in AdjustmentItem.objects.all()] == [ann]
    assert paragraphs(client.get("/people/actions/enroll/", rows)) == ["For 1 person: Ann"]


def back(response):
    return [link["href"] for link in page_of(response).select("main a") if link.text == "Keep unchanged"]


@pytest.mark.parametrize("address", [*FIELDS, "enroll"])
def test_a_link_leads_back_to_the_board_as_it_was_filtered_also_after_a_mistake(signed_in, team, address):
    run = learner_of(team, "Ann")
    [hidden] = page_of(signed_in.get("/team/?name=Ann")).select("#chosen [name=next]")
    sent = {"row": run.pk, "next": hidden["value"]}
    assert back(signed_in.get(f"/people/actions/{address}/", sent)) == ["/team/?name=Ann"]
    assert back(signed_in.post(f"/people/actions/{address}/", sent)) == ["/team/?name=Ann"]
    assert back(signed_in.get(f"/people/actions/{address}/", {"next": "/team/"})) == ["/team/"]
    for elsewhere in ("", "//evil.example/", "https://evil.example/", "javascript:alert(1)"):
        assert back(signed_in.get(f"/people/actions/{address}/", sent | {"next": elsewhere})) == []


def test_who_leads_somebody_who_audits_still_decides(client, team):
    auditor = make_enrollment(make_auditor(name="Olga"))
    join(team, auditor.learner)
    client.force_login(team.manager)
    rows = {"row": keys(auditor)}
    assert paragraphs(client.get("/people/actions/exempt/", rows)) == ["For 1 person: Olga"]


@pytest.mark.parametrize("address", FIELDS)
def test_it_is_done_to_all_of_them_as_one_act_and_taken_back_as_one(signed_in, team, address):
    runs = [learner_of(team, name, due_at=days(2)) for name in ("Ann", "Bob", "Cem")]
    strangers = [make_enrollment(due_at=days(2)), make_enrollment(team.manager, due_at=days(2))]
    people = list(Enrollment.objects.order_by("pk").values("due_at", "exempted_at", "learner__extra_time"))
    sent = {"row": keys(*runs, *strangers), **FIELDS[address]}
    response = signed_in.post(f"/people/actions/{address}/", sent, follow=True)
    [made] = Adjustment.objects.all()
    assert (made.made_by, made.reason) == (team.manager, "flood")
    assert sorted(made.lines.values_list("enrollment", flat=True)) == keys(*runs)
    assert paragraphs(response)[1:] == ["3 people", "Ann", "Bob", "Cem"]
    [form] = page_of(response).select("form.undo")
    undone = signed_in.post(form["action"], follow=True)
    assert list(Enrollment.objects.order_by("pk").values("due_at", "exempted_at", "learner__extra_time")) == people
    assert paragraphs(undone)[1:] == ["3 people", "Ann undone", "Bob undone", "Cem undone"]
    assert page_of(undone).select("form.undo") == []


@pytest.mark.parametrize("fields", [{"due_on": ""}, {"due_on": "2020-01-01"}, {"due_on": "x"}])
def test_what_makes_no_sense_comes_back_with_whom_it_was_for(signed_in, team, fields):
    run = learner_of(team, "Ann")
    response = signed_in.post("/people/actions/extend/", {"row": run.pk, "reason": "flood", **fields})
    assert response.status_code == 422
    assert page_of(response).select_one("[name=reason]")["value"] == "flood"
    assert [field["value"] for field in page_of(response).select("[type=hidden][name=row]")] == [str(run.pk)]
    assert not Adjustment.objects.exists()


def test_a_whole_team_with_those_below_it_and_nobody_else(signed_in, team):
    below, other = make_team("Below", parent=team), make_team("Other")
    runs = [learner_of(team), learner_of(below)]
    learner_of(other)
    signed_in.post("/people/actions/exempt/", {"team": [team.pk, other.pk], "reason": "flood"})
    assert sorted(AdjustmentItem.objects.values_list("enrollment", flat=True)) == keys(*runs)


# Enrolling


def test_people_of_rows_or_teams_or_one_by_name_are_enrolled_with_a_day_and_a_reason(signed_in, team):
    course, other = make_course(), make_course()
    Enrollment.objects.filter(course=course).delete()
    row = learner_of(team, "Ann", course=course)
    address = "/people/actions/enroll/"
    new = make_user("Bob")
    join(team, new)
    enrolled = {"row": row.learner, "person": new}
    for name, key in (("row", row.pk), ("person", new.pk)):
        page = signed_in.get(address, {name: key})
        assert paragraphs(page) == [f"For 1 person: {enrolled[name].name}"]
    sent = {"person": new.pk, "course": course.pk, "due_on": "2030-03-04", "reason": "joins"}
    signed_in.post(address, sent)
    run = Enrollment.objects.get(learner=new)
    assert (run.course, str(run.due_on), run.adjustment_items.get().adjustment.reason) == (
        course,
        "2030-03-04",
        "joins",
    )
    assert signed_in.post(address, sent).status_code == 422  # is enrolled already
    assert Enrollment.objects.filter(learner=new).count() == 1
    assert other.pk == course.pk or not Enrollment.objects.filter(course=other, learner=new).exists()


def test_fourteen_days_are_one_press(signed_in, team):
    course, new = make_course(), make_user("Bob")
    join(team, new)
    signed_in.post("/people/actions/enroll/", {"person": new.pk, "course": course.pk, "due_on": "", "days": "14"})
    assert Enrollment.objects.get().due_on == days(14).date()


def in_office(name):
    person = make_user()
    person.groups.add(Group.objects.get(name=name))
    return person


@pytest.mark.parametrize(
    ("who", "whom"),
    [
        ("manager", {"own"}),
        ("other manager", set()),
        ("HR", {"own", "stranger"}),
        ("admin", {"own", "stranger", "staff", "manager"}),
    ],
)
def test_everybody_enrolls_only_whom_they_answer_for_and_never_oneself(client, team, who, whom):
    course = make_course()
    people = {"own": make_user(), "stranger": make_user(), "staff": make_editor(), "gone": make_user(is_active=False)}
    people |= {"manager": make_editor()}
    for name in ("own", "gone"):
        join(team, people[name])
    actor = {
        "manager": team.manager,
        "other manager": make_team().manager,
        "HR": in_office("HR"),
        "admin": make_admin(),
    }
    client.force_login(actor[who])
    sent = {"person": [*(person.pk for person in people.values()), actor[who].pk], "course": course.pk}
    client.post("/people/actions/enroll/", sent)
    found = set(Enrollment.objects.values_list("learner", flat=True))
    assert found == {people[name].pk for name in whom}


# A decision on many people is taken back as a whole, also while a worker still decides.


BATCH = 2


@pytest.fixture
def runs(team, monkeypatch):
    for room in (adjustments, views):
        monkeypatch.setattr(room, "BATCH", BATCH)
    runs = [make_enrollment(make_user(), due_at=days(3)) for _ in range(5)]
    for run in runs:
        join(team, run.learner)
    return runs


@pytest.fixture
def excused(client, team, runs):
    """The decision, with the first batch of it done."""
    client.force_login(team.manager)
    client.post("/people/actions/exempt/", {"team": team.pk, "reason": "flood"})
    made = Adjustment.objects.get()
    adjustments.decide_on_next(made.pk, keys(*runs[:BATCH]), left=len(runs))
    return made


def waived():
    return sorted(Enrollment.objects.exclude(exempted_at=None).values_list("pk", flat=True))


def go_on(adjustment, runs):
    adjustments.decide_on_all.func(adjustment.pk, keys(*runs))


def undo(client, adjustment):
    return client.post(f"/people/changes/{adjustment.pk}/undo/", follow=True).content.decode()


def test_who_decided_takes_all_of_it_back_and_the_worker_goes_no_further(client, excused, runs):
    assert waived() == keys(*runs[:BATCH])
    page = undo(client, excused)
    assert "The change was stopped: 3 people were not changed." in page
    assert "Undone for 2 people" in page
    assert waived() == []
    go_on(excused, runs)
    assert waived() == []


def test_before_the_worker_has_begun_it_is_taken_back_too(client, team, runs):
    client.force_login(team.manager)
    client.post("/people/actions/exempt/", {"team": team.pk, "reason": "flood"})
    made = Adjustment.objects.get()
    assert "Undo" in client.get(f"/people/changes/{made.pk}/").content.decode()
    page = undo(client, made)
    assert "The change was stopped: 5 people were not changed." in page
    assert "Nothing has changed for anyone." in page
    go_on(made, runs)
    assert waived() == []


def test_somebody_else_is_told_to_wait_and_nothing_is_taken_back_half(client, excused, runs):
    hr = make_user(language="en")
    hr.groups.add(Group.objects.get(name="HR"))
    client.force_login(hr)
    assert "The change is still in progress." in undo(client, excused)
    assert waived() == keys(*runs[:BATCH])
    go_on(excused, runs)
    assert waived() == keys(*runs)
    assert "Undone for 5 people" in undo(client, excused)
    assert waived() == []


def test_for_one_person_it_is_taken_back_and_the_others_go_on(client, excused, runs):
    client.post(f"/people/changes/{excused.pk}/undo/", {"only": runs[0].pk})
    go_on(excused, runs)
    assert waived() == keys(*runs[1:])


def test_the_page_says_how_many_are_left_and_no_more_once_all_are_seen_to(client, excused, runs):
    address = f"/people/changes/{excused.pk}/"
    assert "3 people remain" in client.get(address).content.decode()
    go_on(excused, runs)
    assert "Reload the page" not in client.get(address).content.decode()
    assert waived() == keys(*runs)


# The button *Undo* after something was decided, and on its line on the page of the person.


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


def test_after_each_act_the_answer_can_be_taken_back(signed_in, enrollment):
    before = enrollment.due_at
    response = signed_in.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": "2030-03-04"}, follow=True)
    [beside], [on_its_line] = (undo_forms(page_of(response), where) for where in (".messages", ".timeline"))
    assert beside["action"] == on_its_line["action"]
    response = send(signed_in, beside)
    assert [each.text for each in page_of(response).select(".message")] == ["Undone for 1 person: Zhou Kai."]
    enrollment.refresh_from_db()
    assert enrollment.due_at == before
    assert "Undone by Li Lin" in page_of(response).select_one(".timeline .extended").text
    assert undo_forms(page_of(response)) == []
    again = send(signed_in, beside)
    assert [each.text for each in page_of(again).select(".message")] == ["Zhou Kai: This was already undone."]


def test_a_decision_of_a_kind_that_this_version_does_not_know_is_not_taken_back(signed_in, team, enrollment):
    extend(enrollment, days(9).date(), by=team.manager)
    [form] = undo_forms(page_of(signed_in.get(f"/team/people/{enrollment.pk}/")))
    Adjustment.objects.update(kind="unknown")
    sentence = "Zhou Kai: This version of the site cannot undo this, so nothing was changed."
    assert [each.text for each in page_of(send(signed_in, form)).select(".message")] == [sentence]
    enrollment.refresh_from_db()
    assert enrollment.due_on == days(9).date()


def test_who_leads_only_some_of_the_people_takes_back_only_theirs(client, team, enrollment):
    other = make_enrollment(course=enrollment.course)
    made, _refused = adjustments.adjust(
        [enrollment, other], Adjustment(kind="waived", reason="flood", made_by=make_admin())
    )
    client.force_login(team.manager)
    assert client.post(f"/people/changes/{made.pk}/undo/", {"only": other.pk}).status_code == 404
    client.post(f"/people/changes/{made.pk}/undo/")
    assert [line.enrollment for line in AdjustmentItem.objects.exclude(undone_at=None)] == [enrollment]


def test_nobody_takes_back_what_was_decided_about_oneself(client, team, enrollment):
    exempt(enrollment, "moved", by=team.manager)
    made = AdjustmentItem.objects.get().adjustment
    join(team, enrollment.learner, "manager")
    for person in (enrollment.learner, make_team().manager, make_user()):
        client.force_login(person)
        assert client.post(f"/people/changes/{made.pk}/undo/").status_code == 404
    enrollment.refresh_from_db()
    assert not enrollment.is_open


def test_an_enrollment_stays_in_which_a_sitting_was_only_opened(signed_in, team):
    people = [make_user("Ann"), make_user("Bob")]
    for person in people:
        join(team, person)
    adjustment = Adjustment(kind=ENROLL.kind, course=make_course_with_pre_check(), made_by=team.manager)
    enroll_people([person.pk for person in people], adjustment)
    ann = Enrollment.objects.get(learner=people[0])
    start(ann, START)
    response = signed_in.post(f"/people/changes/{adjustment.pk}/undo/", follow=True)
    assert [each.text for each in page_of(response).select(".message")] == [
        "Undone for 1 person: Bob.", "Ann: The person has started the course, so the enrollment stays.",
    ]  # fmt: skip
    assert list(Enrollment.objects.open()) == [ann]
    assert list(differences()) == []
