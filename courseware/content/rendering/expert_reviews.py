"""Expert reviews on pages: reviewers of documents, and the line about them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils import translation
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext

from courseware.content.models import ExpertReview


@dataclass(frozen=True)
class Reviewer:
    name: str
    profession: str
    read_on: date


Reviewers = Mapping[str, Reviewer]  # by id of the document that was read


def reviewers_of(reviews: Iterable[ExpertReview]) -> dict[str, Reviewer]:
    """Return document id → reviewer. `reviews`: valid, which is not checked, with `revision__document` loaded; the last
    one of a document counts.
    """
    return {each.revision.document.identifier: Reviewer(each.name, each.profession, each.read_on) for each in reviews}


def review_html(reader: Reviewer | None, language: str) -> str:
    """Return HTML that names the reviewer. None, as in previews: it says why learners do not see the text."""
    with translation.override(language):
        if reader is None:
            line = gettext("This text awaits expert review. Learners see it after an expert has reviewed it.")
            return format_html('<div class="small"><strong>{}</strong></div>', line)
        line = gettext("Reviewed on %(day)s by %(name)s, %(profession)s.")
        words = {"day": date_format(reader.read_on), "name": reader.name, "profession": reader.profession}
        return format_html('<div class="small">{}</div>', line % words)
