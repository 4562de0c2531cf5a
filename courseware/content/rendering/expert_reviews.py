"""Professionals who have read what waited for them, and the line about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils import translation
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext

from courseware.content.models import ExpertReview


@dataclass(frozen=True)
class Reader:
    name: str
    profession: str
    read_on: date


Readers = Mapping[str, Reader]  # by id of the document that was read


def readers_of(readings: Iterable[ExpertReview]) -> dict[str, Reader]:
    """`readings` have their document loaded."""
    return {each.revision.document.identifier: Reader(each.name, each.profession, each.read_on) for each in readings}


def read_line(reader: Reader | None, language: str) -> str:
    """HTML; without a reader, as only previews show it, why learners do not see the text."""
    with translation.override(language):
        if reader is None:
            line = gettext("Awaiting expert review: learners see this text after an expert has reviewed it.")
            return format_html('<div class="small"><strong>{}</strong></div>', line)
        line = gettext("Reviewed on %(day)s by %(name)s, %(profession)s.")
        words = {"day": date_format(reader.read_on), "name": reader.name, "profession": reader.profession}
        return format_html('<div class="small">{}</div>', line % words)
