"""The whole server under a false clock that is set back, jumps, or changes with the season (F10)."""

import re
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
pytestmark = [
    pytest.mark.skipif(LIBRARY is None, reason="the server needs a false clock: apt-get install libfaketime"),
    pytest.mark.any_database,  # the database is not asked for the time
]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class FalseClock:
    def __init__(self, folder):
        self.file = folder / "clock"
        self.environment = {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
        }
        self.set(timedelta(0))

    def set(self, ahead):
        self.ahead = ahead
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{round(ahead / timedelta(seconds=1)):+d}\n")
        fresh.rename(self.file)  # atomic, because the server reads it constantly

    def now(self):
        return datetime.fromtimestamp(time.time(), UTC) + self.ahead


@pytest.fixture
def clock(tmp_path):
    return FalseClock(tmp_path)


def save(visitor, site, choice):
    """Answer the first question. Returns whether it was stored."""
    page = f"/attempts/{site.told['attempt']}/"
    form = saving_form(visitor, site)
    before = saves(site)
    answer = visitor.post(f"{page}1/", form | {"choice": choice})
    assert answer.status == 302, answer.status
    return saves(site) > before


def saving_form(visitor, site):
    page = f"/attempts/{site.told['attempt']}/"
    if f'action="{page}1/"' in visitor.get(f"{page}?question=1").text:
        site.told["form"] = visitor.form(f"{page}?question=1", f"{page}1/")
    return site.told["form"] | {"saves": str(saves(site))}  # of a tab that was open before the time was over


def saves(site):
    return site.rows("SELECT saves FROM assessment_response ORDER BY position LIMIT 1")[0][0]


def close_at(site, instant):
    text = instant.isoformat(sep=" ") if site.is_postgres else f"{instant:%Y-%m-%d %H:%M:%S.%f}"
    change(site, f"UPDATE assessment_examattempt SET closes_at = '{text}'")


def change(site, sql):
    with closing(site.connect()) as connection:
        connection.execute(sql)
        connection.commit()


@pytest.fixture
def site(site):
    """Nothing is answered yet."""
    change(site, "UPDATE assessment_response SET response = NULL, saves = 0")
    site.told["form"] = {}
    return site


@pytest.mark.parametrize("jump", [-2 * HOUR, 3 * DAY], ids=["two hours back", "three days ahead"])
def test_clock_jump_closes_no_attempt_and_loses_no_answer(site, clock, jump):
    with site.served(workers=1, **clock.environment) as visitor:
        visitor.sign_in(site.told)
        assert save(visitor, site, "0")
        clock.set(jump)
        if jump > DAY:
            visitor.sign_in(site.told)  # no session is so long
        assert save(visitor, site, "1")
        clock.set(timedelta(0))
        assert save(visitor, site, "0")
    assert site.count("assessment_examattempt", "submitted_at IS NULL AND time_up_found_at IS NULL") == 1


def test_ended_time_limit_stays_ended_if_clock_goes_back(site, clock):
    with site.served(workers=1, **clock.environment) as visitor:
        visitor.sign_in(site.told)
        close_at(site, clock.now() + 30 * MINUTE)
        assert save(visitor, site, "0")
        clock.set(31 * MINUTE)
        assert not save(visitor, site, "1")
        clock.set(-89 * MINUTE)
        assert not save(visitor, site, "1")


def test_time_limit_ended_by_jump_continues_after_correction(site, clock):
    with site.served(workers=1, **clock.environment) as visitor:
        visitor.sign_in(site.told)
        close_at(site, clock.now() + 30 * MINUTE)
        saving_form(visitor, site)
        clock.set(3 * DAY)
        visitor.sign_in(site.told)
        site.told["form"] |= {"csrfmiddlewaretoken": token(visitor)}
        assert not save(visitor, site, "1")
        clock.set(timedelta(0))
        assert save(visitor, site, "1")


def token(visitor):
    return next(cookie.value for cookie in visitor.cookies if cookie.name == "csrftoken")


def nights(*examples, in_deep):
    """Parameters of a test: a time zone, and its next change of the clocks (0) or the one after (1)."""
    which = {0: "the next change", 1: "the one after"}
    marked = [(each, []) for each in examples] + [(each, [pytest.mark.deep]) for each in in_deep]
    return [pytest.param(*each, id=f"{each[0]}-{which[each[1]]}", marks=marks) for each, marks in marked]


@pytest.mark.parametrize(
    ("zone", "which"),
    nights(
        ("Europe/Berlin", 0),
        ("America/New_York", 1),
        in_deep=[("Asia/Shanghai", 0), ("Asia/Shanghai", 1), ("Europe/Berlin", 1), ("America/New_York", 0)],
    ),
)
def test_time_limit_is_same_when_clocks_change(site, clock, zone, which):
    night = changes_of(ZoneInfo(zone))[which]
    with site.served(workers=1, TIME_ZONE=zone, **clock.environment) as visitor:
        clock.set(night - 10 * MINUTE - datetime.now(UTC))
        visitor.sign_in(site.told)
        close_at(site, clock.now() + 30 * MINUTE)
        assert save(visitor, site, "0")
        clock.set(clock.ahead + 20 * MINUTE)
        assert save(visitor, site, "1")
        clock.set(clock.ahead + 11 * MINUTE)
        assert not save(visitor, site, "0")


# Due dates, set by the manager of the learner's team, in the time zone of the site

ADD_MANAGER = """
import django
django.setup()
from courseware.accounts.models import User
from tests.making import join, make_team, make_user
join(make_team(manager=make_user(email="lead@example.com")), User.objects.get(email="{email}"))
"""


class ManagerVisitor:
    """The manager of the site's learner, on the page of the learner."""

    def __init__(self, site, visitor):
        assert site.run("-c", ADD_MANAGER.format(**site.told)) == (0, "")
        self.visitor, self.told = visitor, site.told | {"email": "lead@example.com"}
        self.page = f"/team/people/{site.told['enrollment']}/"

    def at(self, clock, instant):
        clock.set(instant - datetime.now(UTC))
        self.visitor.cookies.clear()  # no session is so long
        self.visitor.sign_in(self.told)
        return self

    def choose(self, day):
        form = self.visitor.form(self.page, f"{self.page}extend/")
        assert self.visitor.post(f"{self.page}extend/", form | {"due_on": day.isoformat()}).status == 302
        return self.shown()

    def shown(self):
        """(due date, whether it is over)."""
        text = self.visitor.get(self.page).text
        day = re.search(r'<dt>Due date</dt><dd><time datetime="([\d-]+)"', text)[1]
        return date.fromisoformat(day), "overdue" in text


@pytest.mark.parametrize("jump", [-2 * HOUR, 3 * DAY], ids=["two hours back", "three days ahead"])
def test_due_dates_stay_as_chosen_across_jump(site, clock, jump):
    now = datetime.now(UTC)
    days = [(now + number * DAY).date() for number in (10, 11, 12)]
    with site.served(workers=1, **clock.environment) as visitor:
        manager = ManagerVisitor(site, visitor)
        assert manager.at(clock, now).choose(days[0]) == (days[0], False)
        assert manager.at(clock, now + jump).shown() == (days[0], False)
        assert manager.choose(days[1]) == (days[1], False)
        assert manager.at(clock, now).shown() == (days[1], False)
        assert manager.choose(days[2]) == (days[2], False)


@pytest.mark.parametrize(
    ("zone", "which"),
    nights(("Europe/Berlin", 1), in_deep=[("Europe/Berlin", 0), ("America/New_York", 0), ("America/New_York", 1)]),
)
def test_due_dates_end_at_midnight_when_clocks_change(site, clock, zone, which):
    night = changes_of(ZoneInfo(zone))[which]
    day = night.astimezone(ZoneInfo(zone)).date()
    end = next(hour for hour in (night + number * HOUR for number in range(48)) if local(hour, zone) > day)
    with site.served(workers=1, TIME_ZONE=zone, **clock.environment) as visitor:
        manager = ManagerVisitor(site, visitor)
        assert manager.at(clock, night - 2 * DAY).choose(day) == (day, False)
        assert manager.at(clock, end - MINUTE).shown() == (day, False)
        assert manager.at(clock, end + MINUTE).shown() == (day, True)
        assert manager.choose(day + 7 * DAY) == (day + 7 * DAY, False)
        assert manager.at(clock, night - MINUTE).choose(day) == (day, False)


def local(instant, zone):
    return instant.astimezone(ZoneInfo(zone)).date()


def changes_of(zone):
    """The next two instants at which the clocks change in `zone`; where they never do, in Berlin."""
    hours = [datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + number * HOUR for number in range(24 * 380)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    found = [hours[place] for place in range(1, len(hours)) if offsets[place] != offsets[place - 1]]
    return found or changes_of(ZoneInfo("Europe/Berlin"))
