"""Render an email from template, own wording and signature, as plain text and as simple HTML."""

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
GAP = re.compile(r"\n{3,}")  # left by empty blocks
SIGNATURE = "\n-- \n"  # the standard separator, known to mail programs


@dataclass(frozen=True)
class RenderedEmail:
    """A plain-text email. `own`: block → own wording used. `shipped`: block → default wording, of all blocks shown."""

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
    """Render an email; the template's first line is the subject. `face`: branding. `own`: block → language → own
    wording, which replaces the default where it can be used. `unsubscribe_url`: "" for none.
    """
    context = {"site_url": settings.SITE_URL, "company": face.name(language), **context}
    blocks = WordingBlocks(own_parts(kind, own or {}, context, language))
    with translation.override(language):
        text = render_to_string(kind.template, {**context, IN_CONTEXT: blocks})
        unsubscribing = gettext("To stop getting emails of this type, unsubscribe here:") + f"\n{unsubscribe_url}\n"
    subject, _newline, body = text.strip().partition("\n")
    body = GAP.sub("\n\n", body.strip()) + "\n"
    if unsubscribe_url:
        body += f"\n{unsubscribing}"
    if signature := face.said("signature", language):
        body += f"{SIGNATURE}{signature}\n"
    return RenderedEmail(subject.strip(), body, blocks.own, blocks.shipped)


def own_parts(kind: EmailType, own: Words, context: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return block → own wording in this language with placeholders filled in, without blocks that cannot be used."""
    if kind.editable is None:
        return {}
    texts = {block: by_language.get(language, "") for block, by_language in own.items()}
    found = {block: filled(text, kind.editable.placeholders, context) for block, text in texts.items() if text}
    return {block: text for block, text in found.items() if text}


def email_page(email: RenderedEmail, language: str) -> str:
    """Return the email as an HTML page. `language`: of the page, such as "zh-Hans"."""
    context = {"language": language, "subject": email.subject, "body": paragraphs_of(email)}
    return render_to_string("notifications/email.html", context)


def paragraphs_of(email: RenderedEmail) -> SafeString:
    """Return the body as safe HTML, escaped. A URL on a line of its own becomes a link."""
    texts = email.body.replace(SIGNATURE, "\n").strip().split("\n\n")
    paragraphs = [[(line, ADDRESS.fullmatch(line)) for line in text.strip().split("\n")] for text in texts]
    return render_to_string("notifications/_paragraphs.html", {"paragraphs": paragraphs})
