import pytest

from tests.assignments.conftest import a_wednesday, hr, hr_signed_in  # noqa: F401 - fixtures
from tests.hr.two_accounts import member


@pytest.fixture
def kept(team):
    return member(team, "王小明")


@pytest.fixture
def other(team):
    return member(team, "王晓明")
