import csv
import io

import pytest

from courseware.lib.csv_rows import encoded


def written(*cells):
    """The cells of one row as a spreadsheet reads them."""
    text = b"".join(encoded([cells])).decode("utf-8-sig")
    return next(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_a_cell_that_begins_like_a_formula_is_text(sign):
    assert written(f"{sign}1+1") == [f"'{sign}1+1"]


@pytest.mark.parametrize("cell", ["", "1+1", "a=b", "'=1", " =1", "王小明", "a\tb"])
def test_any_other_cell_stays_as_it_is(cell):
    assert written(cell) == [cell]


def test_a_number_is_no_formula_and_nothing_is_an_empty_cell():
    assert written(-3, 0, None) == ["-3", "0", ""]
