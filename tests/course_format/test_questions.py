import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.course_format.course import check_sections, read_course
from courseware.course_format.questions.question_types import (
    KINDS,
    Choice,
    Mark,
    One,
    Open,
    Order,
    Several,
    Sort,
    SurveyQuestion,
    load_question,
)
from tests.course_format.samples import damage, make_files

LESSON = "01-water/01-boiling.zh-hans.md"
CHOICES = (Choice("a", "why a"), Choice("b", "why b", ticked=True), Choice("c", "why c", ticked=True))
MEMBERS = (Choice("kettle", "hot", group=0), Choice("ice", "cold", group=1), Choice("tap", "cold", group=1))


def make_question(kind, choices=CHOICES, **fields):
    return kind(id="q", title="Q", stem="", choices=choices, **fields)


ONE = make_question(One, CHOICES[:2])
SORT = make_question(Sort, MEMBERS, groups=("Hot", "Cold"))
OPEN = make_question(Open, ())


@pytest.mark.parametrize(
    ("question", "response", "right"),
    [
        (ONE, [1], True),
        (ONE, [0], False),
        (make_question(Several), [1, 2], True),
        (make_question(Several), [1], False),
        (make_question(Several), [0, 1, 2], False),
        (make_question(Mark), [1, 2], True),
        (make_question(Order), [0, 1, 2], True),
        (make_question(Order), [0, 2, 1], False),
        (SORT, [0, 1, 1], True),
        (SORT, [1, 0, 0], False),
        (OPEN, "anything", None),
    ],
)
def test_question_is_graded_as_a_whole(question, response, right):
    assert question.grade(response) is right


@pytest.mark.parametrize(
    ("question", "raw", "response"),
    [
        (ONE, ["1"], [1]),
        (make_question(Several), ["2", "0", "2"], [0, 2]),
        (make_question(Order), ["2", "0", "1"], [2, 0, 1]),
        (SORT, ["1", "1", "0"], [1, 1, 0]),
        (OPEN, ["  水开了。\r\n"], "水开了。"),
    ],
)
def test_posted_strings_become_response(question, raw, response):
    assert question.clean(raw) == response


@pytest.mark.parametrize(
    ("question", "raw"),
    [
        (ONE, []),
        (ONE, ["0", "1"]),
        (ONE, ["2"]),
        (ONE, ["-1"]),
        (ONE, ["+1"]),
        (ONE, [" 1"]),
        (ONE, ["1_0"]),
        (ONE, ["١"]),
        (ONE, [""]),
        (ONE, ["9" * 5000]),
        (make_question(Several), []),
        (make_question(Several), ["0", "3"]),
        (make_question(Order), ["0", "1"]),
        (make_question(Order), ["0", "1", "1"]),
        (SORT, ["0", "1"]),
        (SORT, ["0", "1", "2"]),
        (OPEN, []),
        (OPEN, ["a", "b"]),
        (OPEN, [" \n"]),
        (OPEN, ["a\0"]),
        (OPEN, ["a" * (5_001)]),
    ],
)
def test_invalid_response_is_refused(question, raw):
    with pytest.raises(ValueError, match="expected"):
        question.clean(raw)


@pytest.mark.parametrize(
    ("question", "shape"),
    [
        (ONE, "one -x"),
        (make_question(Several), "several -xx"),
        (make_question(Mark), "mark -xx"),
        (make_question(Order), "order 3"),
        (SORT, "sort abb"),
        (OPEN, "open"),
    ],
)
def test_signature_is_question_type_and_key(question, shape):
    assert question.shape == shape


def test_signature_changes_with_key_not_with_text():
    before, mended = read_course(make_files()), read_course(damage(LESSON, "- [ ] 走开", "- [ ] 走远"))
    moved = read_course(
        damage(LESSON, "- [ ] 走开\n  > 干烧会坏。\n- [x] 加水", "- [x] 走开\n  > 干烧会坏。\n- [ ] 加水")
    )
    shapes = [course.question("what-first", "zh-hans").shape for course in (before, mended, moved)]
    assert shapes == ["one -x", "one -x", "one x-"]


def test_translated_question_has_key_of_source():
    course = read_course(make_files())
    assert course.questions("boiling", "en") == (
        One(
            id="what-first",
            title="What comes first?",
            stem="",
            choices=(
                Choice("Walk away", "A dry boil ruins it."),
                Choice("Fill it", "No water, no tea. [^F-01]", ticked=True),
            ),
            objective="O1.1",
            family="what-first",
            lesson="boiling",
        ),
        Several(
            id="what-to-wipe",
            title="What needs a wipe?",
            stem="",
            choices=(
                Choice("The counter", "It is wet.", ticked=True),
                Choice("The ceiling", "Out of reach."),
                Choice("The spout", "It has scale.", ticked=True),
            ),
            family="what-to-wipe",
            lesson="boiling",
        ),
        Mark(
            id="what-is-wrong",
            title="What is wrong?",
            stem="Look at this note.\n\n> **Li**: The stove is on, I am off.",
            choices=(
                Choice("The stove is on", "Nobody watches it.", ticked=True),
                Choice("I am off", "The shift is over."),
            ),
            objective="O1.2",
            family="what-is-wrong",
            lesson="boiling",
        ),
        Order(
            id="in-order",
            title="Put in order",
            stem="",
            choices=(Choice("Fill", "Water first."), Choice("Heat", "Then fire."), Choice("Turn off", "Last of all.")),
            family="in-order",
            lesson="boiling",
        ),
        Sort(
            id="sorted",
            title="Sort",
            stem="",
            choices=(
                Choice("Kettle", "Just boiled.", group=0),
                Choice("Ice", "Just out of the freezer.", group=1),
                Choice("Tap water", "Never heated.", group=1),
            ),
            groups=("Hot", "Cold"),
            family="sorted",
            lesson="boiling",
        ),
        Open(
            id="note",
            title="Write it down",
            stem="What will you do tomorrow?",
            choices=(),
            family="note",
            lesson="boiling",
        ),
        One(
            id="is-it-off",
            title="Is it off?",
            stem="",
            choices=(Choice("No", "Go and look."), Choice("Yes", "Good.", ticked=True)),
            objective="O1.2",
            family="is-it-off",
            lesson="boiling",
            numbered=True,
        ),
    )


def test_tick_in_translation_does_not_change_key():
    files = damage("01-water/01-boiling.en.md", "- [ ] Walk away", "- [x] Walk away")
    assert read_course(files).question("what-first", "en").key == (1,)


def test_knowledge_check_has_questions_below_its_heading():
    course = read_course(make_files())
    assert [question.id for question in course.check_questions("boiling", "en")] == ["is-it-off"]
    ended = read_course(damage(LESSON, "### 关火了吗？", "## 之后 {#later}\n\n### 关火了吗？"))
    assert check_sections(ended.source("boiling")) == ()


def test_bank_question_leads_to_first_lesson_of_objective():
    question = read_course(make_files()).question("bank-smoke", "zh-hans")
    assert (question.lesson, question.critical, question.level, question.family) == (
        "boiling",
        True,
        "apply",
        "bank-smoke",
    )


def test_unknown_question_raises_key_error():
    with pytest.raises(KeyError):
        read_course(make_files()).question("nowhere", "en")


def test_survey_questions_have_no_key():
    course = read_course(make_files())
    assert course.survey_questions("voice", "en") == (
        SurveyQuestion("scale", "recommend", "Recommend it?", "", ("Never", "Certainly"), 0, 10),
        SurveyQuestion("open", "say-more", "More", ""),
    )


TEXTS = st.text(max_size=20)
IDS = st.from_regex(r"[a-z]{1,8}", fullmatch=True)


@st.composite
def questions(draw):
    kind = draw(st.sampled_from(list(KINDS.values())))
    groups = draw(st.lists(TEXTS, min_size=2, max_size=4)) if kind is Sort else []
    count = 0 if kind is Open else draw(st.integers(2, 6))
    ticked = draw(st.integers(0, count - 1)) if count else 0
    choices = tuple(
        Choice(
            draw(TEXTS),
            draw(TEXTS),
            ticked=kind not in (Order, Sort) and (position == ticked or (kind is not One and draw(st.booleans()))),
            group=draw(st.integers(0, len(groups) - 1)) if groups else None,
        )
        for position in range(count)
    )
    return kind(
        id=draw(IDS),
        title=draw(TEXTS),
        stem=draw(TEXTS),
        choices=choices,
        groups=tuple(groups),
        tracks=tuple(draw(st.lists(IDS, max_size=2))),
        objective=draw(TEXTS),
        critical=draw(st.booleans()),
        numbered=draw(st.booleans()),
    )


@pytest.mark.slow
@given(questions())
def test_stored_question_loads_equal(question):
    assert load_question(json.loads(json.dumps(question.to_dict()))) == question


@given(questions())
def test_posted_key_is_right(question):
    if question.kind != "open":
        assert question.grade(question.clean([str(place) for place in question.key])) is True


@given(questions(), st.lists(st.one_of(st.text(max_size=4), st.integers(-1, 6).map(str)), max_size=6))
def test_cleaned_response_can_be_graded(question, raw):
    try:
        response = question.clean(raw)
    except ValueError:
        return
    assert question.grade(response) is (None if question.kind == "open" else tuple(response) == question.key)
    assert question.clean([response] if question.kind == "open" else [str(place) for place in response]) == response


def reverse(places):
    places.reverse()


def keep_order(places):
    pass


@pytest.mark.parametrize(
    ("question", "shuffle", "order"),
    [
        (make_question(One), reverse, (2, 1, 0)),
        (make_question(One), keep_order, (0, 1, 2)),
        (make_question(One, numbered=True), reverse, (0, 1, 2)),
        (make_question(Order), reverse, (2, 1, 0)),
        (make_question(Order), keep_order, (1, 2, 0)),
        (make_question(Order, numbered=True), reverse, (2, 1, 0)),
        (OPEN, reverse, ()),
    ],
)
def test_shown_order_by_question_type(question, shuffle, order):
    assert question.shown_order(shuffle) == order


@pytest.mark.parametrize(
    ("tracks", "answer"), [((), True), (("phone",), True), (("chat", "phone"), True), (("chat",), False)]
)
def test_question_is_limited_to_its_job_roles(tracks, answer):
    assert make_question(One, tracks=tracks).is_for("phone") == answer


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (make_question(Several), True),
        (Several(id="q", title="Other", stem="Words", choices=CHOICES), True),  # the wording may differ
        (make_question(One), False),
        (make_question(Several, CHOICES[:2]), False),
        (make_question(Several, (CHOICES[1], CHOICES[0], CHOICES[2])), False),
        (make_question(Several, (Choice("z", "why a"), *CHOICES[1:])), False),
    ],
)
def test_answers_are_comparable_if_choices_are_equal(other, same):
    assert make_question(Several).is_answered_as(other) is same
    assert other.is_answered_as(make_question(Several)) is same


@pytest.mark.parametrize(
    "row, moved",
    [
        ([0, 1, 2, 3, 4], {}),
        ([0, 1, 3, 2, 4], {2: "late"}),  # one of 2 neighbours, always the same
        ([1, 2, 3, 4, 0], {0: "late"}),  # one shift is one step
        ([4, 0, 1, 2, 3], {4: "early"}),
        ([2, 1, 0], {1: "late", 0: "late"}),
        ([3, 0, 1, 4, 2], {3: "early", 2: "late"}),
    ],
)
def test_fewest_moved_steps_are_named(row, moved):
    assert Order.moved(row) == moved


def test_rewriting_changes_only_texts():
    question = replace(SORT, stem="stem")
    expected = replace(
        question,
        title="q",
        stem="STEM",
        groups=("hOT", "cOLD"),
        choices=tuple(replace(each, text=each.text.upper(), reason=each.reason.upper()) for each in MEMBERS),
    )
    assert question.rewritten(str.swapcase) == expected
