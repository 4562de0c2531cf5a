"""Which accounts may be of one person is proposed: written otherwise, and not told apart by the firm itself."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseware.accounts.doubles import doubles
from courseware.assignments.merging import merge
from tests.making import make_admin, make_auditor, make_editor, make_hr, make_user

pytestmark = pytest.mark.django_db


def found(without=None):
    pairs, more = doubles(without=without or make_hr(), most=50)
    assert more == 0
    return [(pair.first.name, pair.second.name, pair.why.value) for pair in pairs]


@pytest.mark.parametrize(
    ("one", "two", "why"),
    [
        ({"staff_number": "A0012"}, {"staff_number": "a-12"}, "number"),
        ({"staff_number": "00120"}, {"staff_number": "120"}, "number"),
        ({"email": "li.na@example.com"}, {"email": "lina+desk@example.com"}, "address"),
        ({"name": "WANG Xiao-Ming"}, {"name": "Xiaoming Wang", "staff_number": "A12"}, "name"),
        ({"name": "王小明"}, {"name": "王 小明"}, "name"),
        ({"name": "Li Na", "staff_number": "A1"}, {"name": "Li Na", "staff_number": "A2"}, None),
        ({"staff_number": "A012"}, {"staff_number": "A120"}, None),
        ({"email": "li.na@example.com"}, {"email": "lina@example.org"}, None),
    ],
)
def test_who_may_be_here_twice(one, two, why):
    first, second = make_user(**{"name": "One"} | one), make_user(**{"name": "Two"} | two)
    make_user("Somebody else")
    assert found() == ([(first.name, second.name, why)] if why else [])


@pytest.mark.parametrize("make", [make_admin, make_editor, make_auditor])
def test_neither_staff_nor_who_has_left_or_is_merged_is_proposed(make):
    merge(make_user("王晓明"), make_user("王 晓明"), by=make_hr())
    make(name="Li Na")
    make_user("Li Na")
    make_user("Li Na", is_active=False)
    assert found() == []


def test_nobody_is_asked_about_the_own_account():
    own = make_hr(name="Li Na")
    make_user("Li Na")
    assert (len(found(make_hr())), found(own)) == (1, [])


def test_so_many_are_shown_and_how_many_more_there_are_is_said():
    for name in ("Li Na", "Wang Fang", "Zhou Kai"):
        make_user(name), make_user(name)
    make_user("Li Na")
    pairs, more = doubles(without=make_hr(), most=3)
    assert ([pair.first.name for pair in pairs], more) == (["Li Na", "Li Na", "Wang Fang"], 1)
    assert statements_for(1) == statements_for(3)


def statements_for(pairs):
    for _pair in range(pairs):
        make_user("An Li"), make_user("An Li")
    hr = make_hr()
    with CaptureQueriesContext(connection) as asked:
        doubles(without=hr, most=50)
    return len(asked)
