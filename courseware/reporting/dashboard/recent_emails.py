"""Recent emails to a person for managers: type, time and delivery state, without texts and links."""

from collections.abc import Iterable

from courseware.accounts.models import User
from courseware.notifications.models import DeliveryState, OutgoingEmail

SHOWN = 5
DID_NOT_ARRIVE = {DeliveryState.REFUSED, DeliveryState.BOUNCED, DeliveryState.GIVEN_UP}
SAYS_NOTHING = {DeliveryState.QUEUED, DeliveryState.SKIPPED}  # about the address


def emails_to(person: User) -> list[OutgoingEmail]:
    """Return up to SHOWN emails to the person, newest first, without `data`. Runs 1 query."""
    return list(OutgoingEmail.objects.of(person).defer("data")[:SHOWN])


def last_email_failed(person: User, emails: Iterable[OutgoingEmail]) -> bool:
    """Return whether the newest email sent to the current address was not delivered. `emails`: newest first."""
    tried = (each for each in emails if each.address == person.email and each.state not in SAYS_NOTHING)
    newest = next(tried, None)
    return newest is not None and newest.state in DID_NOT_ARRIVE
