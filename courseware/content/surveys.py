"""Questions of a survey: nothing is right or wrong, so there is no key and no reason (formats.md §8)."""

from dataclasses import dataclass

from courseware.content.questions import clean_text
from courseware.content.reading import Section


@dataclass(frozen=True)
class SurveyQuestion:
    """`kind` is scale, one, several or open. A scale runs from `first` to `last`, its two choices name the ends."""

    kind: str
    id: str
    title: str
    stem: str
    choices: tuple[str, ...] = ()
    first: int = 0
    last: int = 0

    def clean(self, raw: list[str]) -> list[int] | str:
        """An answer from untrusted strings: [number] of a scale, places of choices, or a text. Raises ValueError."""
        if self.kind == "open":
            return clean_text(raw)
        start, end = (self.first, self.last) if self.kind == "scale" else (0, len(self.choices) - 1)
        numbers = sorted({int(text) for text in raw if text.isascii() and text.isdigit() and start <= int(text) <= end})
        if not numbers or len(numbers) != len(set(raw)) or (self.kind != "several" and len(numbers) > 1):
            raise ValueError(f"expected numbers from {start} to {end}, got {raw!r:.80}")
        return numbers

    @property
    def is_recommend_score(self) -> bool:
        """A scale from 0 to 10 is reported as a recommend score."""
        return self.kind == "scale" and (self.first, self.last) == (0, 10)


def make_survey_question(section: Section) -> SurveyQuestion:
    """The question a section of a survey holds; its structure is already that of the source language."""
    items = section.choices.items if section.choices else ()
    ends = [int(section.attrs[key]) if section.attrs.get(key, "").isdecimal() else 0 for key in ("from", "to")]
    return SurveyQuestion(
        section.kind, section.id, section.title, section.stem, tuple(item.text for item in items), *ends
    )
