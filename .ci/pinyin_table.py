"""Writes courseware/lib/text/pinyin.txt: how each Chinese character is read, one syllable a line.

    .tools/bin/uv run --no-project --with pypinyin==0.55.0 .ci/pinyin_table.py

Of several readings the most usual one is kept; how characters are read in names, courseware/lib/text/pinyin.py says.
"""

import unicodedata
from collections import defaultdict
from importlib.metadata import files, version
from pathlib import Path

from pypinyin.constants import PINYIN_DICT

TARGET = Path(__file__).resolve().parents[1] / "courseware" / "lib" / "pinyin.txt"


def plain(syllable):
    """Without its tone; ü is v, as it is typed."""
    letters = unicodedata.normalize("NFD", syllable).replace("u\N{COMBINING DIAERESIS}", "v")
    return "".join(letter for letter in letters if letter in "abcdefghijklmnopqrstuvwxyz")


def head():
    """Where it is from, and the licence, which asks to be carried along."""
    [licence] = [file for file in files("pypinyin") if file.name.startswith("LICENSE")]
    lines = [f"Written by .ci/pinyin_table.py from pypinyin {version('pypinyin')}.", ""]
    lines += licence.read_text(encoding="utf-8").splitlines()
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def main():
    characters = defaultdict(list)
    for code, readings in sorted(PINYIN_DICT.items()):
        characters[plain(readings.split(",")[0])].append(chr(code))
    lines = (f"{syllable} {''.join(found)}\n" for syllable, found in sorted(characters.items()) if syllable)
    TARGET.write_text(head() + "".join(lines), encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
