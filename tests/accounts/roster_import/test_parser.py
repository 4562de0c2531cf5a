"""A file is read as firms write it, a bad cell is named, and no file ends more than its own process."""

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from unittest.mock import Mock

import pytest

from courseware.accounts.roster_import import messages, parser
from courseware.accounts.roster_import.columns import cell_name, column_of, day_of
from courseware.accounts.roster_import.file_formats import read_table, unpacked_size
from courseware.accounts.roster_import.parser import READ, ListRefused, parse_table, read_listing
from courseware.lib.side_process import MachineBusy, OutOfTime, ProcessDied
from tests.accounts.roster_import.files import csv_file, packed, xlsx

CHINESE = ("工号", "姓名", "邮箱", "团队", "角色", "语言", "岗位", "入职日期", "离职日期")
ENGLISH = ("Staff number", "Name", "Email address", "Team", "Role", "Language", "Post", "Start date", "Last day")
ZHANG = ("A001", "张楠", "zhang.nan@example.com", "客服部/晚班组", "学员", "中文", "电话", "2026-12-01", "2027-01-31")
HEADING_OF = dict(zip(messages.FIELDS, ENGLISH, strict=True))
SAID = {
    "staff_number": "A001",
    "name": "张楠",
    "email": "zhang.nan@example.com",
    "team": "客服部/晚班组",
    "role": "learner",
    "language": "zh-hans",
    "job_role": "电话",
    "starts_on": date(2026, 12, 1),
    "leaves_on": date(2027, 1, 31),
}


def listing(data, encoding=""):
    """As `read_listing`, but in the process of the tests, which no honest file ends."""
    return parse_table(read_table(data, encoding))


def only_row(data, **options):
    [row] = listing(data, **options).rows
    assert row.problems == []
    return row.values


def refusal(data, *, read=listing, **options):
    with pytest.raises(ListRefused) as caught:
        read(data, **options)
    return caught.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_text_is_read_in_the_encodings_and_with_the_delimiters_that_programs_write(encoding, delimiter):
    assert only_row(csv_file(CHINESE, ZHANG, delimiter=delimiter, encoding=encoding)) == SAID


def test_an_encoding_that_is_chosen_is_believed_and_named_where_it_is_found_out():
    data = csv_file(("Staff no", "Name"), ("A1", "陳怡君"), encoding="big5")
    assert only_row(data, encoding="big5")["name"] == "陳怡君"
    assert refusal(data, encoding="utf-8") == "other-encoding"
    assert listing(csv_file(CHINESE, ZHANG, encoding="gbk")).encoding == "gb18030"


def test_a_workbook_says_the_same_as_the_text():
    dated = (*ZHANG[:7], date(2026, 12, 1), date(2027, 1, 31))
    assert only_row(xlsx(ENGLISH, dated)) == SAID
    assert only_row(xlsx(("2026年花名册",), (), CHINESE, ZHANG)) == SAID


def test_lines_keep_their_numbers_and_columns_that_nobody_knows_are_named_and_passed_over():
    found = listing(
        xlsx(("人事名单",), ("序号", "工号（必填）", "姓名*", "血型"), (1, "A1", "李娜", "A"), (), (2, "A2", "王"))
    )
    assert [(row.line, row.values) for row in found.rows] == [
        (3, {"staff_number": "A1", "name": "李娜"}),
        (5, {"staff_number": "A2", "name": "王"}),
    ]
    assert (found.unknown, found.columns) == (["序号", "血型"], ["staff_number", "name"])


def test_a_heading_of_signs_that_cannot_be_printed_is_named_without_them():
    assert listing(csv_file(("工号", "血\0型"), ("A1", "A"))).unknown == ["血�型"]


def test_a_staff_number_kept_as_a_number_is_read_whole_and_it_is_said_that_zeros_are_lost():
    found = listing(xlsx(("工号", "姓名"), (120045, "李娜")))
    assert (found.rows[0].values["staff_number"], found.bare_numbers) == ("120045", True)
    assert not listing(xlsx(("工号", "姓名"), ("0012", "李娜"))).bare_numbers


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("员工编号", "staff_number"),
        ("Employee ID", "staff_number"),
        ("staff_no.", "staff_number"),
        ("电子邮箱", "email"),
        ("E-Mail:", "email"),
        ("ｅｍａｉｌ", "email"),
        (" 所属 部门 ", "team"),
        ("Full name", "name"),
        ("入职日期(年/月/日)", "starts_on"),
        ("身份证号", ""),
        ("", ""),
    ],
)
def test_a_heading_is_known_in_the_ways_people_write_it(heading, field):
    assert column_of(heading) == field


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-01",
        "2026/12/1",
        "2026.12.1",
        "2026年12月1日",
        "20261201",
        "２０２６－１２－０１",
        "2026-12-01 00:00:00",
        "46357",
    ],
)
def test_one_day_is_written_in_many_ways(text):
    assert day_of(text) == date(2026, 12, 1)


@pytest.mark.parametrize("text", ["01/12/2026", "2026-13-01", "2026-02-30", "tomorrow", "12", ""])
def test_what_may_be_two_days_or_none_is_no_day(text):
    assert day_of(text) is None


@pytest.mark.parametrize(
    ("field", "stood", "code"),
    [
        ("staff_number", "1.23457E+11", "staff-number"),
        ("staff_number", "=A1", "staff-number"),
        ("staff_number", "—", "staff-number"),
        ("staff_number", "9" * 41, "long"),
        ("name", "=HYPERLINK(1)", "name"),
        ("name", "+cmd", "name"),
        ("name", "12", "name"),
        ("name", "李\x00娜", "signs"),
        ("email", "li.na", "email"),
        ("role", "chief", "role"),
        ("language", "français", "language"),
        ("team", " / ", "team"),
        ("starts_on", "01/12/2026", "day"),
        ("leaves_on", "soon", "day"),
    ],
)
def test_a_bad_cell_is_named_with_what_stood_there_and_the_rest_of_its_row_is_read(field, stood, code):
    headings = [field, *({"staff_number", "name", "email"} - {field})]
    row = [stood, *({"staff_number": "A1", "name": "李娜", "email": "li@example.com"}[other] for other in headings[1:])]
    [read] = listing(csv_file([HEADING_OF[name] for name in headings], row)).rows
    assert [(each.cell, each.column, each.code) for each in read.problems] == [("A2", field, code)]
    assert read.problems[0].stood.replace("�", "\0") == stood.strip()
    assert read.values == dict(zip(headings[1:], row[1:], strict=True))
    assert code in messages.PROBLEMS


def test_words_are_read_in_both_languages_and_however_wide():
    said = [("主管", "manager"), ("Team Lead", "manager"), ("员工", "learner"), ("ＬＥＡＲＮＥＲ", "learner")]
    assert [READ["role"](word) for word, _role in said] == [role for _word, role in said]
    said = [("简体中文", "zh-hans"), ("zh_CN", "zh-hans"), ("English", "en"), ("英语", "en")]
    assert [READ["language"](word) for word, _tag in said] == [tag for _word, tag in said]


@pytest.mark.parametrize(
    "path", ["客服部/晚班组", "客服部 > 晚班组", "客服部＼晚班组", "客服部 | 晚班组", "/客服部/晚班组/"]
)
def test_a_path_of_teams_is_one_whatever_splits_it(path):
    assert READ["team"](path) == "客服部/晚班组"


def test_an_empty_cell_says_nothing():
    found = listing(csv_file(("工号", "姓名", "邮箱"), ("A1", "", " ")))
    assert [(row.values, row.problems) for row in found.rows] == [({"staff_number": "A1"}, [])]


def test_a_formula_is_what_it_last_came_to_and_without_that_an_empty_cell():
    row = only_row(xlsx(("工号", "姓名", "邮箱"), ("A1", ("A2", "李娜"), ("HYPERLINK(1)", None))))
    assert row == {"staff_number": "A1", "name": "李娜"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\r\n\r\n", "empty"),
        (csv_file(CHINESE), "empty"),
        (csv_file(("Blood group", "Name"), ("A", "Li")), "no-headings"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "web-page"),
        (b"PK\x03\x04" + b"nothing", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, "damaged"),
        (csv_file(["工号", *map(str, range(1, 1_000_000))], ["A1"]), "too-wide"),
        ("工号\r\n".encode() + b"A1\r\n" * 50_001, "too-long"),
        (b"\0" * 1000, "no-headings"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "damaged"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
def test_a_file_that_is_no_list_is_refused_with_a_sentence(data, code):
    assert refusal(data) == code
    assert code in messages.REFUSALS


FAR_CELL = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
EMPTY = "<worksheet><sheetData/></worksheet>"


def test_unpacked_size_is_zero_for_newer_zip_version():
    data = bytearray(xlsx(ENGLISH))
    data[data.find(b"PK\x01\x02") + 6] = 99  # the version needed to extract the first entry; zipfile knows up to 63
    with pytest.raises(NotImplementedError):
        zipfile.ZipFile(io.BytesIO(data))
    assert unpacked_size(bytes(data)) == 0


def with_row(row):
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return packed(f'<worksheet xmlns="{main}"><sheetData>{row}</sheetData></worksheet>')


def long_cell():
    return '<row r="2"><c r="A2" t="inlineStr"><is><t>' + "a" * 190_000_000 + "</t></is></c></row>"


@pytest.mark.long
@pytest.mark.parametrize(
    "bomb",
    [
        lambda: with_row(FAR_CELL),
        lambda: packed('<!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>'),
        pytest.param(lambda: with_row(long_cell()), marks=pytest.mark.exhaustive),
        pytest.param(
            lambda: packed(EMPTY, f"<sst>{'<si><t>a</t></si>' * 10_000_000}</sst>"), marks=pytest.mark.exhaustive
        ),
        pytest.param(lambda: packed(EMPTY, f"<sst>{' ' * 220_000_000}</sst>"), marks=pytest.mark.exhaustive),
    ],
    ids=["a far cell", "entities", "a long cell", "many strings", "much when unpacked"],
)
def test_a_file_made_to_take_all_memory_ends_its_own_process_and_is_refused(bomb):
    assert refusal(bomb(), read=read_listing) in messages.REFUSALS


def test_a_file_is_read_in_a_process_beside_the_server():
    assert [row.values for row in read_listing(csv_file(CHINESE, ZHANG)).rows] == [SAID]


def test_a_second_list_waits_while_one_is_read_and_then_says_so(monkeypatch):
    monkeypatch.setattr(parser, "SideProcess", no_process)
    with parser.only_reader(patience=0):  # as another process of the server does
        assert refusal(csv_file(CHINESE, ZHANG), read=lambda data: read_listing(data, patience=0.2)) == "busy"
    assert "busy" in messages.REFUSALS


def test_a_busy_machine_is_not_blamed_on_the_file(monkeypatch):
    for reason, code in ((MachineBusy, "busy"), (OutOfTime, "unreadable"), (ProcessDied, "unreadable")):
        monkeypatch.setattr(parser.SideProcess, "run", Mock(side_effect=reason))
        assert refusal(csv_file(CHINESE, ZHANG), read=read_listing) == code


def no_process(*arguments):
    raise AssertionError("a second process was started")


def test_a_second_list_is_read_once_the_first_is_done():
    with ThreadPoolExecutor(1) as pool:
        with parser.only_reader(patience=0):
            second = pool.submit(read_listing, csv_file(CHINESE, ZHANG), patience=60)
            assert not second.done()
        assert [row.values for row in second.result(60).rows] == [SAID]


def test_cells_are_named_as_spreadsheets_name_them():
    assert [cell_name(column, 47) for column in (1, 4, 26, 27, 52, 53, 703)] == [
        *("A47", "D47", "Z47", "AA47", "AZ47", "BA47", "AAA47")
    ]
