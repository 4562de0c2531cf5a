"""Exams and their banks: enough questions for every attempt, and keys that cannot be guessed (formats.md §6, §10)."""

from collections import Counter
from collections.abc import Iterator

from courseware.content.courses import CourseText
from courseware.content.documents import Problem
from courseware.content.metadata import ExamMeta, Stratum
from courseware.content.questions import Question
from courseware.content.reading import Document
from courseware.content.spans import plain

# With fewer questions, shares say nothing.
MIN_QUESTIONS = 8
# How far above chance the share of one place, or of the longest choice, may lie.
MAX_ABOVE_CHANCE = 0.15


def check_draws(course: CourseText) -> Iterator[Problem]:
    """Each attempt asks unseen questions, so a bank holds those of all attempts, for every track."""
    for exam in course.of_kind("exam"):
        for index, stratum in enumerate(exam.meta.strata if exam.meta else ()):
            if stratum.bank in course.documents and course.source(stratum.bank).kind == "bank":
                line = exam.front.line("strata", index)
                yield from (Problem(exam.path, line, message) for message in _missing(course, exam.meta, stratum))
        yield from _check_families(course, exam)


def _missing(course: CourseText, meta: ExamMeta, stratum: Stratum) -> Iterator[str]:
    drawn = stratum.draw - len(stratum.critical)
    if drawn < 0:
        yield f"{stratum.bank}: {len(stratum.critical)} critical slots, but only {stratum.draw} are drawn"
        return
    times = "1 attempt needs" if meta.attempts == 1 else f"{meta.attempts} attempts need"
    told: set[str] = set()
    for shown, questions in _for_each_track(course, stratum.bank):
        others = [question for question in questions if not question.critical]
        wanted = [(f"{stratum.bank} has {len(others)} questions", len(others), drawn)]
        if len({question.family for question in others}) < drawn:
            yield f"{stratum.bank} has {len(others)} questions of too few families{shown}, one attempt draws {drawn}"
            return
        for slot, count in Counter(stratum.critical).items():
            fitting = [question for question in questions if question.critical and question.objective in slot]
            name = f"slot {' or '.join(slot)} of {stratum.bank}"
            wanted.append((f"{name} has {len(fitting)} critical questions", len(fitting), count))
        for text, there, per_attempt in wanted:
            if there < per_attempt * meta.attempts and text not in told:
                told.add(text)
                yield f"{text}{shown}, {times} {per_attempt * meta.attempts}"


def _for_each_track(course: CourseText, bank: str) -> Iterator[tuple[str, list[Question]]]:
    """The questions every learner is asked, or those of each track where some are for one track only."""
    questions = course.questions(bank, course.languages[0])
    if not any(question.tracks for question in questions):
        yield "", list(questions)
        return
    meta = next((document.meta for document in course.of_kind("course")), None)
    for track in meta.tracks if meta else ():
        yield f" for {track}", [question for question in questions if not question.tracks or track in question.tracks]


def _check_families(course: CourseText, exam: Document) -> Iterator[Problem]:
    """What is asked again after another exam needs a second question of each family."""
    if not exam.meta or not exam.meta.again_after:
        return
    for bank in {stratum.bank for stratum in exam.meta.strata} & set(course.documents):
        families = Counter(question.family for question in course.questions(bank, course.languages[0]))
        for family, count in families.items():
            if count < 2:
                message = f'family "{family}" of {bank} has one question; asked again it needs two'
                yield Problem(exam.path, exam.front.line("again_after"), message)


def check_tested(course: CourseText) -> Iterator[Problem]:
    """Objectives of the modules that the banks ask about have at least two questions."""
    asked = Counter(
        question.objective
        for bank in course.of_kind("bank")
        for question in course.questions(bank.id, course.languages[0])
    )
    modules = {course.objectives[objective].document for objective in asked if objective in course.objectives}
    for objective in course.objectives.values():
        if objective.document in modules and asked[objective.id] < 2:
            message = f"objective {objective.id} has {asked[objective.id]} questions in the banks, expected at least 2"
            yield Problem(objective.path, objective.line, message)


def check_balance(course: CourseText) -> Iterator[Problem]:
    """Warnings about keys that give themselves away by place or length, for each bank and language."""
    for bank in course.of_kind("bank"):
        for language, document in course.documents[bank.id].items():
            questions = [q for q in course.questions(bank.id, language) if q.kind == "one" and not q.numbered]
            whole = [q for q in questions if len(q.key) == 1 and len(q.choices) > 1]
            if document is bank:
                yield from _check_places(document, whole)
            yield from _check_lengths(document, whole)


def _check_places(document: Document, questions: list[Question]) -> Iterator[Problem]:
    places = Counter(question.key[0] for question in questions)
    for place, count in sorted(places.items()):
        if _is_above_chance(count, questions):
            share = f"{100 * count // len(questions)} % of the questions"
            yield Problem(document.path, 1, f"key at place {place + 1} in {share}", "warning")


def _check_lengths(document: Document, questions: list[Question]) -> Iterator[Problem]:
    longest = 0
    for question in questions:
        lengths = [len(plain(choice.text)) for choice in question.choices]
        others = max(length for place, length in enumerate(lengths) if place != question.key[0])
        longest += lengths[question.key[0]] > others
        top, second = sorted(lengths, reverse=True)[:2]
        if top > 2 * second and top - second > 6:
            items = document.section(question.id).choices.items
            message = f'choice "{question.choices[lengths.index(top)].text[:30]}" is twice as long as its neighbours'
            yield Problem(document.path, items[lengths.index(top)].line, message, "warning")
    if _is_above_chance(longest, questions):
        share = f"{100 * longest // len(questions)} % of the questions"
        yield Problem(document.path, 1, f"the key is the longest choice in {share}", "warning")


def _is_above_chance(count: int, questions: list[Question]) -> bool:
    """Whether `count` of the questions is clearly more than guessing a choice would hit."""
    if len(questions) < MIN_QUESTIONS:
        return False
    chance = sum(1 / len(question.choices) for question in questions) / len(questions)
    return count / len(questions) > chance + MAX_ABOVE_CHANCE
