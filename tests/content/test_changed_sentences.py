"""Sentence and word differences between two versions of a page."""

import pytest

from courseware.content.releases.changed_sentences import compared, sentences_of


def bracketed(passages):
    """Render both sides of each passage with the differing parts in brackets."""

    def side(runs):
        return "".join(f"[{run.text}]" if run.differs else run.text for run in runs)

    return [(side(passage.old), side(passage.new)) for passage in passages]


def page(*paragraphs, question=""):
    blocks = [{"type": "html", "html": "".join(f'<p id="p:{n}">{text}</p>' for n, text in enumerate(paragraphs))}]
    questions = {"q": {"title": question, "stem": "", "choices": [{"text": "<em>Yes</em>"}]}} if question else {}
    return {"blocks": blocks, "order": list(questions), "questions": questions}


@pytest.mark.parametrize(
    "before, after, expected",
    [
        (["Stay. Go out."], ["Stay. Go out."], []),
        (["Stay. Go out. Wait."], ["Stay. Go out now. Wait."], [("Go out.", "Go out[ now].")]),
        (
            ["铃响就走，到集合点集合。"],
            ["铃响就走，到集合点让人数到你。没宣布安全，谁也不回去。"],
            [("铃响就走，到集合点[集合]。", "铃响就走，到集合点[让人数到你。没宣布安全，谁也不回去]。")],
        ),
        (["One.", "Two."], ["One.", "Three.", "Two."], [("", "[Three.]")]),
        (["One.", "Two."], ["Two."], [("[One.]", "")]),
        (
            ["It is 3.5 metres high."],
            ["It is 3.6 metres high."],
            [("It is 3.[5] metres high.", "It is 3.[6] metres high.")],
        ),
    ],
)
def test_changed_sentences_show_word_differences(before, after, expected):
    assert bracketed(compared(list(sentences_of(page(*before))), list(sentences_of(page(*after))))) == expected


def test_changed_question_title_shows_new_words():
    before, after = page("One.", question="Is it off?"), page("One.", question="Is it really off?")
    assert bracketed(compared(list(sentences_of(before)), list(sentences_of(after)))) == [
        ("Is it off?", "Is it [really ]off?")
    ]
