import pytest

from courseware.course_format.parsing.chinese import count_characters, count_words, has_characters, own_half


@pytest.mark.parametrize(
    ("text", "characters", "words", "words_of_letters"),
    [
        ("水开了，关火。", 5, 0, 0),  # full-width punctuation does not count
        ("don't re-boil", 0, 2, 2),
        ("水kettle壶", 2, 1, 1),
        ("3rd of 2026 at 14:30", 0, 6, 3),
        ("_ * —", 0, 0, 0),
    ],
)
def test_characters_and_words_are_counted_separately(text, characters, words, words_of_letters):
    assert count_characters(text) == characters
    assert has_characters(text) == bool(characters)
    assert count_words(text, numbers=True) == words
    assert count_words(text, numbers=False) == words_of_letters


def test_bilingual_line_shows_half_of_reader_language():
    both = "法律改了 · The law changed"
    assert (own_half(both, "zh-hans"), own_half(both, "en")) == ("法律改了", "The law changed")
    for line in (
        "",
        "法律改了",
        "法律改了 · 案例新了",
        "One · Two",
        "一 · Two · 三",
        "号码改了 · 8300",
        "更新 · ISO 27001",
        "FAQ · 问答",
    ):
        assert own_half(line, "en") == line
