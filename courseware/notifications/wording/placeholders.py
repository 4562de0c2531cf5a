"""Placeholders in own wording: names in braces, replaced by values. Braces in values have no effect."""

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
WIDE_BRACE = re.compile("[｛｝]")  # typed by Chinese keyboards
NEAR = 20  # characters quoted in a message
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Placeholder:
    """`words`: its meaning. `value`: returns the value from the template context of an email; "" for none."""

    words: str | Promise
    value: Callable[[Mapping[str, Any]], object]


@dataclass(frozen=True)
class Editable:
    """`example`: returns a fixed context. `secrets`: keys of the context that only the recipient may see."""

    placeholders: Mapping[str, Placeholder]
    example: Callable[[], dict[str, Any]]
    secrets: tuple[str, ...] = ()


NAME_AND_FIRM = {
    "name": Placeholder(_("the name of the recipient"), itemgetter("name")),
    "company": Placeholder(_("the company name"), itemgetter("company")),
}


def mistakes_in(text: str, known: Iterable[str]) -> list[str]:
    """Return a message for each mistake in own wording; [] without any. `known`: names of allowed placeholders."""
    expected = ", ".join(f"{{{name}}}" for name in known)
    found = [
        gettext("%(name)s is not a placeholder of this email. Use one of: %(known)s")
        % {"name": f"{{{name}}}", "known": expected}
        for name in dict.fromkeys(PLACEHOLDER.findall(text))
        if name not in known
    ]
    if wide := WIDE_BRACE.search(text):
        message = gettext("“%(near)s” has full-width braces. Use half-width braces: { and }")
        found.append(message % {"near": around(text, wide.start())})
    rest = PLACEHOLDER.sub(lambda match: " " * len(match[0]), text)
    if brace := BRACE.search(rest):
        message = gettext(
            "“%(near)s” has a single brace. Put one brace before and one brace after the name of a placeholder."
        )
        found.append(message % {"near": around(text, brace.start())})
    if characters := {character for character in text if unicodedata.category(character) == "Cc"} - {"\n", "\t"}:
        message = gettext("The text contains %(signs)s, which an email cannot show. Use visible characters only.")
        found.append(message % {"signs": ", ".join(f"U+{ord(character):04X}" for character in sorted(characters))})
    return found


def around(text: str, position: int) -> str:
    return text[max(0, position - NEAR) : position + NEAR].replace("\n", " ").strip()


def filled(text: str, placeholders: Mapping[str, Placeholder], context: Mapping[str, Any]) -> str | None:
    """Return the own wording `text` with its placeholders replaced; None if one is unknown, raises or is empty.
    `placeholders`: by name. `context`: of the email's template.
    """
    values: dict[str, str] = {}
    for name in PLACEHOLDER.findall(text):
        if name not in placeholders:
            return None
        try:
            values[name] = " ".join(str(placeholders[name].value(context)).split())
        except Exception:  # the default wording is used: an email must not fail because of a placeholder
            logger.exception("placeholder %s could not be filled in", name)
            return None
        if not values[name]:
            return None
    return PLACEHOLDER.sub(lambda match: values[match[1]], text)
