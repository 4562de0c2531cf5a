import pytest

from courseware.language.chinese import count_characters, count_words, has_characters


@pytest.mark.parametrize(
    ("text", "characters", "words", "words_of_letters"),
    [
        ("水开了，关火。", 5, 0, 0),  # full-width signs are no characters
        ("don't re-boil", 0, 2, 2),
        ("水kettle壶", 2, 1, 1),
        ("3rd of 2026 at 14:30", 0, 6, 3),
        ("_ * —", 0, 0, 0),
    ],
)
def test_characters_and_words_are_counted_beside_each_other(text, characters, words, words_of_letters):
    assert count_characters(text) == characters
    assert has_characters(text) == bool(characters)
    assert count_words(text, numbers=True) == words
    assert count_words(text, numbers=False) == words_of_letters
