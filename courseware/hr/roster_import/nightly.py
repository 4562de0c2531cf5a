"""Nightly import of lists of people from a folder, and import by a command."""

import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import RosterImport, RosterRow
from courseware.accounts.permissions import roles
from courseware.accounts.roster_import import messages
from courseware.accounts.roster_import.apply import (
    CONFLICT,
    NotSure,
    apply_next,
    begin_applying,
    invite_new_people,
    outcome_lines,
)
from courseware.accounts.roster_import.columns import folded
from courseware.accounts.roster_import.comparison import BAD
from courseware.accounts.roster_import.parser import ListRefused
from courseware.accounts.roster_import.upload import store_upload
from courseware.assignments.rules.execution import act
from courseware.content.models import Course, Release
from courseware.content.rendering.store import outline
from courseware.jobs.tasks import RetryLater, task
from courseware.notifications.email.email_types import EmailType, one_by_one, register_email_type
from courseware.notifications.email.queue import queue_email


def job_roles_by_title() -> dict[str, str]:
    """Return folded title (all languages) or id → id, for the job roles of released courses."""
    found: dict[str, str] = {}
    for release in Release.objects.filter(pk__in=Course.objects.exclude(current=None).values("current")):
        for language, _name in settings.LANGUAGES:
            for job_role, title in outline(release, language).tracks.items():
                found |= {folded(title): job_role, folded(job_role): job_role}
    return found


@task
def apply_import(pk: int) -> None:
    """Task: apply the whole list (id), then `finish`. It may be repeated."""
    while apply_next(pk):
        pass
    finish(pk)


@task
def apply_next_chunk(pk: int) -> None:
    """Task: apply one chunk of the list (id), then enqueue the next or `finish`. Other tasks run in between."""
    with transaction.atomic():  # the part and the task for the next one are committed together
        if apply_next(pk):
            apply_next_chunk.enqueue(pk)
            return
    finish(pk)


def finish(pk: int) -> None:
    """Execute the assignment rules, then invite new people of the list (id) who got no email from a rule."""
    act()
    invite_new_people(RosterImport.objects.select_related("is_confirmed").get(pk=pk))


SUFFIXES = {".csv", ".txt", ".xlsx", ".xls", ".ods"}
ROWS_IN_AN_EMAIL = 50
LEFT_FOR = timedelta(days=2)
QUIET = timedelta(minutes=5)  # after the last change; then a copy is complete


def register_emails() -> None:
    for name, label in (
        ("list-held", _("A list was not imported")),
        ("list-faults", _("Some rows of a list were skipped")),
    ):
        template = f"assignments/mail/{name.replace('-', '_')}.txt"
        register_email_type(name, EmailType(label, template, one_by_one(lambda message: ""), one_by_one(import_text)))


def import_newest() -> str:
    """Nightly job: import the newest file of ROSTER_DIR; email HR about problems. Return the result as text ("" without
    ROSTER_DIR). Raise RetryLater if the file may be incomplete or the machine is busy, RuntimeError if it is unusable.
    """
    if settings.ROSTER_DIR is None:
        return ""
    apply_unfinished()
    files = [file for file in settings.ROSTER_DIR.iterdir() if is_list(file)]
    if not files:
        return "no file"
    file = max(files, key=lambda each: (each.stat().st_mtime, each.name))
    wait_until_written(file)
    try:
        roster = import_file(file, is_complete=settings.ROSTER_IS_COMPLETE, is_news=False)
    except ListRefused as refused:
        if refused.code == "busy":
            raise RetryLater(f"{file.name}: the machine is busy, so the list is read later") from None
        raise RuntimeError(f"{file.name}: {messages.REFUSALS[refused.code]}") from None
    try:
        apply_now(roster, is_sure=False, invites=True)
    except NotSure:
        tell_hr("list-held", roster)
        return f"{file.name}: waits, because many people would leave or a team would lose its only manager"
    if roster.counts[BAD] or outcome_lines(roster, CONFLICT):
        tell_hr("list-faults", roster)
    return f"{file.name}: {as_numbers(roster)}"


def is_list(file: Path) -> bool:
    """Return whether the file has one of SUFFIXES and is no hidden file and no lock file of Excel."""
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(("~$", ".")) and file.is_file()


def wait_until_written(file: Path) -> None:
    """Raise RetryLater if the file was changed within QUIET: it may be incomplete."""
    if abs(time.time() - file.stat().st_mtime) < QUIET.total_seconds():
        raise RetryLater(f"{file.name} was written a moment ago and may not be complete yet: looked at again soon")


def apply_unfinished() -> None:
    """Complete imports of the site (nightly or by command) begun within LEFT_FOR, and send missing invitations."""
    for roster in RosterImport.objects.filter(by=None, begun_at__gt=timezone.now() - LEFT_FOR).order_by("pk"):
        if roster.finished_at:
            invite_new_people(roster)
        else:
            apply_import.call(roster.pk)


def import_file(file: Path, *, is_complete: bool, encoding: str = "", is_news: bool = True) -> RosterImport:
    """Store what the file would change. `is_news`: see `store_upload`. Raise ListRefused, RetryLater or OSError."""
    before, data, after = file.stat(), file.read_bytes(), file.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise RetryLater(f"{file.name} is being written")
    return store_upload(
        data,
        file.name,
        by=None,
        is_complete=is_complete,
        encoding=encoding,
        job_roles=job_roles_by_title(),
        is_news=is_news,
    )


def apply_now(roster: RosterImport, *, is_sure: bool, invites: bool) -> None:
    """Approve and apply the list in this process. Raise NotSure if it must be confirmed and `is_sure` is False."""
    begin_applying(roster, by=None, is_sure=is_sure, invites=invites)
    apply_import.call(roster.pk)


def as_numbers(roster: RosterImport) -> str:
    return ", ".join(f"{kind} {number}" for kind, number in roster.counts.items() if number)


def tell_hr(kind: str, roster: RosterImport) -> None:
    """Queue the email of type `kind` to each person in HR, once per file."""
    for person in roles.people_with_role(roles.HR):
        queue_email(kind, person, key=f"{kind}:{roster.digest}:{person.pk}", data={"roster": roster.pk})


def import_text(message) -> dict:
    roster = RosterImport.objects.filter(pk=message.data["roster"]).first()
    page = reverse("hr:imported", args=[message.data["roster"]])
    lines = bad_lines(roster)[:ROWS_IN_AN_EMAIL] if roster else []
    return {
        "name": message.person.name,
        "file": roster.file_name if roster else "",
        "leave": roster.counts["leave"] if roster else 0,
        "rows": [f"{fault.cell}: {fault.words}" for line in lines for fault in line.problems],
        "link": settings.SITE_URL.rstrip("/") + page,
    }


def bad_lines(roster: RosterImport) -> list[RosterRow]:
    return [line for part in roster.parts.filter(kind=BAD) for line in part.rows]
