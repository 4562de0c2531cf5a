import pytest

from courseware.lib.pinyin import readings


def read(name):
    return [(" ".join(surname), " ".join(given)) for surname, given in readings(name)]


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("王小明", [("wang", "xiao ming")]),
        ("欧阳修", [("ou yang", "xiu")]),
        ("万俟卨", [("mo qi", "xie")]),
        ("尉迟恭", [("yu chi", "gong")]),
        ("欧阳", [("ou", "yang")]),
        ("阿里木", [("a", "li mu")]),
        ("李", [("li", "")]),
        ("", [("", "")]),
    ],
)
def test_a_name_is_read_with_its_surname_first(name, ways):
    assert read(name) == ways


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("单田芳", [("shan", "tian fang"), ("dan", "tian fang")]),
        ("覃勇", [("qin", "yong"), ("tan", "yong")]),
        ("李单", [("li", "dan")]),  # no surname here
        ("王乐", [("wang", "yue"), ("wang", "le")]),
        ("吕布", [("lv", "bu"), ("lyu", "bu")]),
    ],
)
def test_what_families_read_otherwise_is_read_either_way(name, ways):
    assert read(name) == ways


def test_a_character_that_no_table_knows_stands_for_itself():
    assert read("王\U0003abcd明") == [("wang", "\U0003abcd ming")]


def test_however_many_characters_can_be_read_two_ways_a_name_is_not_read_a_thousand():
    assert len(read("乐" * 60)) == 8
