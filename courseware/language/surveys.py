"""Questions of a survey: they have neither a right answer nor reasons (docs/formats.md §8)."""

from dataclasses import dataclass

from courseware.language.parsing import Section


@dataclass(frozen=True)
class SurveyQuestion:
    """`kind` is scale, one, several or open. A scale runs from `first` to `last`; its two choices label the ends."""

    kind: str
    id: str
    title: str
    stem: str
    choices: tuple[str, ...] = ()
    first: int = 0
    last: int = 0


def make_survey_question(section: Section) -> SurveyQuestion:
    items = section.items
    ends = [int(section.attrs[key]) if section.attrs.get(key, "").isdecimal() else 0 for key in ("from", "to")]
    return SurveyQuestion(
        section.kind, section.id, section.title, section.stem, tuple(item.text for item in items), *ends
    )
