"""Compile the course outline in one language to JSON, which `store.read_outline` reads."""

from typing import Any

from courseware.content.rendering.pages import PageCompiler
from courseware.course_format.awaiting_review import (
    WAITS,
    awaits_review_whole,
    is_awaiting_review,
    sections_awaiting_review,
)
from courseware.course_format.course import CourseText, Module, RouteStep
from courseware.course_format.parsing.metadata import CourseMeta, ExamMeta, SurveyMeta
from courseware.course_format.parsing.parser import ParsedDocument
from courseware.course_format.questions.question_types import by_family
from courseware.course_format.reading_time import exam_on, is_pre_test, minutes_of, required_ids


def compile_outline(course: CourseText, language: str, whole: CourseText | None = None) -> dict[str, Any]:
    """Return the outline of a course without errors. `course`: without content awaiting expert review; `whole`: the
    same course with it (None: there is none).
    """
    document, meta = next(course.with_meta(CourseMeta))
    text = course.text(document.id, language)
    steps = [step for step in course.route if has_page(course, step)]
    exam, pre_check = exam_on(course, meta, steps), pre_check_of(course)
    required = required_ids(course, meta, steps, exam)
    after = ids_after(exam, steps)
    # Pairs instead of objects, because PostgreSQL reorders keys.
    return {
        "course_id": course.id,
        "title": text.title,
        "language": language,
        "tracks": tracks_of(meta, text),
        "required": required,
        "valid_months": meta.valid_months,
        "exam_id": exam.id if exam else None,
        "pre_check_id": pre_check,
        "again_after": getattr(course.source(pre_check).meta, "again_after", None) if pre_check else None,
        "terms": terms_in(course, language),
        "awaiting_review": awaiting_review(whole or course, language),
        "survey_id": next((step.id for step in steps if step.kind == "survey"), None),
        "follow_up_surveys": follow_up_surveys_in(course, language),
        "card_id": next((card.id for card in course.of_kind("card")), None),
        "reviews": list(meta.reviews),
        "modules": [
            module_data(course, module, number, language, required, after)
            for number, module in enumerate(course.modules, start=1)
        ],
        "objective_lessons": dict(course.first_lessons),
    }


def tracks_of(meta: CourseMeta, text: ParsedDocument) -> list[list[str]]:
    """Return [job role, label] pairs. `text`: course document in one language; `meta`: for labels that it lacks."""
    labels = text.meta.tracks if isinstance(text.meta, CourseMeta) else meta.tracks
    return [[job_role, labels.get(job_role, label)] for job_role, label in meta.tracks.items()]


def ids_after(exam: RouteStep | None, steps: list[RouteStep]) -> set[str]:
    """Return ids of the steps after `exam`, which is one of them; an empty set for None."""
    return {step.id for step in steps[steps.index(exam) + 1 :]} if exam else set()


def awaiting_review(course: CourseText, language: str) -> list[list[Any]]:
    """Return [id, title, section titles] of each document that needs an expert review, also if it has one. Without
    section titles, the whole document needs it. `course`: with this content.
    """
    found = []
    for source in map(course.source, course.documents):
        if is_awaiting_review(source):
            text = course.text(source.id, language)
            found.append(
                [source.id, text.title, [each.title for each in sections_awaiting_review(text) if each.kind == WAITS]]
            )
    return found


def terms_in(course: CourseText, language: str) -> list[list[Any]]:
    """Return [name, names in other languages] of each glossary term with a name in `language`."""
    return [
        [term.texts[language], [name for tag, name in term.texts.items() if tag != language]]
        for term in course.terms.values()
        if language in term.texts
    ]


def has_page(course: CourseText, step: RouteStep) -> bool:
    """Return whether the outline has the step. Pre-tests other than `pre_check_of`, surveys for managers, and surveys
    after some days are no steps.
    """
    meta = course.source(step.id).meta
    if isinstance(meta, ExamMeta):
        return not meta.is_pre_check or step.id == pre_check_of(course)
    if isinstance(meta, SurveyMeta):
        return meta.audience == "learner" and meta.after_days == 0
    return step.kind in ("lesson", "simulation")


def follow_up_surveys_in(course: CourseText, language: str) -> list[dict[str, Any]]:
    """Return {"id", "title", "after_days"} of each survey for managers that is in a module."""
    metas = {step.id: course.source(step.id).meta for step in course.route}
    return [
        {"id": step, "title": course.text(step, language).title, "after_days": meta.after_days}
        for step, meta in metas.items()
        if isinstance(meta, SurveyMeta) and meta.audience == "manager"
    ]


def pre_check_of(course: CourseText) -> str | None:
    """Return the id of the pre-test if it precedes all lessons and simulations, else None."""
    for step in course.route:
        if step.kind in ("lesson", "simulation"):
            return None
        if is_pre_test(course, step):
            return step.id
    return None


def module_data(course: CourseText, module: Module, number: int, language: str, required, after) -> dict[str, Any]:
    """Return a module as stored in the outline. `number`: of the module, from 1. `required`: ids of required steps;
    `after`: ids of steps after the exam.
    """
    text = course.text(module.id, language)
    page = PageCompiler(course, {}, text)
    steps = [step for step in module.steps if has_page(course, step)]
    return {
        "id": module.id,
        "number": number,
        "title": text.title,
        "steps": [
            step_data(course, step, position, module.id, language)
            | {"is_required": step.id in required, "is_after_exam": step.id in after}
            for position, step in enumerate(steps, start=1)
        ],
        "objectives": [[entry.id, page.renderer.inline(entry.text)] for entry in text.entries],
    }


def step_data(course: CourseText, step: RouteStep, number: int, module_id: str, language: str) -> dict[str, Any]:
    """Return a step as stored, without `is_required` and `is_after_exam`. `number`: in its module, from 1."""
    meta = course.source(step.id).meta
    is_lesson = step.kind == "lesson"
    asked = {each.id: each for each in course.check_questions(step.id, course.languages[0])} if is_lesson else {}
    return {
        "id": step.id,
        "kind": "pre-check" if is_pre_test(course, step) else step.kind,
        "title": course.text(step.id, language).title,
        "minutes": minutes_of(course, step.id, language),
        "number": number,
        "module_id": module_id,
        "check": [
            {"id": first, "tracks": list(asked[first].tracks), "wordings": list(variants)}
            for first, variants in by_family(asked.values()).items()
        ],
        "objectives": list(getattr(meta, "objectives", ())),
        "waited": awaits_review_whole(meta),
    }
