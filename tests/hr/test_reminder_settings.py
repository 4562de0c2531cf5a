"""The page on which human resources say when people are reminded."""

import pytest
from bs4 import BeautifulSoup

from courseware.assignments.models import ReminderSchedule
from courseware.audit_log.models import Event
from tests.assignments.rules import make_rule
from tests.hr.two_accounts import another_course
from tests.making import make_course

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hr_signed_in")]
REMINDERS = "/people/reminders/"


def plans():
    return list(ReminderSchedule.objects.order_by("pk").values_list("course", "rule", "days"))


def logged():
    return list(Event.objects.filter(verb="reminders-scheduled").order_by("pk").values_list("data", flat=True))


def test_each_course_and_each_rule_that_is_on_has_a_field(client):
    course = make_course()
    rule = make_rule(course)
    make_rule(course, is_on=False)
    form = client.get(REMINDERS).context["form"]
    assert {name: field.initial for name, field in form.fields.items()} == {
        f"course-{course.pk}": "7, 1, -3",
        f"course-{course.pk}-every": 10,
        f"rule-{rule.pk}": "",
        f"rule-{rule.pk}-every": 10,
        "escalates": False,
    }


def test_what_is_saved_holds_is_logged_once_and_is_taken_back_by_the_same_page(client):
    course = make_course()
    rule = make_rule(course)
    typed = {f"course-{course.pk}": "5，1", f"rule-{rule.pk}": "10, 2"}
    assert "The reminders were changed." in client.post(REMINDERS, typed, follow=True).text
    assert "Nothing was changed." in client.post(REMINDERS, typed, follow=True).text
    assert plans() == [(course.pk, None, [5, 1]), (None, rule.pk, [10, 2])]
    assert logged() == [{"days": [5, 1], "every": 10}, {"days": [10, 2], "every": 10}]
    client.post(REMINDERS, {f"course-{course.pk}": "", f"rule-{rule.pk}": ""})
    assert plans() == [(course.pk, None, [])]


def test_days_as_they_are_without_a_plan_make_none(client):
    course = make_course()
    client.post(REMINDERS, {f"course-{course.pk}": "7, 1, -3"})
    assert (plans(), logged()) == ([], [])


def test_a_plan_that_the_rules_of_letters_leave_no_room_for_is_refused_and_what_was_typed_stays(client):
    course = make_course()
    answer = client.post(REMINDERS, {f"course-{course.pk}": "7, 3, 1, -2"})
    assert answer.status_code == 422
    assert "From 7 to -2 there are 4 reminders within 14 days." in answer.text
    assert 'value="7, 3, 1, -2"' in answer.text
    assert plans() == []


def test_of_two_who_have_the_page_open_neither_takes_back_what_the_other_has_set(client):
    course, other = make_course(), another_course(b"other")
    page = BeautifulSoup(client.get(REMINDERS).content, "html.parser")
    typed = {each["name"]: each["value"] for each in page.select("main form input[name*=course-]")}
    assert len(typed) == 8  # what is typed and what was there: days, and every how many days
    for owner, days in ((course, "14, 7"), (other, "2")):
        assert client.post(REMINDERS, typed | {f"course-{owner.pk}": days}).status_code == 302
    assert plans() == [(course.pk, None, [14, 7]), (other.pk, None, [2])]


def test_the_number_of_working_days_between_repeated_reminders_is_saved_and_0_means_never(client):
    course = make_course()
    rule = make_rule(course)
    typed = {f"course-{course.pk}": "7, 1, -3", f"course-{course.pk}-every": "0"}
    client.post(REMINDERS, typed | {f"rule-{rule.pk}": "", f"rule-{rule.pk}-every": "5"})  # without days: as the course
    assert [*ReminderSchedule.objects.values_list("course", "days", "every")] == [(course.pk, [7, 1, -3], 0)]
    assert logged() == [{"days": [7, 1, -3], "every": 0}]
    client.post(REMINDERS, typed | {f"course-{course.pk}-every": ""})
    assert ReminderSchedule.objects.get().every == 10


@pytest.mark.parametrize("every", ["1", "3", "-1", "61", "soon"])
def test_repeats_that_the_limit_of_emails_leaves_no_room_for_are_refused(client, every):
    course = make_course()
    answer = client.post(REMINDERS, {f"course-{course.pk}": "7, 1, -3", f"course-{course.pk}-every": every})
    assert (answer.status_code, plans()) == (422, [])
    assert f'value="{every}"' in answer.text
