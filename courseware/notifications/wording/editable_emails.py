"""Emails that a company may word: own wording, shipped wording, and whether both still fit.

Emails about passwords, sign-in and changed accounts are never editable: own wording could be used for phishing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation

from courseware.branding.branding import ActiveBranding
from courseware.notifications.email.email_types import MESSAGE_KINDS, EmailType
from courseware.notifications.email.rendering import render_email
from courseware.notifications.wording.blocks import PARTS, parts_of
from courseware.notifications.wording.email_wording import EmailWording, Words, current_wording
from courseware.notifications.wording.placeholders import Editable, mistakes_in

NO_FACE = ActiveBranding()


@dataclass(frozen=True)
class EditableEmail:
    """`row`: the newest own wording, or None."""

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

    def is_usable(self, part: str) -> bool:
        """Whether the own wording of the part is understood in each language."""
        texts = [self.own[part].get(tag, "") for tag, _language in settings.LANGUAGES]
        return part in self.parts and all(text and not mistakes_in(text, self.known) for text in texts)

    @property
    def known(self) -> Mapping[str, object]:
        return self.editable.placeholders

    @property
    def unusable(self) -> list[str]:
        """Parts that use the shipped wording meanwhile, those of this version first."""
        return [part for part in sorted(self.own, key=[*PARTS, *self.own].index) if not self.is_usable(part)]

    def shipped(self) -> dict[str, dict[str, str]]:
        """Part → language → shipped wording of the example; "" for none."""
        said = {tag: self.example_in(tag) for tag, _language in settings.LANGUAGES}
        return {part: {tag: texts.get(part, "") for tag, texts in said.items()} for part in self.parts}

    def example_in(self, language: str) -> Mapping[str, str]:
        with translation.override(language):
            example = self.editable.example()
        return render_email(self.kind, example, language=language, face=NO_FACE).shipped

    def shipped_since(self) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
        """Parts with own wording whose shipped wording has changed since: (then, now)."""
        if not self.own or self.row is None:
            return {}
        then, now = self.row.shipped, self.shipped()
        changed = [part for part in now if part in self.own and then.get(part) != now[part]]
        return {part: (then.get(part, {}), now[part]) for part in changed}


def editable_emails() -> list[EditableEmail]:
    words, kinds = current_wording(), MESSAGE_KINDS.items()
    return [EditableEmail(name, kind, kind.editable, words.get(name)) for name, kind in kinds if kind.editable]


def editable_email(name: str) -> EditableEmail | None:
    return next((letter for letter in editable_emails() if letter.name == name), None)
