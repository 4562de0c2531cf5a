import pytest

from courseware.lib.shares import Share


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
