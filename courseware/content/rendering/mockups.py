"""Mockups: HTML of example screens, in the language of their text, without working links."""

import re
from functools import cache
from itertools import groupby
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from courseware.content.rendering.markdown import Renderer
from courseware.course_format.parsing import mockups
from courseware.course_format.parsing.blocks import Mockup

_LINK = re.compile(r'<a(?: [a-z-]+="[^"]*")*>')


@cache
def renderer() -> Renderer:
    return Renderer()  # resolves no links


def screen_html(screen: Mockup, language: str) -> str:
    """Return HTML with labels in `language`; only the text for an unknown kind. New labels need a new `COMPILER`."""
    form = mockups.MOCKUP_KINDS.get(screen.kind)
    if form is None:
        return drawn(screen.text)
    text = mockups.parse_mockup(screen)
    values = {key: text.values.get(key, "") for key in (*form.needed, *form.further)}
    context: dict[str, Any] = {
        **values,
        "kind": screen.kind,
        "on_file": mockups.ON_FILE.get(values.get("on-file", "")),
        "buttons": mockups.listed(values.get("buttons", "")),
    }
    if form.below == mockups.TABLE:
        context |= plan_of(text)
    elif form.below == mockups.MESSAGES:
        context["messages"] = [
            (message.who, message.who == text.values.get("me"), drawn(message.text))
            for message in mockups.messages_of(text.body)
        ]
    else:
        context["html"] = drawn(text.body)
    with translation.override(language):
        return render_to_string("content/screens/screen.html", context).strip()


def drawn(text: str) -> str:
    """Return the HTML of a Markdown text, in which links lead nowhere."""
    return _LINK.sub('<span class="linked">', renderer().html(text)).replace("</a>", "</span>")


def plan_of(text: mockups.MockupText) -> dict[str, Any]:
    """Return "rows" → [[(PlanRoom, keys of PLACES that name it)]], and each key of PLACES → room names."""
    named = {key: mockups.listed(text.values.get(key, "")) for key in mockups.PLACES}
    rooms = mockups.rooms_of(mockups.grid_of(text.body))

    def marked(room: mockups.PlanRoom) -> tuple[mockups.PlanRoom, list[str]]:
        return room, [key for key, names in named.items() if room.name in names]

    rows = [[marked(room) for room in row] for _, row in groupby(rooms, lambda room: room.row)]
    return {**named, "rows": rows}
