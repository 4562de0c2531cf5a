"""The file of the database goes away and comes back, or is kept locked: F8 of the promises."""

from contextlib import closing

from tests.faults.outages import QUESTION, assert_away, right_answer


def test_a_file_that_cannot_be_opened_is_our_own_page_and_the_first_request_after_works(site):
    away = site.file.with_suffix(".away")
    with site.served() as visitor:
        form, before = right_answer(visitor.sign_in(site.told)), site.count("learning_answer")
        site.file.rename(away)
        site.file.mkdir()  # nobody, not even root, opens a folder as a database
        assert_away(visitor.post, QUESTION, form)
        assert_away(visitor.get, "/")
        site.file.rmdir()
        away.rename(site.file)
        assert visitor.post(QUESTION, form).status == 302
    assert site.count("learning_answer") == before + 1


def test_a_file_that_somebody_else_keeps_locked_acknowledges_nothing(site):
    with site.served() as visitor:
        form, before = right_answer(visitor.sign_in(site.told)), site.count("learning_answer")
        with closing(site.connect()) as other:
            other.execute("BEGIN IMMEDIATE")
            assert_away(visitor.post, QUESTION, form)
        assert site.count("learning_answer") == before
        assert visitor.post(QUESTION, form).status == 302
    assert site.count("learning_answer") == before + 1
