"""What an editor types and has not saved, so that the editor offers it to them on another device."""

from dataclasses import dataclass

from courseware.autosave.store import RestoreOffer, drop, keep, offer_of, unsaved_in
from courseware.content.authoring.editor_state import EditorState, editor_state_after, editor_state_of
from courseware.content.models import Document
from courseware.content.releases.drafts import form_of


@dataclass(frozen=True)
class AutosavedTabs:
    """`desk`: on the newest revision, beside what was saved meanwhile."""

    offer: RestoreOffer
    desk: EditorState


def store_tabs(desk: EditorState, *, by) -> None:
    """Keep the texts that differ from the revision on which they were typed."""
    texts = {
        f"text-{language}": desk.typed[language]
        for language, file in desk.texts.items()
        if language in desk.typed and file.body != desk.files[language].body
    }
    if texts:
        keep(by.pk, form_of(desk.document), {"base": desk.base.pk, **texts})
    else:
        drop(by.pk, form_of(desk.document))


def autosaved_tabs(document: Document, person, *, is_put_in: bool) -> AutosavedTabs | None:
    """Those of a person, or None if all is saved. Runs at most four queries."""
    kept = unsaved_in(person.pk, [form_of(document)]).get(form_of(document))
    base = document.revisions.filter(pk=kept.fields["base"]).first() if kept else None
    if kept is None or base is None or document.head is None:
        return None
    typed = {name.removeprefix("text-"): text for name, text in kept.fields.items() if name != "base"}
    desk = editor_state_of(document, base, typed)
    saved_at = None
    if base != document.head:
        desk, saved_at = editor_state_after(desk, document.head), document.head.created_at
    if all(desk.texts[language].body == desk.files[language].body for language in desk.typed):
        return None
    return AutosavedTabs(offer_of(kept, is_put_in=is_put_in, saved_at=saved_at), desk)
