import pytest

from tests.making import make_team


@pytest.fixture
def team(client):
    team = make_team("Night shift")
    client.force_login(team.manager)
    return team
