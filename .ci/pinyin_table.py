"""Write courseware/lib/text/pinyin.txt: the most common reading of each Chinese character, one syllable a line.

    .tools/bin/uv run --no-project --with pypinyin==0.55.0 .ci/pinyin_table.py

Readings in names that differ are in courseware/lib/text/pinyin.py.
"""

import unicodedata
from collections import defaultdict
from importlib.metadata import files, version
from pathlib import Path

from pypinyin.constants import PINYIN_DICT

TARGET = Path(__file__).resolve().parents[1] / "courseware" / "lib" / "text" / "pinyin.txt"


def plain(syllable):
    """Return the syllable without tone; ü becomes v."""
    letters = unicodedata.normalize("NFD", syllable).replace("u\N{COMBINING DIAERESIS}", "v")
    return "".join(letter for letter in letters if letter in "abcdefghijklmnopqrstuvwxyz")


def head():
    """Return the comment lines with source and licence, which must be included."""
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
