"""What the model expects the product to show, row by row."""

from collections import Counter
from datetime import date, timedelta

from tests.year.model_calendar import day_ended_at

COMPLETED, EXEMPT = 1, 2  # after all due enrollments


def urgency(run):
    is_closed = COMPLETED if run.completed_at else EXEMPT if run.exempted_at else 0
    return is_closed, 0 if is_closed else run.due_at.timestamp()


def is_certified(proof, today):
    return proof is not None and proof.until >= today


def state(company, run, proof):
    if not run.is_open:
        return "completed" if run.completed_at else "waived"
    if run.due_at <= company.now:
        return "overdue"
    if run.due_at <= company.now + timedelta(days=3):
        return "due-soon"
    if is_certified(proof, company.today):
        return "renewing"
    return "in-progress" if run.started_at else "not-started"


def validity(company, proof):
    if proof is None:
        return "never"
    if not is_certified(proof, company.today):
        return "ended"
    return "ending" if proof.until <= company.today + timedelta(days=60) else "certified"


def board(company, team="", *, left=False):
    """Return the dashboard rows of the manager of the team in order; without a team all, as HR sees them."""
    people = company.led_by(company.manager_of(team)) if team else company.people.values()
    found = [(run, person) for person in people if person.is_here or left for run in person.stands.values()]
    found.sort(key=lambda each: (urgency(each[0]), each[1].name, each[0].course))
    return [row(company, person, run) for run, person in found]


def row(company, person, run):
    proof, is_late = person.best(run.course), state(company, run, person.best(run.course)) == "overdue"
    away, due_on = person.away_at(company.now) if run.is_open else None, day_ended_at(run.due_at, person.zone)
    required = run.required or company.courses[run.course].steps
    return {
        "name": person.name,
        "course": run.course,
        "team": person.team,
        "state": state(company, run, proof),
        "validity": validity(company, proof),
        "days late": (company.now.astimezone(person.zone).date() - due_on).days if is_late else 0,
        "away until": away.last if away else None,
        "certified until": proof.until if proof and proof.until != date.min else None,
        "trained outside": bool(proof and proof.kind == "outside" and is_certified(proof, company.today)),
        "left": not person.is_here,
        "done": len([step for step in run.done if step in required]),
        "of": len(required),
        "due": due_on,
        "active": run.active_at,
        "next": next_words(company, run, proof) if run.is_open and not away else "",
    }


def next_words(company, run, proof):
    """Return the label of the next step.
    A changed lesson comes before the exam. For a certified person who has not started it is a renewal."""
    step, course = company.still_to_do(run)[0], company.courses[run.course]
    words = step.capitalize()
    if step == course.exam:
        changed = [each for each in course.changed if each in run.done and run.done[each] < course.changed[each]]
        return f"{changed[0].capitalize()} was updated: read it again" if changed else f"{words}: can be started now"
    return words if run.started_at or not is_certified(proof, company.today) else f"Renewal: {words}"


def counted(rows):
    """Former people are not counted."""
    return sorted(Counter((each["state"], each["validity"]) for each in rows if not each["left"]).items())


def emails(company):
    """Return person → emails in the order of queuing."""
    found = {}
    for email in company.post.emails:
        found.setdefault(email.person.number, []).append(email)
    return {number: [email_as_shown(each, own) for each in own] for number, own in found.items()}


def email_as_shown(email, own):
    """The time sent is local to the recipient; the time of a skip is UTC."""
    at = email.ended_at and email.ended_at.replace(minute=0, second=0)
    if email.state == "sent":
        at = f"{email.ended_at.astimezone(email.zone_then):%Y-%m-%d %H}"
    why = f"combined with email {own.index(email.combined_into)}" if email.combined_into else email.why
    return email.kind, email.language, email.state, at, why


def dashboard_rows(company):
    return sorted(
        (person.number, course, proof.kind, proof.until)
        for person in company.people.values()
        for course in company.courses
        if (proof := person.best(course))
    )


def runs(company):
    found = [
        (
            person.number, run.course, run.begun_at, run.due_at, run.started_at, run.completed_at, run.exempted_at,
            tuple(sorted(run.required or ())), run.renews_until, run.proof and run.proof.until,
            run is person.newest(run.course),
        )
        for person in company.people.values()
        for run in person.runs
    ]  # fmt: skip
    return sorted(found, key=str)
