"""At which post somebody works: asked once, in the lesson that is about it, and changed on a page of its own.

Neither opens a lesson that is done: a completion stays, whatever another post would have been asked.
"""

from dataclasses import dataclass

from django.utils.translation import gettext

from courseware.content.compiled.serving import Outline
from courseware.learning.access import Reading
from courseware.learning.forms import TrackForm
from courseware.learning.models import Enrollment
from courseware.learning.progress import track_of


@dataclass(frozen=True)
class OwnPost:
    """`chosen` and `known` are what the post is called. `known`: so the firm says, and nobody has confirmed it."""

    form: TrackForm
    chosen: str
    known: str


def own_post(reading: Reading, sent=None) -> OwnPost:
    """`sent` is what a form holds that was sent, None where none was."""
    enrollment, posts = reading.enrollment, reading.outline.tracks
    form = TrackForm(sent, tracks=posts, initial={"track": track_of(enrollment, reading.outline)})
    chosen = posts.get(enrollment.track, "")
    return OwnPost(form, chosen, known="" if chosen else posts.get(enrollment.known_post, ""))


def post_in_words(enrollment: Enrollment, outline: Outline) -> str:
    """What is asked of the learner is that of this post."""
    return outline.tracks.get(track_of(enrollment, outline)) or gettext("not chosen")


def choose_post(enrollment: Enrollment, form: TrackForm) -> None:
    """`form` is valid."""
    enrollment.track = form.cleaned_data["track"]
    enrollment.save(update_fields=["track"])
