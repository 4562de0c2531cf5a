"""Access to statistics: the documents whose statistics a user may see, on pages and through the API."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language

from courseware.accounts.permissions.permissions import may_preview
from courseware.content.models import Course, Document, RenderedPage
from courseware.content.rendering.store import PageData, page


def released_document_or_404(user, course: str, identifier: str, *kinds: Document.Kind) -> tuple[Document, PageData]:
    """Return (document, published page) by ids. Raise `Http404`, also if the user may not preview courses."""
    if not may_preview(user):
        raise Http404
    found = get_object_or_404(Course.objects.select_related("current"), identifier=course)
    if found.current is None:
        raise Http404(course)
    document = get_object_or_404(Document, course=found, identifier=identifier, kind__in=kinds)
    try:
        return document, page(found.current, identifier, get_language())
    except RenderedPage.DoesNotExist:
        raise Http404(identifier) from None


def asked_or_404(user, course: str, identifier: str) -> tuple[Document, PageData]:
    """As `released_document_or_404`: a lesson or, for staff, a bank. Other users may have to take an exam with it."""
    kinds = [Document.Kind.LESSON, *([Document.Kind.BANK] if user.is_staff else [])]
    return released_document_or_404(user, course, identifier, *kinds)
