"""Checks of exams and question banks: enough questions, keys that cannot be guessed (docs/formats.md §6, §10)."""

from collections import Counter
from collections.abc import Iterator

from courseware.course_format.checks.registry import always, when_complete
from courseware.course_format.course import CourseText
from courseware.course_format.diagnostics import Diagnostic, Finding
from courseware.course_format.parsing.marked_text import plain
from courseware.course_format.parsing.metadata import BankMeta, ExamMeta, ExamSection
from courseware.course_format.parsing.parser import ParsedDocument
from courseware.course_format.questions.question_types import Question, askable
from courseware.course_format.reading_time import job_role_ids

# With fewer questions, shares are noise.
MIN_QUESTIONS = 8
# Largest distance from chance of the share of keys at one position, in a bank and in all banks of an exam.
MAX_FROM_CHANCE, MAX_FROM_CHANCE_IN_ALL = 0.15, 0.10
# The share of keys that may be the longest choice, in all banks of an exam.
MAX_LONGEST_IN_ALL = 0.40


@always
def check_draws(course: CourseText) -> Iterator[Diagnostic]:
    """Report banks with too few questions for all attempts of an exam, or too few variants for its post-test."""
    for exam, meta in course.with_meta(ExamMeta):
        for index, exam_section in enumerate(meta.strata):
            if exam_section.bank in course.documents and course.source(exam_section.bank).kind == "bank":
                line = exam.front.line("strata", index)
                yield from (Diagnostic(exam.path, line, finding) for finding in _missing(course, meta, exam_section))
        yield from _check_families(course, exam, meta)


def _missing(course: CourseText, meta: ExamMeta, exam_section: ExamSection) -> Iterator[Finding]:
    bank, drawn = exam_section.bank, exam_section.draw - len(exam_section.critical)
    if drawn < 0:
        yield Finding("slots-beyond-draw", bank=bank, slots=len(exam_section.critical), draw=exam_section.draw)
        return
    reported: set[tuple[str, int]] = set()  # (objective, count), once for all job roles
    for job_role, questions in _for_each_track(course, bank):
        others = [question for question in questions if not question.critical]
        families = Counter(question.family for question in others)
        if len(families) < drawn:
            yield Finding("too-few-families", bank=bank, count=len(others), track=job_role, draw=drawn)
            return
        fields = {"bank": bank, "track": job_role, "attempts": meta.attempts}
        # Each attempt asks new questions, one of each variant group.
        needed, count = drawn * meta.attempts, askable(families.values(), meta.attempts)
        if count < needed and ("", count) not in reported:
            reported.add(("", count))
            finding = "too-few-questions" if len(others) < needed else "too-large-families"
            yield Finding(finding, count=count, expected=needed, **fields)
        for objective, fitting, needed in _lacking_critical(exam_section, meta.attempts, questions):
            if (objective, fitting) not in reported:
                reported.add((objective, fitting))
                counts = {"count": fitting, "expected": needed}
                yield Finding("too-few-critical", objective=objective, **counts, **fields)


def _lacking_critical(
    exam_section: ExamSection, attempts: int, questions: list[Question]
) -> Iterator[tuple[str, int, int]]:
    """Yield (objective, its must-know questions, number needed) if too few: each attempt asks a missed rule again."""
    fitting = Counter(question.objective for question in questions if question.critical)
    for slot, count in Counter(exam_section.critical).items():
        for objective in slot:
            if fitting[objective] < count * attempts:
                yield objective, fitting[objective], count * attempts


def _for_each_track(course: CourseText, bank: str) -> Iterator[tuple[str | None, list[Question]]]:
    """Yield (job role or "" for none, its questions); only (None, all) if no question is for some job roles."""
    questions = course.questions(bank, course.languages[0])
    if not any(question.tracks for question in questions):
        yield None, list(questions)
        return
    for job_role in (*job_role_ids(course), ""):
        yield job_role, [question for question in questions if question.is_for(job_role)]


def _check_families(course: CourseText, exam: ParsedDocument, meta: ExamMeta) -> Iterator[Diagnostic]:
    if not meta.again_after:
        return
    # The post-test asks another variant of each question.
    for bank in {exam_section.bank for exam_section in meta.strata} & set(course.documents):
        families = Counter(question.family for question in course.questions(bank, course.languages[0]))
        for family, count in families.items():
            if count < 2:
                yield exam.problem(exam.front.line("again_after"), "family-alone", family=family, bank=bank)


@always
def check_topics(course: CourseText) -> Iterator[Diagnostic]:
    """Report topics of a bank that are no variant group of its questions."""
    for bank, meta in course.with_meta(BankMeta):
        families = {question.family for question in course.questions(bank.id, course.languages[0])}
        for topic in meta.topics:
            if topic not in families:
                yield bank.problem(bank.front.line("topics"), "unknown-topic", topic=topic)


@when_complete
def check_tested(course: CourseText) -> Iterator[Diagnostic]:
    """Report objectives with fewer than two bank questions, in modules that a bank asks about."""
    asked = Counter(
        question.objective
        for bank in course.of_kind("bank")
        for question in course.questions(bank.id, course.languages[0])
    )
    modules = {course.objectives[objective].document for objective in asked if objective in course.objectives}
    for objective in course.objectives.values():
        if objective.document in modules and asked[objective.id] < 2:
            yield objective.problem("objective-untested", objective=objective.id, count=asked[objective.id])


@always
def check_practice_rules(course: CourseText) -> Iterator[Diagnostic]:
    """Report must-know objectives of an exam with too few questions in its bank of practice questions."""
    for exam, meta in course.with_meta(ExamMeta):
        practice = meta.critical_drill
        if practice is None or practice.bank not in course.documents:
            continue
        asked = Counter(question.objective for question in course.questions(practice.bank, course.languages[0]))
        slots = {objective for exam_section in meta.strata for slot in exam_section.critical for objective in slot}
        for objective in sorted(slots):
            if asked[objective] < practice.right:
                counts = {"count": asked[objective], "expected": practice.right}
                yield exam.problem(
                    exam.front.line("critical_drill"),
                    "too-few-drills",
                    bank=practice.bank,
                    objective=objective,
                    **counts,
                )


@always
def check_balance(course: CourseText) -> Iterator[Diagnostic]:
    """Report very long options, and banks, exams and courses whose keys can be guessed by position or length."""
    for document, text in course.texts("bank", "lesson"):
        questions = with_one_key(course, [document.id], text.language)
        yield from _check_lengths(text, questions)
        if document.kind == "bank":
            yield from _check_shares(text, questions, MAX_FROM_CHANCE, is_source=text is document)
    lessons = [lesson.id for lesson in course.of_kind("lesson")]
    pools = [(exam, [exam_section.bank for exam_section in meta.strata]) for exam, meta in course.with_meta(ExamMeta)]
    for document, pool in [*pools, *((document, lessons) for document in course.of_kind("course"))]:
        for language, translation in course.documents[document.id].items():
            questions = with_one_key(course, pool, language)
            yield from _check_shares(
                translation, questions, MAX_FROM_CHANCE_IN_ALL, MAX_LONGEST_IN_ALL, is_source=translation is document
            )


def with_one_key(course: CourseText, documents: list[str], language: str) -> list[Question]:
    """Return the questions for which `has_one_key` is true. Ids of documents unknown or not in `language` give none."""
    questions = [
        question
        for document in documents
        if language in course.documents.get(document, ())
        for question in course.questions(document, language)
    ]
    return list(filter(has_one_key, questions))


def has_one_key(question: Question) -> bool:
    """Return whether it is a .one question with one right option among at least two, which are shuffled."""
    return question.kind == "one" and not question.numbered and len(question.key) == 1 and len(question.choices) > 1


def _check_shares(
    document: ParsedDocument, questions: list[Question], from_chance: float, longest: float = 1.0, *, is_source: bool
) -> Iterator[Diagnostic]:
    if len(questions) < MIN_QUESTIONS:
        return
    # Positions are the same in every language.
    for position, (share, chance) in places_of_keys(questions).items() if is_source else ():
        if abs(share - chance) > from_chance:
            yield document.problem(1, "key-by-place", place=position + 1, share=share, chance=chance)
    share, chance = longest_keys(questions)
    if share > min(longest, chance + MAX_FROM_CHANCE):
        yield document.problem(1, "key-by-length", share=share)


def places_of_keys(questions: list[Question]) -> dict[int, tuple[float, float]]:
    """Return position from 0 → (share of keys there, share by chance). `questions`: with one key each, not empty."""
    keys = Counter(question.key[0] for question in questions)
    sizes = Counter(len(question.choices) for question in questions)
    return {
        position: (
            keys[position] / len(questions),
            sum(count / size for size, count in sizes.items() if size > position) / len(questions),
        )
        for position in range(max(sizes))
    }


def longest_keys(questions: list[Question]) -> tuple[float, float]:
    """Return (share of keys longer than every other option, share by chance). `questions`: with one key, not empty."""
    longest = 0
    for question in questions:
        lengths = _lengths(question)
        key = lengths.pop(question.key[0])
        longest += key > max(lengths)
    return longest / len(questions), sum(1 / len(question.choices) for question in questions) / len(questions)


def _lengths(question: Question) -> list[int]:
    return [len(plain(choice.text)) for choice in question.choices]


def _check_lengths(document: ParsedDocument, questions: list[Question]) -> Iterator[Diagnostic]:
    for question in questions:
        lengths = _lengths(question)
        top, second = sorted(lengths, reverse=True)[:2]
        if top > 2 * second and top - second > 6 and (section := document.section(question.id)):
            position = lengths.index(top)
            yield document.problem(
                section.items[position].line, "choice-too-long", choice=question.choices[position].text
            )
