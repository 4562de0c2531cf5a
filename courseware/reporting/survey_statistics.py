"""Survey results, shown only from ENOUGH answers on, so that nobody can be identified."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from courseware.content.compiled.serving import Outline, PageData, Step
from courseware.content.models import Document, ReleaseEntry
from courseware.learning.models import SurveyAnswers

ENOUGH = 5

Asked = Mapping[str, Any]  # a question of a survey's page: see `content.compiling`


@dataclass(frozen=True)
class Bar:
    """`label` is HTML; `percent` is whole, of those who answered the question."""

    label: str
    count: int
    percent: int


@dataclass(frozen=True)
class QuestionResult:
    """`mean` and `recommend` (−100 to 100) are None if they make no sense; `ends` say what the ends of a scale mean.

    Texts are in the order of the answers' random keys, so that it tells nothing about people.
    """

    title: str
    answered: int
    bars: tuple[Bar, ...] = ()
    ends: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    mean: float | None = None
    recommend: int | None = None


def surveys_on(routes: Iterable[Outline]) -> list[tuple[str, Step]]:
    """(course id, step) of the survey of each course."""
    return [(route.course_id, route.step(route.survey_id)) for route in routes if route.survey_id]


def survey_results(survey: Document, page: PageData) -> tuple[int, list[QuestionResult]]:
    """(number of people who answered, a result per question); no results for fewer than ENOUGH."""
    given = list(SurveyAnswers.objects.filter(survey=survey).values_list("release_id", "answers"))
    if len(given) < ENOUGH:
        return len(given), []
    shapes = shapes_asked(survey)
    return len(given), [
        question_result(
            question,
            [
                answers[question["id"]]
                for release, answers in given
                if question["id"] in answers and shapes[release].get(question["id"]) == shape_of(question)
            ],
        )
        for question in page.data["questions"]
    ]


def shapes_asked(survey: Document) -> dict[int, dict[str, tuple]]:
    """Primary key of a release → question id → its shape then. Runs one query."""
    pages = ReleaseEntry.objects.filter(document=survey).values_list("release_id", "pages__data")
    return {release: {question["id"]: shape_of(question) for question in data["questions"]} for release, data in pages}


def shape_of(question: Asked) -> tuple:
    # Answers stay valid when words change, but not when kind, scale or number of choices do.
    return question["kind"], question["from"], question["to"], len(question["choices"])


def question_result(question: Asked, given: list) -> QuestionResult:
    title, choices = question["title"], question["choices"]
    if len(given) < ENOUGH:  # fewer than answered the survey: no question is compulsory
        return QuestionResult(title, len(given))
    if question["kind"] == "open":
        return QuestionResult(title, len(given), texts=tuple(given))
    if question["kind"] == "scale":
        values = range(question["from"], question["to"] + 1)
        return QuestionResult(
            title,
            len(given),
            bars=bars(((str(value), value) for value in values), given, len(given)),
            ends=tuple(choices),
            mean=round(sum(given) / len(given), 1) if given else None,
            recommend=recommend_score(given) if given and (question["from"], question["to"]) == (0, 10) else None,
        )
    places = [place for each in given for place in (each if isinstance(each, list) else [each])]
    return QuestionResult(
        title, len(given), bars=bars(((text, n) for n, text in enumerate(choices)), places, len(given))
    )


def bars(labels: Iterable[tuple[str, int]], values: list[int], total: int) -> tuple[Bar, ...]:
    counts = Counter(values)
    return tuple(Bar(label, counts[value], 100 * counts[value] // total if total else 0) for label, value in labels)


def recommend_score(values: list[int]) -> int:
    """Net promoter score, −100 to 100: the percentage of 9 and 10 minus that of 0 to 6. `values` is not empty."""
    promoters, detractors = sum(value >= 9 for value in values), sum(value <= 6 for value in values)
    return round(100 * (promoters - detractors) / len(values))
