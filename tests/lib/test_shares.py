import pytest
from django.utils.translation import override

from courseware.lib.shares import AnonymousShare, Share


@pytest.mark.parametrize(
    ("share", "words"),
    [(Share(6, 10), "6 of 10"), (Share(0, 5), "0 of 5"), (Share(19, 19), "19 of 19"), (Share(13, 20), "65%"),
     (Share(2, 30), "6%"), (Share(25, 25), "100%")],
)  # fmt: skip
def test_a_share_is_told_in_people_and_from_twenty_people_on_in_percent(share, words):
    assert share.words == words


def test_people_are_drawn_one_by_one_as_long_as_they_are_told_so():
    assert (Share(2, 5).dots, Share(19, 19).dots, Share(13, 20).dots) == (
        [True, True, False, False, False],
        [True] * 19,
        [],
    )


@pytest.mark.parametrize("people", [5, 10, 19, 20, 100])
def test_all_looks_like_all_but_one_and_none_like_one(people):
    with override("en"):
        for few, many, words in ((people, people - 1, "most"), (0, 1, "few or none")):
            one, other = AnonymousShare(few, people), AnonymousShare(many, people)
            assert one == other
            assert (one.words, one.dots) == (words, [])
            assert (one.percent, one.short) == (other.percent, other.short)


def test_other_shares_are_shown_exactly():
    with override("en"):
        assert AnonymousShare(3, 5).words == "3 of 5"
        assert AnonymousShare(3, 5).dots == [True, True, True, False, False]
        assert AnonymousShare(10, 20).words == AnonymousShare(10, 20).short == "50%"
        assert AnonymousShare(2, 10).short == "2/10"
