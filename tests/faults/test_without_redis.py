"""A site that counts in Redis can be brought elsewhere, and can do without: its database has all that either needs."""

import pytest

from tests.faults.sites import Site

REDIS = {"CACHE_URL": "redis://:a-password@127.0.0.1:1/0"}  # where nobody listens


@pytest.fixture
def other(tmp_path):
    (tmp_path / "other").mkdir()
    return Site(tmp_path / "other", f"sqlite:///{tmp_path}/other/courseware.sqlite3")


def test_its_database_is_copied_and_the_password_of_redis_is_told_to_nobody(site, other):
    status, printed = site.manage("copy_database", "--to", other.database_url, **REDIS)
    assert (status, "a-password" in printed) == (0, False), printed
    assert other.tables() == site.tables()


def test_a_site_that_began_with_redis_has_the_table_that_counts_without_it(other):
    status, printed = other.manage("upgrade", **REDIS)
    assert status == 0, printed
    assert other.count("cache") == 0
