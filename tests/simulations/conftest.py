import pytest

from tests.simulations.samples import make_player


@pytest.fixture
def enrollment(db):
    return make_player()


@pytest.fixture
def signed_in(client, enrollment):
    client.force_login(enrollment.learner)
    return client
