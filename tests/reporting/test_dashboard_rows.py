import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from bs4 import BeautifulSoup

from courseware.accounts.models import Note
from courseware.accounts.people.notes import write_note
from courseware.assignments.models import Conversation
from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.models import Enrollment
from courseware.learning.status.states import DUE_SOON
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard import totals
from courseware.reporting.dashboard.module_dots import Dot, ModuleDots
from courseware.reporting.dashboard.timeline import timeline
from tests.making import join, make_admin, make_course, make_enrollment, make_team, make_user
from tests.reporting.dashboards import learner_of
from tests.world import complete_course, finish_lesson, outline_of, rows_shown_to

pytestmark = pytest.mark.django_db

State = Enrollment.State
MIDNIGHT = datetime(2026, 11, 27, 16, tzinfo=UTC)  # in the zone of the site, Shanghai: the 27th is over
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def seen_by(user, **filters):
    return {enrollment.learner.name for enrollment in dashboard_rows.dashboard_rows_of(user, **filters)}


def rows(user, at=MIDNIGHT, **filters):
    return rows_shown_to(user, at=at, **filters)


# Visible people


@pytest.fixture
def company():
    """A top team, one below and one beside; each manager also learns."""
    make_course()
    top, beside = make_team("Top"), make_team("Beside")
    below = make_team("Below", parent=top)
    for team in (top, below, beside):
        learner_of(team, f"Learner of {team.name}")
        join(team, team.manager)
        team.manager.name = f"Manager of {team.name}"
        team.manager.save()
        make_enrollment(team.manager)
    make_enrollment(make_user("Without a team"))
    return {"top": top, "below": below, "beside": beside}


def test_manager_sees_own_and_lower_teams_but_not_self(company):
    assert seen_by(company["top"].manager) == {"Learner of Top", "Learner of Below", "Manager of Below"}
    assert seen_by(company["below"].manager) == {"Learner of Below"}
    assert seen_by(company["beside"].manager) == {"Learner of Beside"}


def test_person_in_two_teams_is_listed_with_first(company):
    learner = Enrollment.objects.get(learner__name="Learner of Below").learner
    join(company["top"], learner)
    join(company["beside"], learner)
    assert [row.team for row in rows(company["top"].manager) if row.enrollment.learner == learner] == ["Below"]
    assert [row.team for row in rows(company["beside"].manager) if row.enrollment.learner == learner] == ["Beside"]


def test_only_current_enrollment_is_shown(company):
    old = Enrollment.objects.get(learner__name="Learner of Below")
    enrolling.exempt(old, "moved", by=None)
    new = make_enrollment(old.learner, old.course)
    assert list(dashboard_rows.dashboard_rows_of(company["below"].manager)) == [new]


# States, filters, order


def one_of_each(team):
    at = MIDNIGHT
    learner_of(team, "Done", due_at=at - DAY, completed_at=at - 9 * DAY, started_at=at - 9 * DAY)
    learner_of(team, "Exempt", due_at=at - DAY, exempted_at=at)
    learner_of(team, "Started", due_at=at + 9 * DAY, started_at=at)
    learner_of(team, "No due day", started_at=at)
    learner_of(team, "Begun", due_at=at + 99 * DAY, started_at=at)
    learner_of(team, "Fresh", due_at=at + 9 * DAY)
    learner_of(team, "Soon", due_at=at + DAY)
    learner_of(team, "Late", due_at=at - DAY)
    learner_of(team, "Later", due_at=at - 2 * DAY)


def test_rows_are_sorted_by_urgency():
    team = make_team()
    one_of_each(team)
    names = [row.name for row in rows(team.manager)]
    assert names == ["Later", "Late", "Soon", "Fresh", "Started", "Begun", "No due day", "Done", "Exempt"]


def test_same_due_date_is_sorted_by_name_up_to_limit(monkeypatch):
    team = make_team()
    for name, days in (("B", 1), ("A", 1), ("C", 0)):
        learner_of(team, name, due_at=MIDNIGHT + days * DAY)
    found = dashboard_rows.dashboard_rows_of(team.manager, at=MIDNIGHT)
    monkeypatch.setattr(dashboard_rows, "SORTED_BY_NAME", 3)
    names = {
        number: "".join(each.learner.name for each in dashboard_rows.sort_rows(found, number, None, team.manager))
        for number in (3, 4)
    }
    assert names == {3: "CAB", 4: "CBA"}


def test_counts_equal_the_rows_of_each_state():
    team = make_team()
    one_of_each(team)
    everyone = dashboard_rows.dashboard_rows_of(team.manager, at=MIDNIGHT)
    tally = totals.counts(everyone, MIDNIGHT)
    assert (list(tally.states), tally.states[State.OVERDUE], tally.states[State.IN_PROGRESS]) == (list(State), 2, 3)
    for numbers in (tally.states, tally.validities):
        assert numbers == {status: everyone.in_state(status, MIDNIGHT).count() for status in numbers}


@pytest.mark.parametrize(
    ("after", "state", "days_late"),
    [
        (-SECOND, State.DUE_SOON, 0),
        (timedelta(0), State.OVERDUE, 1),
        (SECOND, State.OVERDUE, 1),
        (DAY, State.OVERDUE, 2),
    ],
    ids=["a second before", "at the instant", "a second after", "a day after"],
)
def test_overdue_begins_when_due_date_ends(after, state, days_late):
    team = make_team()
    learner_of(team, due_at=MIDNIGHT)
    (row,) = rows(team.manager, at=MIDNIGHT + after)
    assert (row.state, row.enrollment.due_on, row.days_late) == (state, date(2026, 11, 27), days_late)


def test_filters_combine(company):
    top = company["top"].manager
    assert seen_by(top, team=company["below"]) == {"Learner of Below", "Manager of Below"}
    assert seen_by(top, name="learner OF") == {"Learner of Top", "Learner of Below"}
    assert seen_by(top, team=company["below"], name="learner") == {"Learner of Below"}
    email = Enrollment.objects.get(learner__name="Learner of Top").learner.email
    assert seen_by(top, name=email) == {"Learner of Top"}
    assert seen_by(top, team=company["beside"]) == seen_by(top, name="%") == set()


# Content of a row


def test_row_shows_progress_by_module_and_next_step():
    team = make_team()
    enrollment = learner_of(team)
    (row,) = rows(team.manager)
    before = [(module.title, module.done, module.total) for module in row.modules]
    assert before == [("Water", 0, 1), ("The end", 0, 1)]
    assert (row.journey.progress.percent, row.line.passed, row.journey.next_action.step.id) == (0, 0, "boiling")
    finish_lesson(enrollment, outline_of(enrollment.course).step("boiling"))
    (row,) = rows(team.manager)
    assert [module.done for module in row.modules] == [1, 0]
    assert (row.journey.progress.percent, row.line.passed, row.journey.next_action.step.title) == (
        50,
        1,
        "The last cup",
    )


def test_closed_enrollment_has_no_next_step():
    team = make_team()
    complete_course(learner_of(team))
    enrolling.exempt(learner_of(team), "moved", by=None)
    shown = [(row.state, row.journey.next_action.is_asked, row.journey.next_action.words) for row in rows(team.manager)]
    assert shown == [(State.COMPLETED, False, ""), (State.EXEMPT, False, "")]
    assert rows(team.manager)[0].journey.progress.percent == 100


@pytest.mark.parametrize(
    ("are_done", "looks", "done"),
    [
        ([False, False, False], ["h", "", ""], 0),
        ([True, False, False], ["f", "h", ""], 29),
        ([False, True, False], ["h", "f", ""], 0),
        ([True, True, True], ["f", "f", "f"], 51),
    ],
)
def test_dots_fill_up_to_first_open_module(are_done, looks, done):
    line = ModuleDots(tuple(are_done))
    assert line.dots == tuple(Dot(x, look) for x, look in zip((7, 29, 51), looks, strict=True))
    assert (line.end, line.width, line.done) == (51, 58, done)


def test_course_without_modules_has_no_dots():
    assert (ModuleDots(()).dots, ModuleDots(()).width, ModuleDots(()).done) == ((), 14, 0)


def test_timeline_is_newest_first_without_single_answers():
    team = make_team()
    enrollment = learner_of(team, enrolled_at=MIDNIGHT - 9 * DAY)
    attempt = complete_course(enrollment)
    enrollment.refresh_from_db()
    entries = timeline(enrollment, outline_of(enrollment.course, "en"), enrollment.learner)
    shown = [(each.kind, each.title, each.detail) for each in entries]
    assert sorted(shown[:2]) == [("finished", "", ""), ("passed", "The last cup", "2 / 2")]
    assert shown[2:] == [("completed", "Boiling water", ""), ("enrolled", "", "")]
    assert entries == sorted(entries, key=lambda each: each.at, reverse=True)
    assert attempt.submitted_at in {each.at for each in entries}


def test_timeline_shows_notes_and_conversations_unless_undone():
    team = make_team(manager=make_user("Li Lin"))
    own, other = learner_of(team, enrolled_at=MIDNIGHT - 9 * DAY), learner_of(team)
    for number, text in enumerate(["Asked for nights.", "Taken back."]):
        write_note([own.learner_id], text, act=uuid.UUID(int=number), by=team.manager, at=MIDNIGHT - (3 - number) * DAY)
    Note.objects.filter(text="Taken back.").update(undone_at=MIDNIGHT)
    write_note([other.learner_id], "Another.", act=uuid.UUID(int=7), by=team.manager)
    Conversation.objects.create(enrollment=own, made_by=team.manager, made_at=MIDNIGHT - DAY)
    Conversation.objects.create(enrollment=own, made_by=team.manager, made_at=MIDNIGHT, undone_at=MIDNIGHT)
    Conversation.objects.create(enrollment=other, made_by=team.manager)
    entries = timeline(own, outline_of(own.course, "en"), team.manager)
    shown = [(each.kind, each.title, each.note and each.note.text) for each in entries]
    assert shown == [("talked", "Li Lin", None), ("noted", "", "Asked for nights."), ("enrolled", "", None)]


# Facts of rows


NOON = datetime(2026, 11, 27, 4, tzinfo=UTC)  # in the zone of the site, Shanghai
SECOND = timedelta(seconds=1)


def test_facts_keep_key_order_and_skip_deleted_rows():
    first, second, gone = (make_enrollment(make_user(name)).pk for name in ("B", "A", "C"))
    Enrollment.objects.filter(pk=gone).delete()
    assert [each.learner_name for each in dashboard_rows.enrollments_with_facts([second, gone, first], NOON)] == [
        "A",
        "B",
    ]
    assert dashboard_rows.enrollments_with_facts([], NOON) == []


def test_state_depends_on_requested_instant():
    key = make_enrollment(due_at=NOON).pk
    asked = (NOON, NOON - SECOND, NOON - DUE_SOON, NOON - DUE_SOON - SECOND, NOON)
    found = [each.state for at in asked for each in dashboard_rows.enrollments_with_facts([key], at)]
    assert found == ["overdue", "due-soon", "due-soon", "not-started", "overdue"]


def test_due_dates_use_zone_of_first_team():
    berlin, shanghai = make_team(time_zone="Europe/Berlin"), make_team(time_zone="Asia/Shanghai")
    learner = make_user()
    for team in (berlin, shanghai):
        join(team, learner)
    make_enrollment(learner, due_at=datetime(2026, 11, 27, 23, tzinfo=UTC))  # midnight in Berlin, the 28th in Shanghai
    nowhere = make_enrollment(make_user("Without a team"), due_at=datetime(2026, 11, 27, 23, tzinfo=UTC))
    assert [row.enrollment.due_on.day for row in rows_shown_to(shanghai.manager)] == [27]
    days = {row.enrollment.pk == nowhere.pk: row.enrollment.due_on.day for row in rows_shown_to(make_admin())}
    assert days == {False: 27, True: 28}


@pytest.mark.slow
def test_person_page_names_first_visible_team(client):
    first, second = make_team("Day shift"), make_team("Night shift")
    learner = make_user("Lea")
    for team in (first, second):
        join(team, learner)
    enrollment = make_enrollment(learner)
    loner = make_enrollment(make_user("Leo"), enrollment.course)

    def label(reader, of=enrollment):
        client.force_login(reader)
        page = BeautifulSoup(client.get(f"/team/people/{of.pk}/").content, "html.parser")
        return page.select_one("h1 + p").get_text().split(" · ")[0]

    admin = make_admin()
    assert [label(first.manager), label(second.manager), label(admin)] == ["Day shift", "Night shift", "Day shift"]
    assert label(admin, loner) == loner.learner.email
