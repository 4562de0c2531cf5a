"""Whole numbers that a page has put into its forms: where a choice stands, how often a question was tried."""

MOST_DIGITS = 3


def small_number(text: str | None) -> int | None:
    """None for anything but up to three ASCII digits: pages send no other number, so somebody else did.

    >>> small_number("12"), small_number("-1"), small_number("1000"), small_number("１")
    (12, None, None, None)
    """
    return int(text) if text and len(text) <= MOST_DIGITS and text.isascii() and text.isdigit() else None
