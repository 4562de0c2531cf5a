"""Writes courseware/lib/pinyin.txt: how each Chinese character is read, one syllable a line.

    .tools/bin/uv run --no-project --with pypinyin==0.55.0 .ci/pinyin_table.py

Of several readings the most usual one is kept; how characters are read in names, courseware/lib/pinyin.py says.
"""

import unicodedata
from collections import defaultdict
from pathlib import Path

from pypinyin.constants import PINYIN_DICT

TARGET = Path(__file__).resolve().parents[1] / "courseware" / "lib" / "pinyin.txt"
HEAD = """\
# Written by .ci/pinyin_table.py from pypinyin 0.55.0.
# Copyright (c) 2016 mozillazg, 闲耘 <hotoo.cn@gmail.com>, MIT License
"""


def plain(syllable):
    """Without its tone; ü is v, as it is typed."""
    letters = unicodedata.normalize("NFD", syllable).replace("u\N{COMBINING DIAERESIS}", "v")
    return "".join(letter for letter in letters if letter in "abcdefghijklmnopqrstuvwxyz")


def main():
    characters = defaultdict(list)
    for code, readings in sorted(PINYIN_DICT.items()):
        characters[plain(readings.split(",")[0])].append(chr(code))
    lines = (f"{syllable} {''.join(found)}\n" for syllable, found in sorted(characters.items()) if syllable)
    TARGET.write_text(HEAD + "".join(lines), encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
