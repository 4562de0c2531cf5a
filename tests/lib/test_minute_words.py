"""One function says how long something takes, in both languages."""

import pytest
from django.utils.translation import override

from courseware.lib.minute_words import minutes_in_words

WORDS = {
    0: ("0 minutes", "0分钟"),
    0.5: ("half a minute", "半分钟"),
    1: ("1 minute", "1分钟"),
    1.5: ("1.5 minutes", "1.5分钟"),
    4.0: ("4 minutes", "4分钟"),
    59.5: ("59.5 minutes", "59.5分钟"),
    60: ("1 hour", "1小时"),
    62: ("1 hour", "1小时"),
    63: ("1 hour 5 minutes", "1小时5分"),
    141: ("2 hours 20 minutes", "2小时20分"),
    178.5: ("3 hours", "3小时"),
}


@pytest.mark.parametrize("minutes", WORDS)
def test_minutes_are_said_in_halves_and_from_an_hour_on_in_fives(minutes):
    with override("en"):
        english = minutes_in_words(minutes)
    with override("zh-hans"):
        assert (english, minutes_in_words(minutes)) == WORDS[minutes]
