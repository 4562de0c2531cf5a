"""The database file disappears and comes back, or stays locked (F8)."""

from contextlib import closing

from tests.faults.outages import QUESTION, assert_unavailable_soon, correct_answer_form


def test_missing_file_gives_503_and_next_request_works(site):
    moved = site.file.with_suffix(".away")
    with site.served() as visitor:
        form, before = correct_answer_form(visitor.sign_in(site.told)), site.count("learning_answer")
        site.file.rename(moved)
        site.file.mkdir()  # not even root can open a folder as a database
        assert_unavailable_soon(visitor.post, QUESTION, form)
        assert_unavailable_soon(visitor.get, "/")
        site.file.rmdir()
        moved.rename(site.file)
        assert visitor.post(QUESTION, form).status == 302
    assert site.count("learning_answer") == before + 1


def test_locked_file_acknowledges_no_write(site):
    with site.served() as visitor:
        form, before = correct_answer_form(visitor.sign_in(site.told)), site.count("learning_answer")
        with closing(site.connect()) as other:
            other.execute("BEGIN IMMEDIATE")
            assert_unavailable_soon(visitor.post, QUESTION, form)
        assert site.count("learning_answer") == before
        assert visitor.post(QUESTION, form).status == 302
    assert site.count("learning_answer") == before + 1
