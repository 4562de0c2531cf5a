"""A letter as somebody would get it, in each language, before its words are kept."""

from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from courseware.accounts.models import User
from courseware.content.desk.editing import language_name
from courseware.face.faces import face_of
from courseware.language.documents import display_tag
from courseware.learning.course_letter import signers_of
from courseware.outbox.editable_letters import EditableLetter
from courseware.outbox.kinds import LetterSort
from courseware.outbox.letter_parts import PARTS
from courseware.outbox.letter_words import Words
from courseware.outbox.models import Message
from courseware.outbox.stopping import may_be_stopped
from courseware.outbox.writing import WrittenLetter, paragraphs_of, write_letter


@dataclass(frozen=True)
class LetterPreview:
    """`is_example`: the facts in it are made up. `left` are the parts in own words that this letter has no use for."""

    tag: str  # as in `lang`
    language: str | Promise
    letter: WrittenLetter
    paragraphs: SafeString
    is_example: bool
    left: list[str | Promise]


def previews(letter: EditableLetter, words: Words, person: User | None) -> list[LetterPreview]:
    return [preview_in(tag, letter, words, person) for tag, _language in settings.LANGUAGES]


def preview_in(tag: str, letter: EditableLetter, words: Words, person: User | None) -> LetterPreview:
    with translation.override(tag):
        example = letter.editable.example()
    facts = facts_about(person, letter, tag) if person else None
    secrets = {name: example[name] for name in letter.editable.secrets if facts and name in facts}
    context = facts | secrets if facts else example | (greeting_of(person, example) if person else {})
    written = write_letter(
        letter.kind,
        context,
        language=tag,
        face=face_of(context.get("house_style_of", "")),
        own=words,
        # The address in the letter itself ends the letters of its reader for whoever opens it.
        address_to_stop=f"{settings.SITE_URL}/letters/" if may_be_stopped(letter.name) else "",
    )
    left = [PARTS[part] for part in words if part not in written.own]
    language = str(language_name(tag))
    return LetterPreview(display_tag(tag), language, written, paragraphs_of(written), not facts, left)


def facts_about(person: User, letter: EditableLetter, tag: str) -> dict | None:
    """What the newest letter of the kind to the person would say today; None where it would say nothing, or tells of
    others, whom not everybody may see who words letters.
    """
    if letter.kind.sort == LetterSort.SUBSCRIBED:
        return None
    message = Message.objects.of(person).filter(kind=letter.name).select_related("person").first()
    if message is None or letter.kind.why_unwanted([message]).get(message.pk):
        return None
    message.language = tag
    return letter.kind.context([message]).get(message.pk)


def greeting_of(person: User, example: dict) -> dict:
    """What of an example is the person's own: name and lead."""
    signer = signers_of({person.pk: None})[person.pk]
    return {"name": person.name, **{name: value for name, value in signer.items() if name in example}}
