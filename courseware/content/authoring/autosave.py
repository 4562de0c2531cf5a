"""Autosave of the editor: store typed texts, and offer them to the same person on another device."""

from dataclasses import dataclass

from courseware.autosave.store import RestoreOffer, drop, offer_of, save, unsaved_in
from courseware.content.authoring.editor_state import EditorState, editor_state_after, editor_state_of
from courseware.content.models import Document
from courseware.content.releases.drafts import form_of


@dataclass(frozen=True)
class AutosavedTabs:
    """`desk`: the stored texts on the latest revision, beside texts that another person has saved meanwhile."""

    offer: RestoreOffer
    desk: EditorState


def store_tabs(editor_state: EditorState, *, by) -> None:
    """Store the texts of the user `by` that differ from their base revision; delete the stored ones if none differs."""
    texts = {
        f"text-{language}": editor_state.typed[language]
        for language, file in editor_state.texts.items()
        if language in editor_state.typed and file.body != editor_state.files[language].body
    }
    if texts:
        save(by.pk, form_of(editor_state.document), {"base": editor_state.base.pk, **texts})
    else:
        drop(by.pk, form_of(editor_state.document))


def autosaved_tabs(document: Document, person, *, is_restored: bool) -> AutosavedTabs | None:
    """Return a user's stored texts; None if none differs or `document` is archived. `is_restored`: form has them."""
    saved = unsaved_in(person.pk, [form_of(document)]).get(form_of(document))
    base = document.revisions.filter(pk=saved.fields["base"]).first() if saved else None
    if saved is None or base is None or document.latest_revision is None:
        return None
    typed = {name.removeprefix("text-"): text for name, text in saved.fields.items() if name != "base"}
    editor_state = editor_state_of(document, base, typed)
    saved_at = None
    if base != document.latest_revision:
        editor_state, saved_at = (
            editor_state_after(editor_state, document.latest_revision),
            document.latest_revision.created_at,
        )
    if all(editor_state.texts[language].body == editor_state.files[language].body for language in editor_state.typed):
        return None
    return AutosavedTabs(offer_of(saved, is_restored=is_restored, saved_at=saved_at), editor_state)
