"""The sheet about somebody is asked of the nearest lead, once, and what is answered is kept without the person."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from courseware.accounts.models import Deputy, Membership, User
from courseware.accounts.teams.teams import close_team
from courseware.assignments.follow_ups.follow_ups import FollowUpRefusal, NotAsked, answer_follow_up, follow_ups_due
from courseware.assignments.models import FollowUp, FollowUpAnswers
from courseware.audit_log.models import Event
from courseware.content.rendering import store
from courseware.hr.people.account_merge import merge
from courseware.learning.due_dates.absence_shifts import record_absence
from courseware.learning.lessons.feedback import SurveyChanged
from courseware.learning.models import Enrollment
from courseware.lib.dates import site_day
from tests.assignments.follow_ups import answered, completed, make_course_with_sheet, sheet_of
from tests.course_format.samples import SHEET, make_files
from tests.making import join, make_admin, make_course, make_team, make_user

pytestmark = pytest.mark.django_db
YES = {"seen-off": 0}


def asked_about(user):
    return [each.run.learner.name for each in follow_ups_due(user)]


# Who is asked, about whom


def test_it_is_asked_from_the_thirtieth_day_after_the_completion_for_sixty_days(team, time_machine):
    time_machine.move_to(datetime(2026, 11, 30, 17, tzinfo=UTC), tick=False)  # the first of December in Shanghai
    day = timedelta(days=1)
    first = datetime(2026, 11, 1, tzinfo=UTC)
    for name, at in {
        "Last moment of the day": first + timedelta(hours=15, minutes=59),
        "A moment later": first + timedelta(hours=16),
        "Sixty days": first - 59 * day,
        "Longer": first - 61 * day,
    }.items():
        completed(team, name, completed_at=at)
    assert asked_about(team.manager) == ["Sixty days", "Last moment of the day"]


def test_it_is_asked_of_who_has_completed_and_is_here_and_of_nobody_else(team):
    completed(team, "Wang")
    completed(team, "Open", completed_at=None)
    completed(team, "Exempt", completed_at=None, exempted_at=datetime(2026, 1, 1, tzinfo=UTC))
    completed(make_team(), "Of another team")
    completed(None, "Of none")
    left = completed(team, "Left").learner
    left.is_active = False
    left.save()
    record_absence(completed(team, "Away").learner, site_day(), site_day(), by=make_admin())
    join(team, team.manager)
    Enrollment.objects.create(
        learner=team.manager, course=make_course_with_sheet(), completed_at=Enrollment.objects.first().completed_at
    )
    assert asked_about(team.manager) == ["Wang"]


def test_a_course_without_a_sheet_for_leads_asks_nothing(team):
    completed(team, course=make_course())
    assert asked_about(team.manager) == []


def test_all_who_lead_the_nearest_team_are_asked_and_who_stands_in_and_nobody_above(team):
    top, beside, second = make_team("Top"), make_team("Beside"), make_user("Second")
    place_below(team, top)
    below = make_team("Below", parent=team)
    below.memberships.all().delete()  # nobody leads it
    join(team, second, Membership.Role.MANAGER)
    today = {"first_day": site_day(), "last_day": site_day()}
    Deputy.objects.create(lead=team.manager, person=beside.manager, made_by=top.manager, **today)
    completed(team, "Own", days_ago=33)
    completed(below, "Below", days_ago=32)
    for asked in (team.manager, second, beside.manager):
        assert asked_about(asked) == ["Own", "Below"]
    assert asked_about(top.manager) == []


def test_about_who_leads_the_own_team_alone_the_next_level_is_asked(team):
    top = make_team("Top")
    place_below(team, top)
    run = completed(team, "Wang")
    Membership.objects.filter(person=team.manager).update(person=run.learner)
    completed(team, "Zhao")
    assert asked_about(top.manager) == ["Wang"]
    assert asked_about(run.learner) == ["Zhao"]


def place_below(team, top):
    team.parent = top
    team.save()


@pytest.mark.parametrize("people", [1, 3])
def test_what_is_due_takes_as_many_statements_for_one_as_for_three(team, people, django_assert_num_queries):
    for _each in range(people):
        completed(team)
    asked_about(team.manager)
    user = type(team.manager).objects.get(pk=team.manager.pk)
    with django_assert_num_queries(
        7
    ):  # teams led, twice; substitutes, courses, runs; places and leads of their learners
        assert len(follow_ups_due(user)) == people


# What is kept


def test_that_it_was_answered_knows_who_and_on_which_day_and_the_answers_know_no_person(team):
    run = completed(team, "Wang")
    before = Enrollment.objects.values().get()
    kept, is_new = answered(run, YES | {"seen-lacking": "A hook."}, by=team.manager, day=site_day())
    assert is_new
    row = FollowUp.objects.values().get()
    assert row == {
        "id": kept.pk, "enrollment_id": run.pk, "sheet_id": kept.sheet_id, "made_by_id": team.manager.pk,
        "made_on": site_day(), "is_answered": True,
    }  # fmt: skip
    answers = FollowUpAnswers.objects.values().get()
    known = {"id", "sheet_id", "release_id", "answers", "pending_key", "team_id", "month", "shown_from", "counts_from"}
    assert answers.keys() == known
    assert isinstance(answers.pop("id"), uuid.UUID)
    assert len(answers.pop("pending_key")) == 64
    assert answers == {
        "sheet_id": kept.sheet_id, "release_id": run.course.current_id,
        "answers": YES | {"seen-lacking": "A hook."}, "team_id": None, "month": None, "shown_from": None,
        "counts_from": None,
    }  # fmt: skip
    assert Enrollment.objects.values().get() == before
    assert not Event.objects.filter(subject=f"enrollment:{run.pk}").exists()


def test_four_of_a_team_wait_and_the_fifth_lets_all_five_in_with_one_month_and_one_day(team, time_machine):
    time_machine.move_to(datetime(2026, 11, 30, 10, tzinfo=UTC), tick=False)
    other = make_team("Early shift")
    for _each in range(4):
        answered(completed(team), YES, by=team.manager)
        answered(completed(other), YES, by=other.manager)
    let_in = FollowUpAnswers.objects.exclude(shown_from=None).values_list("team", "month", "shown_from", "pending_key")
    shown = let_in.all
    assert list(shown()) == []
    answered(completed(team), YES, by=team.manager, day=date(2026, 12, 1))
    assert list(shown()) == [(team.pk, date(2026, 12, 1), date(2026, 12, 3), "")] * 5
    answered(completed(team), YES, by=team.manager, day=date(2026, 12, 1))
    assert len(shown()) == 5
    assert FollowUpAnswers.objects.filter(team=None, month=None).count() == 5


def test_follow_ups_about_new_people_do_not_fill_a_group_of_five(team, time_machine):
    time_machine.move_to(datetime(2026, 11, 30, 10, tzinfo=UTC), tick=False)
    for _each in range(4):
        run = completed(team)
        User.objects.filter(pk=run.learner_id).update(joined_at=timezone.now(), listed_on=None)
        answered(Enrollment.objects.get(pk=run.pk), YES, by=team.manager)
    answered(completed(team), YES, by=team.manager)
    shown = FollowUpAnswers.objects.exclude(shown_from=None)
    assert not shown.exists()
    answered(completed(team), YES, by=team.manager, day=date(2027, 1, 1))
    assert shown.count() == 5


def test_teams_wait_under_numbers_that_cannot_be_made_without_the_key_of_the_site(team, settings):
    other = make_team("Early shift")
    for each in (team, other):
        answered(completed(each), YES, by=each.manager)
    assert len(set(FollowUpAnswers.objects.values_list("pending_key", flat=True))) == 2
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key " * 6, [settings.SECRET_KEY]
    answered(completed(team), YES, by=team.manager)
    assert len(set(FollowUpAnswers.objects.values_list("pending_key", flat=True))) == 3
    for _each in range(3):
        answered(completed(team), YES, by=team.manager)
    assert FollowUpAnswers.objects.filter(team=team).count() == 5  # those from before are found
    assert len(set(FollowUpAnswers.objects.values_list("pending_key", flat=True))) == 2


def test_the_table_keeps_no_order_in_which_answers_came_neither_in_a_team_nor_among_teams(team):
    teams = [team, make_team("Early shift"), make_team("Late shift")]
    for number in range(8):
        team = teams[number % 3]
        answered(completed(team), YES | {"seen-cup": number % 2}, by=team.manager)
        stored = physical_order()
        assert stored == sorted(stored)
    assert len(stored) == 8


def physical_order():
    place = "ctid" if connection.vendor == "postgresql" else "rowid"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM assignments_followupanswers ORDER BY {place}")
        return [str(key) for (key,) in cursor.fetchall()]


def test_the_team_kept_is_the_one_joined_first_of_those_that_the_reader_leads(team):
    for _each in range(5):
        run = completed(make_team("Elsewhere"))
        join(team, run.learner)
        answered(run, YES, by=team.manager)
    assert set(FollowUpAnswers.objects.values_list("team", flat=True)) == {team.pk}


def test_what_is_shown_of_a_team_stays_without_it_where_the_team_is_closed(team):
    for _each in range(6):
        answered(completed(team), YES, by=team.manager)
    close_team(team, to=make_team(), by=make_admin())
    assert not FollowUpAnswers.objects.exclude(team=None).exists()
    assert FollowUpAnswers.objects.exclude(shown_from=None).count() == 5


def test_an_answer_that_waits_says_no_month_and_one_that_is_shown_has_one(team):
    answered(completed(team), YES, by=team.manager)
    for wrong in ({"month": date(2026, 11, 1)}, {"team": team}, {"pending_key": ""}, {"shown_from": site_day()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            FollowUpAnswers.objects.update(**wrong)


# Once


def test_who_answers_second_changes_nothing_whether_answered_or_not(team):
    second = make_user("Second")
    join(team, second, Membership.Role.MANAGER)
    run = completed(team)
    first, _new = answered(run, YES, by=team.manager)
    assert answered(run, {"seen-off": 2}, by=second) == (first, False)
    assert answer_follow_up(run, sheet_of(run), None, by=second) == (first, False)
    assert FollowUpAnswers.objects.get().answers == YES
    assert asked_about(second) == asked_about(team.manager) == []


def test_who_cannot_say_is_not_asked_again_and_nothing_is_kept_of_answers(team):
    run = completed(team)
    kept, is_new = answer_follow_up(run, sheet_of(run), None, by=team.manager)
    assert (kept.is_answered, is_new) == (False, True)
    assert asked_about(team.manager) == []
    assert answered(run, YES, by=team.manager) == (kept, False)
    assert not FollowUpAnswers.objects.exists()


def test_a_person_is_asked_about_once_whatever_renewals_follow_and_whichever_account(team):
    run = completed(team, "Wang", days_ago=50)
    answered(run, YES, by=team.manager)
    Enrollment.objects.create(learner=run.learner, course=run.course, completed_at=completed(team).completed_at)
    other = completed(None, "Wang again")
    assert len(asked_about(team.manager)) == 1  # of another person
    merge(run.learner, other.learner, by=make_admin())
    assert len(asked_about(team.manager)) == 1
    other.refresh_from_db()
    assert answered(other, YES, by=team.manager)[1] is False


@pytest.mark.parametrize(
    "fields, why",
    [
        ({"completed_at": None}, FollowUpRefusal.EARLY),
        ({"days_ago": 29}, FollowUpRefusal.EARLY),
        ({"days_ago": 91}, FollowUpRefusal.OVER),
    ],
)
def test_what_is_not_asked_is_not_taken(team, fields, why):
    run = completed(team, **fields)
    for answers in (YES, None):
        with pytest.raises(NotAsked) as refused:
            answer_follow_up(run, sheet_of(run), answers, by=team.manager)
        assert refused.value.why == why
    assert not FollowUp.objects.exists()
    assert not FollowUpAnswers.objects.exists()


@pytest.mark.parametrize("answers", [YES, None])
def test_who_leads_the_person_no_more_since_the_page_was_asked_for_is_told_so(team, answers):
    run = completed(team)
    join(team, make_user("Somebody else"))
    run.learner.memberships.all().delete()
    with pytest.raises(NotAsked) as refused:
        answered(run, answers, by=team.manager)
    assert refused.value.why == FollowUpRefusal.LED_NO_MORE
    assert not FollowUp.objects.exists()
    assert not FollowUpAnswers.objects.exists()


def test_a_sheet_released_anew_meanwhile_is_refused_and_nothing_is_kept(team):
    run = completed(team)
    changed = {path: text.replace("- 关\n", "- 总关\n") for path, text in SHEET.items()}
    shown = sheet_of(run)
    make_course(make_files(**changed))
    with pytest.raises(SurveyChanged):
        answer_follow_up(run, shown, YES, revision=1, by=team.manager)
    assert not FollowUp.objects.exists()
    assert not FollowUpAnswers.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_leads_who_answer_at_once_are_one_answer():
    team = make_team()
    run = completed(team)

    def send(_number):
        try:
            return answered(Enrollment.objects.get(pk=run.pk), YES, by=team.manager)[1]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(send, range(8))) == 1
    assert (FollowUp.objects.count(), FollowUpAnswers.objects.count()) == (1, 1)


# /team/follow-ups/: the sheet about somebody, for who leads them.


LIST = "/team/follow-ups/"


def address(run):
    return f"{LIST}{run.pk}/month-later/"


def sent(run, **fields):
    return {"revision": store.page(run.course.current, "month-later", "en").revision_id} | fields


def read(response):
    return BeautifulSoup(response.content, "html.parser")


def test_the_sheet_is_answered_from_the_list_and_is_gone_from_it(signed_in, team):
    run = completed(team, "Wang Ming")
    [link] = [each["href"] for each in read(signed_in.get(LIST)).select(".lines a")]
    assert link == address(run)
    page = read(signed_in.get(link))
    assert page.h1.text == "A month later"
    assert "Wang Ming" in page.select_one("article .soft").text
    assert [each["name"] for each in page.select("form [name^=q-]")] == ["q-seen-off"] * 3 + ["q-seen-cup"] * 2 + [
        "q-seen-lacking"
    ]
    response = signed_in.post(link, sent(run, **{"q-seen-off": 1, "q-seen-lacking": "A hook."}), follow=True)
    assert "Your answers are saved without the person’s name." in response.text
    assert "You have no follow-ups today" in response.text
    assert FollowUpAnswers.objects.get().answers == {"seen-off": 1, "seen-lacking": "A hook."}


def test_the_page_without_an_answer_and_one_of_no_choice_come_back(signed_in, team):
    run = completed(team)
    for fields in ({}, {"q-seen-off": "7"}, {"q-seen-lacking": "x" * 2001}):
        response = signed_in.post(address(run), sent(run, **fields))
        assert response.status_code == 422
        assert read(response).title.text.startswith("Error:")
        assert read(response).select_one(".error-summary li")
    assert not FollowUp.objects.exists()


def test_one_press_says_that_one_cannot_say(signed_in, team):
    run = completed(team)
    response = signed_in.post(address(run), sent(run, **{"cannot-say": "1"}), follow=True)
    assert "Your answer “I can’t say” is saved." in response.text
    assert FollowUp.objects.get().is_answered is False


def test_the_second_lead_reads_who_has_answered_and_when(signed_in, team):
    second = make_user("Zhao", language="en")
    join(team, second, Membership.Role.MANAGER)
    run = completed(team)
    signed_in.post(address(run), sent(run, **{"q-seen-off": 0}))
    signed_in.force_login(second)
    response = signed_in.post(address(run), sent(run, **{"q-seen-off": 2}), follow=True)
    assert "Li Lin already answered on" in response.text
    page = read(signed_in.get(address(run)))
    assert "Li Lin" in page.text
    assert not page.select("article form")
    assert FollowUpAnswers.objects.get().answers == {"seen-off": 0}


def test_a_sheet_that_is_not_asked_says_so_and_takes_nothing(signed_in, team):
    early, over = completed(team, days_ago=3), completed(team, days_ago=200)
    for run, said in ((early, "The follow-up opens some days after"), (over, "This follow-up is closed")):
        assert said in signed_in.get(address(run)).text
        assert said in signed_in.post(address(run), sent(run, **{"q-seen-off": 0}), follow=True).text
    assert not FollowUp.objects.exists()


def test_a_sheet_that_was_changed_meanwhile_comes_back_with_the_texts(signed_in, team):
    run = completed(team)
    form = sent(run, **{"q-seen-off": 0, "q-seen-lacking": "A hook."})
    make_course(make_files(**{path: text.replace("- Yes", "- Always") for path, text in SHEET.items()}))
    response = signed_in.post(address(run), form)
    assert response.status_code == 409
    page = read(response)
    assert "Always" in page.text
    assert page.textarea.text.strip() == "A hook."
    assert not page.select("[checked]")
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize("revision", ["9" * 5000, "-1", "１", ""])
def test_a_sheet_with_what_is_no_revision_comes_back(signed_in, team, revision):
    run = completed(team)
    assert signed_in.post(address(run), {"revision": revision, "q-seen-off": 0}).status_code == 409
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize("sheet", ["voice", "boiling", "nothing"])
def test_only_a_sheet_for_leads_is_one(signed_in, team, sheet):
    assert signed_in.get(f"{LIST}{completed(team).pk}/{sheet}/").status_code == 404
