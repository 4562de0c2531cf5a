"""Search in own courses, newest first, and in courses to preview (/search/); saved phrases (/phrases/)."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from courseware.accounts.permissions.permissions import may_preview
from courseware.content.rendering import page_links, store
from courseware.content.rendering.store import Outline, Paragraph
from courseware.course_format.parsing.documents import display_tag
from courseware.learning.learner_context import LearnerContext, current_contexts, learner_context_of
from courseware.learning.lessons.course_rendering import lesson_address, render_in_course
from courseware.learning.models import PHRASES_OF_LEARNER, SavedPhrase
from courseware.learning.reference.saved_phrases import (
    NoSuchPhrase,
    PhraseBook,
    books_of,
    lines_with,
    remove_phrase,
    remove_row,
    restore_row,
    save_phrase,
)
from courseware.learning.reference.search import Findings, in_courses
from courseware.learning.views.course import released_courses
from courseware.lib.web.form_numbers import keys_in
from courseware.lib.web.page_views import form_view, full_page_redirect, page_view, post_view

LONGEST_SEARCH = 100  # characters
OWN_PHRASES = 3  # saved phrases shown above other results


def search_asked(request) -> str:
    return request.GET.get("q", "").replace("\0", "")[:LONGEST_SEARCH].strip()


@page_view()
def search_own_courses(request):
    asked = search_asked(request)
    contexts = current_contexts(request)
    previewed = outlines_previewed(request.user, {learner_context.enrollment.course_id for learner_context in contexts})
    outlines = [*(learner_context.outline for learner_context in contexts), *(outline for outline, _texts in previewed)]
    found = in_courses(asked, [*map(course_of, contexts), *((texts, outline) for outline, texts in previewed)])
    shown = [
        course_found(outline, findings, is_preview=index >= len(contexts))
        for index, (outline, findings) in enumerate(zip(outlines, found, strict=True))
        if findings.pages or findings.terms
    ]
    own = phrases_found(request, contexts, asked)
    context = {"asked": asked, "longest": LONGEST_SEARCH, "courses": shown, "has_courses": bool(outlines)}
    context |= {"own_phrases": own[:OWN_PHRASES], "more_phrases": len(own[OWN_PHRASES:])}
    context |= {"is_one": len(outlines) == 1, "page_language": display_tag(get_language())}
    return render(request, "learning/search.html", context)


def course_of(learner_context: LearnerContext):
    return store.paragraphs(learner_context.release, learner_context.language), learner_context.outline


def outlines_previewed(user, but) -> list[tuple[Outline, list[Paragraph]]]:
    """Return (outline, paragraphs without its card) of released courses except `but` (ids); [] if not `may_preview`."""
    if not may_preview(user):
        return []
    found = []
    for course in released_courses().exclude(pk__in=but):
        outline = store.outline(course.current, get_language())
        texts = store.paragraphs(course.current, get_language())
        found.append((outline, [each for each in texts if each.document != outline.card_id]))
    return found


def phrases_found(request, contexts, asked):
    books = books_of(contexts, PHRASES_OF_LEARNER(learner=request.user.pk))
    return [(line, display_tag(book.outline.language)) for book in books for line in lines_with(book, asked)]


def course_found(outline: Outline, findings: Findings, *, is_preview: bool):
    return {
        "course": outline.course_id,
        "title": outline.title,
        "language": display_tag(outline.language),
        "is_preview": is_preview,
        "pages": [(page, address_of(outline, page.document, is_preview)) for page in findings.pages],
        "findings": findings,
    }


def address_of(outline: Outline, document: str, is_preview: bool) -> str:
    if document == outline.card_id:
        return page_links.page_url("card", outline.course_id)
    return page_links.page_url("preview" if is_preview else "step", outline.course_id, document)


@post_view(lesson_address, is_held=False)  # a single click, easily repeated
def lesson_phrase(request, course, step):
    """A script gets the button; without one, the lesson is shown at the phrase."""
    learner_context = learner_context_of(request, course)
    page = learner_context.page(learner_context.step(step, "lesson").id)
    phrase, is_kept = request.POST.get("phrase", ""), request.POST.get("keep") == "1"
    try:
        change = save_phrase if is_kept else remove_phrase
        change(learner_context.enrollment, page, phrase)
    except NoSuchPhrase:
        sentence = _("This phrase was changed while you had the page open. Here is the current lesson.")
        messages.info(request, sentence)
        return full_page_redirect(request, redirect(lesson_address(course, step)))
    if not request.htmx:
        return redirect(f"{lesson_address(course, step)}#say-{phrase}")
    context = {"phrase": phrase, "is_kept": is_kept, "step": step}
    return render_in_course(request, learner_context, "learning/_keep.html", context)


def phrases_address():
    return reverse("learning:phrases")


@form_view(phrases_address, is_held=False)
def own_phrases(request):
    """`away`: id of a phrase just removed, which can be restored."""
    if request.method == "POST":
        return taken_or_put_back(request)
    books, asked = (
        books_of(current_contexts(request), PHRASES_OF_LEARNER(learner=request.user.pk)),
        search_asked(request),
    )
    context = {
        "books": [book_shown(book) for book in books],
        "count": sum(len(book.lines) for book in books),
        "shown": {line.key for book in books for line in lines_with(book, asked)},
        "asked": asked,
        "longest": LONGEST_SEARCH,
        "away": just_removed(request),
        "page_language": display_tag(get_language()),
    }
    return render(request, "learning/phrases.html", context)


def book_shown(book: PhraseBook):
    return {"book": book, "course": book.outline.course_id, "language": display_tag(book.outline.language)}


def just_removed(request):
    row = own_row(request.user, request.GET.get("away", ""))
    return row if row and row.removed_at else None


def own_row(user, key):
    return SavedPhrase.objects.of_person(user.pk).filter(pk__in=keys_in([key])).first()


def taken_or_put_back(request):
    row = own_row(request.user, request.POST.get("phrase", ""))
    if row is None:
        raise Http404
    if "back" in request.POST:
        restore_row(row)
        return redirect(f"{phrases_address()}#phrase-{row.pk}")
    remove_row(row)
    return redirect(f"{phrases_address()}?away={row.pk}")
