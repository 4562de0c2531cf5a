"""One decision about several people: whom it touches is said before, what it did afterwards, and all is taken back at
once."""

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseware.learning import adjusting
from courseware.learning.adjustments import Adjustment, AdjustmentLine
from courseware.learning.enrolling import waive
from courseware.learning.manager_actions import FOR_MANY
from courseware.learning.models import Enrollment
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

pytestmark = pytest.mark.django_db
FIELDS = {
    "extend": {"due_on": "2030-03-04", "reason": "flood"},
    "excuse": {"reason": "flood"},
    "time": {"time": "1.5", "reason": "flood"},
}


def run_of(team, name="", **fields):
    enrollment = make_enrollment(make_user(name), **fields)
    join(team, enrollment.learner)
    return enrollment


def keys(*runs):
    return [run.pk for run in runs]


def page_of(response):
    return BeautifulSoup(response.content, "html.parser")


def paragraphs(response):
    return [" ".join(part.text.split()) for part in page_of(response).select("main > p, main > ul > li")]


def test_the_board_sends_the_rows_that_are_ticked_to_each_decision(signed_in, team):
    runs = [run_of(team, name) for name in ("Ann", "Bob")]
    page = page_of(signed_in.get("/team/"))
    boxes = page.select("input[type=checkbox][name=row][form=chosen]")
    assert {(box["value"], box["aria-label"]) for box in boxes} == {
        (str(runs[0].pk), "Choose Ann"), (str(runs[1].pk), "Choose Bob"),
    }  # fmt: skip
    addresses = [button["formaction"].split("/")[-2] for button in page.select("form#chosen[method=get] button")]
    assert addresses == ["remind", *(action.address for action in FOR_MANY), "note"]


def test_who_audits_has_nothing_to_tick(client, team):
    run_of(team, "Ann")
    auditor = make_user(audits_until=days(9).date())
    auditor.groups.add(Group.objects.get(name="Auditors"))
    client.force_login(auditor)
    page = page_of(client.get("/team/"))
    assert page.select("tbody tr") != []
    assert page.select("[name=row], #chosen") == []


def test_whom_it_touches_and_whom_not_and_why_is_said_before(signed_in, team):
    open_run, other = run_of(team, "Ann"), run_of(team, "Bob")
    done, excused = run_of(team, "Cem", completed_at=days(-1)), run_of(team, "Dan")
    waive(excused, "moved", by=None)
    stranger = make_enrollment(make_user("Eve"))
    rows = keys(other, open_run, done, excused, stranger)
    before = list(Enrollment.objects.order_by("pk").values())
    response = signed_in.get("/people/decide/extend/", {"row": rows})
    assert paragraphs(response) == [
        "For 2 people: Ann, Bob", "Cem: has completed the course", "Dan: is excused",
    ]  # fmt: skip
    assert list(Enrollment.objects.order_by("pk").values()) == before


def test_human_resources_decide_nothing_about_who_audits_and_read_so_before(client):
    ann, auditor = make_enrollment(make_user("Ann")), make_enrollment(make_auditor(name="Olga"))
    editor = make_enrollment(make_editor())  # of whom they see nothing
    client.force_login(make_hr(language="en"))
    rows = {"row": keys(ann, auditor, editor)}
    said = ["For 1 person: Ann", "Olga: is for somebody else to decide about, an admin perhaps"]
    assert paragraphs(client.get("/people/decide/excuse/", rows)) == said
    client.post("/people/decide/excuse/", {**rows, "reason": "flood"})
    assert [line.enrollment for line in AdjustmentLine.objects.all()] == [ann]
    assert paragraphs(client.get("/people/decide/enroll/", rows)) == ["For 1 person: Ann"]


def back(response):
    return [link["href"] for link in page_of(response).select("main a") if link.text == "Leave it as it is"]


@pytest.mark.parametrize("address", [*FIELDS, "enroll"])
def test_a_link_leads_back_to_the_board_as_it_was_filtered_also_after_a_mistake(signed_in, team, address):
    run = run_of(team, "Ann")
    [hidden] = page_of(signed_in.get("/team/?name=Ann")).select("#chosen [name=next]")
    sent = {"row": run.pk, "next": hidden["value"]}
    assert back(signed_in.get(f"/people/decide/{address}/", sent)) == ["/team/?name=Ann"]
    assert back(signed_in.post(f"/people/decide/{address}/", sent)) == ["/team/?name=Ann"]
    assert back(signed_in.get(f"/people/decide/{address}/", {"next": "/team/"})) == ["/team/"]
    for elsewhere in ("", "//evil.example/", "https://evil.example/", "javascript:alert(1)"):
        assert back(signed_in.get(f"/people/decide/{address}/", sent | {"next": elsewhere})) == []


def test_who_leads_somebody_who_audits_still_decides(client, team):
    auditor = make_enrollment(make_auditor(name="Olga"))
    join(team, auditor.learner)
    client.force_login(team.manager)
    rows = {"row": keys(auditor)}
    assert paragraphs(client.get("/people/decide/excuse/", rows)) == ["For 1 person: Olga"]


@pytest.mark.parametrize("address", FIELDS)
def test_it_is_done_to_all_of_them_as_one_act_and_taken_back_as_one(signed_in, team, address):
    runs = [run_of(team, name, due_at=days(2)) for name in ("Ann", "Bob", "Cem")]
    strangers = [make_enrollment(due_at=days(2)), make_enrollment(team.manager, due_at=days(2))]
    people = list(Enrollment.objects.order_by("pk").values("due_at", "waived_at", "learner__practice_time"))
    sent = {"row": keys(*runs, *strangers), **FIELDS[address]}
    response = signed_in.post(f"/people/decide/{address}/", sent, follow=True)
    [made] = Adjustment.objects.all()
    assert (made.made_by, made.reason) == (team.manager, "flood")
    assert sorted(made.lines.values_list("enrollment", flat=True)) == keys(*runs)
    assert paragraphs(response)[1:] == ["3 people", "Ann", "Bob", "Cem"]
    [form] = page_of(response).select("form.undo")
    undone = signed_in.post(form["action"], follow=True)
    assert list(Enrollment.objects.order_by("pk").values("due_at", "waived_at", "learner__practice_time")) == people
    assert paragraphs(undone)[1:] == ["3 people", "Ann taken back", "Bob taken back", "Cem taken back"]
    assert page_of(undone).select("form.undo") == []


def test_sent_twice_it_is_done_once(signed_in, team):
    sent = {"row": keys(run_of(team, "Ann")), **FIELDS["extend"]}
    assert signed_in.post("/people/decide/extend/", sent).status_code == 302
    response = signed_in.post("/people/decide/extend/", sent)
    assert response.status_code == 422
    assert "nothing was done" in response.text
    assert AdjustmentLine.objects.count() == 1


@pytest.mark.parametrize("fields", [{"due_on": ""}, {"due_on": "2020-01-01"}, {"due_on": "x"}])
def test_what_makes_no_sense_comes_back_with_whom_it_was_for(signed_in, team, fields):
    run = run_of(team, "Ann")
    response = signed_in.post("/people/decide/extend/", {"row": run.pk, "reason": "flood", **fields})
    assert response.status_code == 422
    assert page_of(response).select_one("[name=reason]")["value"] == "flood"
    assert [field["value"] for field in page_of(response).select("[type=hidden][name=row]")] == [str(run.pk)]
    assert not Adjustment.objects.exists()


def test_a_whole_team_with_those_below_it_and_nobody_else(signed_in, team):
    below, other = make_team("Below", parent=team), make_team("Other")
    runs = [run_of(team), run_of(below)]
    run_of(other)
    signed_in.post("/people/decide/excuse/", {"team": [team.pk, other.pk], "reason": "flood"})
    assert sorted(AdjustmentLine.objects.values_list("enrollment", flat=True)) == keys(*runs)


def test_more_than_a_batch_is_left_to_a_worker(signed_in, team, monkeypatch):
    monkeypatch.setattr(adjusting, "BATCH", 2)
    runs = [run_of(team) for _ in range(5)]
    response = signed_in.post("/people/decide/excuse/", {"team": team.pk, "reason": "flood"}, follow=True)
    [made] = Adjustment.objects.all()
    adjusting.decide_on_all.func(made.pk, keys(*runs))  # a worker does it; begun again it changes nothing
    assert sorted(made.lines.values_list("enrollment", flat=True)) == keys(*runs)
    assert response.status_code == 200


# Enrolling


def test_people_of_rows_or_teams_or_one_by_name_are_enrolled_with_a_day_and_a_reason(signed_in, team):
    course, other = make_course(), make_course()
    Enrollment.objects.filter(course=course).delete()
    row = run_of(team, "Ann", course=course)
    address = "/people/decide/enroll/"
    new = make_user("Bob")
    join(team, new)
    enrolled = {"row": row.learner, "person": new}
    for name, key in (("row", row.pk), ("person", new.pk)):
        page = signed_in.get(address, {name: key})
        assert paragraphs(page) == [f"For 1 person: {enrolled[name].name}"]
    sent = {"person": new.pk, "course": course.pk, "due_on": "2030-03-04", "reason": "joins"}
    signed_in.post(address, sent)
    run = Enrollment.objects.get(learner=new)
    assert (run.course, str(run.due_on), run.adjustment_lines.get().adjustment.reason) == (
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
    signed_in.post("/people/decide/enroll/", {"person": new.pk, "course": course.pk, "due_on": "", "days": "14"})
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
    client.post("/people/decide/enroll/", sent)
    found = set(Enrollment.objects.values_list("learner", flat=True))
    assert found == {people[name].pk for name in whom}


@pytest.mark.parametrize("address", [*FIELDS, "enroll"])
def test_one_costs_as_much_as_three(signed_in, team, address):
    course = make_course()

    def statements(number):
        rows = keys(*(run_of(team, course=course, due_at=days(2)) for _ in range(number)))
        with CaptureQueriesContext(connection) as needed:
            signed_in.get(f"/people/decide/{address}/", {"row": rows})
            if address != "enroll":
                response = signed_in.post(f"/people/decide/{address}/", {"row": rows, **FIELDS[address]})
                signed_in.get(response.url)
        return len(needed)

    statements(1)  # the outline is read once in each process
    assert statements(1) == statements(3)
