"""View that serves figures."""

from pathlib import PurePosixPath

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from courseware.content.models import Document, SourceFile
from courseware.content.rendering.figures import DIGEST_LENGTH
from courseware.course_format.parsing.documents import MEDIA_FOLDER

TYPES = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}


@require_safe
def media(request, course, digest, name):
    """Serve a figure: public, and cacheable forever, as its URL contains its checksum. Other file types get a 404."""
    content_type = TYPES.get(PurePosixPath(name).suffix)
    if content_type is None or len(digest) != DIGEST_LENGTH:
        raise Http404(name)
    texts = SourceFile.objects.filter(
        revision__document__course__identifier=course,
        revision__document__identifier=MEDIA_FOLDER + name,
        revision__document__kind=Document.Kind.MEDIA,
        digest__startswith=digest,
    )
    text = texts.only("body").first()
    if text is None:
        raise Http404(name)
    response = HttpResponse(bytes(text.body), content_type=content_type)
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    # An SVG opened by itself is a page: it must not run, load, send or be framed.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; form-action 'none'; frame-ancestors 'none'"
    return response
