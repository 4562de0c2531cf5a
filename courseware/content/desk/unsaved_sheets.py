"""What an editor types and has not saved, so that the editor offers it to them on another device."""

from dataclasses import dataclass

from courseware.content.desk.editing import Desk, desk_after, desk_of
from courseware.content.models import Document, Revision
from courseware.content.releases.drafts import as_written, form_of
from courseware.content.releases.revisions import files_of
from courseware.unsaved.keeping import UnsavedOffer, drop, keep, offer_of, unsaved_in


@dataclass(frozen=True)
class UnsavedSheets:
    """`desk` holds them on the newest revision, with what was saved meanwhile beside them."""

    offer: UnsavedOffer
    desk: Desk


def keep_sheets(document: Document, base: Revision, typed: dict[str, str], *, by) -> None:
    """Keep the texts that differ from `base`, on which they were typed. Runs one query more than `keep`."""
    files = files_of([base])[base.pk]
    texts = {
        f"text-{language}": text
        for language, text in typed.items()
        if language in files and as_written(text.encode(), files[language].body) != files[language].body
    }
    if texts:
        keep(by.pk, form_of(document), {"base": base.pk, **texts})
    else:
        drop(by.pk, form_of(document))


def unsaved_sheets(document: Document, person, *, is_put_in: bool) -> UnsavedSheets | None:
    """Of this person; None where all of it is saved. Runs one query, and up to three more where something is kept."""
    kept = unsaved_in(person.pk, [form_of(document)]).get(form_of(document))
    base = document.revisions.filter(pk=kept.fields["base"]).first() if kept else None
    if kept is None or base is None or document.head is None:
        return None
    typed = {name.removeprefix("text-"): text for name, text in kept.fields.items() if name != "base"}
    desk = desk_of(document, base, typed)
    saved_at = None
    if base != document.head:
        desk, saved_at = desk_after(desk, document.head), document.head.created_at
    if all(desk.texts[language].body == desk.files[language].body for language in desk.typed):
        return None
    return UnsavedSheets(offer_of(kept, is_put_in=is_put_in, saved_at=saved_at), desk)
