"""Readings of Chinese names. `.ci/pinyin_table.py` writes `pinyin.txt`, the commonest reading of each character."""

from functools import cache
from itertools import islice, product
from pathlib import Path
from typing import NamedTuple

MOST = 8  # ways in which one name may be read

# As surnames these are read otherwise than the table says. Some families do so, some do not: both are known.
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
# In a passport ü is yu.
WRITTEN = {"lv": ["lv", "lyu"], "nv": ["nv", "nyu"]}


class Syllables(NamedTuple):
    """Unknown characters stand for themselves."""

    surname: tuple[str, ...]
    given: tuple[str, ...]


def readings(name: str) -> list[Syllables]:
    """At most `MOST` readings of a Chinese name, surname first."""
    length = 2 if name[:2] in words_of(OF_TWO_CHARACTERS) and len(name) > 2 else 1
    surname, given = name[:length], name[length:]
    ways = (*surnames(surname), *(otherwise(each, GIVEN) for each in given))
    found = islice(product(*ways), MOST)
    return [Syllables(tuple(way[:length]), tuple(way[length:])) for way in found]


def surnames(surname: str) -> list[list[str]]:
    if together := READ_TOGETHER.get(surname):
        return [[syllable] for syllable in together]
    if len(surname) > 1:
        return [[usual(each)] for each in surname]
    return [otherwise(each, SURNAMES) for each in surname]


def otherwise(character: str, known: str) -> list[str]:
    syllables = dict.fromkeys([pairs(known).get(character, usual(character)), usual(character)])
    return [written for each in syllables for written in WRITTEN.get(each, [each])]


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
    text = Path(__file__).with_name("pinyin.txt").read_text(encoding="utf-8")
    lines = (line.split(" ") for line in text.splitlines() if not line.startswith("#"))
    return {character: syllable for syllable, characters in lines for character in characters}
