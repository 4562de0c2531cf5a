"""Parsing roster files: encodings, columns, bad cells, hostile files."""

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
PARSED = {
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
    """`read_listing` without a side process."""
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
def test_text_is_read_in_common_encodings_and_delimiters(encoding, delimiter):
    assert only_row(csv_file(CHINESE, ZHANG, delimiter=delimiter, encoding=encoding)) == PARSED


def test_chosen_encoding_is_used_and_detected_one_reported():
    data = csv_file(("Staff no", "Name"), ("A1", "陳怡君"), encoding="big5")
    assert only_row(data, encoding="big5")["name"] == "陳怡君"
    assert refusal(data, encoding="utf-8") == "other-encoding"
    assert listing(csv_file(CHINESE, ZHANG, encoding="gbk")).encoding == "gb18030"


def test_workbook_gives_same_values_as_text():
    dated = (*ZHANG[:7], date(2026, 12, 1), date(2027, 1, 31))
    assert only_row(xlsx(ENGLISH, dated)) == PARSED
    assert only_row(xlsx(("2026年花名册",), (), CHINESE, ZHANG)) == PARSED


def test_line_numbers_are_kept_and_unknown_columns_listed():
    found = listing(
        xlsx(("人事名单",), ("序号", "工号（必填）", "姓名*", "血型"), (1, "A1", "李娜", "A"), (), (2, "A2", "王"))
    )
    assert [(row.line, row.values) for row in found.rows] == [
        (3, {"staff_number": "A1", "name": "李娜"}),
        (5, {"staff_number": "A2", "name": "王"}),
    ]
    assert (found.unknown, found.columns) == (["序号", "血型"], ["staff_number", "name"])


def test_unprintable_characters_are_replaced_in_heading():
    assert listing(csv_file(("工号", "血\0型"), ("A1", "A"))).unknown == ["血�型"]


def test_numeric_staff_number_is_read_whole_with_warning():
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
def test_heading_is_recognized_in_common_spellings(heading, field):
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
def test_date_is_read_in_common_formats(text):
    assert day_of(text) == date(2026, 12, 1)


@pytest.mark.parametrize("text", ["01/12/2026", "2026-13-01", "2026-02-30", "tomorrow", "12", ""])
def test_ambiguous_or_invalid_date_is_rejected(text):
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
def test_bad_cell_is_reported_and_rest_of_row_read(field, stood, code):
    headings = [field, *({"staff_number", "name", "email"} - {field})]
    row = [stood, *({"staff_number": "A1", "name": "李娜", "email": "li@example.com"}[other] for other in headings[1:])]
    [read] = listing(csv_file([HEADING_OF[name] for name in headings], row)).rows
    assert [(each.cell, each.column, each.code) for each in read.problems] == [("A2", field, code)]
    assert read.problems[0].stood.replace("�", "\0") == stood.strip()
    assert read.values == dict(zip(headings[1:], row[1:], strict=True))
    assert code in messages.PROBLEMS


def test_roles_and_languages_are_recognized_in_both_languages():
    expected = [("主管", "manager"), ("Team Lead", "manager"), ("员工", "learner"), ("ＬＥＡＲＮＥＲ", "learner")]
    assert [READ["role"](word) for word, _role in expected] == [role for _word, role in expected]
    expected = [("简体中文", "zh-hans"), ("zh_CN", "zh-hans"), ("English", "en"), ("英语", "en")]
    assert [READ["language"](word) for word, _tag in expected] == [tag for _word, tag in expected]


@pytest.mark.parametrize(
    "path", ["客服部/晚班组", "客服部 > 晚班组", "客服部＼晚班组", "客服部 | 晚班组", "/客服部/晚班组/"]
)
def test_team_path_accepts_any_separator(path):
    assert READ["team"](path) == "客服部/晚班组"


def test_empty_cell_is_ignored():
    found = listing(csv_file(("工号", "姓名", "邮箱"), ("A1", "", " ")))
    assert [(row.values, row.problems) for row in found.rows] == [({"staff_number": "A1"}, [])]


def test_formula_gives_its_stored_value():
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
def test_file_without_roster_is_refused_with_message(data, code):
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "bomb",
    [
        lambda: with_row(FAR_CELL),
        lambda: packed('<!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>'),
        lambda: with_row(long_cell()),
        lambda: packed(EMPTY, f"<sst>{'<si><t>a</t></si>' * 10_000_000}</sst>"),
        lambda: packed(EMPTY, f"<sst>{' ' * 220_000_000}</sst>"),
    ],
    ids=["a far cell", "entities", "a long cell", "many strings", "much when unpacked"],
)
def test_file_that_exhausts_memory_is_refused(bomb):
    assert refusal(bomb(), read=read_listing) in messages.REFUSALS


def test_file_is_parsed_in_side_process():
    assert [row.values for row in read_listing(csv_file(CHINESE, ZHANG)).rows] == [PARSED]


def test_second_file_waits_then_is_refused_as_busy(monkeypatch):
    monkeypatch.setattr(parser, "SideProcess", no_process)
    with parser.only_reader(patience=0):  # as another server process does
        assert refusal(csv_file(CHINESE, ZHANG), read=lambda data: read_listing(data, patience=0.2)) == "busy"
    assert "busy" in messages.REFUSALS


def test_busy_machine_is_not_reported_as_bad_file(monkeypatch):
    for reason, code in ((MachineBusy, "busy"), (OutOfTime, "unreadable"), (ProcessDied, "unreadable")):
        monkeypatch.setattr(parser.SideProcess, "run", Mock(side_effect=reason))
        assert refusal(csv_file(CHINESE, ZHANG), read=read_listing) == code


def no_process(*arguments):
    raise AssertionError("a second process was started")


def test_second_file_is_parsed_after_first():
    with ThreadPoolExecutor(1) as pool:
        with parser.only_reader(patience=0):
            second = pool.submit(read_listing, csv_file(CHINESE, ZHANG), patience=60)
            assert not second.done()
        assert [row.values for row in second.result(60).rows] == [PARSED]


def test_cells_are_named_as_in_spreadsheets():
    assert [cell_name(column, 47) for column in (1, 4, 26, 27, 52, 53, 703)] == [
        *("A47", "D47", "Z47", "AA47", "AZ47", "BA47", "AAA47")
    ]
