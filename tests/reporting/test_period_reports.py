"""The period report by team and course: who counts, and its files."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from python_calamine import CalamineWorkbook

from courseware.accounts.models import User
from courseware.assessment.models import Certificate, ExamAttempt, ExternalTraining
from courseware.audit_log.models import Event
from courseware.content.models import Course
from courseware.learning.models import Completion
from courseware.reporting.statistics.period_report import Figures, Period, latest_months, latest_quarters, period_report
from courseware.reporting.views import period_report as period_report_views
from tests.course_format.samples import make_files
from tests.making import join, make_admin, make_auditor, make_course, make_enrollment, make_hr, make_team, make_user
from tests.world import complete_course

pytestmark = pytest.mark.django_db
SPRING = Period(date(2026, 3, 1), date(2026, 5, 31))
# In the zone of the site, Shanghai.
FIRST_INSTANT, LAST_INSTANT = datetime(2026, 2, 28, 16, tzinfo=UTC), datetime(2026, 5, 31, 15, 59, 59, tzinfo=UTC)
BEFORE, INSIDE, AFTER = (
    FIRST_INSTANT - timedelta(seconds=1),
    datetime(2026, 4, 10, tzinfo=UTC),
    LAST_INSTANT + timedelta(seconds=1),
)


def learner_of(team, name="", **fields):
    learner = make_user(name)
    join(team, learner)
    make_course() if not Course.objects.exists() else None
    return make_enrollment(learner, **{"enrolled_at": BEFORE - timedelta(days=60)} | fields)


def certify(enrollment, *, at, until=None, revoked=False):
    fields = {"holder": enrollment.learner.name, "titles": {}, "release": enrollment.course.current, "issued_at": at}
    if revoked:
        fields |= {"revoked_at": AFTER, "revoked_by": make_admin(), "revocation_reason": "Somebody else"}
    number = f"N{Certificate.objects.count()}"
    return Certificate.objects.create(enrollment=enrollment, number=number, valid_until=until, **fields)


def report(user, period=SPRING, **filters):
    """Team → its figures, of the only course."""
    found = period_report(user, period, language="en", **filters)
    return {row.team: row.figures[0] for row in found.teams}


def test_finished_counts_first_to_last_instant(team):
    for at in (BEFORE, FIRST_INSTANT, LAST_INSTANT, AFTER, None):
        learner_of(team, completed_at=at)
    assert report(team.manager) == {"Night shift": Figures(people=5, finished=2)}


def test_earlier_enrollment_counts_and_person_counts_once(team):
    enrollment = learner_of(team, completed_at=INSIDE, is_newest=False)
    make_enrollment(enrollment.learner, completed_at=INSIDE, enrolled_at=BEFORE, is_newest=True)
    assert report(team.manager) == {"Night shift": Figures(people=1, finished=1)}


def test_later_enrollment_is_not_counted(team):
    learner_of(team, enrolled_at=LAST_INSTANT)
    learner_of(team, enrolled_at=AFTER)
    assert report(team.manager)["Night shift"].people == 1


def test_certified_means_valid_on_last_day(team):
    valid = {"at": BEFORE, "until": SPRING.last}, {"at": LAST_INSTANT}
    others = {"at": AFTER}, {"at": BEFORE, "until": SPRING.last - timedelta(days=1)}, {"at": INSIDE, "revoked": True}
    for fields in (*valid, *others):
        certify(learner_of(team), **fields)
    assert report(team.manager) == {"Night shift": Figures(people=5, certified=2)}


def test_external_training_certifies_and_counts_once(team):
    both, alone, ended, later = (learner_of(team) for _ in range(4))
    certify(both, at=INSIDE)
    facts = {"course": both.course, "proof": "Seen", "recorded_by": make_hr()}
    for enrollment, on, until in (
        (both, SPRING.first, None),
        (alone, SPRING.last, SPRING.last),
        (ended, SPRING.first, SPRING.last - timedelta(days=1)),
        (later, SPRING.last + timedelta(days=1), None),
    ):
        ExternalTraining.objects.create(person=enrollment.learner, trained_on=on, valid_until=until, **facts)
    assert report(team.manager) == {"Night shift": Figures(people=4, certified=2)}


def test_running_period_counts_certified_today(team):
    certify(learner_of(team), at=INSIDE, until=date(2026, 4, 20))
    with time_machine.travel(datetime(2026, 4, 20, 4, tzinfo=UTC), tick=False):
        assert report(team.manager)["Night shift"].certified == 1
    with time_machine.travel(datetime(2026, 4, 21, 4, tzinfo=UTC), tick=False):
        assert report(team.manager)["Night shift"].certified == 0


def sit(enrollment, *, number=1, passed=True, at=INSIDE, pass_mark=80):
    release = enrollment.course.current
    entry = release.entries.filter(document__kind="exam").first()
    numbers = {"max_points": 5, "points": 5 if passed else 0, "pass_mark": pass_mark}
    if pass_mark is None:
        passed = None
    facts = {"exam": entry.document, "revision": entry.revision, "release": release, "number": number}
    ExamAttempt.objects.create(
        enrollment=enrollment, started_at=at, submitted_at=at, is_passed=passed, **facts, **numbers
    )


def test_first_tries_are_first_attempts_submitted_in_period(team):
    passed, failed, earlier, check = (learner_of(team) for _ in range(4))
    sit(passed)
    sit(failed, passed=False)
    sit(failed, number=2)
    sit(earlier, at=BEFORE)
    sit(check, pass_mark=None)
    assert report(team.manager) == {"Night shift": Figures(people=4, tries=2, passed=1)}


def test_training_minutes_are_of_steps_completed_in_period(team):
    enrollment = learner_of(team)
    complete_course(enrollment)
    steps = {each.document.identifier: each for each in Completion.objects.select_related("document")}
    outlines = enrollment.course.current.outlines[enrollment.course.source_language]
    minutes = {step["id"]: step["minutes"] or 0 for module in outlines["modules"] for step in module["steps"]}
    first, *others = sorted(steps, key=lambda name: -minutes[name])
    Completion.objects.update(completed_at=BEFORE)
    Completion.objects.filter(pk=steps[first].pk).update(completed_at=INSIDE)
    assert minutes[first] and others
    assert report(team.manager)["Night shift"].minutes == minutes[first]


@pytest.mark.slow
def test_report_covers_visible_people_in_each_team_once(team):
    below, elsewhere = make_team("Front desk", parent=team), make_team("Elsewhere")
    enrollment = learner_of(team, completed_at=INSIDE)
    join(below, enrollment.learner)
    learner_of(below, completed_at=INSIDE)
    learner_of(elsewhere)
    make_enrollment(make_user(), enrolled_at=BEFORE)
    one, done = Figures(people=1), Figures(people=1, finished=1)
    whole = {"Elsewhere": one, "Front desk": done, "Night shift": done, "": one}
    assert report(team.manager) == {"Front desk": done, "Night shift": done}
    assert report(below.manager) == {"Front desk": Figures(people=2, finished=2)}
    assert report(team.manager, team=below) == {"Front desk": Figures(people=2, finished=2)}
    assert report(elsewhere.manager) == {"Elsewhere": one}
    assert [report(person) for person in (make_hr(), make_auditor(), make_admin())] == [whole] * 3


def test_former_people_count_only_if_requested(team):
    enrollment = learner_of(team, completed_at=INSIDE)
    User.objects.filter(pk=enrollment.learner_id).update(is_active=False)
    assert report(team.manager) == {}
    assert report(team.manager, left=True) == {"Night shift": Figures(people=1, finished=1)}


@pytest.mark.slow
def test_courses_are_columns_and_can_be_selected(team):
    learner_of(team, completed_at=INSIDE)
    other = make_course({name: text.replace(b"id: tea-room", b"id: bar") for name, text in make_files().items()})
    learner_of(team, course=other)
    found = period_report(team.manager, SPRING, language="en")
    assert [course for course, _title in found.courses] == ["tea-room", "bar"]
    assert found.teams == [("Night shift", [Figures(people=1, finished=1), Figures(people=1)])]
    assert found.total == [Figures(people=1, finished=1), Figures(people=1)]
    assert period_report(team.manager, SPRING, language="en", course=other).courses == [
        ("bar", "Rules of the tea room")
    ]


@pytest.mark.parametrize(
    ("today", "quarters", "months"),
    [
        (date(2026, 2, 28), ["2026-01-01 2026-03-31", "2025-10-01 2025-12-31", "2025-07-01 2025-09-30"],
         ["2026-02-01 2026-02-28", "2026-01-01 2026-01-31", "2025-12-01 2025-12-31"]),
        (date(2028, 4, 1), ["2028-04-01 2028-06-30", "2028-01-01 2028-03-31", "2027-10-01 2027-12-31"],
         ["2028-04-01 2028-04-30", "2028-03-01 2028-03-31", "2028-02-01 2028-02-29"]),
    ],
)  # fmt: skip
def test_latest_quarters_and_months_are_offered(today, quarters, months):
    def facts(periods):
        return [f"{each.first} {each.last}" for each in periods[:3]]

    assert (facts(latest_quarters(today)), facts(latest_months(today))) == (quarters, months)


def ask(client, query="first=2026-03&last=2026-05", kind=""):
    return client.get(f"/team/reports/{kind}?{query}", headers={"accept-language": "en"})


def test_months_expand_to_first_and_last_day(client, team):
    learner_of(team)
    page = ask(client)
    assert page.context["report"].period == SPRING
    assert 'value="2026-03-01"' in page.text and 'value="2026-05-31"' in page.text
    found = ask(client, "first=2026-03-02&last=2026-03-02").context["report"]
    assert found.period == Period(date(2026, 3, 2), date(2026, 3, 2))
    with time_machine.travel(datetime(2026, 8, 5, tzinfo=UTC), tick=False):
        client.force_login(team.manager)
        assert ask(client, "").context["report"].period == Period(date(2026, 4, 1), date(2026, 6, 30))


def test_views_are_logged_for_auditors_only(client, team):
    auditor = make_auditor()
    for person in (team.manager, auditor):
        client.force_login(person)
        ask(client)
    assert Event.objects.get(verb="report-viewed").actor == auditor


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("first=2026-03-02&last=2026-03-01", "The last day is before the first day."),
        ("first=0001-01-01", "Choose a date between 2000 and 2099."),
        ("last=9999-12-31", "Choose a date between 2000 and 2099."),
        ("first=2026-13", "Enter a valid date."),
        ("first=%00", "Enter a valid date."),
    ],
)
def test_invalid_period_is_explained_and_makes_no_file(client, team, query, sentence):
    page = ask(client, query)
    assert page.status_code == 422 and sentence in page.text
    for kind in ("report.csv", "report.xlsx"):
        assert ask(client, query, kind).url.startswith("/team/reports/?")
    assert not Event.objects.filter(verb="report-exported").exists()


def test_files_match_page_and_are_logged(client, team):
    learner_of(team, completed_at=INSIDE)
    text = b"".join(ask(client, kind="report.csv").streaming_content).decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text))
    assert row == {
        "Team": "Night shift",
        "Course id": "tea-room",
        "Course": "Rules of the tea room",
        "First day": "2026-03-01",
        "Last day": "2026-05-31",
        "People": "1",
        "Finished": "1",
        "People certified at the end of the period": "0",
        "First exam attempts": "0",
        "First exam attempts passed": "0",
        "Training time (minutes)": "0",
    }
    named = b"".join(ask(client, "first=2026-03&last=2026-05&headings=names", "report.csv").streaming_content)
    assert named.decode("utf-8-sig").splitlines()[0] == (
        '"team","course","course_title","first_day","last_day","people","finished","certified","first_answers",'
        '"first_tries_passed","training_minutes"'
    )
    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(ask(client, kind="report.xlsx").streaming_content)))
    assert book.sheet_names == ["Report", "About this file"]
    assert book.get_sheet_by_index(0).to_python()[1][3:7] == [date(2026, 3, 1), date(2026, 5, 31), 1.0, 1.0]
    events = Event.objects.filter(verb="report-exported")
    assert {event.actor_id for event in events} == {team.manager.pk}
    assert [event.data for event in events] == [{"first": "2026-03-01", "last": "2026-05-31"}] * 3


def test_people_without_team_count_separately(team):
    home = {"Night shift": learner_of(team, completed_at=INSIDE)}
    home[""] = make_enrollment(make_user(), enrolled_at=BEFORE, completed_at=INSIDE)
    for enrollment in home.values():
        certify(enrollment, at=INSIDE)
        sit(enrollment)
    elsewhere = make_enrollment(make_user(), enrolled_at=BEFORE)
    ExternalTraining.objects.create(
        person=elsewhere.learner, course=elsewhere.course, trained_on=SPRING.last, proof="Seen", recorded_by=make_hr()
    )
    one = Figures(people=1, finished=1, certified=1, tries=1, passed=1)
    assert report(make_hr()) == {"Night shift": one, "": one + Figures(people=1, certified=1)}
    assert report(team.manager) == {"Night shift": one}
    assert report(make_hr(), team=team) == {"Night shift": one}


@pytest.mark.slow
def test_report_is_paged_with_complete_totals_and_file(client, team, monkeypatch):
    monkeypatch.setattr(period_report_views, "TEAMS_A_PAGE", 2)
    names = ["Night shift", "Phones", "Tills"]
    for each in (team, make_team(names[1]), make_team(names[2])):
        learner_of(each)
    client.force_login(make_hr())
    first, last = (ask(client, f"first=2026-03&last=2026-05&page={number}") for number in (1, 2))
    assert [[row.team for row in page.context["page"]] for page in (first, last)] == [names[:2], names[2:]]
    assert "1–2 of 3 teams." in first.text and "3–3 of 3 teams." in last.text
    for page in (first, last):
        [total] = page.context["report"].total
        assert total == Figures(people=3)
        assert 'report.csv?first=2026-03-01&amp;last=2026-05-31"' in page.text
    lines = b"".join(ask(client, kind="report.csv").streaming_content).decode("utf-8-sig").splitlines()[1:]
    assert [line.split(",")[0].strip('"') for line in lines] == names
    client.force_login(team.manager)
    assert " teams." not in ask(client).text
