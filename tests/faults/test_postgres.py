"""The database server is restarted, stops and comes back: F8 of the promises."""

from tests.faults.database_servers import database_server
from tests.faults.outages import QUESTION, assert_away, right_answer
from tests.faults.sites import prepared


def test_a_server_that_stops_is_our_own_page_and_the_first_request_after_works(tmp_path):
    with database_server() as database:
        site = prepared(tmp_path, database.url)
        with site.served() as visitor:
            form, before = right_answer(visitor.sign_in(site.told)), site.count("learning_answer")
            database.restart()
            assert visitor.get("/").status == 200
            database.stop()
            assert_away(visitor.post, QUESTION, form)
            assert_away(visitor.get, "/")
            database.start()
            assert visitor.post(QUESTION, form).status == 302
            assert site.count("learning_answer") == before + 1
        site.assert_records_agree()
