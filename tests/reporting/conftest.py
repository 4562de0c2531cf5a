import pytest


@pytest.fixture
def team(client, team):
    """The manager of the team is signed in."""
    client.force_login(team.manager)
    return team
