"""Pages about assignment rules, for HR and admins."""

from datetime import date

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django_tasks_db.models import DBTaskResult

from courseware.accounts.models import Membership
from courseware.assignments.models import AssignmentRule
from courseware.assignments.rules import execution, plan
from courseware.assignments.rules.forms import RuleForm
from courseware.assignments.rules.plan import preview_rule
from courseware.assignments.rules.scope import Because, RuleReason
from courseware.learning.models import Enrollment
from tests.assignments.rules import make_certified, make_rule
from tests.counting import statements
from tests.making import join, make_admin, make_auditor, make_course, make_editor, make_hr, make_team, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hr_signed_in")]
NEW = "/rules/new/"


def form(taught, **fields):
    """Fields that the rule form sends by default."""
    return {
        "name": "New people", "course": taught.pk, "role": "learner", "due": "start", "due_days": 14,
        "acts_since": "2026-11-25", "opens": "days",
    } | fields  # fmt: skip


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def text(response):
    return " ".join(soup(response).main.get_text(" ").split())


def address(rule, act=""):
    return f"/rules/{rule.pk}/{act}"


@pytest.mark.parametrize("make", [make_hr, make_admin])
def test_hr_and_admins_create_disabled_rule_with_description(client, course, make):
    client.force_login(make())
    team = make_team("Night shift", learners=2)
    page = client.post(NEW, form(course, team=team.pk, renewal="short", renewal_days=30), follow=True)
    rule = AssignmentRule.objects.get()
    assert (rule.is_on, rule.current.team, rule.current.renewal_days) == (False, team, 30)
    sentences = [each.get_text() for each in soup(page).select(".sentence p")][:3]
    assert sentences == [
        "Everyone who is a learner in Night shift or in a team below it must complete “Rules of the tea room” "
        "within 14 days of the first day of work.",
        "30 days before a certificate expires, a short renewal opens.",
        "People who no longer match the rule stay enrolled.",
    ]
    assert "this rule affects 2 people" in text(page)
    assert not Enrollment.objects.exists()


def test_description_names_date_of_yearly_renewal(client, course, hr):
    yearly = make_rule(course, is_on=False, renewal="whole", renewal_month=3, renewal_day=1, exempts=True)
    assert [each.get_text() for each in soup(client.get(address(yearly))).select(".sentence p")][1:3] == [
        "Every year on 1 March, a renewal of the whole course opens.",
        "People who no longer match the rule become exempt, and the rule is recorded as the reason.",
    ]


@pytest.mark.parametrize(
    "wrong, field, words",
    [
        ({"name": ""}, "name", "This field is required."),
        ({"due_days": ""}, "due_days", "Enter the number of days, for example 14."),
        ({"due": "date"}, "due_on", "Enter a date."),
        ({"due": "date", "due_on": "9999-12-31"}, "due_on", "This date is too far away. Choose an earlier date."),
        ({"other": "yes"}, "other_course", "Choose the other course."),
        ({"renewal": "short"}, "renewal_days", "Enter when the renewal opens."),
        ({"renewal": "short", "opens": "yearly", "renewal_month": 3}, "renewal_day", "Enter when the renewal opens."),
        (
            {"renewal": "short", "opens": "yearly", "renewal_month": 2, "renewal_day": 30},
            "renewal_day",
            "The selected month does not have this day.",
        ),
        (
            {"renewal": "whole", "renewal_days": 181},
            "renewal_days",
            "The renewal can open at most 180 days before the certificate expires, "
            "because a certificate of this course is valid for 12 months.",
        ),
    ],
)
def test_invalid_rule_shows_error_at_field(client, course, wrong, field, words):
    page = client.post(NEW, form(course, **wrong))
    assert (page.status_code, page.context["form"].errors) == (422, {field: [words]})
    assert not AssignmentRule.objects.exists()
    # Typed values stay.
    assert soup(page).select_one("[name=acts_since]")["value"] == "2026-11-25"


def test_edit_form_shows_current_values_and_keeps_course(client, course):
    rule = make_rule(course, is_on=False, due_days=14, other_course=course, other_certified=False)
    page = client.get(address(rule, "edit/"))
    assert soup(page).select_one("[name=due_days]")["value"] == "14"
    assert soup(page).select_one("[name=other] [selected]")["value"] == "no"
    assert client.post(address(rule, "edit/"), form(course, course="", due_days=30)).status_code == 302
    rule.refresh_from_db()
    assert (rule.current.due_days, rule.current.number, rule.versions.count(), rule.course) == (30, 2, 2, course)


@pytest.mark.slow
def test_change_of_active_rule_needs_confirmed_preview(client, course, hr):
    team = make_team("Night shift", learners=2)
    rule = make_rule(course, team=make_team("Days"), is_on=True)
    sent = form(course, team=team.pk, version="1")
    shown = client.post(address(rule, "edit/"), sent)
    assert (shown.status_code, rule.versions.count()) == (200, 1)
    assert "On 25 November 2026, this rule affects 2 people" in text(shown)
    assert soup(shown).select_one("[name=team] [selected]")["value"] == str(team.pk)

    digest = soup(shown).select_one("[name=digest]")["value"]
    join(team, make_user())  # not in the preview
    again = client.post(address(rule, "edit/"), sent | {"digest": digest})
    assert (again.status_code, rule.versions.count()) == (200, 1)
    assert "this rule affects 3 people" in text(again)

    digest = soup(again).select_one("[name=digest]")["value"]
    assert client.post(address(rule, "edit/"), sent | {"digest": digest}).status_code == 302
    rule.refresh_from_db()
    assert (rule.current.team, rule.current.number, rule.is_on) == (team, 2, True)
    assert not Enrollment.objects.exists()  # not executed yet


@pytest.mark.parametrize("is_on, fields", [(True, {"name": "Renamed"}), (False, {"due_days": 30})])
def test_change_without_effect_is_saved_at_once(client, course, is_on, fields):
    make_team("Night shift", learners=2)
    rule = make_rule(course, team=make_team("Days"), is_on=is_on)
    sent = form(course, team=rule.current.team_id, version="1") | fields
    assert client.post(address(rule, "edit/"), sent).status_code == 302
    assert rule.versions.count() == 2


@pytest.mark.slow
def test_concurrent_change_is_refused_and_shows_current_rule(client, course, hr):
    rule, team = make_rule(course), make_team("Night shift")
    versions = [soup(client.get(address(rule, "edit/"))).select_one("[name=version]")["value"] for _each in range(2)]
    for _each in range(2):  # double click
        first = client.post(address(rule, "edit/"), form(course, team=team.pk, version=versions[0]))
        assert first.status_code == 302
    mine = form(course, name="Renamed", version=versions[1])
    response = client.post(address(rule, "edit/"), mine)
    rule.refresh_from_db()
    assert (response.status_code, rule.current.team) == (422, team)
    assert "The rule is now: Everyone who is a learner in Night shift or in a team below it must complete" in text(
        response
    )
    assert soup(response).select_one("[name=name]")["value"] == "Renamed"
    client.post(address(rule, "edit/"), mine | {"version": soup(response).select_one("[name=version]")["value"]})
    rule.refresh_from_db()
    assert (rule.current.name, rule.current.team) == ("Renamed", None)


def test_switching_on_does_what_preview_shows(client, course):
    team = make_team(learners=2)
    rule = make_rule(course, is_on=False, team_id=team.pk)
    digest = soup(client.get(address(rule))).select_one("[name=digest]")["value"]
    client.post(address(rule, "on/"), {"digest": digest})
    rule.refresh_from_db()
    assert rule.is_on
    assert DBTaskResult.objects.filter(args_kwargs__args=[rule.pk]).count() == 1
    execution.act(rule=rule.pk)
    assert Enrollment.objects.count() == 2
    page = client.get(address(rule))
    assert "On 25 November 2026, this rule affects no one." in text(page)
    assert len(soup(page).select(".rule-actions li")) == 2


def test_outdated_preview_does_not_switch_rule_on(client, course, hr):
    team = make_team(learners=1)
    rule = make_rule(course, is_on=False, team_id=team.pk)
    digest = soup(client.get(address(rule))).select_one("[name=digest]")["value"]
    join(team, make_user())
    page = client.post(address(rule, "on/"), {"digest": digest}, follow=True)
    rule.refresh_from_db()
    assert "The data changed after you opened the preview." in page.text
    assert (rule.is_on, DBTaskResult.objects.count()) == (False, 0)


@pytest.mark.slow
def test_preview_shows_renewals_and_later_dates(client, course, hr):
    team = make_team("Night shift", learners=1)
    make_certified(course, team, date(2027, 1, 15))
    rule = make_rule(course, is_on=False, team_id=team.pk, renewal="whole", renewal_days=30, due="assignment")
    found = text(client.get(address(rule)))
    assert "on 16 December 2026: a renewal opens" in found
    assert "9 December 2026 1 due date" in found
    later = client.get(address(rule), {"day": "2026-12-16"})
    assert "On 16 December 2026, this rule affects 2 people" in text(later)
    assert not soup(later).select("[name=digest]")


@pytest.mark.parametrize("day", ["2026-11-24", "2040-01-01", "tomorrow", ""])
def test_invalid_preview_date_is_refused_and_kept(client, course, day):
    page = client.get(address(make_rule(course, is_on=False)), {"day": day})
    assert page.status_code == 200
    assert page.context["form"].errors
    assert soup(page).select_one("[name=day]").get("value", "") == day


def test_closing_team_names_its_rule_first(client, course, hr):
    team = make_team("Night shift")
    rule = make_rule(course, team_id=team.pk, name="New people")
    assert "The rule “New people” applies to this team" in text(client.get(f"/people/teams/{team.pk}/close/"))
    client.post(f"/people/teams/{team.pk}/close/")
    assert "Everyone who is in the closed team of this rule (0 people)" in text(client.get(address(rule)))
    assert client.get("/rules/").status_code == client.get(address(rule, "edit/")).status_code == 200


def test_rule_of_closed_team_needs_new_team(client, course):
    team, other = make_team("Night shift"), make_team("Day shift")
    rule = make_rule(course, team_id=team.pk)
    client.post(f"/people/teams/{team.pk}/close/")
    chosen = soup(client.get(address(rule, "edit/"))).select_one("[name=team] option")
    assert (chosen.text, chosen["value"]) == ("team closed: choose another team", "")
    response = client.post(address(rule, "edit/"), form(course, name="Renamed", team=chosen["value"]))
    rule.refresh_from_db()
    assert (response.status_code, rule.current.team_id) == (422, team.pk)
    client.post(address(rule, "edit/"), form(course, name="Renamed", team=other.pk))
    rule.refresh_from_db()
    assert (rule.current.team, rule.current.name) == (other, "Renamed")
    assert soup(client.get(address(rule, "edit/"))).select_one("[name=team] option").text == "any team"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_form_has_each_field_once_with_label(client, course, language):
    client.cookies.load({settings.LANGUAGE_COOKIE_NAME: language})
    page = soup(client.get(NEW)).find("form", class_="rule-form")
    asked = [each["name"] for each in page.select("[name]:not([type=hidden])")]
    assert sorted(asked) == sorted(RuleForm().fields)
    assert all(page.find("label", attrs={"for": each["id"]}) for each in page.select(".sentence [name]"))
    described = {each for field in page.select("[aria-describedby]") for each in field["aria-describedby"].split()}
    assert described and all(page.find(id=each) for each in described)


@pytest.mark.parametrize(
    "typed",
    [
        {"due": "quarter", "due_days": "soon", "due_on": "tomorrow"},
        {"due": "date", "due_days": "-1", "due_on": "2026-12-31"},
        {"other": "", "other_course": "no course"},
        {"renewal": "", "renewal_days": "soon", "renewal_month": "", "renewal_day": "77"},
        {"renewal": "whole", "opens": "days", "renewal_days": "30", "renewal_month": "13", "renewal_day": "soon"},
    ],
)
def test_fields_of_unselected_choices_are_ignored(client, course, typed):
    assert client.post(NEW, form(course, **typed)).status_code == 302
    assert AssignmentRule.objects.count() == 1


def test_fields_of_selected_choices_are_validated(client, course, hr):
    response = client.post(NEW, form(course, due="date", due_on="tomorrow", renewal="whole", renewal_days="soon"))
    assert response.status_code == 422
    wrong = [each["name"] for each in soup(response).select(".sentence [aria-invalid]")]
    assert (wrong, AssignmentRule.objects.count()) == (["due_on", "renewal_days"], 0)


def test_active_rules_have_unique_names(client, course):
    first, second = make_rule(course), make_rule(course, is_on=False, name="new People")
    third = make_rule(course, name="Others")
    digest = client.get(address(second)).context["preview"].digest
    page = client.post(address(second, "on/"), {"digest": digest}, follow=True)
    assert "Another active rule has this name." in page.text
    second.refresh_from_db()
    assert not second.is_on
    sent = form(course, version="1", course="")
    renamed = client.post(address(third, "edit/"), sent)
    assert renamed.context["form"].errors == {"name": ["Another active rule has this name."]}
    # Its own name stays; the name is free once the other rule is off.
    assert client.post(address(first, "edit/"), sent | {"due_days": 30}).status_code != 422
    client.post(address(first, "off/"))
    client.post(address(second, "on/"), {"digest": client.get(address(second)).context["preview"].digest})
    second.refresh_from_db()
    assert second.is_on


@pytest.mark.slow
def test_large_company_gets_preview_on_request_only(client, course, hr, monkeypatch):
    monkeypatch.setattr(plan, "CHUNK", 5)
    team = make_team(learners=6)
    rule = make_rule(course, is_on=False)
    opened = text(client.get(address(rule)))
    assert "Click Show to see what the rule would do" in opened and "Switch on" not in opened
    few = statements(lambda: client.get(address(rule)))
    for number in range(20):
        join(team, make_user(f"More {number}"))
    assert statements(lambda: client.get(address(rule))) == few
    [show] = [link["href"] for link in soup(client.get(address(rule))).select("a[href*='?day=']")]
    assert "Switch on the rule: it affects 26 people" in text(client.get(show))


# A rule must not exempt people whom HR may not exempt.


MONDAY = date(2026, 11, 30)
ROLES = {
    "HR": make_hr,
    "auditor": make_auditor,
    "editor": make_editor,
    "admin": make_admin,
    "learner": make_user,
    "manager": lambda: make_team(manager=make_user()).manager,
}
EXEMPTED_BY_RULE = {"learner", "manager"}


@pytest.mark.slow
def test_rule_exempts_no_staff_auditors_or_hr():
    team, people = make_team(), {name: make() for name, make in ROLES.items()}
    for person in people.values():
        join(team, person)
    make_rule(make_course(), team_id=team.pk, exempts=True)
    assert execution.act(MONDAY) == "enroll: 6"
    Membership.objects.filter(team=team, role="learner").delete()
    preview = preview_rule(AssignmentRule.objects.get(), MONDAY)
    assert preview.number == 2
    assert preview.outside[Because(RuleReason.BY_HAND)] == 4
    assert execution.act(MONDAY) == "exempt: 2"
    exempted = set(Enrollment.objects.exclude(exempted_at=None).values_list("learner", flat=True))
    assert exempted == {people[name].pk for name in EXEMPTED_BY_RULE}
    assert execution.act(MONDAY) == ""
