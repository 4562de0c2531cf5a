import csv
import io

import pytest

from courseware.lib.text.csv_rows import csv_bytes


def written(*cells):
    """The cells of one row as a spreadsheet reads them."""
    text = b"".join(csv_bytes([cells])).decode("utf-8-sig")
    return next(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_a_cell_that_begins_like_a_formula_is_text(sign):
    assert written(f"{sign}1+1") == [f"'{sign}1+1"]


@pytest.mark.parametrize("cell", ["", "1+1", "a=b", "'=1", "a =1", "a;b|c", "王小明", "a\tb", "a\nb", 'a, "b"'])
def test_any_other_cell_stays_as_it_is(cell):
    assert written(cell) == [cell]


def test_a_number_is_no_formula_and_nothing_is_an_empty_cell():
    assert written(-3, 0, None) == ["-3", "0", ""]


@pytest.mark.parametrize("before", ["x;", "x|", "x\n", "x\r", " ", "\u3000", "\u200b", "\ufeff", "x; \u200b"])
@pytest.mark.parametrize("sign", ["=", "＝", "@"])
def test_neither_a_separator_of_another_country_nor_what_is_not_seen_hides_a_formula(before, sign):
    assert written(f"{before}{sign}1+1") == [f"{before}'{sign}1+1"]


def test_a_file_that_is_read_with_semicolons_has_no_formula_either():
    text = b"".join(csv_bytes([["a", "x;=1+1"]])).decode("utf-8-sig")
    assert not any(cell.startswith("=") for row in csv.reader(io.StringIO(text), delimiter=";") for cell in row)


def test_every_cell_is_quoted():
    assert b"".join(csv_bytes([["a", 1, None]])).decode("utf-8-sig") == '"a","1",""\r\n'


def test_the_first_row_comes_before_there_is_another_and_the_others_in_pieces_as_they_are_made():
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
