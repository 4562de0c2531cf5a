"""What happens in the firm, day by day: drawn from a seed, by what the plain firm knows, and told to both firms."""

import random
from datetime import UTC, date, datetime, time, timedelta

from tests.year.plain_days import CHINA, DAY, SITE
from tests.year.plain_people import CENTRES
from tests.year.plain_rules import Rule

BEGINS = date(2026, 1, 2)
NEW_PEOPLE = Rule("New people", "safety", BEGINS, due_days=14, renewal="short", renewal_days=30)
# The rule as it is changed: more time, and renewals of many open in one night.
SEASON = Rule("New people", "safety", BEGINS, due="assignment", due_days=21, renewal="short", renewal_days=45)
ABROAD = Rule(
    "Abroad", "privacy", date(2026, 2, 4), team="Berlin", due="quarter", renewal="whole", renewal_on=(9, 1),
    excuses=True,
)  # fmt: skip
CERTIFIED = Rule(
    "Certified", "privacy", date(2026, 2, 9), due="assignment", due_days=30, other_course="safety",
    joined_since=date(2025, 6, 1),
)  # fmt: skip
# How often in a day of work, however many people there are: more than in any firm.
OFTEN = {
    "join": 0.4, "bring_in": 0.2, "move": 0.6, "leave": 0.3, "go_later": 0.2, "come_back": 0.3, "say_away": 2.5,
    "change_away": 0.6, "take_back_away": 0.3, "extend": 0.8, "excuse": 0.3, "double": 0.3, "record_outside": 0.2,
    "withdraw": 0.2,
}  # fmt: skip


class Story:
    def __init__(self, plain, played, clock, *, people, seed=22):
        self.plain, self.firms, self.clock = plain, (plain, played), clock
        self.random, self.size, self.last = random.Random(seed), people, 0
        self.doubles = []  # (the account that stays, the other one), to be merged on the next day of work
        self.told = 0

    def tell(self, verb, *words, **said):
        self.told += 1
        for firm in self.firms:
            getattr(firm, verb)(*words, **said)

    def clock_to(self, day, hour, minute, second=0):
        self.plain.now = datetime.combine(day, time(hour, minute, second), SITE).astimezone(UTC)
        self.clock.move_to(self.plain.now)

    # The firm is there

    def begin(self):
        self.clock_to(BEGINS - DAY, 23, 0)
        self.tell("look")  # from now on the worker knows when each job is due
        self.clock_to(BEGINS, 10, 0)
        steps = {"steps": ["doors", "keys", "exam"], "exam": "exam", "asks": ("doors",)}
        self.tell("open_course", "safety", months=3, objectives={"O1.1": "doors", "O1.2": "keys"}, **steps)
        leads = [(f"L{team}".upper(), f"Lead {team}", f"lead-{team}@example.com".lower(), team, False, None, None)
                 for team in ("Firm", *CENTRES)]  # fmt: skip
        self.tell("bring_list", [*leads, *(self.newcomer(self.some_day(-900, -10)) for _ in range(self.size))])
        for person in self.learners():
            if self.random.random() < 0.6:
                until = self.some_day(20, 170)
                self.tell("record_outside", person.number, "safety", until - timedelta(days=365), until)

    def newcomer(self, starts_on=None):
        self.last += 1
        number = f"W{self.last:03}"
        email = "" if self.random.random() < 0.1 else f"{number.lower()}@example.com"
        return number, f"Person {self.last:03}", email, self.random.choice(list(CENTRES)), True, starts_on, None

    def some_day(self, earliest, latest):
        return self.plain.today + timedelta(days=self.random.randint(earliest, latest))

    # A day

    def day(self, day):
        # No two jobs are due at one moment where it matters which of them comes first.
        for verb, *moment in (("look", 0, 19, 30), ("let_go", 0, 20), ("look", 4, 39, 30), ("act", 4, 40)):
            self.clock_to(day, *moment)
            self.tell(verb)
        self.clock_to(day, 10, 0)
        self.tell("look")
        self.announced(day)
        if CHINA.is_worked(day):
            self.office_opens(day)
        self.clock_to(day, 18, 0)
        self.tell("look")

    def announced(self, day):
        """What everybody hears of."""
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
        for kept, other in self.doubles:
            if self.plain.people[kept].is_here:
                self.tell("merge", kept, other)
        self.doubles = []
        if day.day == 15 or (day.day > 15 and CHINA.step(day, -1).day < 15):
            self.list_of_the_month()
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

    # Who it is about

    def learners(self):
        return [person for person in self.plain.people.values() if person.learns and person.is_here]

    def anybody(self, wanted=lambda person: True):
        twice = {number for pair in self.doubles for number in pair}
        found = [person for person in self.learners() if person.number not in twice and wanted(person)]
        # What happens while a letter waits is rare, and what becomes of the letter has rules of its own.
        written_to = {letter.person.number for letter in self.plain.letters if letter.state == "queued"}
        if self.random.random() < 0.4:
            found = [person for person in found if person.number in written_to] or found
        return self.random.choice(found) if found else None

    def somebody_who_learns(self):
        person = self.anybody(lambda person: any(run is person.newest(run.course) for run in person.open_runs()))
        runs = [run for run in person.open_runs() if run is person.newest(run.course)] if person else []
        return (person, self.random.choice(runs)) if runs else None

    # What happens to one person

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
        """Neither now, nor lately, nor soon: one absence at a time."""
        return all(each.last < self.plain.today - timedelta(days=3) for each in person.absences)

    def absent(self):
        def may_change(person):
            return person.absences and person.absences[-1].last > self.plain.today

        return self.anybody(may_change)

    def change_away(self):
        if person := self.absent():
            away = person.absences[-1]
            earlier = max(away.first, self.plain.today)
            last = self.random.choice([earlier, away.last + timedelta(days=5)])
            if last != away.last:
                self.tell("change_away", person.number, away.first, last)

    def take_back_away(self):
        if person := self.absent():
            self.tell("take_back_away", person.number)

    def extend(self):
        if found := self.somebody_who_learns():
            person, run = found
            self.tell("extend", person.number, run.course, self.some_day(3, 40))

    def excuse(self):
        if found := self.somebody_who_learns():
            person, run = found
            self.tell("excuse", person.number, run.course)

    def double(self):
        """Somebody comes in a second time, by another name; it is found a day of work later."""
        if person := self.anybody():
            number, _name, email, *_rest = self.newcomer()
            self.tell("add", number, f"{person.name} too", email, person.team)
            self.doubles.append((person.number, number))

    def record_outside(self):
        if person := self.anybody(lambda person: not person.outside.get("safety")):
            self.tell("record_outside", person.number, "safety", self.some_day(-30, -1), self.some_day(60, 200))

    def withdraw(self):
        def has_one(person):
            proof = person.best("safety")
            return proof and proof.kind == "certificate" and not proof.is_withdrawn

        if person := self.anybody(has_one):
            self.tell("withdraw", person.number, "safety")

    # The list that human resources bring in once a month

    def list_of_the_month(self):
        rows = [self.row_of(person) for person in self.plain.people.values() if self.is_listed(person)]
        self.tell("bring_list", [*rows, *(self.newcomer(self.some_day(-5, 10)) for _ in range(1 + self.size // 60))])

    def is_listed(self, person):
        """Of those who are here nearly all; of those who have left hardly anybody, who is back then."""
        if not person.learns or person.number in {number for pair in self.doubles for number in pair}:
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
