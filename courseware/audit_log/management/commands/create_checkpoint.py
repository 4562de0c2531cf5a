"""Command `create_checkpoint`."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from courseware.audit_log.checkpoints import blocking_writer, create_checkpoint, events_without_checkpoint


class Command(BaseCommand):
    help = "Create a checkpoint of the audit log over the events since the previous one. Can be repeated."

    def handle(self, *args: Any, **options: Any) -> None:
        if checkpoint := create_checkpoint():
            self.stdout.write(
                f"Checkpoint {checkpoint.number}, events: {checkpoint.count}, sha256 {checkpoint.digest}."
            )
        elif events_without_checkpoint().exists() and (writer := blocking_writer(timezone.now())):
            self.stdout.write(f"No checkpoint: {writer.in_words()}.")
