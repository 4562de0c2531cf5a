"""Command `preview_rules`: show what assignment rules would do on a day, or which emails leave."""

from argparse import ArgumentTypeError
from datetime import date

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext as in_language_of_reader  # for texts marked by gettext_noop

from courseware.assignments.emails.scheduled_emails import preview_emails
from courseware.assignments.models import AssignmentRule
from courseware.assignments.rules.plan import RulePreview, names_of, preview_all, preview_rule
from courseware.lib import dates


class Command(BaseCommand):
    help = "Show what the assignment rules would do on a day, for whom and why, or which emails leave. Writes nothing."

    def add_arguments(self, parser):
        parser.add_argument("--date", type=day_of, default=None, help="such as 2027-03-01 (default: today)")
        parser.add_argument("--rule", type=int, help="number of a rule (default: all that are on)")
        parser.add_argument("--emails", action="store_true", help="show the emails that leave instead")

    def handle(self, **options):
        day = options["date"] or dates.site_day()
        if options["emails"]:
            self.stdout.writelines(f"{line}\n" for line in email_lines(day))
            return
        number = options["rule"]
        found = preview_all(day) if number is None else [preview_rule(rule_of_number(number), day)]
        for preview in found:
            self.stdout.writelines(line + "\n" for line in lines(preview))
        if not found:
            self.stdout.write("No rule is switched on.")


def day_of(text):
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text}: expected a day such as 2027-03-01") from None


def email_lines(day):
    for foreseen in preview_emails(day):
        hour = foreseen.leaves_at and timezone.localtime(foreseen.leaves_at)
        result = f"{hour:%Y-%m-%d %H:%M}" if hour else in_language_of_reader(foreseen.why_not)
        yield f"{foreseen.words} · {foreseen.name} · {result}"


def lines(preview: RulePreview):
    names = names_of([*preview.acts.values(), *preview.coming.values()])
    yield f"{preview.rule.pk} {preview.rule} · {preview.day} · {preview.number}"
    for group, people in {**preview.acts, **preview.coming}.items():
        day = group.opens_on or (group.due and group.due.day) or ""
        shown = ", ".join(names[person] for person in people if person in names)
        yield f"  {len(people)} {group.words} · {group.because} · {day} · {shown}"
    for reason, number in preview.left.most_common():
        yield f"  {number} {_('not affected')} · {reason}"
    for reason, number in preview.outside.most_common():
        yield f"  {number} {_('not covered by the rule')} · {reason}"


def rule_of_number(number: int) -> AssignmentRule:
    rules = AssignmentRule.objects.select_related("current", "course").exclude(current=None)
    rule = rules.filter(pk=number).first()
    if rule is None:
        numbers = ", ".join(str(each.pk) for each in rules) or "none"
        raise CommandError(f"There is no rule {number}. There are: {numbers}.")
    return rule
