"""Drafts of forms: typed and not saved. Each form's app decides whether to keep them; only their writer sees them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from courseware.autosave.models import AutosavedText

MOST = 30  # of one person; the oldest give way
KEPT_FOR = timedelta(days=30)


@transaction.atomic
def keep(person: int, form: str, fields: Mapping[str, object], *, at: datetime | None = None) -> None:
    text = AutosavedText(person_id=person, form=form, fields=dict(fields), typed_at=at or timezone.now())
    # One statement, so that two devices at once are no error.
    AutosavedText.objects.bulk_create(
        [text], update_conflicts=True, unique_fields=["person", "form"], update_fields=["fields", "typed_at"]
    )
    newest_first = AutosavedText.objects.filter(person=person).order_by("-typed_at", "-pk")
    AutosavedText.objects.filter(pk__in=list(newest_first.values_list("pk", flat=True)[MOST:])).delete()


def drop(person: int, form: str) -> None:
    AutosavedText.objects.filter(person=person, form=form).delete()


def unsaved_in(person: int, forms: Iterable[str]) -> dict[str, AutosavedText]:
    addresses = list(forms)
    return {text.form: text for text in AutosavedText.objects.filter(person=person, form__in=addresses)}


def drop_old(at: datetime | None = None) -> int:
    oldest = (at or timezone.now()) - KEPT_FOR
    dropped, _by_model = AutosavedText.objects.filter(typed_at__lte=oldest).delete()
    return dropped


@dataclass(frozen=True)
class RestoreOffer:
    """`age` in milliseconds, for devices with another clock. `is_overtaken`: another text was saved since."""

    texts: tuple[tuple[str, str], ...]
    typed_at: datetime
    age: int
    is_put_in: bool
    is_overtaken: bool


def offer_of(kept: AutosavedText, *, is_put_in: bool, saved_at: datetime | None) -> RestoreOffer:
    texts = tuple((name, text) for name, text in kept.fields.items() if isinstance(text, str))
    age = (timezone.now() - kept.typed_at) // timedelta(milliseconds=1)
    return RestoreOffer(texts, kept.typed_at, age, is_put_in, saved_at is not None and saved_at > kept.typed_at)
