"""What happens in the company day by day, drawn from a seed and applied to model and product."""

import random
from datetime import UTC, date, datetime, time, timedelta

from tests.year.model_calendar import CHINA, DAY, SITE
from tests.year.model_people import CENTRES
from tests.year.model_rules import Rule

BEGINS = date(2026, 1, 2)
MINUTES_CLAIMED = timedelta(minutes=6)  # emails are claimed by a worker for a little less
NEW_PEOPLE = Rule("New people", "safety", BEGINS, due_days=14, renewal="short", renewal_days=30)
# The changed rule: more time, and many renewals open in one night.
SEASON = Rule("New people", "safety", BEGINS, due="assignment", due_days=21, renewal="short", renewal_days=45)
ABROAD = Rule(
    "Abroad", "privacy", date(2026, 2, 4), team="Berlin", due="quarter", renewal="whole", renewal_on=(9, 1),
    exempts=True,
)  # fmt: skip
CERTIFIED = Rule(
    "Certified", "privacy", date(2026, 2, 9), due="assignment", due_days=30, other_course="safety",
    joined_since=date(2025, 6, 1),
)  # fmt: skip
# Events per working day, for any number of people: more than in a real company.
OFTEN = {
    "join": 0.4, "bring_in": 0.2, "move": 0.6, "leave": 0.3, "go_later": 0.2, "come_back": 0.3, "say_away": 2.5,
    "change_absence": 0.6, "undo_absence": 0.3, "extend": 0.8, "exempt": 0.3, "double": 0.3,
    "record_external_training": 0.2, "withdraw": 0.2, "speak": 0.3, "remind": 0.8, "name_deputy": 0.08,
    "want_other_emails": 0.2,
}  # fmt: skip
# Times of the jobs that queue emails, all different so that their order does not matter.
WRITTEN_AT = {
    "remind": (5, 10), "escalate": (5, 15), "tell_changes": (5, 18), "tell_endings": (5, 20),
    "write_digests": (5, 30), "tell_month": (5, 35),
}  # fmt: skip
# Just after 8:00 in Shanghai, Urumqi, Berlin and Boston, in summer and winter.
EMAILS_LEAVE_AT = ((8, 8), (10, 0), (14, 8), (15, 8), (18, 0), (20, 8), (21, 8))
LANGUAGES = ("zh-hans", "zh-hans", "en", "")
PLANS = {
    date(2026, 2, 10): ("privacy", (10, 3, 0, -5)), date(2026, 3, 4): ("New people", (5, 2, -2)),
    date(2026, 7, 7): ("Certified", (20, 1)), date(2026, 10, 12): ("New people", (7, 1, -3)),
}  # fmt: skip
ESCALATED = {date(2026, 1, 12): True, date(2026, 5, 20): False, date(2026, 6, 3): True}


class Scenario:
    def __init__(self, plain, played, clock, *, people, seed=22):
        self.plain, self.companies, self.clock = plain, (plain, played), clock
        self.random, self.size, self.last = random.Random(seed), people, 0
        self.duplicates = []  # (kept account, other account), to be merged on the next working day
        self.told, self.deaths, self.deaths_while_sending = 0, 0, 0
        self.fate = random.Random(seed)  # separate, so that worker deaths do not change the scenario

    def tell(self, verb, *words, **said):
        """Call this method of both, then advance the clock by a second."""
        self.told += 1
        for company in self.companies:
            getattr(company, verb)(*words, **said)
        self.set_clock(self.plain.now + timedelta(seconds=1))

    def clock_to(self, day, hour, minute, second=0):
        self.set_clock(datetime.combine(day, time(hour, minute, second), SITE).astimezone(UTC))

    def set_clock(self, now):
        self.plain.now = now
        self.clock.move_to(now)

    # Start

    def begin(self):
        self.clock_to(BEGINS - DAY, 23, 0)
        self.tell("look")  # from here on the worker knows when jobs are due
        self.clock_to(BEGINS, 10, 0)
        steps = {"steps": ["doors", "keys", "exam"], "exam": "exam", "asks": ("doors",)}
        self.tell("open_course", "safety", months=3, objectives={"O1.1": "doors", "O1.2": "keys"}, **steps)
        managers = [(f"L{team}".upper(), f"Manager {team}", f"manager-{team}@example.com".lower(), team, False, None,
                     None) for team in ("Firm", *CENTRES)]  # fmt: skip
        self.tell("bring_list", [*managers, *(self.newcomer(self.some_day(-900, -10)) for _ in range(self.size))])
        for person in self.learners():
            if self.random.random() < 0.6:
                until = self.some_day(20, 170)
                self.tell("record_external_training", person.number, "safety", until - timedelta(days=365), until)
            self.tell("speak", person.number, self.random.choice(LANGUAGES))
        for team in ("Firm", *CENTRES):
            self.tell("speak", self.plain.manager_of(team).number, self.random.choice(LANGUAGES))
            self.tell("subscribe", team)

    def newcomer(self, starts_on=None):
        self.last += 1
        number = f"W{self.last:03}"
        email = "" if self.random.random() < 0.1 else f"{number.lower()}@example.com"
        return number, f"Person {self.last:03}", email, self.random.choice(list(CENTRES)), True, starts_on, None

    def some_day(self, earliest, latest):
        return self.plain.today + timedelta(days=self.random.randint(earliest, latest))

    # One day

    def day(self, day):
        for verb, *moment in (("look", 0, 19, 30), ("let_go", 0, 20), ("look", 4, 39, 30), ("act", 4, 40)):
            self.clock_to(day, *moment)
            self.tell(verb)
        self.queue_emails(day)
        for hour, minute in EMAILS_LEAVE_AT:
            self.send_emails(day, hour, minute)
            if hour == 10:
                self.scheduled_changes(day)
                if CHINA.is_worked(day):
                    self.office_opens(day)

    def queue_emails(self, day):
        for job, (hour, minute) in WRITTEN_AT.items():
            self.clock_to(day, hour, minute - 1, 30)
            self.tell("look")
            self.clock_to(day, hour, minute)
            if self.fate.random() < 0.1:
                self.kill_worker()
            self.tell("write_emails", job)

    def send_emails(self, day, hour, minute):
        """Another worker takes over the claimed emails of a killed one some minutes later. If two emails to one
        person compete for a day, or one must wait, a death would change which is sent first."""
        self.clock_to(day, hour, minute)
        then = self.plain.now
        if minute and self.plain.post.is_anything_due(then) and self.fate.random() < 0.3:
            self.set_clock(then - MINUTES_CLAIMED)
            if self.plain.post.all_would_end(then):
                self.kill_worker(while_sending=self.fate.random() < 0.5)
            self.set_clock(then)
        self.tell("look")

    def kill_worker(self, *, while_sending=False):
        """`while_sending`: as an email is sent, before it is accepted or before that is stored."""
        _plain, played = self.companies
        if while_sending:
            came = played.die_while_sending(self.fate.choice([1, 1, 2]), is_accepted=self.fate.random() < 0.5)
            self.deaths_while_sending += came
        else:
            came = played.die_at_work(self.fate.randint(1, 60))
        self.deaths += came

    def scheduled_changes(self, day):
        """Changes on fixed dates."""
        if day in PLANS:
            self.tell("plan", *PLANS[day])
        if day in ESCALATED:
            self.tell("switch_escalation", ESCALATED[day])
        if day == date(2026, 1, 6):
            self.tell("switch_on", NEW_PEOPLE)
        if day == date(2026, 2, 4):
            self.tell("open_course", "privacy", steps=["names"], months=12, asks=("names",))
            self.tell("switch_on", ABROAD)
        if day == date(2026, 2, 9):
            self.tell("switch_on", CERTIFIED)
        if day == date(2026, 3, 17):
            self.tell("release", "safety", new_lesson="lamps")
        if day == date(2026, 3, 3):
            self.tell("change_rule", SEASON)
        if day in (date(2026, 3, 10), date(2026, 8, 4)):
            self.tell("release", "safety", reread="keys")

    def office_opens(self, day):
        for kept, other in self.duplicates:
            if self.plain.people[kept].is_here:
                self.tell("merge", kept, other)
        self.duplicates = []
        if day.day == 15 or (day.day > 15 and CHINA.step(day, -1).day < 15):
            self.import_monthly_roster()
        for verb, number in OFTEN.items():
            for _ in range(self.how_many(number)):
                getattr(self, verb)()
        for person in self.learners():
            self.at_work(person)

    def how_many(self, number):
        return int(number) + (self.random.random() < number % 1)

    def at_work(self, person):
        diligence = 0.02 if person.key % 7 == 0 else 0.15
        diligence /= 8 if person.away_at(self.plain.now) else 1
        for run in person.open_runs():
            if run is person.newest(run.course) and self.random.random() < diligence:
                missed = ["O1.2"] if self.random.random() < 0.25 else []
                self.tell("study", person.number, run.course, self.random.choice([1, 2, 4, 4]), missed)

    # Choosing people

    def learners(self):
        return [person for person in self.plain.people.values() if person.learns and person.is_here]

    def anybody(self, wanted=lambda person: True):
        twice = {number for pair in self.duplicates for number in pair}
        found = [person for person in self.learners() if person.number not in twice and wanted(person)]
        # Events while an email waits are rare and have their own rules.
        written_to = {email.person.number for email in self.plain.post.waiting}
        if self.random.random() < 0.4:
            found = [person for person in found if person.number in written_to] or found
        return self.random.choice(found) if found else None

    def random_open_enrollment(self):
        person = self.anybody(lambda person: any(run is person.newest(run.course) for run in person.open_runs()))
        runs = [run for run in person.open_runs() if run is person.newest(run.course)] if person else []
        return (person, self.random.choice(runs)) if runs else None

    # Events of one person

    def join(self):
        number, name, email, team, *_rest = self.newcomer()
        self.tell("add", number, name, email, team, starts_on=self.random.choice([None, self.some_day(0, 12)]))

    def bring_in(self):
        number, name, _email, team, *_rest = self.newcomer()
        self.tell("bring_in", number, name, f"{number}@example.com".lower(), team, "safety", self.some_day(5, 30))

    def move(self):
        if person := self.anybody():
            self.tell("move", person.number, self.random.choice(list(CENTRES)))

    def leave(self):
        if person := self.anybody():
            self.tell("leave", person.number)

    def go_later(self):
        if person := self.anybody(lambda person: person.leaves_on is None):
            self.tell("set_last_day", person.number, self.some_day(0, 20))

    def come_back(self):
        gone = [each for each in self.plain.people.values() if not each.is_here and not each.is_other_name]
        if gone:
            self.tell("come_back", self.random.choice(gone).number)

    def say_away(self):
        if person := self.anybody(self.is_never_away):
            first = self.some_day(-2, 20)
            self.tell("say_away", person.number, first, first + timedelta(days=self.random.choice([0, 2, 6, 13])))

    def is_never_away(self, person):
        """No absence now, lately or soon: one at a time."""
        return all(each.last < self.plain.today - timedelta(days=3) for each in person.absences)

    def absent(self):
        def may_change(person):
            return person.absences and person.absences[-1].last > self.plain.today

        return self.anybody(may_change)

    def change_absence(self):
        if person := self.absent():
            away = person.absences[-1]
            earlier = max(away.first, self.plain.today)
            first = self.random.choice([away.first, away.first - timedelta(days=3)])
            first = max([first, *(each.last + DAY for each in person.absences[:-1])])  # after the previous absence
            last = self.random.choice([earlier, away.last, away.last + timedelta(days=5)])
            if (first, last) != (away.first, away.last):
                self.tell("change_absence", person.number, first, last)

    def undo_absence(self):
        if person := self.absent():
            self.tell("undo_absence", person.number)

    def extend(self):
        if found := self.random_open_enrollment():
            person, run = found
            day = self.some_day(3, 40)
            if day != person.due_on(run):  # the current due date is no extension
                self.tell("extend", person.number, run.course, day)

    def exempt(self):
        if found := self.random_open_enrollment():
            person, run = found
            self.tell("exempt", person.number, run.course)

    def double(self):
        """Add a second account of a person; it is merged on the next working day."""
        if person := self.anybody():
            number, _name, email, *_rest = self.newcomer()
            self.tell("add", number, f"{person.name} too", email, person.team)
            self.duplicates.append((person.number, number))

    def record_external_training(self):
        if person := self.anybody(lambda person: not person.outside.get("safety")):
            self.tell(
                "record_external_training", person.number, "safety", self.some_day(-30, -1), self.some_day(60, 200)
            )

    def withdraw(self):
        def has_one(person):
            proof = person.best("safety")
            return proof and proof.kind == "certificate" and not proof.is_withdrawn

        if person := self.anybody(has_one):
            self.tell("withdraw", person.number, "safety")

    # Email settings

    def speak(self):
        if person := self.anybody():
            self.tell("speak", person.number, self.random.choice(LANGUAGES))

    def remind(self):
        """A manager reminds some people, and sometimes undoes it."""
        team = self.random.choice(["Firm", *CENTRES])
        led = self.plain.led_by(self.plain.manager_of(team))
        runs = [(person.number, run.course) for person in led for run in person.stands.values()]
        if runs:
            self.tell("remind_by_hand", team, sorted(self.random.sample(runs, min(4, len(runs)))))
            if self.random.random() < 0.2:
                self.tell("undo_reminders")

    def name_deputy(self):
        """Ends before the month does, when dashboards are compared."""
        team, other = self.random.sample([*CENTRES], 2)
        if self.plain.today.day < 15:
            self.tell("name_deputy", team, other, self.some_day(0, 3), self.some_day(3, 10))

    def want_other_emails(self):
        team, kind = (
            self.random.choice(["Firm", *CENTRES]),
            self.random.choice(["digest", "escalation", "monthly-report"]),
        )
        verb = self.random.choice(["subscribe", "unsubscribe", "stop", "go_on", "go_on"])
        self.tell(verb, team, *([kind] if verb in ("stop", "go_on") else []))

    # The monthly roster

    def import_monthly_roster(self):
        rows = [self.row_of(person) for person in self.plain.people.values() if self.is_listed(person)]
        self.tell("bring_list", [*rows, *(self.newcomer(self.some_day(-5, 10)) for _ in range(1 + self.size // 60))])

    def is_listed(self, person):
        """Nearly all present people, and a few former ones, who then return."""
        if not person.learns or person.number in {number for pair in self.duplicates for number in pair}:
            return True
        return not person.is_other_name and self.random.random() < (0.985 if person.is_here else 0.05)

    def row_of(self, person):
        email, team = person.email, person.team
        if person.learns and self.random.random() < 0.03:
            email = f"new-{self.plain.today.month}-{person.number}@example.com".lower()
        if person.learns and self.random.random() < 0.03:
            team = self.random.choice(list(CENTRES))
        last_day = person.leaves_on if person.is_here else None
        return person.number, person.name, email, team, person.learns, person.starts_on, last_day
