"""The letters that tell a manager and the substitute who stands in for whom, and when."""

from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Membership, User
from courseware.accounts.substitutes import Substitute
from courseware.lib.dates import site_day
from courseware.outbox.kinds import MessageKind, register_kind
from courseware.outbox.models import Message
from courseware.outbox.telling import tell

KIND = "substitute-named"


def register_letter() -> None:
    template = "accounts/mail/substitute_named.txt"
    register_kind(KIND, MessageKind(_("Who stands in for a manager"), template, still_wanted, in_words))


def tell_both(substitute: Substitute) -> None:
    """Also who did it: somebody else may have sat at the machine."""
    for person in (substitute.person, substitute.lead):
        tell(KIND, person, key=f"{KIND}:{substitute.pk}:{person.pk}", data={"substitute": substitute.pk})


def named_in(message: Message) -> Substitute | None:
    named = Substitute.objects.select_related("lead", "person", "made_by")
    return named.filter(pk=message.data["substitute"]).first()


def still_wanted(message: Message) -> str:
    named = named_in(message)
    if named is None or named.ended_at or named.last_day < site_day():
        return "it has ended meanwhile"
    if not (named.lead.is_active and named.person.is_active):
        return "one of both may not sign in any more"
    leads = Membership.objects.filter(person=named.lead, role=Membership.Role.MANAGER)
    return "" if leads.exists() else "the manager leads nobody any more"


def in_words(message: Message) -> dict[str, object]:
    named = Substitute.objects.select_related("lead", "person", "made_by").get(pk=message.data["substitute"])
    is_lead = message.person == named.lead
    return {
        "is_lead": is_lead,
        "name": message.person.name if isinstance(message.person, User) else "",
        "other": (named.person if is_lead else named.lead).name,
        "by": "" if named.made_by == message.person else named.made_by.name,
        "first": named.first_day,
        "last": named.last_day,
    }
