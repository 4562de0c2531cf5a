"""A company with 5 centres, day by day, in the product and in a plain model of it.

At each month's end both must agree on dashboards, emails, certifications and enrollments. The received emails must
also keep the notification rules, although workers are killed now and then.
Not covered: the job `end-certified` and emails to HR.
100 people for a quarter; with FAULTS=full 300 people for a year.
"""

import inspect
import os
import time
from collections import Counter
from datetime import date

import pytest
import time_machine
from django.core.management import call_command

from courseware.jobs.schedule import JOBS
from tests.year import (
    model_calendar,
    model_company,
    model_daily_emails,
    model_emails,
    model_people,
    model_rules,
    model_views,
)
from tests.year.product_company import ProductCompany
from tests.year.scenario import BEGINS, Scenario

PACKAGES = ("accounts", "assignments", "jobs", "learning", "notifications")
pytestmark = [
    pytest.mark.faults,
    pytest.mark.minutes,
    pytest.mark.postgres_in_deep,
    pytest.mark.only_if_changed("tests/year/", *(f"courseware/{package}/" for package in PACKAGES)),
]
PEOPLE, LAST_DAY = (300, date(2026, 12, 31)) if os.environ.get("FAULTS") == "full" else (100, date(2026, 3, 31))
# The other jobs decide about nobody; the audit log is verified at the end.
COVERED_JOBS = {
    "mark-as-left", "apply-rules", "shift-due-dates", "send-emails", "compact-headcounts",
    "remind", "escalate", "queue-update-emails", "queue-expiry-emails",
    "queue-weekly-summaries", "queue-monthly-reports",
}  # fmt: skip
MODEL = (model_calendar, model_company, model_daily_emails, model_people, model_emails, model_rules, model_views)
BOARDS = ("", "Firm", *model_people.CENTRES)


@pytest.mark.usefixtures("real_sending_hours")
@pytest.mark.django_db(transaction=True)
def test_product_equals_model_at_each_month_end(monkeypatch, record_property):
    for name in set(JOBS) - COVERED_JOBS:
        monkeypatch.delitem(JOBS, name)
    began = time.process_time()
    model = model_company.ModelCompany()
    with time_machine.travel(f"{BEGINS}T00:00Z", tick=False) as clock:
        played = ProductCompany()
        scenario = Scenario(model, played, clock, people=PEOPLE)
        scenario.begin()
        for day in sorted(model_calendar.span(BEGINS, LAST_DAY)):
            scenario.day(day)
            if (day + model_calendar.DAY).day == 1:
                compare(model, played, day)
        call_command("create_checkpoint")
        call_command("check_records")
        call_command("verify_audit_log")
    assert played.mailbox.twice, "no worker died between handing an email over and noting it"
    record_property("figures", as_numbers(model, played, scenario, time.process_time() - began))


def compare(model, played, day):
    for team in BOARDS:
        compare_boards(model, played, team, f"{day}, the board of {team or 'human resources'}")
    for name in ("dashboard_rows", "runs"):
        must_equal(f"{day}, {name}", getattr(model_views, name)(model), getattr(played, name)())
    must_equal(f"{day}, what the mail server got", [], [*played.mailbox.broken_rules()])
    expected, shown = model_views.emails(model), played.emails()
    must_equal(f"{day}, who has emails", sorted(expected), sorted(shown))
    for number, own in expected.items():
        must_equal(f"{day}, emails to {number}", own, shown[number])


def compare_boards(model, played, team, whose):
    """HR sees the whole company, including former people."""
    expected, shown = model_views.board(model, team, left=not team), played.board(team, left=not team)
    expected_rows, shown_rows = ({(row["name"], row["course"]): row for row in rows} for rows in (expected, shown))
    must_equal(f"{whose}, who is on it", sorted(expected_rows), sorted(shown_rows))
    for key, row in expected_rows.items():
        must_equal(f"{whose}, {' in '.join(key)}", [*row.items()], [*shown_rows[key].items()])
    must_equal(f"{whose}, its order", [row["name"] for row in expected], [row["name"] for row in shown])
    for numbers in played.counted(team):
        must_equal(f"{whose}, its numbers", model_views.counted(expected), numbers)


def must_equal(what, expected, shown):
    """Fail with the first differences; later ones mostly follow from them."""
    if expected != shown:
        index = next((index for index, pair in enumerate(zip(expected, shown, strict=False)) if pair[0] != pair[1]), 0)
        missing = [each for each in expected if each not in shown] or expected[index:]
        strange = [each for each in shown if each not in expected] or shown[index:]
        lines = [f"  plain words: {each}" for each in missing[:2]] + [f"  the product: {each}" for each in strange[:2]]
        pytest.fail("\n".join([what, *lines]), pytrace=False)


def as_numbers(model, played, scenario, seconds):
    states = Counter(email.state for email in model.post.emails)
    kinds = Counter(email.kind for email in model.post.emails if email.state == "sent")
    totals = f"{len(model.people)} people, {model.number} runs, {scenario.told} things told; emails {dict(states)}"
    died = (
        f"{scenario.deaths} workers died, {scenario.deaths_while_sending} of them as they handed an email over, "
        f"{played.mailbox.twice} emails handed over twice under one Message-ID"
    )
    return f"a company's year: {totals}; sent {dict(kinds)}; {died}; {seconds:.0f} s of work"


def test_model_is_independent_of_product():
    for module in MODEL:
        assert "courseware" not in inspect.getsource(module)
