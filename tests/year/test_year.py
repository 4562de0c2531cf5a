"""A firm with five centres, day by day, in the product and as plain words have it.

At each month's end both say the same of everybody: boards, letters, standings, runs. What the mail server got keeps the
rules of letters also by itself, though workers die in the middle now and then.

Two things are left out on purpose because the plain model does not know them. The job `end-certified` does not run
here. The weekly email to HR is sent, but emails to HR are not compared.

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
from tests.year.product_company import PlayedFirm
from tests.year.scenario import BEGINS, Story

RULES_OF_THE_YEAR = ("accounts", "assignments", "jobs", "learning", "notifications")
pytestmark = [
    pytest.mark.faults,
    pytest.mark.minutes,
    pytest.mark.postgres_in_deep,
    pytest.mark.only_if_changed("tests/year/", *(f"courseware/{package}/" for package in RULES_OF_THE_YEAR)),
]
PEOPLE, LAST_DAY = (300, date(2026, 12, 31)) if os.environ.get("FAULTS") == "full" else (100, date(2026, 3, 31))
# The others judge nobody, and the log is looked at as a whole at the end.
JOBS_OF_THE_YEAR = {
    "mark-as-left", "apply-rules", "shift-due-dates", "send-emails", "compact-headcounts",
    "remind", "escalate", "queue-update-emails", "queue-expiry-emails",
    "queue-weekly-summaries", "queue-monthly-reports",
}  # fmt: skip
PLAIN = (model_calendar, model_company, model_daily_emails, model_people, model_emails, model_rules, model_views)
BOARDS = ("", "Firm", *model_people.CENTRES)


@pytest.mark.usefixtures("letter_hours")
@pytest.mark.django_db(transaction=True)
def test_at_each_months_end_the_product_says_of_everybody_what_plain_words_say(monkeypatch, record_property):
    for name in set(JOBS) - JOBS_OF_THE_YEAR:
        monkeypatch.delitem(JOBS, name)
    began = time.process_time()
    plain = model_company.PlainFirm()
    with time_machine.travel(f"{BEGINS}T00:00Z", tick=False) as clock:
        played = PlayedFirm()
        story = Story(plain, played, clock, people=PEOPLE)
        story.begin()
        for day in sorted(model_calendar.span(BEGINS, LAST_DAY)):
            story.day(day)
            if (day + model_calendar.DAY).day == 1:
                compare(plain, played, day)
        call_command("create_checkpoint")
        call_command("check_records")
        call_command("verify_audit_log")
    assert played.mailbox.twice, "no worker died between handing a letter over and noting it"
    record_property("figures", as_numbers(plain, played, story, time.process_time() - began))


def compare(plain, played, day):
    for team in BOARDS:
        compare_boards(plain, played, team, f"{day}, the board of {team or 'human resources'}")
    for name in ("standings", "runs"):
        must_equal(f"{day}, {name}", getattr(model_views, name)(plain), getattr(played, name)())
    must_equal(f"{day}, what the mail server got", [], [*played.mailbox.faults()])
    expected, shown = model_views.letters(plain), played.letters()
    must_equal(f"{day}, who has letters", sorted(expected), sorted(shown))
    for number, own in expected.items():
        must_equal(f"{day}, letters to {number}", own, shown[number])


def compare_boards(plain, played, team, whose):
    """Human resources see the whole firm, and are shown who has left."""
    expected, shown = model_views.board(plain, team, left=not team), played.board(team, left=not team)
    expected_rows, shown_rows = ({(row["name"], row["course"]): row for row in rows} for rows in (expected, shown))
    must_equal(f"{whose}, who is on it", sorted(expected_rows), sorted(shown_rows))
    for key, row in expected_rows.items():
        must_equal(f"{whose}, {' in '.join(key)}", [*row.items()], [*shown_rows[key].items()])
    must_equal(f"{whose}, its order", [row["name"] for row in expected], [row["name"] for row in shown])
    for numbers in played.counted(team):
        must_equal(f"{whose}, its numbers", model_views.counted(expected), numbers)


def must_equal(what, expected, shown):
    """Says the first that differ: the rest mostly follows from them."""
    if expected != shown:
        place = next((place for place, pair in enumerate(zip(expected, shown, strict=False)) if pair[0] != pair[1]), 0)
        missing = [each for each in expected if each not in shown] or expected[place:]
        strange = [each for each in shown if each not in expected] or shown[place:]
        told = [f"  plain words: {each}" for each in missing[:2]] + [f"  the product: {each}" for each in strange[:2]]
        pytest.fail("\n".join([what, *told]), pytrace=False)


def as_numbers(plain, played, story, seconds):
    states = Counter(letter.state for letter in plain.post.letters)
    kinds = Counter(letter.kind for letter in plain.post.letters if letter.state == "sent")
    told = f"{len(plain.people)} people, {plain.number} runs, {story.told} things told; letters {dict(states)}"
    died = (
        f"{story.deaths} workers died, {story.deaths_at_the_door} of them as they handed a letter over, "
        f"{played.mailbox.twice} letters handed over twice under one Message-ID"
    )
    return f"a firm's year: {told}; sent {dict(kinds)}; {died}; {seconds:.0f} s of work"


def test_plain_words_know_nothing_of_the_product():
    for module in PLAIN:
        assert "courseware" not in inspect.getsource(module)
