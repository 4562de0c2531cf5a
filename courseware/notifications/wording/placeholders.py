"""Own wording: plain text with placeholders in braces. Values are not parsed again."""

import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
BRACE = re.compile("[{}]")
WIDE_BRACE = re.compile("[｛｝]")  # as a Chinese keyboard writes them
NEAR = 20  # signs that a sentence quotes
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Placeholder:
    """`words`: what it stands for. `value` finds it in the context of an email; "" for none."""

    words: str | Promise
    value: Callable[[Mapping[str, Any]], object]


@dataclass(frozen=True)
class Editable:
    """`example`: a fixed made-up context. `secrets`: keys of the context that only the reader may see."""

    placeholders: Mapping[str, Placeholder]
    example: Callable[[], dict[str, Any]]
    secrets: tuple[str, ...] = ()


NAME_AND_FIRM = {
    "name": Placeholder(_("the name of the recipient"), itemgetter("name")),
    "firm": Placeholder(_("the company name"), itemgetter("firm")),
}


def mistakes_in(text: str, known: Iterable[str]) -> list[str]:
    """Sentences about what is not allowed, with what was found and expected."""
    expected = ", ".join(f"{{{name}}}" for name in known)
    found = [
        gettext("%(name)s is not a placeholder of this email. Use one of: %(known)s")
        % {"name": f"{{{name}}}", "known": expected}
        for name in dict.fromkeys(PLACEHOLDER.findall(text))
        if name not in known
    ]
    if wide := WIDE_BRACE.search(text):
        said = gettext("“%(near)s” has full-width braces. Use half-width braces: { and }")
        found.append(said % {"near": around(text, wide.start())})
    rest = PLACEHOLDER.sub(lambda match: " " * len(match[0]), text)
    if brace := BRACE.search(rest):
        said = gettext(
            "“%(near)s” has a single brace. Put one brace before and one brace after the name of a placeholder."
        )
        found.append(said % {"near": around(text, brace.start())})
    if signs := {sign for sign in text if unicodedata.category(sign) == "Cc"} - {"\n", "\t"}:
        said = gettext("The text contains %(signs)s, which an email cannot show. Use visible characters only.")
        found.append(said % {"signs": ", ".join(f"U+{ord(sign):04X}" for sign in sorted(signs))})
    return found


def around(text: str, place: int) -> str:
    return text[max(0, place - NEAR) : place + NEAR].replace("\n", " ").strip()


def filled(text: str, placeholders: Mapping[str, Placeholder], context: Mapping[str, Any]) -> str | None:
    """None if a placeholder is unknown or empty in this email."""
    values: dict[str, str] = {}
    for name in PLACEHOLDER.findall(text):
        if name not in placeholders:
            return None
        try:
            values[name] = " ".join(str(placeholders[name].value(context)).split())
        except Exception:  # the shipped words say it then: no letter is lost for a placeholder
            logger.exception("placeholder %s could not be filled in", name)
            return None
        if not values[name]:
            return None
    return PLACEHOLDER.sub(lambda match: values[match[1]], text)
