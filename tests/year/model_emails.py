"""Emails in the model: when one may be sent, which is first, and why one is not sent."""

from datetime import time, timedelta

from tests.year.model_calendar import DAY, morning_of
from tests.year.model_people import Email

TRAINING = ("enrolled", "renewal-open", "arrival", "reminder", "certificate-ending", "lesson-changed")
SUBSCRIPTION = ("digest", "escalation", "monthly-report")
COMBINED = ("enrolled", "renewal-open", "arrival")
MINUTE, ALMOST_A_DAY, WEEK = timedelta(minutes=1), timedelta(hours=20), timedelta(days=7)
HELD = timedelta(minutes=2)  # manual reminders wait, so that they can be undone
OPENS, CLOSES = time(8), time(20)
HOURS = "emails are sent from 8 to 20 on working days"
TODAY = "the person had an email today, and gets at most one a day"
ANOTHER_DAY, SETTLED = (
    "the due date was changed in the meantime",
    "no person in this email is overdue any more, or the recipient no longer manages these people",
)
GONE = "before this email was sent, the person completed the course or became exempt, or the accounts were merged"
KEPT_BACK = (GONE, ANOTHER_DAY, SETTLED)


def category_of(kind):
    return TRAINING if kind in TRAINING else SUBSCRIPTION if kind in SUBSCRIPTION else None


class ModelEmails:
    def __init__(self, company):
        self.company = company
        self.emails, self.waiting, self.keys = [], [], {}
        self.viewed_at, self.is_told = None, False
        self.days = {}  # (person, category) → sending days

    @property
    def now(self):
        return self.company.now

    # Queue

    def write(self, kind, person, subjects=(), *, key="", next_at=None):
        """Return None if it was queued before; a skip whose reason was undone is queued again."""
        if key and key in self.keys:
            if self.keys[key].state == "skipped" and self.keys[key].why in KEPT_BACK:
                self.keys[key].wait_again(self.now)
                self.waiting.append(self.keys[key])
            return None
        at = next_at or self.now
        words = (kind, person, self.now, at, person.email, person.language, [*subjects])
        email = Email(len(self.emails) + 1, *words)
        self.emails.append(email)
        self.keys[key] = email
        self.waiting.append(email)
        return email

    def tell(self, kind, person, subjects=(), *, key=""):
        """Queue for immediate sending; a waiting email of the same type takes the subjects in."""
        for email in self.waiting if kind in COMBINED else ():
            if (email.kind, email.person) == (kind, person):
                email.subjects += subjects
                email.written_at = self.now
                return
        if self.write(kind, person, subjects, key=key):
            self.is_told = True

    # Delivery

    def work(self):
        """Send all emails that are due: once a minute, and at once if an email was written since."""
        has_passed = self.viewed_at is None or self.now - self.viewed_at >= MINUTE
        if has_passed or self.is_told:
            self.viewed_at, self.is_told = self.now if has_passed else self.viewed_at, False
            self.send(self.due(self.now))

    def due(self, at):
        """Include emails postponed by more than a day: they may be obsolete."""
        due = [email for email in self.waiting if not at < email.next_at <= at + DAY]
        return sorted(due, key=lambda email: (category_of(email.kind) is not None, email.next_at, email.number))

    def send(self, emails):
        for email in emails:
            if email.state == "queued":
                self.send_one(email)
        self.waiting = [email for email in self.waiting if email.state == "queued"]

    def send_one(self, email):
        if why := self.why_not(email):
            email.end("skipped", self.now, why)
        elif wait := self.wait(email):
            until, email.why = wait
            email.next_at = min(until, self.now + DAY)
        else:
            self.leave(email)

    def leave(self, email):
        email.end("sent", self.now)
        email.left_on, email.zone_then = email.person.day_at(self.now), email.person.zone
        if category_of(email.kind):
            self.days_of(email).add(email.left_on)
            self.take_in(email)

    def take_in(self, email):
        """Combine waiting emails of the same type and person; summaries are not combined."""
        for other in self.waiting if email.subjects else ():
            if (other.kind, other.person, other.state) == (email.kind, email.person, "queued"):
                email.subjects += [each for each in other.subjects if each not in email.subjects]
                email.written_at = max(email.written_at, other.written_at)
                other.end("skipped", self.now, "combined with another email")
                other.combined_into = email

    def days_of(self, email):
        return self.days.setdefault((email.person.key, category_of(email.kind)), set())

    def wait(self, email):
        """Return (until when, why), or None."""
        person, sort = email.person, category_of(email.kind)
        if sort is None:
            return None
        if away := person.away_at(self.now):
            return away.ends, f"the person is away until {away.last}"
        at, why = first_open(person, self.now), HOURS
        taken, today = self.days_of(email), person.day_at(self.now)
        number, days = (3, 14) if sort is TRAINING else (1, 1)

        def has_room(day):
            return day not in taken and sum(each > day - days * DAY for each in taken) < number

        if not has_room(day := person.day_at(at)):
            why = TODAY if today in taken else f"the person had {number} emails in {days} days, and gets no more"
            while not (has_room(day) and person.calendar.is_worked(day)):
                day += DAY
            at = morning_of(day, person.zone)
        return (at, f"{why}; planned for {at.astimezone(person.zone):%Y-%m-%d %H:%M}") if at > self.now else None

    def is_anything_due(self, at):
        return bool(self.due(at))

    def all_would_end(self, at):
        """Return whether each due email is sent or skipped, and no two compete for one sending day."""
        due = self.due(at)
        asked = [(email.person.key, category_of(email.kind)) for email in due if category_of(email.kind)]
        return len(set(asked)) == len(asked) and all(self.why_not(each) or not self.wait(each) for each in due)

    # Reasons to skip

    def why_not(self, email):
        if not email.address:
            return "the person has no email address"
        if email.kind in email.person.stopped:
            return "the recipient has unsubscribed from this type of email"
        ask = getattr(self, f"why_not_{email.kind.replace('-', '_')}", lambda email: "")
        has_left = not email.person.is_here or (email.person.leaves_on and email.person.leaves_on < self.company.today)
        return ask(email) or ("the person left the company" if category_of(email.kind) and has_left else "")

    def why_not_invitation(self, email):
        if not email.person.is_here:
            return "the person can no longer sign in"
        seen = email.person.signed_in_at
        return "the person has already signed in" if seen and seen > email.written_at else ""

    def why_not_enrolled(self, email):
        if why := self.why_not_invitation(email):
            return why
        is_asked = any(run.is_open and not run.started_at for run in email.runs if run in email.person.runs)
        return (
            ""
            if is_asked
            else (
                "before this email was sent, the person started the course or became exempt, "
                "or the person’s accounts were merged"
            )
        )

    why_not_renewal_open = why_not_enrolled

    def why_not_arrival(self, email):
        if any(run in email.person.runs and not run.proof.is_withdrawn for run in email.runs):
            return ""
        return "the certificate was revoked, or the enrollment now belongs to another account"

    def why_not_reminder(self, email):
        person = email.person
        found = [(run, day) for run, day in email.subjects if run.is_open and run in person.runs]
        if not found:
            return GONE
        same = [run for run, day in found if day == person.due_on(run)]
        if not same:
            return ANOTHER_DAY
        return (
            ""
            if any(run not in self.reminded(person) for run in same)
            else "the person was reminded in the last 20 hours"
        )

    def reminded(self, person):
        return [
            run
            for email in self.emails
            if (email.kind, email.person, email.state) == ("reminder", person, "sent")
            and email.ended_at > self.now - ALMOST_A_DAY
            for run in email.runs
        ]

    def why_not_certificate_ending(self, email):
        person = email.person
        holds = any(
            run is person.newest(run.course) and not run.is_open and (best := person.best(run.course))
            and best.until == day
            for run, day in email.subjects
        )  # fmt: skip
        return "" if holds else "the certificate was renewed or revoked before this email was sent"

    def why_not_lesson_changed(self, email):
        """A newer enrollment still has the lesson ahead."""
        asked = any(run is email.person.newest(run.course) and not run.exempted_at for run, _lesson in email.subjects)
        return "" if asked else "the person has seen the update, or the update was undone before this email was sent"

    def why_not_digest(self, email):
        is_any = any(
            self.company.is_late(run) or self.is_news(person, run) for person, run in self.led_by(email.person)
        )
        return "" if is_any else "nobody is overdue or stuck, and nobody has finished a course"

    def is_news(self, person, run):
        """Somebody finished within a week, or has been inactive for one."""
        if run.completed_at:
            return run.completed_at > self.now - WEEK
        is_stuck = run.is_open and run.started_at and run.active_at <= self.now - WEEK
        return is_stuck and not person.away_at(self.now)

    def led_by(self, manager):
        here = [person for person in self.company.led_by(manager) if person.is_here]
        return [(person, run) for person in here for run in person.stands.values()]

    def why_not_escalation(self, email):
        if not self.company.is_escalated:
            return "the company has turned off this type of email"
        holds = any(
            self.company.is_late(run) and person.due_on(run) == day
            for run, day in email.subjects
            for person in self.company.led_by(email.person)
            if run in person.runs and person.is_here
        )
        return "" if holds else SETTLED

    def why_not_monthly_report(self, email):
        return "" if email.person.wants_reports_since else "the recipient has unsubscribed"

    def why_not_deputy_added(self, email):
        [(_run, last_day)] = email.subjects
        return "the deputy no longer acts for the manager" if last_day < self.company.today else ""


def first_open(person, at):
    """Return the first instant from `at` on in the sending hours of the person."""
    local, calendar = at.astimezone(person.zone), person.calendar
    if calendar.is_worked(local.date()) and local.time() < CLOSES:
        return max(at, morning_of(local.date(), person.zone))
    return morning_of(calendar.step(local.date(), 1), person.zone)


def day_of_emails(person, at):
    """Return the date of emails queued now: after sending hours, tomorrow."""
    local = at.astimezone(person.zone)
    return local.date() + DAY if local.time() >= CLOSES else local.date()
