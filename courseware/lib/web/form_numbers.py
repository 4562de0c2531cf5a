"""Form numbers: parse whole numbers and ids in form data."""

from collections.abc import Iterable

MOST_DIGITS, DIGITS_OF_A_KEY = 3, 9


def small_number(text: str | None) -> int | None:
    """Return the number if the text is one to three ASCII digits, else None.

    >>> small_number("12"), small_number("-1"), small_number("1000"), small_number("１")
    (12, None, None, None)
    """
    return int(text) if text and len(text) <= MOST_DIGITS and text.isascii() and text.isdigit() else None


def keys_in(texts: Iterable[str]) -> list[int]:
    """Return the valid primary keys (one to nine ASCII digits) among the texts, in their order.

    >>> keys_in(["12", "x", "1" * 5000, "１"])
    [12]
    """
    return [int(text) for text in texts if len(text) <= DIGITS_OF_A_KEY and text.isascii() and text.isdigit()]
