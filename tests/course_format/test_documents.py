from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.course_format.diagnostics import Diagnostic, Finding
from courseware.course_format.parsing.documents import Name, display_tag, parse_name
from courseware.course_format.parsing.frontmatter import build_meta, decode, parse_front
from courseware.course_format.parsing.metadata import (
    MODELS,
    ExamMeta,
    ExamSection,
    PracticeRule,
    Retake,
    parse_duration,
)


def test_diagnostic_shows_path_line_and_message():
    assert (
        str(Diagnostic("course.en.md", 4, Finding("key-missing", key="title"))) == 'course.en.md:4: "title" is missing'
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("course.zh-hans.md", Name("course", 0, "zh-hans")),
        ("emergency.card.en.md", Name("card", 0, "en")),
        ("outline.en.md", Name("outline", 0, "en")),
        ("sources.en.md", Name("sources", 0, "en")),
        ("terms.en.md", Name("terms", 0, "en")),
        ("04-procedures/module.en.md", Name("module", 4, "en", "04-procedures")),
        ("04-procedures/07-who-knows.en.md", Name("lesson", 7, "en", "04-procedures")),
        ("04-procedures/07-who-knows.simulation.zh-hans.md", Name("simulation", 7, "zh-hans", "04-procedures")),
        ("06-end/02-final.exam.en-gb.md", Name("exam", 2, "en-gb", "06-end")),
        ("06-end/04-feedback.survey.en.md", Name("survey", 4, "en", "06-end")),
        ("06-end/bank/m3.bank.en.md", Name("bank", 0, "en", "06-end")),
        ("media/ladder.en.svg", Name("media")),
        ("README.md", Name("media")),
        ("LICENSE", Name("media")),
    ],
)
def test_file_name_gives_kind_order_language_and_folder(path, name):
    assert parse_name(path) == name


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("01-a/02-b.quizz.en.md", 'no kind of document is called "quizz"; there are course, card'),
        ("01-a/b.en.md", "no document has a name like this; expected course.en.md"),
        ("01-a/02-b.md", "no document has a name like this"),
        ("01-a/02-b.EN.md", "no document has a name like this"),
        ("course.md", "no document has a name like this"),
        ("bank/m1.bank.en.md", "no document has a name like this"),
        ("01-a/01-b/02-c.en.md", "no document has a name like this"),
    ],
)
def test_invalid_document_name_is_refused(path, message):
    with pytest.raises(ValueError, match=message):
        parse_name(path)


def test_language_tags_are_shown_in_standard_case():
    assert [display_tag(tag) for tag in ("zh-hans", "en", "en-gb", "zh-hant-tw")] == [
        "zh-Hans",
        "en",
        "en-GB",
        "zh-Hant-TW",
    ]


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("10 min", timedelta(minutes=10)),
        ("24 h", timedelta(hours=24)),
        ("7 days", timedelta(days=7)),
        ("1 day", timedelta(days=1)),
    ],
)
def test_durations_have_a_unit(text, duration):
    assert parse_duration(text) == duration


@given(st.one_of(st.text(), st.integers(), st.none()))
def test_other_values_are_no_duration(value):
    try:
        assert isinstance(parse_duration(value), timedelta)
    except ValueError as error:
        assert str(error).startswith("no duration")


def test_front_matter_becomes_frozen_model():
    front = parse_front(
        decode(
            b"""---
id: final
title: Final
minutes: 15
pass_mark: 80
strata:
  - {bank: b1, draw: 3, critical: [[O1.1, O1.2], [O1.3]]}
retakes: [{wait: 10 min, after: lessons}, {wait: 24 h}]
reopens: 7 days
critical_drill: {bank: drill, right: 3}
---
"""
        )
    )
    assert build_meta("06-end/02-final.exam.en.md", "exam", front) == (
        ExamMeta(
            id="final",
            title="Final",
            minutes=15,
            pass_mark=80,
            strata=(ExamSection(bank="b1", draw=3, critical=(("O1.1", "O1.2"), ("O1.3",))),),
            retakes=(Retake(wait="10 min", after="lessons"), Retake(wait="24 h")),
            reopens="7 days",
            critical_drill=PracticeRule(bank="drill", right=3),
        ),
        [],
    )


@pytest.mark.parametrize("text", ["no", "17:50", "2026-11-20", "1.5", "0x10"])
def test_yaml_special_values_stay_text(text):
    front = parse_front(decode(f"---\nid: m1\ntitle: {text}\n---\n".encode()))
    assert build_meta("01-a/module.en.md", "module", front) == (MODELS["module"](id="m1", title=text), [])


def test_translation_inherits_structure_from_source():
    source = {"id": "tea", "title": "茶", "covers": ("M1",), "objectives": ("O1.1",)}
    front = parse_front(decode(b"---\nid: tea\ntitle: Tea\n---\n"))
    meta, problems = build_meta("01-a/01-tea.en.md", "lesson", front, source, "zh-Hans")
    assert (meta.title, meta.covers, meta.objectives, problems) == ("Tea", ("M1",), ("O1.1",), [])
