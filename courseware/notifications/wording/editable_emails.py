"""Editable emails: a company may reword them; none about sign-in or accounts, as own wording could serve phishing."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation

from courseware.branding.branding import ActiveBranding
from courseware.notifications.email.email_types import EMAIL_TYPES, EmailType
from courseware.notifications.email.rendering import render_email
from courseware.notifications.wording.blocks import PARTS, parts_of
from courseware.notifications.wording.email_wording import EmailWording, Words, current_wording
from courseware.notifications.wording.placeholders import Editable, mistakes_in

NO_FACE = ActiveBranding()


@dataclass(frozen=True)
class EditableEmail:
    """An editable email type; `row`: its newest own wording, or None."""

    name: str
    kind: EmailType
    editable: Editable
    row: EmailWording | None

    @property
    def own(self) -> Words:
        return self.row.words if self.row else {}

    @property
    def number(self) -> int:
        return self.row.number if self.row else 0

    @property
    def parts(self) -> list[str]:
        return parts_of(self.kind.template)

    def is_usable(self, block: str) -> bool:
        """Return whether the template has `block` and its own wording is valid in all LANGUAGES. Raise KeyError if
        `own` lacks it.
        """
        texts = [self.own[block].get(tag, "") for tag, _language in settings.LANGUAGES]
        return block in self.parts and all(text and not mistakes_in(text, self.known) for text in texts)

    @property
    def known(self) -> Mapping[str, object]:
        return self.editable.placeholders

    @property
    def unusable(self) -> list[str]:
        """Blocks whose own wording cannot be used, so that the default is sent; blocks in PARTS first."""
        return [block for block in sorted(self.own, key=[*PARTS, *self.own].index) if not self.is_usable(block)]

    def shipped(self) -> dict[str, dict[str, str]]:
        """Return block → language → default wording, rendered with the example; "" if the example omits the block."""
        texts_by_language = {tag: self.example_in(tag) for tag, _language in settings.LANGUAGES}
        return {block: {tag: texts.get(block, "") for tag, texts in texts_by_language.items()} for block in self.parts}

    def example_in(self, language: str) -> Mapping[str, str]:
        with translation.override(language):
            example = self.editable.example()
        return render_email(self.kind, example, language=language, face=NO_FACE).shipped

    def shipped_since(self) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
        """Return block → (old, new) default wording by language, where it changed since the own wording was saved."""
        if not self.own or self.row is None:
            return {}
        then, now = self.row.shipped, self.shipped()
        changed = [block for block in now if block in self.own and then.get(block) != now[block]]
        return {block: (then.get(block, {}), now[block]) for block in changed}


def editable_emails() -> list[EditableEmail]:
    wording, email_types = current_wording(), EMAIL_TYPES.items()
    return [
        EditableEmail(name, email_type, email_type.editable, wording.get(name))
        for name, email_type in email_types
        if email_type.editable
    ]


def editable_email(name: str) -> EditableEmail | None:
    return next((email for email in editable_emails() if email.name == name), None)
