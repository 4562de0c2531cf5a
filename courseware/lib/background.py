"""Mark views that a script calls by itself: they keep no session alive."""

from collections.abc import Callable
from typing import Any


def in_background(view: Callable[..., Any]) -> Callable[..., Any]:
    view.is_in_background = True  # type: ignore[attr-defined]  # a mark on a function
    return view


def is_in_background(view: Callable[..., Any]) -> bool:
    return getattr(view, "is_in_background", False)
