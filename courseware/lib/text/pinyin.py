"""Pinyin readings of Chinese names, for search. `.ci/pinyin_table.py` writes the table `pinyin.txt`."""

from functools import cache
from itertools import islice, product
from pathlib import Path
from typing import NamedTuple

MOST = 8  # readings of one name

# Readings as a surname that differ from the table. Families vary, so both readings are used.
SURNAMES = """
单 shan 單 shan 解 xie 仇 qiu 区 ou 區 ou 曾 zeng 查 zha 翟 zhai 朴 piao 盖 ge 蓋 ge 缪 miao 繆 miao 种 chong 折 she
召 shao 乜 nie 乐 yue 樂 yue 覃 qin 员 yun 員 yun 黑 he 秘 bi 郇 xun 祭 zhai 繁 po 阚 kan 闞 kan 隗 wei 牟 mu 尉 yu
能 nai 谌 shen 諶 shen 郗 chi 郄 xi 句 gou 角 jue 宓 fu 薄 bo 柏 bo 都 du 藏 zang 洗 xian 卜 bu
"""
OF_TWO_CHARACTERS = """
欧阳 歐陽 司马 司馬 司徒 司空 上官 诸葛 諸葛 皇甫 令狐 宇文 慕容 轩辕 軒轅 长孙 長孫 夏侯 公孙 公孫 东方 東方 南宫
南宮 端木 百里 呼延 独孤 獨孤 申屠 鲜于 鮮于 闻人 聞人 钟离 鍾離 西门 西門 公冶 濮阳 濮陽 淳于 太史 亓官 尉迟 尉遲
万俟 萬俟 单于 單于 澹台 澹臺
"""
READ_TOGETHER = {
    **dict.fromkeys(["尉迟", "尉遲"], ("yu", "chi")),
    **dict.fromkeys(["万俟", "萬俟"], ("mo", "qi")),
    **dict.fromkeys(["单于", "單于"], ("chan", "yu")),
    **dict.fromkeys(["澹台", "澹臺"], ("tan", "tai")),
}
GIVEN = "乐 yue 樂 yue 茜 xi 长 chang 長 chang 晟 sheng 朝 zhao 泊 bo 重 chong 炅 gui"
# Passports write ü as yu.
WRITTEN = {"lv": ["lv", "lyu"], "nv": ["nv", "nyu"]}


class Syllables(NamedTuple):
    """One reading of a name, by character. A character without a known reading is its own syllable."""

    surname: tuple[str, ...]
    given: tuple[str, ...]


def readings(name: str) -> list[Syllables]:
    """Return at most MOST readings of a Chinese name that starts with the surname."""
    length = 2 if name[:2] in words_of(OF_TWO_CHARACTERS) and len(name) > 2 else 1
    surname, given = name[:length], name[length:]
    syllables = (*surnames(surname), *(possible_syllables(each, GIVEN) for each in given))
    found = islice(product(*syllables), MOST)
    return [Syllables(tuple(reading[:length]), tuple(reading[length:])) for reading in found]


def surnames(surname: str) -> list[list[str]]:
    """Return the possible syllables of each character of the surname."""
    if syllables := READ_TOGETHER.get(surname):
        return [[syllable] for syllable in syllables]
    if len(surname) > 1:
        return [[usual(each)] for each in surname]
    return [possible_syllables(each, SURNAMES) for each in surname]


def possible_syllables(character: str, exceptions: str) -> list[str]:
    """Return the possible syllables of a character. `exceptions`: text like "单 shan 解 xie"; they come first."""
    syllables = dict.fromkeys([pairs(exceptions).get(character, usual(character)), usual(character)])
    return [spelling for each in syllables for spelling in WRITTEN.get(each, [each])]


def usual(character: str) -> str:
    return table().get(character, character)


@cache
def words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


@cache
def pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


@cache
def table() -> dict[str, str]:
    """Return character → its most common syllable, from `pinyin.txt`."""
    text = Path(__file__).with_name("pinyin.txt").read_text(encoding="utf-8")
    lines = (line.split(" ") for line in text.splitlines() if not line.startswith("#"))
    return {character: syllable for syllable, characters in lines for character in characters}
