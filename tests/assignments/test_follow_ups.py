"""Follow-ups: who is asked, once, and answers stored without the person."""

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
from tests.assignments.follow_ups import answered, completed, make_course_with_survey, survey_of
from tests.course_format.samples import FOLLOW_UP, make_files
from tests.making import join, make_admin, make_course, make_team, make_user

pytestmark = pytest.mark.django_db
YES = {"seen-off": 0}


def asked_about(user):
    return [each.run.learner.name for each in follow_ups_due(user)]


# Who is asked about whom


def test_follow_up_is_due_from_day_30_for_60_days(team, time_machine):
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


def test_follow_up_is_due_for_present_completed_learners_only(team):
    completed(team, "Wang")
    completed(team, "Open", completed_at=None)
    completed(team, "Exempt", completed_at=None, exempted_at=datetime(2026, 1, 1, tzinfo=UTC))
    completed(make_team(), "Of another team")
    completed(None, "Of none")
    former = completed(team, "Left").learner
    former.is_active = False
    former.save()
    record_absence(completed(team, "Away").learner, site_day(), site_day(), by=make_admin())
    join(team, team.manager)
    Enrollment.objects.create(
        learner=team.manager, course=make_course_with_survey(), completed_at=Enrollment.objects.first().completed_at
    )
    assert asked_about(team.manager) == ["Wang"]


def test_course_without_survey_has_no_follow_ups(team):
    completed(team, course=make_course())
    assert asked_about(team.manager) == []


def test_managers_and_deputies_of_nearest_team_are_asked(team):
    top, beside, second = make_team("Top"), make_team("Beside"), make_user("Second")
    place_below(team, top)
    below = make_team("Below", parent=team)
    below.memberships.all().delete()  # no manager
    join(team, second, Membership.Role.MANAGER)
    today = {"first_day": site_day(), "last_day": site_day()}
    Deputy.objects.create(manager=team.manager, person=beside.manager, made_by=top.manager, **today)
    completed(team, "Own", days_ago=33)
    completed(below, "Below", days_ago=32)
    for asked in (team.manager, second, beside.manager):
        assert asked_about(asked) == ["Own", "Below"]
    assert asked_about(top.manager) == []


def test_senior_manager_is_asked_about_sole_manager(team):
    top = make_team("Top")
    place_below(team, top)
    enrollment = completed(team, "Wang")
    Membership.objects.filter(person=team.manager).update(person=enrollment.learner)
    completed(team, "Zhao")
    assert asked_about(top.manager) == ["Wang"]
    assert asked_about(enrollment.learner) == ["Zhao"]


def place_below(team, top):
    team.parent = top
    team.save()


@pytest.mark.parametrize("people", [1, 3])
def test_due_follow_ups_take_same_queries_for_1_and_3(team, people, django_assert_num_queries):
    for _each in range(people):
        completed(team)
    asked_about(team.manager)
    user = type(team.manager).objects.get(pk=team.manager.pk)
    with django_assert_num_queries(7):  # managed teams twice, deputies, courses, enrollments, memberships, managers
        assert len(follow_ups_due(user)) == people


# Stored data


def test_answers_are_stored_without_person(team):
    enrollment = completed(team, "Wang")
    before = Enrollment.objects.values().get()
    stored, is_new = answered(enrollment, YES | {"seen-lacking": "A hook."}, by=team.manager, day=site_day())
    assert is_new
    row = FollowUp.objects.values().get()
    assert row == {
        "id": stored.pk, "enrollment_id": enrollment.pk, "survey_id": stored.survey_id, "made_by_id": team.manager.pk,
        "made_on": site_day(), "is_answered": True,
    }  # fmt: skip
    answers = FollowUpAnswers.objects.values().get()
    known = {"id", "survey_id", "release_id", "answers", "pending_key", "team_id", "month", "shown_from", "counts_from"}
    assert answers.keys() == known
    assert isinstance(answers.pop("id"), uuid.UUID)
    assert len(answers.pop("pending_key")) == 64
    assert answers == {
        "survey_id": stored.survey_id, "release_id": enrollment.course.current_id,
        "answers": YES | {"seen-lacking": "A hook."}, "team_id": None, "month": None, "shown_from": None,
        "counts_from": None,
    }  # fmt: skip
    assert Enrollment.objects.values().get() == before
    assert not Event.objects.filter(subject=f"enrollment:{enrollment.pk}").exists()


@pytest.mark.slow
def test_answers_are_released_in_groups_of_5(team, time_machine):
    time_machine.move_to(datetime(2026, 11, 30, 10, tzinfo=UTC), tick=False)
    other = make_team("Early shift")
    for _each in range(4):
        answered(completed(team), YES, by=team.manager)
        answered(completed(other), YES, by=other.manager)
    released = FollowUpAnswers.objects.exclude(shown_from=None).values_list(
        "team", "month", "shown_from", "pending_key"
    )
    shown = released.all
    assert list(shown()) == []
    answered(completed(team), YES, by=team.manager, day=date(2026, 12, 1))
    assert list(shown()) == [(team.pk, date(2026, 12, 1), date(2026, 12, 3), "")] * 5
    answered(completed(team), YES, by=team.manager, day=date(2026, 12, 1))
    assert len(shown()) == 5
    assert FollowUpAnswers.objects.filter(team=None, month=None).count() == 5


def test_new_people_do_not_count_toward_group_of_5(team, time_machine):
    time_machine.move_to(datetime(2026, 11, 30, 10, tzinfo=UTC), tick=False)
    for _each in range(4):
        enrollment = completed(team)
        User.objects.filter(pk=enrollment.learner_id).update(joined_at=timezone.now(), listed_on=None)
        answered(Enrollment.objects.get(pk=enrollment.pk), YES, by=team.manager)
    answered(completed(team), YES, by=team.manager)
    shown = FollowUpAnswers.objects.exclude(shown_from=None)
    assert not shown.exists()
    answered(completed(team), YES, by=team.manager, day=date(2027, 1, 1))
    assert shown.count() == 5


def test_pending_key_of_team_depends_on_secret_key(team, settings):
    other = make_team("Early shift")
    for each in (team, other):
        answered(completed(each), YES, by=each.manager)
    assert len(set(FollowUpAnswers.objects.values_list("pending_key", flat=True))) == 2
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key " * 6, [settings.SECRET_KEY]
    answered(completed(team), YES, by=team.manager)
    assert len(set(FollowUpAnswers.objects.values_list("pending_key", flat=True))) == 3
    for _each in range(3):
        answered(completed(team), YES, by=team.manager)
    assert FollowUpAnswers.objects.filter(team=team).count() == 5  # earlier answers are found
    assert len(set(FollowUpAnswers.objects.values_list("pending_key", flat=True))) == 2


@pytest.mark.slow
def test_stored_order_does_not_reveal_order_of_answers(team):
    teams = [team, make_team("Early shift"), make_team("Late shift")]
    for number in range(8):
        team = teams[number % 3]
        answered(completed(team), YES | {"seen-cup": number % 2}, by=team.manager)
        stored = physical_order()
        assert stored == sorted(stored)
    assert len(stored) == 8


def physical_order():
    row_id = "ctid" if connection.vendor == "postgresql" else "rowid"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM assignments_followupanswers ORDER BY {row_id}")
        return [str(key) for (key,) in cursor.fetchall()]


def test_stored_team_is_first_joined_team_of_manager(team):
    for _each in range(5):
        enrollment = completed(make_team("Elsewhere"))
        join(team, enrollment.learner)
        answered(enrollment, YES, by=team.manager)
    assert set(FollowUpAnswers.objects.values_list("team", flat=True)) == {team.pk}


@pytest.mark.slow
def test_closed_team_keeps_released_answers_without_team(team):
    for _each in range(6):
        answered(completed(team), YES, by=team.manager)
    close_team(team, to=make_team(), by=make_admin())
    assert not FollowUpAnswers.objects.exclude(team=None).exists()
    assert FollowUpAnswers.objects.exclude(shown_from=None).count() == 5


def test_inconsistent_release_fields_violate_constraint(team):
    answered(completed(team), YES, by=team.manager)
    for wrong in ({"month": date(2026, 11, 1)}, {"team": team}, {"pending_key": ""}, {"shown_from": site_day()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            FollowUpAnswers.objects.update(**wrong)


# Once


def test_second_answer_changes_nothing(team):
    second = make_user("Second")
    join(team, second, Membership.Role.MANAGER)
    enrollment = completed(team)
    first, _new = answered(enrollment, YES, by=team.manager)
    assert answered(enrollment, {"seen-off": 2}, by=second) == (first, False)
    assert answer_follow_up(enrollment, survey_of(enrollment), None, by=second) == (first, False)
    assert FollowUpAnswers.objects.get().answers == YES
    assert asked_about(second) == asked_about(team.manager) == []


def test_cannot_say_is_stored_without_answers(team):
    enrollment = completed(team)
    stored, is_new = answer_follow_up(enrollment, survey_of(enrollment), None, by=team.manager)
    assert (stored.is_answered, is_new) == (False, True)
    assert asked_about(team.manager) == []
    assert answered(enrollment, YES, by=team.manager) == (stored, False)
    assert not FollowUpAnswers.objects.exists()


def test_follow_up_is_due_once_per_person(team):
    enrollment = completed(team, "Wang", days_ago=50)
    answered(enrollment, YES, by=team.manager)
    Enrollment.objects.create(
        learner=enrollment.learner, course=enrollment.course, completed_at=completed(team).completed_at
    )
    other = completed(None, "Wang again")
    assert len(asked_about(team.manager)) == 1  # of another person
    merge(enrollment.learner, other.learner, by=make_admin())
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
def test_follow_up_outside_period_is_refused(team, fields, why):
    enrollment = completed(team, **fields)
    for answers in (YES, None):
        with pytest.raises(NotAsked) as refused:
            answer_follow_up(enrollment, survey_of(enrollment), answers, by=team.manager)
        assert refused.value.why == why
    assert not FollowUp.objects.exists()
    assert not FollowUpAnswers.objects.exists()


@pytest.mark.parametrize("answers", [YES, None])
def test_answer_of_former_manager_is_refused(team, answers):
    enrollment = completed(team)
    join(team, make_user("Somebody else"))
    enrollment.learner.memberships.all().delete()
    with pytest.raises(NotAsked) as refused:
        answered(enrollment, answers, by=team.manager)
    assert refused.value.why == FollowUpRefusal.NOT_MANAGED
    assert not FollowUp.objects.exists()
    assert not FollowUpAnswers.objects.exists()


def test_answer_to_changed_survey_is_refused(team):
    enrollment = completed(team)
    changed = {path: text.replace("- 关\n", "- 总关\n") for path, text in FOLLOW_UP.items()}
    shown = survey_of(enrollment)
    make_course(make_files(**changed))
    with pytest.raises(SurveyChanged):
        answer_follow_up(enrollment, shown, YES, revision=1, by=team.manager)
    assert not FollowUp.objects.exists()
    assert not FollowUpAnswers.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_concurrent_answers_are_stored_once():
    team = make_team()
    enrollment = completed(team)

    def send(_number):
        try:
            return answered(Enrollment.objects.get(pk=enrollment.pk), YES, by=team.manager)[1]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(send, range(8))) == 1
    assert (FollowUp.objects.count(), FollowUpAnswers.objects.count()) == (1, 1)


# Pages of follow-ups for managers.


LIST = "/team/follow-ups/"


def address(enrollment):
    return f"{LIST}{enrollment.pk}/month-later/"


def sent(enrollment, **fields):
    return {"revision": store.page(enrollment.course.current, "month-later", "en").revision_id} | fields


def read(response):
    return BeautifulSoup(response.content, "html.parser")


def test_answered_follow_up_leaves_list(signed_in, team):
    enrollment = completed(team, "Wang Ming")
    [link] = [each["href"] for each in read(signed_in.get(LIST)).select(".lines a")]
    assert link == address(enrollment)
    page = read(signed_in.get(link))
    assert page.h1.text == "A month later"
    assert "Wang Ming" in page.select_one("article .soft").text
    assert [each["name"] for each in page.select("form [name^=q-]")] == ["q-seen-off"] * 3 + ["q-seen-cup"] * 2 + [
        "q-seen-lacking"
    ]
    response = signed_in.post(link, sent(enrollment, **{"q-seen-off": 1, "q-seen-lacking": "A hook."}), follow=True)
    assert "Your answers are saved without the person’s name." in response.text
    assert "You have no follow-up surveys today" in response.text
    assert FollowUpAnswers.objects.get().answers == {"seen-off": 1, "seen-lacking": "A hook."}


@pytest.mark.slow
def test_empty_or_invalid_answers_are_refused(signed_in, team):
    enrollment = completed(team)
    for fields in ({}, {"q-seen-off": "7"}, {"q-seen-lacking": "x" * 2001}):
        response = signed_in.post(address(enrollment), sent(enrollment, **fields))
        assert response.status_code == 422
        assert read(response).title.text.startswith("Error:")
        assert read(response).select_one(".error-summary li")
    assert not FollowUp.objects.exists()


def test_button_records_cannot_say(signed_in, team):
    enrollment = completed(team)
    response = signed_in.post(address(enrollment), sent(enrollment, **{"cannot-say": "1"}), follow=True)
    assert "Your answer “I can’t say” is saved." in response.text
    assert FollowUp.objects.get().is_answered is False


def test_second_manager_sees_who_answered(signed_in, team):
    second = make_user("Zhao", language="en")
    join(team, second, Membership.Role.MANAGER)
    enrollment = completed(team)
    signed_in.post(address(enrollment), sent(enrollment, **{"q-seen-off": 0}))
    signed_in.force_login(second)
    response = signed_in.post(address(enrollment), sent(enrollment, **{"q-seen-off": 2}), follow=True)
    assert "Li Lin already answered this survey on" in response.text
    page = read(signed_in.get(address(enrollment)))
    assert "Li Lin" in page.text
    assert not page.select("article form")
    assert FollowUpAnswers.objects.get().answers == {"seen-off": 0}


def test_page_outside_period_accepts_nothing(signed_in, team):
    early, over = completed(team, days_ago=3), completed(team, days_ago=200)
    for enrollment, text in (
        (early, "The follow-up survey opens some days after"),
        (over, "This follow-up survey is closed"),
    ):
        assert text in signed_in.get(address(enrollment)).text
        assert text in signed_in.post(address(enrollment), sent(enrollment, **{"q-seen-off": 0}), follow=True).text
    assert not FollowUp.objects.exists()


def test_page_of_changed_survey_keeps_typed_texts(signed_in, team):
    enrollment = completed(team)
    form = sent(enrollment, **{"q-seen-off": 0, "q-seen-lacking": "A hook."})
    make_course(make_files(**{path: text.replace("- Yes", "- Always") for path, text in FOLLOW_UP.items()}))
    response = signed_in.post(address(enrollment), form)
    assert response.status_code == 409
    page = read(response)
    assert "Always" in page.text
    assert page.textarea.text.strip() == "A hook."
    assert not page.select("[checked]")
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize("revision", ["9" * 5000, "-1", "１", ""])
def test_invalid_revision_is_a_conflict(signed_in, team, revision):
    enrollment = completed(team)
    assert signed_in.post(address(enrollment), {"revision": revision, "q-seen-off": 0}).status_code == 409
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize("survey", ["voice", "boiling", "nothing"])
def test_other_documents_are_not_found(signed_in, team, survey):
    assert signed_in.get(f"{LIST}{completed(team).pk}/{survey}/").status_code == 404
