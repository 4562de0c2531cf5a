"""Signals that `learning` sends to the rooms above it."""

from django.dispatch import Signal

# Sent inside the transaction that completes an enrollment, once: sender=Enrollment, enrollment=…, at=….
# A receiver that raises undoes the completion with everything else, so that neither exists without the other.
enrollment_completed = Signal()
