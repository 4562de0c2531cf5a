"""Anonymous survey results, in steps of people that `lib.disclosure` allows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any
from uuid import UUID

from courseware.content.models import Document, ReleaseEntry
from courseware.content.rendering.store import FollowUpSurvey, Outline, PageData, Step
from courseware.learning.models import SurveyAnswers
from courseware.lib import dates
from courseware.lib.disclosure import FEWEST_FOR_TEXT, disclosed
from courseware.lib.text.fractions_text import PERCENT_FROM, Share, anonymous_shares

Asked = Mapping[str, Any]  # a question of a rendered survey page
Given = tuple[date, UUID, int, Mapping[str, Any]]  # shown from, row id, release id, answers


@dataclass(frozen=True)
class Bar:
    """A choice: its label as HTML, and its share of the people who answered."""

    label: str
    share: Share


@dataclass(frozen=True)
class QuestionResult:
    """Result of a question. `answered`: people in steps of 5; `ends`: labels of a scale's ends; `mean`, `recommend`
    (−100 to 100): None if not applicable; `texts`: in random order.
    """

    title: str
    answered: int
    bars: tuple[Bar, ...] = ()
    ends: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    mean: float | None = None
    recommend: int | None = None


def surveys_on(outlines: Iterable[Outline]) -> list[tuple[str, Step | FollowUpSurvey]]:
    """Return (course id, survey or follow-up) of all surveys in these outlines."""
    found: list[tuple[str, Step | FollowUpSurvey]] = []
    for outline in outlines:
        found += [(outline.course_id, outline.step(outline.survey_id))] if outline.survey_id else []
        found += [(outline.course_id, follow_up) for follow_up in outline.follow_up_surveys]
    return found


def survey_results(survey: Document, page: PageData, today: date | None = None) -> tuple[int, list[QuestionResult]]:
    """Return (number of people, result per question of `page`); (0, []) for too few people. `page`: of `survey`;
    `today`: default is the site's date. Runs up to 2 queries.
    """
    today = today or dates.site_day()
    rows = SurveyAnswers.objects.filter(survey=survey).order_by("pk")
    columns = ("shown_from", "pk", "release_id", "answers")
    given = [row for row in rows.values_list(*columns) if row[0]]
    return results_of(given, page, shapes_asked(survey) if given else {}, today)


def results_of(
    given: list[Given], page: PageData, shapes: Mapping[int, Mapping[str, tuple]], today: date
) -> tuple[int, list[QuestionResult]]:
    """As `survey_results`, of answers `given`, which the caller has sorted by row id. `shapes`: from `shapes_asked`."""
    number = len(disclosed(((day, pk) for day, pk, _release, _answers in given), today))
    if not number:
        return 0, []
    results = []
    for question in page.data["questions"]:
        identifier = question["id"]
        # Questions are optional, so each has its own steps of 5.
        answers_to_it = [
            (day, (pk, answers[identifier]))
            for day, pk, release, answers in given
            if identifier in answers and shapes[release].get(identifier) == shape_of(question)
        ]
        shown = sorted(disclosed(answers_to_it, today), key=itemgetter(0))
        results.append(question_result(question, [answer for _pk, answer in shown]))
    return number, results


def shapes_asked(survey: Document) -> dict[int, dict[str, tuple]]:
    """Return release id → question id → shape. Runs 1 query."""
    pages = ReleaseEntry.objects.filter(document=survey).values_list("release_id", "pages__data")
    return {release: {question["id"]: shape_of(question) for question in data["questions"]} for release, data in pages}


def shape_of(question: Asked) -> tuple:
    """Return the parts of a question that must be equal for answers to be comparable."""
    # Answers stay valid if only the wording changes.
    return question["kind"], question["from"], question["to"], len(question["choices"])


def scale_result(question: Asked, given: list) -> QuestionResult:
    values = range(question["from"], question["to"] + 1)
    is_varied = max(Counter(given).values()) < len(given) - 1  # otherwise the mean reveals all answers
    # The score is a difference of percentages, so it needs as many people as a percentage.
    recommends = is_varied and (question["from"], question["to"]) == (0, 10) and len(given) >= PERCENT_FROM
    return QuestionResult(
        question["title"],
        len(given),
        bars=bars(((str(value), value) for value in values), given, len(given)),
        ends=tuple(question["choices"]),
        mean=round(sum(given) / len(given), 1) if is_varied else None,
        recommend=recommend_score(given) if recommends else None,
    )


def question_result(question: Asked, given: list) -> QuestionResult:
    title, choices = question["title"], question["choices"]
    if not given:
        return QuestionResult(title, 0)
    if question["kind"] == "open":
        is_shown = len(given) >= FEWEST_FOR_TEXT
        return QuestionResult(title, len(given), texts=tuple(given)) if is_shown else QuestionResult(title, 0)
    if question["kind"] == "scale":
        return scale_result(question, given)
    positions = [position for each in given for position in (each if isinstance(each, list) else [each])]
    return QuestionResult(
        title, len(given), bars=bars(((text, n) for n, text in enumerate(choices)), positions, len(given))
    )


def bars(labels: Iterable[tuple[str, int]], values: list[int], total: int) -> tuple[Bar, ...]:
    """Return a bar for each of `labels` (label, value). `values`: all values chosen; `total`: people who answered."""
    counts = Counter(values)
    labels = list(labels)
    shares = anonymous_shares([counts[value] for _label, value in labels], total)
    return tuple(Bar(label, share) for (label, _value), share in zip(labels, shares, strict=True))


def recommend_score(values: list[int]) -> int:
    """Return the net promoter score, −100 to 100: percentage of 9 and 10 minus that of 0 to 6. `values`: not empty."""
    promoters, detractors = sum(value >= 9 for value in values), sum(value <= 6 for value in values)
    return round(100 * (promoters - detractors) / len(values))
