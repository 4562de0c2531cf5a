"""Store of autosaved texts, typed into a form and not yet sent: save, find and delete. Only their author sees them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from courseware.autosave.models import AutosavedText

MOST = 30  # texts per person; the oldest are deleted
KEPT_FOR = timedelta(days=30)


@transaction.atomic
def save(person: int, form: str, fields: Mapping[str, object], *, at: datetime | None = None) -> None:
    """Save what a person (id) typed into a form (URL it is sent to), in place of the earlier text. `fields`: field →
    value, stored as JSON. Delete all but the person's MOST newest texts.
    """
    text = AutosavedText(person_id=person, form=form, fields=dict(fields), typed_at=at or timezone.now())
    # One statement, so that two devices can save at the same time.
    AutosavedText.objects.bulk_create(
        [text], update_conflicts=True, unique_fields=["person", "form"], update_fields=["fields", "typed_at"]
    )
    newest_first = AutosavedText.objects.filter(person=person).order_by("-typed_at", "-pk")
    AutosavedText.objects.filter(pk__in=list(newest_first.values_list("pk", flat=True)[MOST:])).delete()


def drop(person: int, form: str) -> None:
    """Delete the autosaved text of a person (id) in a form (URL it is sent to), if there is one."""
    AutosavedText.objects.filter(person=person, form=form).delete()


def unsaved_in(person: int, forms: Iterable[str]) -> dict[str, AutosavedText]:
    """Return form → autosaved text of a person (id), for those of the forms (URLs) that have one."""
    urls = list(forms)
    return {text.form: text for text in AutosavedText.objects.filter(person=person, form__in=urls)}


def drop_old(at: datetime | None = None) -> int:
    """Delete the texts typed KEPT_FOR or longer before `at` (default: now). Return how many."""
    oldest = (at or timezone.now()) - KEPT_FOR
    dropped, _by_model = AutosavedText.objects.filter(typed_at__lte=oldest).delete()
    return dropped


@dataclass(frozen=True)
class RestoreOffer:
    """`texts`: (field, text) pairs. `age`: milliseconds. `is_restored`: text is in the form. `is_overtaken`: form saved
    later.
    """

    texts: tuple[tuple[str, str], ...]
    typed_at: datetime
    age: int
    is_restored: bool
    is_overtaken: bool


def offer_of(autosaved: AutosavedText, *, is_restored: bool, saved_at: datetime | None) -> RestoreOffer:
    """Return the offer to restore texts. `is_restored`: done already. `saved_at`: last save of the form, or None."""
    texts = tuple((name, text) for name, text in autosaved.fields.items() if isinstance(text, str))
    age = (timezone.now() - autosaved.typed_at) // timedelta(milliseconds=1)
    return RestoreOffer(
        texts, autosaved.typed_at, age, is_restored, saved_at is not None and saved_at > autosaved.typed_at
    )
