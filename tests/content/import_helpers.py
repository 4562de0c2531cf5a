"""Helpers for tests of course imports: edited sample files, exported bytes, database rows."""

from courseware.audit_log.models import Event
from courseware.content.models import Course, Document, ImportedFile, Release, RenderedPage, Revision, SourceFile
from courseware.content.releases.course_export import course_files
from courseware.content.releases.drafts import save_drafts

CARD = "emergency.card.en.md"
LESSON = "01-water/01-boiling.en.md"


def edited(files, path, word):
    """Return `files` with a word appended to the file at `path`."""
    return files | {path: files[path] + f"\n{word}.\n".encode()}


def edit(document, text, *, language="en"):
    """Save `text` as a draft."""
    document.refresh_from_db()
    return save_drafts(document, {language: text}, base=document.latest_revision, by=None)


def bodies(course, *, drafts=False):
    course.refresh_from_db()
    return {path: file.body for path, file in course_files(course, drafts=drafts).items()}


def rows():
    """Return every row an import may write, by model."""
    models = (Course, Document, Revision, SourceFile, ImportedFile, Release, RenderedPage, Event)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}
