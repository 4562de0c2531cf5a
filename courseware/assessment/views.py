import uuid
from dataclasses import replace
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from courseware.accounts.middleware import form_on
from courseware.assessment import attempting, certifying, drilling
from courseware.assessment.asking import Asked, as_entered, asked_in, raw_answer
from courseware.assessment.forms import CertificateNumberForm, DrillForm, SaveForm
from courseware.assessment.grading import points_needed
from courseware.assessment.models import Attempt, Certificate
from courseware.assessment.resulting import answered_in, result_of
from courseware.assessment.standing import standing_of
from courseware.assessment.terms import duration, retake_terms
from courseware.content.compiled import serving
from courseware.language.documents import display_tag
from courseware.language.metadata import attempts_in_a_row
from courseware.learning.answering import NoSuchQuestion, QuestionChanged
from courseware.learning.course_page import render_in_course
from courseware.learning.reading import Reading, own_enrollments, reading_of
from courseware.learning.revealing import ask, raw_response, whole
from courseware.learning.revealing import show as shown_after
from courseware.lib.form_status import form_status


def exam_address(course, exam):
    return reverse("assessment:exam", args=[course, exam])


def attempt_address(pk):
    return reverse("assessment:attempt", args=[pk])


def question_address(pk, position):
    return f"{attempt_address(pk)}?question={position}"


def drill_address(pk, rule):
    return reverse("assessment:drill", args=[pk, rule])


def own_attempt(request, pk) -> Attempt:
    """The user's attempt, with its release and its enrollment. Raises Http404."""
    attempt = get_object_or_404(Attempt.objects.filter(enrollment__learner=request.user).with_release(), pk=pk)
    found = own_enrollments(request, pk=attempt.enrollment_id)
    if not found:
        raise Http404(pk)
    attempt.enrollment = found[0]
    return attempt


# /exam/<course>/<exam>/


@require_safe
@login_required
def exam(request, course, exam):
    """The page before the start of an exam, or of the pre-check: what may be done now, and why."""
    reading = reading_of(request, course)
    step = reading.step(exam, "exam", "pre-check")
    page = reading.page(exam)
    attempts = list(reading.enrollment.attempts.filter(exam=page.document_id).with_release())
    for attempt in attempts:
        attempt.enrollment = reading.enrollment
    under_way = next((attempt for attempt in attempts if not attempt.submitted_at), None)
    context = {
        "step": step,
        "page": page,
        "standing": standing_of(reading.enrollment, reading.outline, page),
        "attempts": [attempt for attempt in attempts if attempt.submitted_at],
        "under_way": under_way,
        "over": attempting.why_over(under_way) if under_way else "",
        "max_points": sum(stratum["draw"] for stratum in page.data["strata"]),
    }
    if step.kind == "pre-check":
        return pre_check(request, reading, context)
    return exam_page(request, reading, context)


def pre_check(request, reading, context):
    if context["over"] and not context["under_way"].has_answers():
        context |= {"under_way": None, "over": ""}  # there is nothing to hand in
    context |= {
        "point": reading.enrollment.attempts.starting_point(reading.outline),
        "next": reading.progress.next_step,
        "first_lesson": next((step for step in reading.outline.steps if step.kind == "lesson"), None),
    }
    return render_in_course(request, reading, "assessment/pre_check.html", context)


def exam_page(request, reading, context):
    page, attempts, max_points = context["page"], context["attempts"], context["max_points"]
    passed = next((attempt for attempt in attempts if attempt.is_passed), None)
    context |= {
        "lessons": [reading.outline.step(lesson) for lesson in context["standing"].lessons],
        "simulations": [reading.outline.step(simulation) for simulation in context["standing"].simulations],
        "passed": passed,
        "drills": shown_drills(passed, reading.outline) if passed else [],
        "best": max(attempts, key=lambda attempt: attempt.points, default=None),
        "allowed": attempts_in_a_row(page.data["retakes"]),
        "retakes": list(retake_terms(page, reading.outline)),
        "reopens": duration(page.data["reopens"]),
        "needed": points_needed(max_points, page.data["pass_mark"]),
        "time_limit": (page.data["time_limit"] or 0) // 60,
    }
    return render_in_course(request, reading, "assessment/exam.html", context)


def shown_drills(attempt, outline):
    """(what the rule says, as HTML; the drill) for each that the attempt owes or owed."""
    return [(outline.objective(drill.rule), drill) for drill in drilling.drills_of(attempt)]


@require_POST
@login_required
@form_on(exam_address)
def start(request, course, exam):
    reading = reading_of(request, course)
    reading.step(exam, "exam", "pre-check")
    try:
        attempt = attempting.start(reading.enrollment, exam)
    except attempting.NotYet:
        return redirect("assessment:exam", course, exam)  # which says why, and from when
    return redirect("assessment:attempt", attempt.pk)


# /attempts/<pk>/


@require_safe
@login_required
def attempt(request, pk):
    attempt = own_attempt(request, pk)
    if attempt.submitted_at:
        return redirect("assessment:result", pk)
    asked = asked_in(attempt, get_language())
    return question_page(request, attempt, asked, wanted(request, asked))


def wanted(request, asked: list[Asked]) -> Asked:
    """The question the address names; else the first one without an answer, else the last."""
    position = whole(request.GET.get("question"))
    if position and position <= len(asked):
        return asked[position - 1]
    return next((each for each in asked if not each.is_answered), asked[-1])


def question_page(request, attempt, asked: list[Asked], one: Asked, *, problem="", status=200):
    outline = serving.outline(attempt.release, get_language())
    context = {
        "attempt": attempt,
        "exam": outline.step(attempt.exam.identifier),
        "all_asked": asked,
        "asked": one,
        "page": uuid.uuid4(),
        "problem": problem,
        "over": attempting.why_over(attempt),
        "may_hand_in": not attempt.is_pre_check or any(each.is_answered for each in asked),
    }
    return render_in_course(
        request, Reading(attempt.enrollment), "assessment/attempt.html", context, outline=outline, status=status
    )


@require_POST
@login_required
@form_on(question_address)
def save(request, pk, position):
    """Keep one answer, then go where the pressed button says. A live save (htmx) stays on the question."""
    attempt = own_attempt(request, pk)
    response = get_object_or_404(attempt.responses.select_related("bank"), position=position)
    form = SaveForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    try:
        raw = raw_answer(attempt, response, request.POST)
        attempting.save(attempt, position, raw, **form.cleaned_data)
    except attempting.AttemptClosed:
        return closed(request, attempt)
    except attempting.NewerAnswer:
        return newer(request, attempt, position)
    except ValueError:
        return refused(request, attempt, position)
    if request.htmx:
        return live_answer(request, attempt, position)
    return redirect(next_address(attempt, position, request.POST.get("go", "")))


def live_answer(request, attempt, position, *, problem="", status=200):
    """What the script puts into the page: how the question stands, and the line."""
    asked = asked_in(attempt, get_language())
    context = {"attempt": attempt, "all_asked": asked, "asked": asked[position - 1], "problem": problem}
    with timezone.override(attempt.enrollment.zone):
        return render(request, "assessment/_live.html", context, status=status)


def closed(request, attempt):
    """A tab of an attempt that is handed in by now, or whose time is over. What had been saved counts."""
    attempt.refresh_from_db(fields=["submitted_at"])
    if attempt.submitted_at:
        messages.warning(request, _("This attempt had been handed in already. Here is its result."))
        address = reverse("assessment:result", args=[attempt.pk])
    else:
        address = reverse("assessment:attempt", args=[attempt.pk])  # which says that the time is over
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def newer(request, attempt, position):
    """Shows what is kept; the script forgets what it holds and loads the page anew, which brings the message."""
    text = _(
        "This question was answered in another tab or on another device meanwhile. That answer is kept; see below."
    )
    messages.warning(request, text)
    if request.htmx:
        return HttpResponse(status=HTTPStatus.CONFLICT)
    asked = asked_in(attempt, get_language())
    return question_page(request, attempt, asked, asked[position - 1], status=HTTPStatus.CONFLICT)


def refused(request, attempt, position):
    """The form once more, as it was filled in. A live save that is half done is no mistake: it only says so."""
    if request.htmx:
        return live_answer(request, attempt, position, problem="incomplete", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    asked = asked_in(attempt, get_language())
    one = as_entered(asked[position - 1], request.POST)
    return question_page(request, attempt, asked, one, problem="incomplete", status=HTTPStatus.UNPROCESSABLE_ENTITY)


def next_address(attempt, position, go):
    """`go` is "back", "review" or the number of a question; anything else is the next one, the overview at the end."""
    target = position - 1 if go == "back" else whole(go) or position + 1
    if go == "review" or target > attempt.max_points:
        return reverse("assessment:review", args=[attempt.pk])
    return question_address(attempt.pk, max(target, 1))


@require_safe
@login_required
def review(request, pk):
    attempt = own_attempt(request, pk)
    if attempt.submitted_at:
        return redirect("assessment:result", pk)
    asked = asked_in(attempt, get_language())
    outline = serving.outline(attempt.release, get_language())
    context = {
        "attempt": attempt,
        "exam": outline.step(attempt.exam.identifier),
        "all_asked": asked,
        "open": [each for each in asked if not each.is_answered],
    }
    return render_in_course(request, Reading(attempt.enrollment), "assessment/review.html", context, outline=outline)


@require_POST
@login_required
@form_on(attempt_address)
def submit(request, pk):
    try:
        attempting.submit(own_attempt(request, pk))
    except attempting.NothingAnswered:
        messages.warning(request, _("Answer at least one question, then send it."))
        return redirect("assessment:attempt", pk)
    return redirect("assessment:result", pk)


@require_safe
@login_required
def result(request, pk):
    attempt = own_attempt(request, pk)
    if not attempt.submitted_at:
        return redirect("assessment:attempt", pk)
    if attempt.is_pre_check:
        return starting_point(request, attempt)
    enrollment, exam = attempt.enrollment, attempt.exam.identifier
    current = enrollment.course.current
    then, now = (serving.outline(release, get_language()) for release in (attempt.release, current))
    page = serving.page(attempt.release, exam, get_language())
    is_there = exam in {step.id for step in now.steps}
    standing = standing_of(enrollment, now, serving.page(current, exam, get_language())) if is_there else None
    drills = shown_drills(attempt, then)
    context = {
        "attempt": attempt,
        "exam": then.step(exam),
        "is_there": is_there,
        "result": result_of(attempt, page, then, now),
        "standing": standing,
        "drills": drills,
        "is_held": not all(drill.is_done for _rule, drill in drills),
        "point": enrollment.attempts.starting_point(now),
        "pre_check": now.step(now.pre_check_id) if now.pre_check_id else None,
        "survey": now.step(now.survey_id) if now.survey_id else None,
        "certificate": Certificate.objects.filter(enrollment=enrollment).first(),
    }
    return render_in_course(request, Reading(enrollment), "assessment/result.html", context, outline=then)


def starting_point(request, attempt):
    """The result of a pre-check: a number. Questions and reasons come once the parallel ones are answered, too.

    What it said stays when a later release has no pre-check any more; nothing is asked again then.
    """
    reading = Reading(attempt.enrollment)
    outline = serving.outline(attempt.release, get_language())
    point = reading.enrollment.attempts.starting_point(outline)
    is_there = reading.outline.pre_check_id == attempt.exam.identifier
    context = {
        "attempt": attempt,
        "step": outline.step(attempt.exam.identifier),
        "point": point,
        "is_there": is_there,
        "next": reading.progress.next_step,
        "answered": answered_in(attempt, outline.language) if point.after or not is_there else (),
    }
    return render_in_course(
        request, Reading(attempt.enrollment), "assessment/starting_point.html", context, outline=outline
    )


# /attempts/<pk>/drill/<rule>/


@require_safe
@login_required
def drill(request, pk, rule):
    """What is asked next; with ?answered= the answer of that number, and what follows from it."""
    attempt = own_attempt(request, pk)
    found = drilling.drill_on(rule, attempt)
    if found is None:
        return redirect("assessment:result", pk)
    number = whole(request.GET.get("answered"))
    if number and number <= len(found.answers):
        return drill_page(request, attempt, found, answered_card(attempt, found, number), "assessment/drilled.html")
    if found.is_done or attempt.enrollment.waived_at:
        return redirect("assessment:result", pk)
    return drill_page(request, attempt, found, drill_card(attempt, found), "assessment/drill.html")


def drill_card(attempt, found, entered=None):
    """The question asked next, as a form, and what the form carries."""
    asked = drilling.next_question(attempt, found, get_language())
    return {
        "question": ask(asked.question, attempt.enrollment_id, asked.number - 1, entered),
        "anchor": "drill",
        "number": asked.number,
        "revision": asked.bank.revision_id,
        "token": uuid.uuid4(),
    }


def answered_card(attempt, found, number):
    """An answer and the reasons it shows; the drill as it stood then is `so_far`."""
    so_far = replace(found, answers=found.answers[:number])
    answer = so_far.answers[-1]
    bank = serving.page(answer.release, found.bank, get_language())
    tries = so_far.tries_at(answer.question)
    shown = shown_after(bank.questions[answer.question], attempt.enrollment_id, tries, asked_after=number - 1)
    return {"question": shown, "so_far": so_far, "is_latest": number == len(found.answers)}


def drill_page(request, attempt, found, card, template, *, problem="", status=200):
    outline = serving.outline(attempt.enrollment.course.current, get_language())
    context = {
        "attempt": attempt,
        "drill": found,
        "rule": outline.objective(found.rule),
        "others": [other for other in drilling.drills_of(attempt) if not other.is_done and other.rule != found.rule],
        "card": card,
        "problem": problem,
    }
    return render_in_course(request, Reading(attempt.enrollment), template, context, outline=outline, status=status)


@require_POST
@login_required
@form_on(drill_address)
def answer_drill(request, pk, rule):
    attempt = own_attempt(request, pk)
    found = drilling.drill_on(rule, attempt)
    if found is None:
        return redirect("assessment:result", pk)
    form = DrillForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    sent = form.cleaned_data
    try:
        answer = found.sent_by(sent["token"]) or keep_drill_answer(attempt, found, sent, request.POST)
    except (drilling.OtherQuestion, NoSuchQuestion, QuestionChanged):
        messages.warning(request, _("The drill went on in another tab, or its question was changed. Here it stands."))
        return redirect("assessment:drill", pk, rule)
    except ValueError:
        card = drill_card(attempt, found, request.POST)
        return drill_page(
            request,
            attempt,
            found,
            card,
            "assessment/drill.html",
            problem="incomplete",
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
        )
    address = reverse("assessment:drill", args=[pk, rule])
    return redirect(f"{address}?answered={answer.number}")


def keep_drill_answer(attempt, found, sent, fields):
    """Raises what `drilling.answer` raises."""
    number, question = sent["number"], sent["question"]
    asked = drilling.asked_by(attempt, found, question, number)
    raw = raw_response(asked.question, attempt.enrollment_id, number - 1, fields)
    more = {"number": number, "revision": sent["revision"], "token": sent["token"]}
    return drilling.answer(attempt, found.rule, question, raw, **more)


# /certificates/


@require_safe
def check_certificate(request):
    """Public: a field for the number, so that nobody has to know how addresses are made."""
    form = CertificateNumberForm(request.GET or None)
    if form.is_valid():
        return redirect("assessment:certificate", form.cleaned_data["number"])
    status = form_status(form)
    return render(request, "assessment/check_certificate.html", {"form": form}, status=status)


@require_safe
def certificate(request, number):
    """Public: what the certificate says, and whether it is valid today. The number is the only key."""
    certificates = Certificate.objects.select_related("enrollment", "release__course").defer("release__outlines")
    found = certificates.filter(number=number.lower()).first()
    if found is None:
        context = {"form": CertificateNumberForm(initial={"number": number}), "unknown": number[:60]}
        return render(request, "assessment/unknown_certificate.html", context, status=404)
    wanted_languages = (get_language(), found.release.course.source_language, *found.titles)
    language = next(language for language in wanted_languages if language in found.titles)
    context = {
        "certificate": found,
        "title": found.titles[language],
        "title_language": display_tag(language),
        "grouped": certifying.grouped(found.number),
        "is_valid": found.is_valid(),
        "check_address": settings.SITE_URL + reverse("assessment:check-certificate"),
        "is_own": request.user.is_authenticated and found.enrollment.learner_id == request.user.pk,
    }
    return render(request, "assessment/certificate.html", context)
