"""Exams and their banks: questions for every attempt, and keys that cannot be guessed (docs/formats.md §6, §10)."""

from collections import Counter
from collections.abc import Iterator

from courseware.course_format.checks.registry import always, when_complete
from courseware.course_format.course import CourseText
from courseware.course_format.diagnostics import Diagnostic, Finding
from courseware.course_format.parsing.marked_text import plain
from courseware.course_format.parsing.metadata import BankMeta, ExamMeta, ExamSection
from courseware.course_format.parsing.parser import ParsedDocument
from courseware.course_format.questions.question_types import Question, askable
from courseware.course_format.reading_speed import tracks_of

# With fewer questions, shares are noise.
MIN_QUESTIONS = 8
# Largest distance from chance of the share of keys at one place, in a bank and in all banks of an exam.
MAX_FROM_CHANCE, MAX_FROM_CHANCE_IN_ALL = 0.15, 0.10
# The share of keys that may be the longest choice, in all banks of an exam.
MAX_LONGEST_IN_ALL = 0.40


@always
def check_draws(course: CourseText) -> Iterator[Diagnostic]:
    for exam, meta in course.with_meta(ExamMeta):
        for index, stratum in enumerate(meta.strata):
            if stratum.bank in course.documents and course.source(stratum.bank).kind == "bank":
                line = exam.front.line("strata", index)
                yield from (Diagnostic(exam.path, line, finding) for finding in _missing(course, meta, stratum))
        yield from _check_families(course, exam, meta)


def _missing(course: CourseText, meta: ExamMeta, stratum: ExamSection) -> Iterator[Finding]:
    bank, drawn = stratum.bank, stratum.draw - len(stratum.critical)
    if drawn < 0:
        yield Finding("slots-beyond-draw", bank=bank, slots=len(stratum.critical), draw=stratum.draw)
        return
    reported: set[tuple[str, int]] = set()  # (objective, count), once for all tracks
    for track, questions in _for_each_track(course, bank):
        others = [question for question in questions if not question.critical]
        families = Counter(question.family for question in others)
        if len(families) < drawn:
            yield Finding("too-few-families", bank=bank, count=len(others), track=track, draw=drawn)
            return
        fields = {"bank": bank, "track": track, "attempts": meta.attempts}
        # Each attempt asks questions that were not seen before, and of a family one.
        needed, count = drawn * meta.attempts, askable(families.values(), meta.attempts)
        if count < needed and ("", count) not in reported:
            reported.add(("", count))
            finding = "too-few-questions" if len(others) < needed else "too-large-families"
            yield Finding(finding, count=count, expected=needed, **fields)
        for objective, fitting, needed in _lacking_critical(stratum, meta.attempts, questions):
            if (objective, fitting) not in reported:
                reported.add((objective, fitting))
                counts = {"count": fitting, "expected": needed}
                yield Finding("too-few-critical", objective=objective, **counts, **fields)


def _lacking_critical(stratum: ExamSection, attempts: int, questions: list[Question]) -> Iterator[tuple[str, int, int]]:
    """(objective, its critical questions, number needed) if too few: a missed rule is asked in each attempt."""
    fitting = Counter(question.objective for question in questions if question.critical)
    for slot, count in Counter(stratum.critical).items():
        for objective in slot:
            if fitting[objective] < count * attempts:
                yield objective, fitting[objective], count * attempts


def _for_each_track(course: CourseText, bank: str) -> Iterator[tuple[str | None, list[Question]]]:
    """(track, its questions), "" being no track; only (None, all) if no question is for some tracks."""
    questions = course.questions(bank, course.languages[0])
    if not any(question.tracks for question in questions):
        yield None, list(questions)
        return
    for track in (*tracks_of(course), ""):
        yield track, [question for question in questions if question.is_for(track)]


def _check_families(course: CourseText, exam: ParsedDocument, meta: ExamMeta) -> Iterator[Diagnostic]:
    if not meta.again_after:
        return
    # After that exam it is asked again, with another question of each family.
    for bank in {stratum.bank for stratum in meta.strata} & set(course.documents):
        families = Counter(question.family for question in course.questions(bank, course.languages[0]))
        for family, count in families.items():
            if count < 2:
                yield exam.problem(exam.front.line("again_after"), "family-alone", family=family, bank=bank)


@always
def check_topics(course: CourseText) -> Iterator[Diagnostic]:
    for bank, meta in course.with_meta(BankMeta):
        families = {question.family for question in course.questions(bank.id, course.languages[0])}
        for topic in meta.topics:
            if topic not in families:
                yield bank.problem(bank.front.line("topics"), "unknown-topic", topic=topic)


@when_complete
def check_tested(course: CourseText) -> Iterator[Diagnostic]:
    asked = Counter(
        question.objective
        for bank in course.of_kind("bank")
        for question in course.questions(bank.id, course.languages[0])
    )
    # Modules that no bank asks about are left out.
    modules = {course.objectives[objective].document for objective in asked if objective in course.objectives}
    for objective in course.objectives.values():
        if objective.document in modules and asked[objective.id] < 2:
            yield objective.problem("objective-untested", objective=objective.id, count=asked[objective.id])


@always
def check_practice_rules(course: CourseText) -> Iterator[Diagnostic]:
    for exam, meta in course.with_meta(ExamMeta):
        drill = meta.critical_drill
        if drill is None or drill.bank not in course.documents:
            continue
        asked = Counter(question.objective for question in course.questions(drill.bank, course.languages[0]))
        slots = {objective for stratum in meta.strata for slot in stratum.critical for objective in slot}
        # A drill is about one objective at a time.
        for objective in sorted(slots):
            if asked[objective] < drill.right:
                counts = {"count": asked[objective], "expected": drill.right}
                yield exam.problem(
                    exam.front.line("critical_drill"), "too-few-drills", bank=drill.bank, objective=objective, **counts
                )


@always
def check_balance(course: CourseText) -> Iterator[Diagnostic]:
    """Keys that can be guessed by place or length: of each bank, all banks of an exam, and all lessons."""
    for document, text in course.texts("bank", "lesson"):
        questions = with_one_key(course, [document.id], text.language)
        yield from _check_lengths(text, questions)
        if document.kind == "bank":
            yield from _check_shares(text, questions, MAX_FROM_CHANCE, is_source=text is document)
    lessons = [lesson.id for lesson in course.of_kind("lesson")]
    pools = [(exam, [stratum.bank for stratum in meta.strata]) for exam, meta in course.with_meta(ExamMeta)]
    for document, pool in [*pools, *((document, lessons) for document in course.of_kind("course"))]:
        for language, translation in course.documents[document.id].items():
            questions = with_one_key(course, pool, language)
            yield from _check_shares(
                translation, questions, MAX_FROM_CHANCE_IN_ALL, MAX_LONGEST_IN_ALL, is_source=translation is document
            )


def with_one_key(course: CourseText, documents: list[str], language: str) -> list[Question]:
    """Questions with one right choice among shuffled ones."""
    questions = [
        question
        for document in documents
        if language in course.documents.get(document, ())
        for question in course.questions(document, language)
    ]
    return list(filter(has_one_key, questions))


def has_one_key(question: Question) -> bool:
    return question.kind == "one" and not question.numbered and len(question.key) == 1 and len(question.choices) > 1


def _check_shares(
    document: ParsedDocument, questions: list[Question], from_chance: float, longest: float = 1.0, *, is_source: bool
) -> Iterator[Diagnostic]:
    if len(questions) < MIN_QUESTIONS:
        return
    # Places are the same in every language.
    for place, (share, chance) in places_of_keys(questions).items() if is_source else ():
        if abs(share - chance) > from_chance:
            yield document.problem(1, "key-by-place", place=place + 1, share=share, chance=chance)
    share, chance = longest_keys(questions)
    if share > min(longest, chance + MAX_FROM_CHANCE):
        yield document.problem(1, "key-by-length", share=share)


def places_of_keys(questions: list[Question]) -> dict[int, tuple[float, float]]:
    """Place → (share of questions whose key is there, share by chance)."""
    keys = Counter(question.key[0] for question in questions)
    sizes = Counter(len(question.choices) for question in questions)
    return {
        place: (
            keys[place] / len(questions),
            sum(count / size for size, count in sizes.items() if size > place) / len(questions),
        )
        for place in range(max(sizes))
    }


def longest_keys(questions: list[Question]) -> tuple[float, float]:
    """(share of questions whose key is longer than any other choice, share by chance)."""
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
            place = lengths.index(top)
            yield document.problem(section.items[place].line, "choice-too-long", choice=question.choices[place].text)
