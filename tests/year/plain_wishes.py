"""What people want of letters, in plain words: who is reminded when, and by whom; who wants none, or a report."""

from tests.year.plain_post import HELD


class PlainWishes:
    """Verbs of `PlainFirm`."""

    def lead_of(self, team):
        return next(person for person in self.people.values() if not person.learns and person.team == team)

    def leads(self):
        return [person for person in self.people.values() if not person.learns and person.is_here]

    def led_by(self, lead):
        """Those who are here, of the own team and of those for whose lead this one stands in today."""
        teams = {lead.team}
        for other, first, last in lead.stands_in:
            if first <= other.day_at(self.now) <= last:
                teams.add(other.team)
        return [
            person
            for person in self.people.values()
            if person.learns and teams & {person.team, self.parents[person.team]}
        ]

    def is_late(self, run):
        return run.is_open and run.due_at <= self.now

    def speak(self, number, language):
        self.people[number].language = language

    def plan(self, owner, days):
        """`owner` is a course or a rule."""
        self.plans[owner] = days

    def switch_escalation(self, is_on):
        self.is_escalated = is_on

    def subscribe(self, team):
        lead = self.lead_of(team)
        lead.wants_reports_since = lead.wants_reports_since or self.today
        lead.stopped.discard("monthly-report")

    def unsubscribe(self, team):
        self.lead_of(team).wants_reports_since = None

    def stop(self, team, kind):
        self.lead_of(team).stopped.add(kind)

    def go_on(self, team, kind):
        self.lead_of(team).stopped.discard(kind)

    def name_substitute(self, team, other, first, last):
        """Who leads the other team stands in for who leads this one."""
        lead, person = self.lead_of(team), self.lead_of(other)
        person.stands_in.append((lead, first, last))
        for reader in (person, lead):
            self.post.tell("substitute-named", reader, [(None, last)])

    def remind_by_hand(self, team, wanted):
        """`wanted`: (number of a person, course). Whoever may not be reminded is left out."""
        self.by_hand = []
        pairs = [(self.people[number], self.people[number].newest(course)) for number, course in wanted]
        for person, run in sorted(pairs, key=lambda pair: pair[1].number):
            if self.may_be_reminded(person, run):
                letter = self.post.write("reminder", person, [(run, person.due_on(run))], next_at=self.now + HELD)
                self.by_hand.append(letter)
                self.post.is_told = True

    def may_be_reminded(self, person, run):
        waits = any(letter.kind == "reminder" and run in letter.runs for letter in self.post.waiting)
        is_away = person.away_at(self.now)
        return (
            run.is_open and person.is_here and person.email and not is_away and not waits
            and run not in self.post.reminded(person)
        )  # fmt: skip

    def take_back_reminders(self):
        """Those that were sent by hand just now."""
        for letter in self.by_hand:
            letter.end("skipped", self.now, "taken back by who had sent it")
            self.post.waiting.remove(letter)
