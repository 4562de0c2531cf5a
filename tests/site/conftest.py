import pytest
from django.db import transaction

from tests.world import make_world


@pytest.fixture(scope="module")
def world_of_the_module(django_db_setup, django_db_blocker):
    """Made once for all who walk through it; what each of them does is rolled back by itself."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def world(world_of_the_module, db):
    return world_of_the_module
