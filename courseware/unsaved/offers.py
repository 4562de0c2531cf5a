"""What a page says of an unsaved text beside its form: `templates/unsaved/_offer.html`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from courseware.unsaved.models import UnsavedText


@dataclass(frozen=True)
class UnsavedOffer:
    """`texts`: (name of the field, what was typed). `age` in milliseconds, so that a device compares by its own clock.

    `is_put_in`: they stand in the form already. `is_overtaken`: another text was saved since.
    """

    texts: tuple[tuple[str, str], ...]
    typed_at: datetime
    age: int
    is_put_in: bool
    is_overtaken: bool


def offer_of(kept: UnsavedText, *, is_put_in: bool, saved_at: datetime | None) -> UnsavedOffer:
    texts = tuple((name, text) for name, text in kept.fields.items() if isinstance(text, str))
    age = (timezone.now() - kept.typed_at) // timedelta(milliseconds=1)
    return UnsavedOffer(texts, kept.typed_at, age, is_put_in, saved_at is not None and saved_at > kept.typed_at)
