"""Chinese text: detect and count Chinese characters, and count words of other languages."""

import re

HAN = r"\u3400-\u9fff"  # for use inside a [character class]

_CHARACTER = re.compile(f"[{HAN}]")
_WORD = re.compile(rf"[^\W_{HAN}][\w'’-]*")
# "3rd" counts as one word here too: the match starts after the digit.
_WORD_OF_LETTERS = re.compile(rf"[^\W\d_{HAN}][\w'’-]*")


def has_characters(text: str) -> bool:
    return bool(_CHARACTER.search(text))


def count_characters(text: str) -> int:
    return len(_CHARACTER.findall(text))


def count_words(text: str, *, numbers: bool) -> int:
    """Count words between blanks, punctuation and Chinese characters; with `numbers` also 2026 (1) and 14:30 (2)."""
    return len((_WORD if numbers else _WORD_OF_LETTERS).findall(_CHARACTER.sub(" ", text)))


def own_half(text: str, language: str) -> str:
    """Return the Chinese part of a line like “改了 · It changed” if `language` is Chinese, else the other part. Other
    lines, also with only one word beside the Chinese (“FAQ · 问答”), are returned whole.
    """
    parts = text.split(" · ")
    chinese = [has_characters(part) for part in parts]
    if len(parts) == 2 and chinese[0] != chinese[1]:
        other = parts[chinese.index(False)]
        if count_words(other, numbers=False) > 1:
            return parts[chinese.index(True)] if language.startswith("zh") else other
    return text
