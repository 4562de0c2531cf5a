"""What happens in the firm, day by day: drawn from a seed, by what the plain firm knows, and told to both firms."""

import random
from datetime import UTC, date, datetime, time, timedelta

from tests.year.model_calendar import CHINA, DAY, SITE
from tests.year.model_people import CENTRES
from tests.year.model_rules import Rule

BEGINS = date(2026, 1, 2)
MINUTES_CLAIMED = timedelta(minutes=6)  # for a little less a letter is claimed by whoever sends it
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
    "change_absence": 0.6, "undo_absence": 0.3, "extend": 0.8, "excuse": 0.3, "double": 0.3,
    "record_external_training": 0.2, "withdraw": 0.2, "speak": 0.3, "remind": 0.8, "name_deputy": 0.08,
    "want_other_letters": 0.2,
}  # fmt: skip
# When the day's jobs are done that write letters: no two at one moment, so that it does not matter which is first.
WRITTEN_AT = {
    "remind": (5, 10), "escalate": (5, 15), "tell_changes": (5, 18), "tell_endings": (5, 20),
    "write_digests": (5, 30), "tell_month": (5, 35),
}  # fmt: skip
# Behind eight in the morning somewhere: here, in Urumqi, in Berlin by either clock, in Boston by either clock.
LETTERS_LEAVE_AT = ((8, 8), (10, 0), (14, 8), (15, 8), (18, 0), (20, 8), (21, 8))
LANGUAGES = ("zh-hans", "zh-hans", "en", "")
PLANS = {
    date(2026, 2, 10): ("privacy", (10, 3, 0, -5)), date(2026, 3, 4): ("New people", (5, 2, -2)),
    date(2026, 7, 7): ("Certified", (20, 1)), date(2026, 10, 12): ("New people", (7, 1, -3)),
}  # fmt: skip
ESCALATED = {date(2026, 1, 12): True, date(2026, 5, 20): False, date(2026, 6, 3): True}


class Story:
    def __init__(self, plain, played, clock, *, people, seed=22):
        self.plain, self.firms, self.clock = plain, (plain, played), clock
        self.random, self.size, self.last = random.Random(seed), people, 0
        self.doubles = []  # (the account that stays, the other one), to be merged on the next day of work
        self.told, self.deaths, self.deaths_at_the_door = 0, 0, 0
        self.fate = random.Random(seed)  # of workers: what the plain firm draws is the same whoever dies

    def tell(self, verb, *words, **said):
        """A second later there is something else to tell."""
        self.told += 1
        for firm in self.firms:
            getattr(firm, verb)(*words, **said)
        self.set_clock(self.plain.now + timedelta(seconds=1))

    def clock_to(self, day, hour, minute, second=0):
        self.set_clock(datetime.combine(day, time(hour, minute, second), SITE).astimezone(UTC))

    def set_clock(self, now):
        self.plain.now = now
        self.clock.move_to(now)

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

    # A day

    def day(self, day):
        for verb, *moment in (("look", 0, 19, 30), ("let_go", 0, 20), ("look", 4, 39, 30), ("act", 4, 40)):
            self.clock_to(day, *moment)
            self.tell(verb)
        self.letters_are_written(day)
        for hour, minute in LETTERS_LEAVE_AT:
            self.letters_leave(day, hour, minute)
            if hour == 10:
                self.announced(day)
                if CHINA.is_worked(day):
                    self.office_opens(day)

    def letters_are_written(self, day):
        for job, (hour, minute) in WRITTEN_AT.items():
            self.clock_to(day, hour, minute - 1, 30)
            self.tell("look")
            self.clock_to(day, hour, minute)
            if self.fate.random() < 0.1:
                self.worker_dies()
            self.tell("write_letters", job)

    def letters_leave(self, day, hour, minute):
        """Of a worker that dies, another one takes up what it had claimed, some minutes later. Where two letters to
        one reader ask for one turn, or one has to wait, its death would change which leaves first."""
        self.clock_to(day, hour, minute)
        then = self.plain.now
        if minute and self.plain.post.is_anything_due(then) and self.fate.random() < 0.3:
            self.set_clock(then - MINUTES_CLAIMED)
            if self.plain.post.all_would_end(then):
                self.worker_dies(at_the_door=self.fate.random() < 0.5)
            self.set_clock(then)
        self.tell("look")

    def worker_dies(self, *, at_the_door=False):
        """At the door: as a letter is handed over, before it is taken or before that is noted."""
        _plain, played = self.firms
        if at_the_door:
            came = played.die_at_the_door(self.fate.choice([1, 1, 2]), is_taken=self.fate.random() < 0.5)
            self.deaths_at_the_door += came
        else:
            came = played.die_at_work(self.fate.randint(1, 60))
        self.deaths += came

    def announced(self, day):
        """What everybody hears of."""
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
        written_to = {letter.person.number for letter in self.plain.post.waiting}
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

    def change_absence(self):
        if person := self.absent():
            away = person.absences[-1]
            earlier = max(away.first, self.plain.today)
            first = self.random.choice([away.first, away.first - timedelta(days=3)])
            first = max([first, *(each.last + DAY for each in person.absences[:-1])])  # behind the one before
            last = self.random.choice([earlier, away.last, away.last + timedelta(days=5)])
            if (first, last) != (away.first, away.last):
                self.tell("change_absence", person.number, first, last)

    def undo_absence(self):
        if person := self.absent():
            self.tell("undo_absence", person.number)

    def extend(self):
        if found := self.somebody_who_learns():
            person, run = found
            day = self.some_day(3, 40)
            if day != person.due_on(run):  # the day that stands is none that is given
                self.tell("extend", person.number, run.course, day)

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

    # What they want of letters

    def speak(self):
        if person := self.anybody():
            self.tell("speak", person.number, self.random.choice(LANGUAGES))

    def remind(self):
        """A lead reminds some, and now and then takes it back."""
        team = self.random.choice(["Firm", *CENTRES])
        led = self.plain.led_by(self.plain.manager_of(team))
        runs = [(person.number, run.course) for person in led for run in person.stands.values()]
        if runs:
            self.tell("remind_by_hand", team, sorted(self.random.sample(runs, min(4, len(runs)))))
            if self.random.random() < 0.2:
                self.tell("undo_reminders")

    def name_deputy(self):
        """Over before the month is, at whose end all boards are looked at."""
        team, other = self.random.sample([*CENTRES], 2)
        if self.plain.today.day < 15:
            self.tell("name_deputy", team, other, self.some_day(0, 3), self.some_day(3, 10))

    def want_other_letters(self):
        team, kind = (
            self.random.choice(["Firm", *CENTRES]),
            self.random.choice(["digest", "escalation", "monthly-report"]),
        )
        verb = self.random.choice(["subscribe", "unsubscribe", "stop", "go_on", "go_on"])
        self.tell(verb, team, *([kind] if verb in ("stop", "go_on") else []))

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
