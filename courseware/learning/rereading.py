"""What changed in a lesson since the learner completed it, where a release asked for it to be read again."""

from courseware.content.compiled.serving import PageData
from courseware.content.models import Release, ReleaseEntry
from courseware.learning.models import Enrollment

ASKS_TO_REREAD = (Release.Weight.REREAD, Release.Weight.RETAKE)


def changes_since_done(enrollment: Enrollment, page: PageData) -> list[Release]:
    """The releases, newest first, that changed the document since and were more than minor. Two queries at most.

    It is worked out from the completion's revision; nothing is kept, and no completion is taken back.
    """
    done = enrollment.completions.filter(document=page.document_id).first()
    if done is None or done.revision_id == page.revision_id:
        return []
    entries = ReleaseEntry.objects.filter(
        document=page.document_id, release__created_at__gt=done.completed_at, release__course=enrollment.course_id
    ).select_related("release")
    changes, revision = [], done.revision_id
    for entry in entries.defer("release__outlines").order_by("release__number"):
        if entry.revision_id != revision and entry.release.weight in ASKS_TO_REREAD:
            changes.insert(0, entry.release)
        revision = entry.revision_id
    return changes
