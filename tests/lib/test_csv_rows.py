import csv
import io

import pytest

from courseware.lib.text.csv_rows import csv_bytes


def written(*cells):
    """Return the cells of one row as a spreadsheet reads them."""
    text = b"".join(csv_bytes([cells])).decode("utf-8-sig")
    return next(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_formula_cell_is_escaped(sign):
    assert written(f"{sign}1+1") == [f"'{sign}1+1"]


@pytest.mark.parametrize("cell", ["", "1+1", "a=b", "'=1", "a =1", "a;b|c", "王小明", "a\tb", "a\nb", 'a, "b"'])
def test_other_cells_stay_unchanged(cell):
    assert written(cell) == [cell]


def test_numbers_and_none_are_not_escaped():
    assert written(-3, 0, None) == ["-3", "0", ""]


@pytest.mark.parametrize("before", ["x;", "x|", "x\n", "x\r", " ", "\u3000", "\u200b", "\ufeff", "x; \u200b"])
@pytest.mark.parametrize("sign", ["=", "＝", "@"])
def test_formula_after_separator_or_invisible_character_is_escaped(before, sign):
    assert written(f"{before}{sign}1+1") == [f"{before}'{sign}1+1"]


def test_semicolon_reader_sees_no_formula():
    text = b"".join(csv_bytes([["a", "x;=1+1"]])).decode("utf-8-sig")
    assert not any(cell.startswith("=") for row in csv.reader(io.StringIO(text), delimiter=";") for cell in row)


def test_every_cell_is_quoted():
    assert b"".join(csv_bytes([["a", 1, None]])).decode("utf-8-sig") == '"a","1",""\r\n'


def test_rows_are_streamed_in_chunks():
    asked = []

    def rows():
        for number in range(3000):
            asked.append(number)
            yield ["x" * 20, number]

    pieces = csv_bytes(rows())
    first = next(pieces)
    assert (len(asked), first.count(b"\n")) == (1, 1)
    second = next(pieces)
    assert len(asked) == 1 + second.count(b"\n") < 1000
    rest = list(pieces)
    assert len(rest) < 10
    text = (first + second + b"".join(rest)).decode("utf-8-sig")
    assert [int(number) for _x, number in csv.reader(io.StringIO(text, newline=""))] == list(range(3000))
