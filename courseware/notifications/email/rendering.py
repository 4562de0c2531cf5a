"""Compose an email from template, own wording and signature, as plain text and as simple HTML."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from courseware.branding.branding import ActiveBranding
from courseware.notifications.email.email_types import EmailType
from courseware.notifications.wording.blocks import IN_CONTEXT, WordingBlocks
from courseware.notifications.wording.email_wording import Words
from courseware.notifications.wording.placeholders import filled

ADDRESS = re.compile(r"https?://\S+")
GAP = re.compile(r"\n{3,}")  # where a part has no words
SIGNATURE = "\n-- \n"  # the mark that mail programs know


@dataclass(frozen=True)
class RenderedEmail:
    """Plain text. `own` and `shipped`: part → wording."""

    subject: str
    body: str
    own: Mapping[str, str]
    shipped: Mapping[str, str]


def render_email(
    kind: EmailType,
    context: Mapping[str, Any],
    *,
    language: str,
    face: ActiveBranding,
    own: Words | None = None,
    unsubscribe_url: str = "",
) -> RenderedEmail:
    """The template's first line is the subject. Own wording that cannot be used is replaced by the shipped one."""
    context = {"site_url": settings.SITE_URL, "firm": face.name(language), **context}
    parts = WordingBlocks(own_parts(kind, own or {}, context, language))
    with translation.override(language):
        text = render_to_string(kind.template, {**context, IN_CONTEXT: parts})
        stopping = gettext("Don’t want this email any more? Unsubscribe here:") + f"\n{unsubscribe_url}\n"
    subject, _newline, body = text.strip().partition("\n")
    body = GAP.sub("\n\n", body.strip()) + "\n"
    if unsubscribe_url:
        body += f"\n{stopping}"
    if signature := face.said("signature", language):
        body += f"{SIGNATURE}{signature}\n"
    return RenderedEmail(subject.strip(), body, parts.own, parts.shipped)


def own_parts(kind: EmailType, own: Words, context: Mapping[str, Any], language: str) -> dict[str, str]:
    if kind.editable is None:
        return {}
    texts = {part: by_language.get(language, "") for part, by_language in own.items()}
    found = {part: filled(text, kind.editable.placeholders, context) for part, text in texts.items() if text}
    return {part: text for part, text in found.items() if text}


def email_page(letter: RenderedEmail, language: str) -> str:
    """`language`: of the page, such as "zh-Hans"."""
    context = {"language": language, "subject": letter.subject, "body": paragraphs_of(letter)}
    return render_to_string("notifications/letter.html", context)


def paragraphs_of(letter: RenderedEmail) -> SafeString:
    """Safe HTML without markup from the text. A URL on a line of its own becomes a link."""
    texts = letter.body.replace(SIGNATURE, "\n").strip().split("\n\n")
    paragraphs = [[(line, ADDRESS.fullmatch(line)) for line in text.strip().split("\n")] for text in texts]
    return render_to_string("notifications/_paragraphs.html", {"paragraphs": paragraphs})
