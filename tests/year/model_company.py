"""A plain in-memory model of the company: due dates, rules and emails.

It is independent of the product. Its methods have the names of those of `product_company`, which calls the product."""

from tests.year import model_daily_emails
from tests.year.model_calendar import DAY, SITE, day_ended_at, end_of, months_on, span
from tests.year.model_emails import HELD, ModelEmails
from tests.year.model_people import CENTRES, Absence, Course, Enrollment, Person, Proof
from tests.year.model_rules import decided, result_of


class ModelCompany:
    def __init__(self):
        self.now = None
        self.courses, self.people, self.rules = {}, {}, []
        self.post, self.plans, self.is_escalated = ModelEmails(self), {}, False
        self.parents = dict.fromkeys(CENTRES, "Firm") | {"Firm": None}
        self.number = 0  # of the last enrollment

    @property
    def today(self):
        return self.now.astimezone(SITE).date()

    # Automatic changes

    def look(self):
        """A worker run. Due dates follow absences first, since delivery comes last in each run."""
        for person in self.people.values():
            lacks_one = any(run.due_at and not self.is_known(run) for run in person.open_runs())
            passed = any(each.stage != each.stage_at(self.now) for each in person.absences)
            if passed or (lacks_one and any(each.stage < 2 for each in person.absences)):
                self.settle(person)
        self.post.work()

    def let_go(self):
        for person in self.people.values():
            if person.is_here and person.leaves_on and person.leaves_on < self.today:
                self.leave(person.number)

    def write_emails(self, job):
        getattr(model_daily_emails, job)(self)
        self.post.work()

    def act(self, only=None):
        """Apply the rules, or only what the rule `only` has a part in."""
        for person in sorted(self.people.values(), key=lambda each: each.key):
            begun = []
            for course in self.courses if person.is_here else ():
                about = [result_of(self, rule, person, self.today) for rule in self.rules if rule.course == course]
                by = decided(about) if about else []
                if by and (only is None or only in [each.rule.name for each in by]):
                    begun += self.follow(person, course, by)
            for kind, runs in (
                ("enrolled", [run for run in begun if not run.renews_until]),
                ("renewal-open", [run for run in begun if run.renews_until]),
            ):
                if runs:
                    self.post.tell(kind, person, [(run, None) for run in runs])
        self.post.work()

    def follow(self, person, course, by):
        person.occasions |= {(each.rule.name, each.occasion) for each in by}
        if by[0].action == "exempt":
            person.newest(course).exempted_at = self.now
            return []
        last_day = person.calendar.last_day(min(each.asked for each in by), self.today)
        run = self.begin(person, course, end_of(last_day, person.zone), [each.rule.name for each in by])
        if by[0].action == "renew":
            run.renews_until = next((each.counts_from for each in by if each.counts_from), None)
            run.required = self.short_list(person, course) if all(each.is_short for each in by) else None
        return [run]

    def begin(self, person, course, due_at, by=()):
        self.number += 1
        run = Enrollment(self.number, course, self.now, due_at, tuple(by))
        person.runs.append(run)
        person.stands[course] = run
        return run

    def short_list(self, person, name):
        """The exam, lessons on objectives missed in it, and lessons changed since or never completed."""
        course, runs = self.courses[name], [run for run in person.runs if run.course == name]
        passed = [run for run in runs if course.exam in run.done]
        missed = max(passed, key=lambda run: run.done[course.exam]).missed if passed else ()
        wanted = {course.exam} | {course.objectives[each] for each in missed}
        for lesson in course.lessons:
            done = max((run.done[lesson] for run in runs if lesson in run.done), default=None)
            if done is None or done < course.changed.get(lesson, done):
                wanted.add(lesson)
        return frozenset(wanted)

    # Absences and the due dates they shift

    @staticmethod
    def is_known(run):
        return run.given is not None and run.given[0] == run.agreed_due_at

    def settle(self, person):
        for run in person.open_runs():
            if run.due_at and (person.absences or self.is_known(run)):
                self.move_on(person, run)
        for each in person.absences:
            each.stage = each.stage_at(self.now)

    def move_on(self, person, run):
        zone, today = person.zone, self.now.astimezone(person.zone).date()
        if not self.is_known(run):
            # The date at that time and place: after a move to another time zone, absences count from the same date.
            run.given = (run.agreed_due_at, run.due_at, person.day_at(run.agreed_due_at), self.known_days(person, run))
        _since, given_at, given_on, known = run.given
        given = day = day_ended_at(given_at, zone)
        for each in sorted(person.absences, key=lambda each: each.first):
            counted = [one for one in span(max(each.first, given_on), each.last) if one not in known]
            if not counted or each.first > max(day, today):
                continue  # over before the due date was set, or known then; or later than the due date
            moved = person.calendar.later(day, sum(person.calendar.is_worked(one) for one in counted))
            back = person.calendar.step(each.last, 1) if each.first <= day <= each.last else moved
            day = max(moved, back)
        day = max([day, *(each.last for each in person.absences if each.first <= today <= each.last)])
        run.due_at = given_at if day == given else end_of(day, zone)

    def known_days(self, person, run):
        """A manager who sets a due date knows the absences recorded before, up to that date."""
        if not run.given_by_hand_at:
            return set()
        until = max(person.day_at(run.agreed_due_at), person.due_on(run))
        known = [each for each in person.absences if each.said_at <= run.given_by_hand_at and each.first <= until]
        return {day for each in known for day in span(each.first, each.last)}

    def say_away(self, number, first, last):
        person = self.people[number]
        self.settle(person)
        begins, ends = end_of(first - DAY, person.zone), end_of(last, person.zone)
        person.absences.append(Absence(first, last, begins, ends, self.now))
        self.settle(person)

    def change_absence(self, number, first, last):
        """Change the absence that was recorded last."""
        person = self.people[number]
        self.settle(person)
        away = person.absences[-1]
        away.first, away.last, away.stage = first, last, 0
        away.begins, away.ends = end_of(first - DAY, person.zone), end_of(last, person.zone)
        self.settle(person)

    def undo_absence(self, number):
        person = self.people[number]
        self.settle(person)
        person.absences.pop()
        self.settle(person)

    # HR

    def open_course(self, name, **said):
        self.courses[name] = Course(**said)

    def switch_on(self, rule):
        self.rules.append(rule)
        self.act(only=rule.name)

    def change_rule(self, rule):
        self.rules = [rule if each.name == rule.name else each for each in self.rules]

    def add(self, number, name, email, team, *, starts_on=None, leaves_on=None, learns=True):
        person = Person(len(self.people) + 1, number, name, email, team, self.today, learns, starts_on, leaves_on)
        self.people[number] = person
        return person

    def bring_in(self, number, name, email, team, course, last_day):
        """Add a new person with a course and a due date."""
        person = self.add(number, name, email, team)
        run = self.begin(person, course, end_of(last_day, person.zone))
        self.post.tell("enrolled", person, [(run, None)])
        self.post.work()

    def bring_list(self, rows):
        """Import the complete roster; missing people leave. Row: number, name, email, team, learns, first, last day."""
        listed = {row[0] for row in rows}
        came = [self.add(*row[:4], learns=row[4], starts_on=row[5], leaves_on=row[6])
                for row in rows if row[0] not in self.people]  # fmt: skip
        for row in rows:
            self.compare(self.people[row[0]], row)
        for person in self.people.values():
            if person.is_here and person.number not in listed:
                self.leave(person.number)
        self.act()
        for person in came:
            if person.email and all(email.person is not person for email in self.post.emails):
                self.post.tell("invitation", person)
        self.post.work()

    def compare(self, person, row):
        _number, name, email, team, _learns, starts_on, leaves_on = row
        person.is_here = True
        if email and email != person.email:
            if person.email:
                self.post.tell("account-notice", person)
            person.email = email
        person.name, person.leaves_on = name, leaves_on
        person.go_to(team)
        person.starts_on = starts_on or person.starts_on

    def move(self, number, team):
        self.people[number].go_to(team)

    def leave(self, number):
        person = self.people[number]
        person.is_here, person.leaves_on = False, min(person.leaves_on or self.today, self.today)

    def set_last_day(self, number, day):
        self.people[number].leaves_on = day

    def come_back(self, number):
        person = self.people[number]
        person.is_here, person.leaves_on = True, None

    def extend(self, number, course, last_day):
        person = self.people[number]
        run = person.newest(course)
        run.due_at, run.given_by_hand_at = end_of(last_day, person.zone), self.now

    def exempt(self, number, course):
        self.people[number].newest(course).exempted_at = self.now

    def record_external_training(self, number, course, on, until):
        self.people[number].outside[course].append(Proof("outside", on, until))

    def withdraw(self, number, course):
        person = self.people[number]
        person.best(course).is_withdrawn = True
        self.post.tell("certificate-revoked", person)
        self.post.work()

    def merge(self, kept, other):
        """Make `other` an alias of `kept`."""
        kept, other = self.people[kept], self.people[other]
        both = {run.number: person for person in (kept, other) for run in person.runs}
        for run in other.runs:
            run.keep_day(other.zone, kept.zone)
        kept.runs = sorted([*kept.runs, *other.runs], key=lambda run: run.number)
        for course in {run.course for run in other.runs}:
            kept.stands[course] = self.joint([run for run in kept.runs if run.course == course], both)
        kept.occasions |= other.occasions
        self.lock_merged_enrollments(other, kept)
        other.runs, other.stands, other.is_here, other.is_other_name = [], {}, False, True
        self.settle(kept)

    def lock_merged_enrollments(self, other, kept):
        """Adapt waiting emails about enrollments that now belong to `kept`."""
        for email in [each for each in self.post.waiting if each.person is other]:
            if email.kind in ("enrolled", "renewal-open"):
                runs = [run for run in email.runs if run in kept.runs and run.is_open and not run.started_at]
                if runs:
                    asked = sorted(runs, key=lambda run: run.number)
                    self.post.tell(email.kind, kept, [(run, None) for run in asked])
            elif email.runs and all(run in kept.runs for run in email.runs):
                email.person, email.address, email.language = kept, kept.email, kept.language

    def joint(self, runs, both):
        """Return the enrollment that continues: the open one with more progress, or begun first, unless the course was
        completed in the other account meanwhile. The other open ones are closed."""

        def is_done(run):
            others = [each for each in runs if both[each.number] is not both[run.number]]
            return any(each.completed_at and each.completed_at >= run.begun_at for each in others)

        going = [run for run in runs if run.is_open and not is_done(run)]
        going.sort(key=lambda run: (len(run.done), self.answered(run), bool(run.started_at), -run.number))
        closed = [run for run in runs if run.is_open and run not in going[-1:]]
        for run in closed:
            run.exempted_at = self.now
        return going[-1] if going else max((run for run in runs if run not in closed), key=lambda run: run.number)

    def answered(self, run):
        return len([step for step in run.done if step in self.courses[run.course].asks])

    def release(self, course, *, reread="", new_lesson=""):
        if reread:
            self.courses[course].changed[reread] = self.now
        if new_lesson:
            self.courses[course].steps.insert(-1, new_lesson)

    # Learners

    def study(self, number, course, steps, missed=()):
        """Sign in and complete that many steps; `missed` are objectives answered wrong in the exam."""
        person, run = self.people[number], self.people[number].newest(course)
        person.signed_in_at = self.now
        for step in self.still_to_do(run)[:steps]:
            run.done[step] = run.active_at = self.now
            run.started_at = run.started_at or self.now
            run.missed = set(missed) if step == self.courses[course].exam else run.missed
        if not self.still_to_do(run):
            self.complete(run)
            self.post.tell("arrival", person, [(run, run.due_at and person.due_on(run))])

    def still_to_do(self, run):
        steps = self.courses[run.course].steps
        return [step for step in steps if step not in run.done and step in (run.required or steps)]

    def complete(self, run):
        run.completed_at = self.now
        since = max(self.today, run.renews_until or self.today)
        run.proof = Proof("certificate", self.today, months_on(since, self.courses[run.course].months))

    # Email settings

    def manager_of(self, team):
        return next(person for person in self.people.values() if not person.learns and person.team == team)

    def managers(self):
        return [person for person in self.people.values() if not person.learns and person.is_here]

    def led_by(self, manager):
        """Return people of the own team and of teams whose manager this one is deputy for today."""
        teams = {manager.team}
        for other, first, last in manager.deputy_for:
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
        manager = self.manager_of(team)
        manager.wants_reports_since = manager.wants_reports_since or self.today
        manager.stopped.discard("monthly-report")

    def unsubscribe(self, team):
        self.manager_of(team).wants_reports_since = None

    def stop(self, team, kind):
        self.manager_of(team).stopped.add(kind)

    def go_on(self, team, kind):
        self.manager_of(team).stopped.discard(kind)

    def name_deputy(self, team, other, first, last):
        """Make the manager of the other team deputy of the manager of this one."""
        manager, person = self.manager_of(team), self.manager_of(other)
        person.deputy_for.append((manager, first, last))
        for reader in (person, manager):
            self.post.tell("deputy-added", reader, [(None, last)])

    def remind_by_hand(self, team, wanted):
        """`wanted`: (number of a person, course). People who may not be reminded are skipped."""
        self.by_hand = []
        pairs = [(self.people[number], self.people[number].newest(course)) for number, course in wanted]
        for person, run in sorted(pairs, key=lambda pair: pair[1].number):
            if self.may_be_reminded(person, run):
                email = self.post.write("reminder", person, [(run, person.due_on(run))], next_at=self.now + HELD)
                self.by_hand.append(email)
                self.post.is_told = True

    def may_be_reminded(self, person, run):
        waits = any(email.kind == "reminder" and run in email.runs for email in self.post.waiting)
        is_away = person.away_at(self.now)
        return (
            run.is_open and person.is_here and person.email and not is_away and not waits
            and run not in self.post.reminded(person)
        )  # fmt: skip

    def undo_reminders(self):
        """Undo the manual reminders sent just now."""
        for email in self.by_hand:
            email.end("skipped", self.now, "the sender undid the reminder")
            self.post.waiting.remove(email)
