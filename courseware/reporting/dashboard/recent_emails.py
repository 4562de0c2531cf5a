"""Emails to a person as managers see them: type, time and delivery state, without their texts and links."""

from collections.abc import Iterable

from courseware.accounts.models import User
from courseware.notifications.models import DeliveryState, OutgoingEmail

SHOWN = 5
DID_NOT_ARRIVE = {DeliveryState.REFUSED, DeliveryState.BOUNCED, DeliveryState.GIVEN_UP}
SAYS_NOTHING = {DeliveryState.QUEUED, DeliveryState.SKIPPED}  # of whether the address is right


def emails_to(person: User) -> list[OutgoingEmail]:
    """The newest emails first. Runs one query."""
    return list(OutgoingEmail.objects.of(person).defer("data")[:SHOWN])


def is_out_of_reach(person: User, letters: Iterable[OutgoingEmail]) -> bool:
    """Whether the newest of these emails that was sent to the person's current address did not arrive."""
    tried = (each for each in letters if each.address == person.email and each.state not in SAYS_NOTHING)
    newest = next(tried, None)
    return newest is not None and newest.state in DID_NOT_ARRIVE
