"""The database server is restarted, stops and comes back (F8)."""

import pytest

from tests.faults.database_servers import database_server
from tests.faults.outages import QUESTION, assert_unavailable_soon, correct_answer_form
from tests.faults.sites import prepared


@pytest.mark.minutes
def test_stopped_database_gives_503_and_next_request_works(tmp_path):
    with database_server() as database:
        site = prepared(tmp_path, database.url)
        with site.served() as visitor:
            form, before = correct_answer_form(visitor.sign_in(site.told)), site.count("learning_answer")
            database.restart()
            assert visitor.get("/").status == 200
            database.stop()
            assert_unavailable_soon(visitor.post, QUESTION, form)
            assert_unavailable_soon(visitor.get, "/")
            database.start()
            assert visitor.post(QUESTION, form).status == 302
            assert site.count("learning_answer") == before + 1
        site.assert_records_agree()
