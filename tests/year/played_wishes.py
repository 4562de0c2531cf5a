"""What people want of letters, through the product's own verbs. They are those of `plain_wishes`."""

from courseware.accounts.models import User
from courseware.accounts.standing_in import name_substitute
from courseware.assignments.carrying_out import Confirmed, carry_out, take_back_acts
from courseware.assignments.models import AssignmentRule
from courseware.assignments.reminder_plans import Planned, keep_plans, switch_escalation
from courseware.content.models import Course
from courseware.outbox.stopping import KindToStop, stop_kind, turn_on_again
from courseware.reporting.monthly_reports import subscribe, unsubscribe


class PlayedWishes:
    """Verbs of `PlayedFirm`."""

    def speak(self, number, language):
        User.objects.filter(staff_number=number).update(language=language)  # as the page does

    def plan(self, owner, days):
        course = Course.objects.filter(identifier=owner).first()
        keep_plans([Planned(course or AssignmentRule.objects.get(current__name=owner), [*days])], by=self.hr)

    def switch_escalation(self, is_on):
        switch_escalation(is_on, by=self.hr)

    def subscribe(self, team):
        subscribe(self.viewer(team))

    def unsubscribe(self, team):
        unsubscribe(self.viewer(team))

    def stop(self, team, kind):
        stop_kind(KindToStop(self.viewer(team), kind))

    def go_on(self, team, kind):
        turn_on_again(KindToStop(self.viewer(team), kind))

    def name_substitute(self, team, other, first, last):
        name_substitute(self.viewer(team), self.viewer(other), first_day=first, last_day=last, by=self.hr)

    def remind_by_hand(self, team, wanted):
        """As a lead does who confirms what is drafted for today."""
        runs = [self.run(number, course).pk for number, course in wanted]
        self.lead = self.viewer(team)
        self.done = carry_out(Confirmed(remind=runs, extend={}, talk=[]), by=self.lead)

    def take_back_reminders(self):
        take_back_acts(self.done.reminding, [], [], by=self.lead)
