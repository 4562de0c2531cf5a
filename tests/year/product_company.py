"""The same company in the product, through its own functions and its worker. Methods as in `model_company`."""

from datetime import date

from django.test import Client
from django.utils import timezone

from courseware.accounts.calendar import calendar_import
from courseware.accounts.calendar.working_days import ListedDay
from courseware.accounts.models import Absence, Membership, Team, User
from courseware.accounts.people.offboarding import come_back, leave
from courseware.accounts.people.onboarding import add_person
from courseware.accounts.roster_import.apply import begin_applying
from courseware.accounts.roster_import.upload import store_upload
from courseware.accounts.teams.deputies import add_deputy
from courseware.accounts.teams.memberships import change_profile, move
from courseware.accounts.teams.teams import add_team
from courseware.assessment.certificates.external_training import record_external_training
from courseware.assessment.certificates.issuing import revoke_certificate
from courseware.assessment.exams import attempts
from courseware.assessment.exams.banks import question_of
from courseware.assessment.models import Certificate, Certification, ExternalTraining
from courseware.assignments.manager_actions.daily_actions import Confirmed, carry_out, undo_actions
from courseware.assignments.models import AssignmentRule, RuleVersion
from courseware.assignments.reminders.schedules import Planned, store_schedules, switch_escalation
from courseware.assignments.rules.lifecycle import change_rule, make_rule, switch_on
from courseware.content.models import Course, Document, Release
from courseware.content.releases.course_import import import_course
from courseware.content.releases.drafts import save_drafts
from courseware.hr.people.account_merge import merge
from courseware.hr.people.onboarding import onboard
from courseware.hr.roster_import.nightly import apply_import
from courseware.jobs import worker
from courseware.learning.due_dates import absence_shifts
from courseware.learning.enrollments import enrollment
from courseware.learning.models import Enrollment
from courseware.learning.status.progress import own_outline, progress_of
from courseware.notifications.models import OutgoingEmail
from courseware.notifications.unsubscribe import resubscribe, unsubscribe_from
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard import totals
from courseware.reporting.emails.monthly_report import subscribe, unsubscribe
from tests.accounts.roster_import.files import csv_file
from tests.making import make_hr, publish_latest
from tests.world import finish_lesson, rows_shown_to
from tests.year import course_files
from tests.year.killed_worker import DeathWhileSending, WorkerDeath
from tests.year.mailbox import Mailbox
from tests.year.model_calendar import ABROAD_FREE, CHINA_FREE, CHINA_WORKED
from tests.year.model_people import ABROAD_CENTRES, CENTRES

HEADINGS = ("工号", "姓名", "邮箱", "部门", "角色", "入职日期", "离职日期")
FILES = {"safety": course_files.safety, "privacy": course_files.privacy}


class ProductCompany:
    def __init__(self):
        self.worker = worker.WorkLoop(lambda: "")
        self.mailbox = Mailbox()
        self.hr = make_hr(email="hr@example.com", staff_number="HR", name="HR")
        self.teams = {"Firm": add_team(Team(name="Firm"), by=self.hr)}
        for name, zone in CENTRES.items():
            team = Team(name=name, parent=self.teams["Firm"], time_zone=str(zone))
            self.teams[name] = add_team(team, by=self.hr)
        for name in ABROAD_CENTRES:
            calendar_import.add_days(self.teams[name], days_abroad(), by=self.hr)

    def work(self):
        """Run the worker and collect the emails."""
        self.worker.look(once=True)
        self.mailbox.take_in()

    look = let_go = act = work  # the clock decides what is due

    def write_emails(self, job):
        self.work()

    def die_at_work(self, statement):
        """Kill the worker at this statement; return whether it got that far."""
        return self.die(WorkerDeath(statement))

    def die_while_sending(self, email, *, is_accepted):
        """Kill the worker as it sends this email."""
        return self.die(DeathWhileSending(email, is_accepted=is_accepted))

    def die(self, death):
        """Kill the worker and replace it."""
        with death.active():
            self.worker.look(once=True)
        self.mailbox.take_in()
        self.worker = worker.WorkLoop(lambda: "")
        return death.is_dead

    def person(self, number):
        return User.objects.get(staff_number=number)

    def course(self, name):
        return Course.objects.get(identifier=name)

    def run(self, number, course):
        return Enrollment.objects.newest().with_release().get(learner=self.person(number), course__identifier=course)

    # HR

    def open_course(self, name, **said):
        import_course(FILES[name]())

    def switch_on(self, rule):
        switch_on(make_rule(self.course(rule.course), self.version(rule), by=self.hr), by=self.hr)
        self.work()

    def change_rule(self, rule):
        change_rule(AssignmentRule.objects.get(current__name=rule.name), self.version(rule), by=self.hr)

    def version(self, rule):
        month, day = rule.renewal_on or (None, None)
        return RuleVersion(
            name=rule.name, team=self.teams[rule.team], role=Membership.Role.LEARNER, acts_since=rule.acts_since,
            due=rule.due, due_days=rule.due_days, renewal=rule.renewal, renewal_days=rule.renewal_days,
            renewal_month=month, renewal_day=day, exempts=rule.exempts, joined_since=rule.joined_since,
            other_course=self.course(rule.other_course) if rule.other_course else None,
        )  # fmt: skip

    def add(self, number, name, email, team, *, starts_on=None):
        fields = {"staff_number": number, "team": self.teams[team], "starts_on": starts_on}
        add_person(name, email=email or None, **fields, by=self.hr)

    def bring_in(self, number, name, email, team, course, last_day):
        fields = {"team": self.teams[team], "courses": [self.course(course)], "due_on": last_day}
        person = onboard(name, email, **fields, by=self.hr)
        change_profile(person, {"staff_number": number}, by=self.hr)
        self.work()

    def bring_list(self, rows):
        data = csv_file(HEADINGS, *(cells(row) for row in rows))
        roster = store_upload(data, "people.csv", by=self.hr, is_complete=True)
        assert roster.counts["bad"] == 0, list(roster.parts.filter(kind="bad").values_list("lines", flat=True))
        begin_applying(roster, by=self.hr, is_sure=True, invites=True)
        apply_import.call(roster.pk)
        self.work()

    def move(self, number, team):
        move(self.person(number), self.teams[team], by=self.hr)

    def leave(self, number):
        leave(self.person(number), by=self.hr)

    def set_last_day(self, number, day):
        change_profile(self.person(number), {"leaves_on": day}, by=self.hr)

    def come_back(self, number):
        come_back(self.person(number), by=self.hr)

    def extend(self, number, course, last_day):
        enrollment.extend(self.run(number, course), last_day, by=self.hr)

    def exempt(self, number, course):
        enrollment.exempt(self.run(number, course), "On leave", by=self.hr)

    def say_away(self, number, first, last):
        absence_shifts.record_absence(self.person(number), first, last, by=self.hr)

    def change_absence(self, number, first, last):
        absence_shifts.change_absence(self.absence(number), first, last, by=self.hr)

    def undo_absence(self, number):
        absence_shifts.undo_absence(self.absence(number), by=self.hr)

    def absence(self, number):
        return Absence.objects.filter(person__staff_number=number).select_related("person").latest("pk")

    def record_external_training(self, number, course, on, until):
        said = {"trained_on": on, "valid_until": until, "proof": "A paper"}
        training = ExternalTraining(person=self.person(number), course=self.course(course), **said)
        record_external_training([training], by=self.hr)

    def withdraw(self, number, course):
        certification = Certification.objects.get(learner__staff_number=number, course__identifier=course)
        revoke_certificate(Certificate.objects.get(pk=certification.certificate_id), reason="A mistake", by=self.hr)
        self.work()

    def merge(self, kept, other):
        merge(self.person(kept), self.person(other), by=self.hr)

    def release(self, course, *, reread="", new_lesson=""):
        if new_lesson:
            import_course(course_files.safety(with_third=True))
        if reread:
            document = Document.objects.select_related("latest_revision").get(
                course__identifier=course, identifier=reread
            )
            body = bytes(document.latest_revision.texts.get(language="en").body)
            save_drafts(document, {"en": body + b"\nAnd once more.\n"}, base=document.latest_revision, by=self.hr)
            publish_latest(document, impact=Release.Impact.REREAD, note="Read it again")

    # Learners

    def study(self, number, course, steps, missed=()):
        Client().force_login(self.person(number))
        for _ in range(steps):
            run = self.run(number, course)
            if run.completed_at:
                return
            step = progress_of(run, own_outline(run, "en")).next_step
            if step.kind == "lesson":
                finish_lesson(run, step)
            else:
                self.sit(run, step.id, missed)

    def sit(self, run, exam, missed):
        attempt = attempts.start(run, exam)
        for response in attempt.responses.select_related("bank"):
            [right] = question_of(attempt, response, "en").key
            place = 1 - right if response.objective in missed else right
            attempts.save(attempt, response.position, [str(place)], saves=0)
        attempts.submit(attempt)

    # Email settings

    def speak(self, number, language):
        User.objects.filter(staff_number=number).update(language=language)  # as the page does

    def plan(self, owner, days):
        course = Course.objects.filter(identifier=owner).first()
        store_schedules([Planned(course or AssignmentRule.objects.get(current__name=owner), [*days])], by=self.hr)

    def switch_escalation(self, is_on):
        switch_escalation(is_on, by=self.hr)

    def subscribe(self, team):
        subscribe(self.viewer(team))

    def unsubscribe(self, team):
        unsubscribe(self.viewer(team))

    def stop(self, team, kind):
        unsubscribe_from(self.viewer(team), kind)

    def go_on(self, team, kind):
        resubscribe(self.viewer(team), kind)

    def name_deputy(self, team, other, first, last):
        add_deputy(self.viewer(team), self.viewer(other), first_day=first, last_day=last, by=self.hr)

    def remind_by_hand(self, team, wanted):
        """As a manager who confirms the suggested actions of today."""
        runs = [self.run(number, course).pk for number, course in wanted]
        self.manager = self.viewer(team)
        self.done = carry_out(Confirmed(remind=runs, extend={}, talk=[]), by=self.manager)

    def undo_reminders(self):
        undo_actions(self.done.reminding, [], [], by=self.manager)

    # Views

    def viewer(self, team):
        places = Membership.objects.filter(team=self.teams[team], role=Membership.Role.MANAGER)
        return places.get().person

    def board(self, team="", *, left=False):
        """The dashboard as the manager of the team sees it; without a team as HR sees it."""
        viewer = self.viewer(team) if team else self.hr
        return [row_of(each) for each in rows_shown_to(viewer, at=timezone.now(), left=left)]

    def counted(self, team=""):
        """Return the totals computed from rows and the stored ones; both must be shown above the dashboard."""
        viewer, at = self.viewer(team) if team else self.hr, timezone.now()
        told = totals.counts(dashboard_rows.dashboard_rows_of(viewer, at=at), at)
        kept = totals.headcount_totals(viewer, None, None, at)
        return [
            sorted(
                ((state.value, validity.value), number) for (state, validity), number in each.found.items() if number
            )
            for each in (told, kept)
        ]

    def emails(self):
        """Return person → emails in the order of queuing, without HR."""
        found = {}
        for each in OutgoingEmail.objects.exclude(person=self.hr).select_related("person").order_by("pk"):
            found.setdefault(each.person.staff_number, []).append(each)
        return {number: [self.email_as_shown(each, own) for each in own] for number, own in found.items()}

    def email_as_shown(self, email, own):
        at = email.ended_at and email.ended_at.replace(minute=0, second=0, microsecond=0)
        if email.state == "sent":
            at = f"{self.mailbox.first(email).local:%Y-%m-%d %H}"
        places = {each.pk: place for place, each in enumerate(own)}
        why = f"combined with email {places[email.combined_into_id]}" if email.combined_into_id else email.why
        return email.kind, email.language, email.state, at, why

    def dashboard_rows(self):
        return sorted(
            (each.learner.staff_number, each.course.identifier, "outside" if each.outside_id else "certificate",
             each.certified_until)
            for each in Certification.objects.select_related("learner", "course")
        )  # fmt: skip

    def runs(self):
        found = Enrollment.objects.select_related("learner", "course", "certificate")
        told = [
            (
                run.learner.staff_number, run.course.identifier, run.enrolled_at, run.due_at, run.started_at,
                run.completed_at, run.exempted_at, tuple(sorted(run.required or ())), run.renews_until,
                run.certificate.certifies_until if hasattr(run, "certificate") else None, run.is_newest,
            )
            for run in found
        ]  # fmt: skip
        return sorted(told, key=str)


def days_abroad():
    """The calendar of a centre abroad: no Chinese holidays, no make-up weekends."""
    worked = {day: ListedDay(False, "worked here") for day in CHINA_FREE if day.weekday() < 5}
    return worked | {day: ListedDay(True, "free here") for day in CHINA_WORKED | ABROAD_FREE}


def cells(row):
    number, name, email, team, learns, starts_on, leaves_on = row
    days = (day.isoformat() if isinstance(day, date) else "" for day in (starts_on, leaves_on))
    return (number, name, email, team, "学员" if learns else "主管", *days)


def row_of(each):
    return {
        "name": each.name,
        "course": each.journey.outline.course_id,
        "team": each.team,
        "state": each.state.value,
        "validity": each.validity.value,
        "days late": each.days_late,
        "away until": each.away_until,
        "certified until": each.certificate_day,
        "trained outside": each.is_trained_outside,
        "left": each.has_left,
        "done": each.journey.progress.done_count,
        "of": each.journey.progress.total,
        "due": each.enrollment.due_on,
        "active": each.enrollment.last_active_at,
        "next": each.journey.next_action.words,
    }
