"""Which page a form stands on: where a person comes back to it after signing in."""

from collections.abc import Callable
from typing import Any


def form_on(address: Callable[..., str], *, is_held: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates the view that takes a form. `address`, called with the view's arguments, is that of the form's page.

    `is_held`: what was sent after the session had ended may be kept until its writer has signed in again.
    """

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.page_of_form, view.is_held = address, is_held  # type: ignore[attr-defined]  # marks on a function
        return view

    return mark
