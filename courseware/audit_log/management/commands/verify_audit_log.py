"""Command `verify_audit_log`."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from courseware.audit_log.checkpoints import blocking_writer, events_without_checkpoint, newest
from courseware.audit_log.models import Checkpoint, Event, HashChain
from courseware.audit_log.verify import alterations

MOMENT = "%Y-%m-%d %H:%M:%S UTC"


class Command(BaseCommand):
    help = (
        "Check that no event of the audit log was changed, replaced or removed. Prints the newest checkpoint: keep it "
        "elsewhere, because only a copy outside reveals a log that was rewritten completely."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoint",
            metavar="DIGEST",
            help="checksum of a checkpoint that was kept elsewhere: check that the log has it",
        )

    def handle(self, *args: Any, checkpoint: str | None = None, **options: Any) -> None:
        found = 0
        for difference in self.differences(checkpoint):
            found += 1
            self.stderr.write(difference)
        if found:
            raise CommandError(f"The audit log is not intact: {found} difference{'s' if found > 1 else ''}.")
        self.stdout.write(
            f"The audit log is intact: {Event.objects.count()} events in {HashChain.objects.count()} chains."
        )
        if checkpoint is not None and (kept := stored_checkpoint(checkpoint)):
            words = f"Checkpoint {kept.number} of {kept.at:{MOMENT}}"
            self.stdout.write(f"{words} matches: its events have not changed since.")
        self.stdout.write(in_words(newest()))
        if writer := blocking_writer(timezone.now()):
            self.stdout.write(f"No newer checkpoint: {writer.in_words()}.")

    def differences(self, checkpoint: str | None) -> Iterator[str]:
        yield from alterations()
        if checkpoint is not None and not checkpoint.strip():
            yield "--checkpoint: expected the SHA-256 of a stored checkpoint, got nothing"
        elif checkpoint is not None and not stored_checkpoint(checkpoint):
            digest = checkpoint.strip().lower()
            yield f"no checkpoint of this log is {digest}: the log was rewritten, or it is from another site"


def stored_checkpoint(digest: str) -> Checkpoint | None:
    """Return the checkpoint with this checksum (hex, any case, spaces around it allowed), or None."""
    return Checkpoint.objects.filter(digest=digest.strip().lower()).first()


def in_words(checkpoint: Checkpoint | None) -> str:
    if checkpoint is None:
        return "There is no checkpoint yet."
    return (
        f"Newest checkpoint: number {checkpoint.number} of {checkpoint.at:{MOMENT}}, "
        f"up to event {checkpoint.last_event}, "
        f"sha256 {checkpoint.digest}. Events since: {events_without_checkpoint().count()}."
    )
