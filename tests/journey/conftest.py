import pytest


@pytest.fixture
def client(client):
    """A browser that asks for English, which the tests read."""
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client
