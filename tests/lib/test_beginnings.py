import pytest
from django.db import connection

from courseware.accounts.models import Team
from courseware.lib.beginnings import Begins  # noqa: F401 - registers the lookup

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("beginning", "found"),
    [
        ("ab", ["ab", "abc"]),
        ("A", ["AB"]),
        ("王", ["王", "王小明"]),
        ("%", ["%b"]),
        ("_", []),
        ("\\", ["\\b"]),
        ("", ["%b", "AB", "\\b", "ab", "abc", "王", "王小明", "\U0002abcdb"]),
    ],
)
def test_what_begins_so_is_found_letter_for_letter(beginning, found):
    for name in ("ab", "abc", "AB", "王", "王小明", "%b", "\\b", "\U0002abcdb"):
        Team.objects.create(name=name)
    names = Team.objects.filter(name__begins=beginning).values_list("name", flat=True)
    assert sorted(names) == sorted(found)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="says how SQLite looks for it")
def test_sqlite_looks_for_a_beginning_by_an_index():
    rows = Team.objects.filter(above__begins="/1/").order_by()
    assert "SEARCH" in rows.explain()
    assert "above>? AND above<?" in rows.explain()
