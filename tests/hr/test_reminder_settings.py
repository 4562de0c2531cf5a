"""Page for reminder schedules of courses and rules."""

import pytest
from bs4 import BeautifulSoup

from courseware.assignments.models import ReminderSchedule
from courseware.audit_log.models import Event
from tests.assignments.rules import make_rule
from tests.hr.two_accounts import another_course
from tests.making import make_course

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hr_signed_in")]
REMINDERS = "/people/reminders/"


def schedules():
    return list(ReminderSchedule.objects.order_by("pk").values_list("course", "rule", "days"))


def logged():
    return list(Event.objects.filter(verb="reminders-scheduled").order_by("pk").values_list("data", flat=True))


def test_courses_and_active_rules_have_fields(client):
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


def test_schedule_is_saved_logged_once_and_removed(client):
    course = make_course()
    rule = make_rule(course)
    typed = {f"course-{course.pk}": "5，1", f"rule-{rule.pk}": "10, 2"}
    assert "The reminder settings were changed." in client.post(REMINDERS, typed, follow=True).text
    assert "Nothing was changed." in client.post(REMINDERS, typed, follow=True).text
    assert schedules() == [(course.pk, None, [5, 1]), (None, rule.pk, [10, 2])]
    assert logged() == [{"days": [5, 1], "every": 10}, {"days": [10, 2], "every": 10}]
    client.post(REMINDERS, {f"course-{course.pk}": "", f"rule-{rule.pk}": ""})
    assert schedules() == [(course.pk, None, [])]


def test_default_days_create_no_schedule(client):
    course = make_course()
    client.post(REMINDERS, {f"course-{course.pk}": "7, 1, -3"})
    assert (schedules(), logged()) == ([], [])


def test_too_dense_schedule_is_refused_and_input_kept(client):
    course = make_course()
    answer = client.post(REMINDERS, {f"course-{course.pk}": "7, 3, 1, -2"})
    assert answer.status_code == 422
    assert "From day 7 to day -2, there are 4 reminders within 14 days." in answer.text
    assert 'value="7, 3, 1, -2"' in answer.text
    assert schedules() == []


def test_concurrent_changes_of_different_courses_are_kept(client):
    course, other = make_course(), another_course(b"other")
    page = BeautifulSoup(client.get(REMINDERS).content, "html.parser")
    typed = {each["name"]: each["value"] for each in page.select("main form input[name*=course-]")}
    assert len(typed) == 8  # typed and initial values of both fields
    for owner, days in ((course, "14, 7"), (other, "2")):
        assert client.post(REMINDERS, typed | {f"course-{owner.pk}": days}).status_code == 302
    assert schedules() == [(course.pk, None, [14, 7]), (other.pk, None, [2])]


def test_repeat_interval_is_saved_and_0_disables_repeats(client):
    course = make_course()
    rule = make_rule(course)
    typed = {f"course-{course.pk}": "7, 1, -3", f"course-{course.pk}-every": "0"}
    client.post(REMINDERS, typed | {f"rule-{rule.pk}": "", f"rule-{rule.pk}-every": "5"})  # without days: as the course
    assert [*ReminderSchedule.objects.values_list("course", "days", "every")] == [(course.pk, [7, 1, -3], 0)]
    assert logged() == [{"days": [7, 1, -3], "every": 0}]
    client.post(REMINDERS, typed | {f"course-{course.pk}-every": ""})
    assert ReminderSchedule.objects.get().every == 10


@pytest.mark.parametrize("every", ["1", "3", "-1", "61", "soon"])
def test_invalid_repeat_interval_is_refused(client, every):
    course = make_course()
    answer = client.post(REMINDERS, {f"course-{course.pk}": "7, 1, -3", f"course-{course.pk}-every": every})
    assert (answer.status_code, schedules()) == (422, [])
    assert f'value="{every}"' in answer.text
