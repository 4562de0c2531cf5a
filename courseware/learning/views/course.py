"""Pages of a course: job role, emergency card, print view, completion, question to the manager."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from courseware.accounts.permissions.site_context import branding_for
from courseware.accounts.sign_in.return_urls import is_own_url, page_before
from courseware.accounts.teams.managers import manager_of
from courseware.content.models import Course, EmergencyContact
from courseware.content.rendering import store
from courseware.content.rendering.store import Outline
from courseware.course_format.parsing.documents import display_tag
from courseware.learning.due_dates.extensions import TooManyWaiting, ask_manager
from courseware.learning.enrollments.job_role import choose_job_role, own_job_role
from courseware.learning.learner_context import LearnerContext, learner_context_of, own_enrollments
from courseware.learning.lessons.course_rendering import card_context, home_address, render_in_course
from courseware.learning.models import LONGEST_QUESTION
from courseware.learning.reference.print_view import printed_modules
from courseware.learning.reference.saved_phrases import own_book
from courseware.learning.status import completion
from courseware.lib.web.page_views import form_status, form_view, page_view, post_view, posted

ROOM_OF_A_PANEL, ROOM_BETWEEN = 560, 90  # in letters; the second is for heading and gap of a phrase
PANELS = 8  # of a paper folded once lengthwise and three times across
QUESTIONS_SHOWN = 5


class QuestionForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Your question"),
        max_length=LONGEST_QUESTION,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Managers of your team can read your question."),
    )


@require_GET
@login_required
def course_home(request, course):
    return redirect(f"{home_address()}?course={learner_context_of(request, course).course_id}")


@form_view(home_address, methods=("GET", "POST"))
def job_role(request, course):
    learner_context = learner_context_of(request, course)
    form = own_job_role(learner_context, posted(request)).form
    before = page_before(request) or referring_page(request)
    if form.is_valid():
        choose_job_role(learner_context.enrollment, form)
        messages.success(request, _("Saved. The lessons show the content for your job role first."))
        return redirect(before or "home")
    context = {"form": form, "before": before}
    return render_in_course(request, learner_context, "learning/job_role.html", context, status=form_status(form))


def referring_page(request):
    """Return the page that linked here; "" for another site or this page."""
    before = request.META.get("HTTP_REFERER", "")
    path = urlsplit(before).path
    is_other = is_own_url(before, request) and path != request.path
    return (page_of_form_at(path) or before) if is_other and request.method == "GET" else ""


def page_of_form_at(path):
    """Return the page of a form sent to this URL path, which itself takes no GET; "" without one."""
    try:
        found = resolve(path)
    except Resolver404:
        return ""
    page_of_form = getattr(found.func, "page_of_form", None)
    return page_of_form(**found.kwargs) if page_of_form else ""


@require_GET
@login_required
def emergency_card(request, course):
    learner_context = learner_context_of(request, course)
    context = card_context(request, learner_context.enrollment.course, learner_context.outline) | {
        "book": own_book(learner_context)
    }
    return render_in_course(request, learner_context, "learning/card.html", context)


@require_GET
@login_required
def pocket_card(request, course):
    learner_context = learner_context_of(request, course)
    context = card_context(request, learner_context.enrollment.course, learner_context.outline)
    context |= {"sheets": panel_pages(context["sections"]), "phrases": phrase_pages(own_book(learner_context))}
    return render_in_course(request, learner_context, "learning/pocket_card.html", context)


def panel_pages(sections):
    """Divide sections into pages of eight panels; the cover is the first. None: a panel to write on, at least one.

    >>> panel_pages(["fire", "breach"])
    [['fire', 'breach', None, None, None, None, None]]
    """
    panels = [*sections, None]
    panels += [None] * (-(len(panels) + 1) % PANELS)
    first = PANELS - 1
    return [panels[:first], *(panels[start : start + PANELS] for start in range(first, len(panels), PANELS))]


def phrase_pages(book):
    panels = list(panels_of(book.lines))
    return [panels[start : start + PANELS - 1] for start in range(0, len(panels), PANELS - 1)]


def panels_of(lines):
    """Yield lists of saved phrases that fit on one panel."""
    panel, left = [], ROOM_OF_A_PANEL
    for line in lines:
        needed = line.width + ROOM_BETWEEN
        if panel and needed > left:
            yield panel
            panel, left = [], ROOM_OF_A_PANEL
        panel.append(line)
        left -= needed
    if panel:
        yield panel


@post_view(home_address)
def finish(request, course):
    completion.finish(learner_context_of(request, course).enrollment)
    return redirect("home")


@page_view()
def printed(request, course, module=None):
    learner_context = learner_context_of(request, course)
    outline = learner_context.outline
    asked = [each for each in outline.modules if module in (None, each.id)]
    if not asked:
        raise Http404(module)
    context = {
        "modules": printed_modules(learner_context, asked),
        "one": asked[0] if module else None,
        "has_keys": learner_context.enrollment.completed_at is not None,
        "release": learner_context.release,
        "now": timezone.now(),
        "sections": [],
    }
    if outline.card_id and not module:
        context |= card_context(request, learner_context.enrollment.course, outline)
    return render_in_course(request, learner_context, "learning/print.html", context)


@form_view("learning:ask-manager")
def ask(request, course):
    learner_context, manager = learner_context_of(request, course), manager_of(request.user)
    if manager is None:
        raise Http404
    form = QuestionForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            ask_manager(learner_context.enrollment, form.cleaned_data["text"])
        except TooManyWaiting:
            form.add_error(None, _("3 of your questions wait for an answer. Talk to your manager in person."))
        else:
            message = _("Your question was sent. %(name)s sees it under “Today”.")
            messages.success(request, message % {"name": manager.person.name})
            return redirect("learning:ask-manager", course)
    asked = learner_context.enrollment.manager_questions.select_related("answered_by").order_by("-pk")[:QUESTIONS_SHOWN]
    context = {"form": form, "manager": manager.person.name, "asked": asked}
    return render_in_course(request, learner_context, "learning/ask_manager.html", context, status=form_status(form))


@require_safe
def own_emergency_cards(request):
    """Cards of the user's courses; of all courses for users without any."""
    branding = branding_for(request)
    if not (request.user.is_authenticated or branding.is_emergency_card_public):
        return redirect_to_login(request.get_full_path())
    own = own_enrollments(request) if request.user.is_authenticated else []
    cards = emergency_cards_of({enrollment.course for enrollment in own} or released_courses())
    if not cards:
        return render(request, "learning/no_card.html")
    wanted = request.GET.get("course", "")
    course, outline = next((each for each in cards if each[0].identifier == wanted), cards[0])
    context = card_context(request, course, outline) | {
        "course": course.identifier if own else "",
        "outline": outline,
        "branding": branding_for(request, course.identifier),
        "book": book_of(course, own) if own else None,
        "cards": tabs_of([each for _course, each in cards], outline),
        "text_language": display_tag(outline.language),
        "page_language": display_tag(get_language()),
    }
    return render(request, "learning/card.html", context)


def book_of(course, own):
    return own_book(LearnerContext(next(each for each in reversed(own) if each.course == course)))


def emergency_cards_of(courses: Iterable[Course]) -> list[tuple[Course, Outline]]:
    """Return (course, outline) of released courses with a card: those with contacts first, then by id. One query."""
    found = [(course, store.outline(course.current, get_language())) for course in courses if course.current]
    numbers = EmergencyContact.objects.filter(course__in=[course for course, _outline in found]).exclude(number="")
    with_contacts = set(numbers.values_list("course", flat=True))
    found.sort(key=lambda each: (each[0].pk not in with_contacts, each[0].pk))
    return [(course, outline) for course, outline in found if outline.card_id]


def released_courses():
    return Course.objects.exclude(current=None).select_related("current").defer("current__outlines").order_by("pk")


def tabs_of(outlines: list[Outline], shown: Outline) -> list[dict[str, object]]:
    return [emergency_card_tab(each, each is shown) for each in outlines] if len(outlines) > 1 else []


def emergency_card_tab(outline: Outline, is_shown: bool) -> dict[str, object]:
    language = display_tag(outline.language)
    return {"course": outline.course_id, "title": outline.title, "language": language, "is_shown": is_shown}
