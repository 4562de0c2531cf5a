"""Emails queued each morning: reminders, expiring certificates, emails to managers."""

from datetime import timedelta

from tests.year.model_calendar import DAY, SITE, morning_of
from tests.year.model_emails import day_of_emails, first_open

PLAN = (7, 1, -3)
AGAIN, FOR = 10, 260  # working days
LATE_FOR = 3
BEFORE_THE_END = (7, 30, 60)


def near(company, plan_of):
    """Yield (person, enrollment, due date, day of the schedule) due today or on the last 2 working days."""
    runs = [(run, person) for person in company.people.values() if person.is_here for run in person.stands.values()]
    for run, person in sorted(runs, key=lambda each: each[0].number):
        if run.is_open and (before := day_of_plan(company, person, run, plan_of(run))) is not None:
            yield person, run, person.due_on(run), before


def day_of_plan(company, person, run, plan):
    today, due_on, calendar = day_of_emails(person, company.now), person.due_on(run), person.calendar
    planned = {planned_day(due_on, before, calendar): before for before in sorted(plan, reverse=True)}
    # On the day of enrollment, the enrollment email is enough.
    earliest = max(calendar.earlier(today, 2), person.day_at(run.begun_at))
    return next((planned[day] for day in sorted(planned, reverse=True) if earliest < day <= today), None)


def planned_day(due_on, before, calendar):
    if before > 0:
        return calendar.earlier(due_on, before)
    if before < 0:
        return calendar.later(due_on, -before)
    return due_on if calendar.is_worked(due_on) else calendar.step(due_on, -1)


def remind(company):
    def plan_of(run):
        first = run.by[0] if run.by else None
        plan = company.plans.get(first, company.plans.get(run.course, PLAN))
        return (*plan, *range(min(*plan, 0) - AGAIN, -FOR - 1, -AGAIN)) if plan else plan

    for person, run, due_on, before in near(company, plan_of):
        key, at = f"reminder {run.number} {due_on} {before}", first_open(person, company.now)
        company.post.write("reminder", person, [(run, due_on)], key=key, next_at=at)


def escalate(company):
    """To the manager of the whole company, as the senior manager of all learners."""
    manager = company.manager_of("Firm")
    for _person, run, due_on, _before in near(company, lambda run: (-LATE_FOR,)) if company.is_escalated else ():
        key, at = f"escalation {run.number} {due_on}", first_open(manager, company.now)
        company.post.write("escalation", manager, [(run, due_on)], key=key, next_at=at)


def tell_changes(company):
    """To people who completed a lesson before a release of the last 3 days asked to read it again."""
    runs = [(run, person) for person in company.people.values() if person.is_here for run in person.stands.values()]
    for run, person in sorted(runs, key=lambda each: each[0].number):
        for lesson, at in company.courses[run.course].changed.items():
            is_new = at.astimezone(SITE).date() > company.today - 3 * DAY
            if is_new and not run.exempted_at and lesson in run.done and run.done[lesson] < at:
                company.post.write("lesson-changed", person, [(run, lesson)], key=f"changed {run.number} {at}")


def tell_endings(company):
    runs = [(run, person) for person in company.people.values() if person.is_here for run in person.stands.values()]
    for run, person in sorted(runs, key=lambda each: each[0].number):
        proof = person.best(run.course)
        if run.is_open or not proof or proof.is_withdrawn:
            continue
        left = (proof.until - company.today).days
        before = next((each for each in BEFORE_THE_END if each - 3 < left <= each), None)
        if before:
            key = f"ending {run.number} {proof.until} {before}"
            company.post.write("certificate-ending", person, [(run, proof.until)], key=key)


def write_digests(company):
    for manager in company.managers():
        if monday := monday_near(manager, company.now):
            at = first_open(manager, max(opening_of(monday, manager), company.now))
            company.post.write("digest", manager, key=f"digest {manager.number} {monday}", next_at=at)


def monday_near(manager, now):
    """Return the Monday whose sending begins within a day or began less than 2 days ago; the later of two."""
    today = manager.day_at(now)
    this_one = today - today.weekday() * DAY
    mondays = this_one + timedelta(days=7), this_one
    return next((each for each in mondays if now - 2 * DAY < opening_of(each, manager) <= now + DAY), None)


def opening_of(monday, manager):
    return first_open(manager, morning_of(monday, manager.zone))


def tell_month(company):
    first = company.today.replace(day=1)
    wanted = [
        manager for manager in company.managers() if manager.wants_reports_since and manager.wants_reports_since < first
    ]
    for manager in wanted:
        company.post.write("monthly-report", manager, key=f"month {manager.number} {first}")
