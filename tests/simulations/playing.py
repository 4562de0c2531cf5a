"""Play simulation attempts at fixed times."""

from datetime import UTC, datetime, timedelta

from bs4 import BeautifulSoup
from django.urls import reverse

from courseware.simulations import attempts
from courseware.simulations.models import SimulationAttempt, TimeSetting
from courseware.simulations.replay import replay_of
from tests.simulations.samples import KETTLE

START = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
# Choices from start to ending, each a position or (position, parts): in the shop, without the friend.
BEST = [0, 0, (0, [0, 1])]
HOME_BEST = [0, 1, 0, (0, [0, 1])]
RED = [1, 0, (0, [])]
YELLOW = [0, 0, (0, [0, 1, 2])]


def at(seconds):
    return START + timedelta(seconds=seconds)


def begin(enrollment, *, timing=TimeSetting.OFF, seconds=0, flags=None):
    """Start an attempt; `flags` replaces the flags set by chance."""
    attempt = attempts.start(enrollment, KETTLE, timing=timing, at=at(seconds))
    if flags is not None:
        SimulationAttempt.objects.filter(pk=attempt.pk).update(flags=sorted(flags))
        attempt.flags = sorted(flags)
    return attempt


def take(attempt, choice, *, seconds=0, **how):
    """Decide in the current situation."""
    place, picked = choice if isinstance(choice, tuple) else (choice, [])
    return attempts.decide(attempt, replay_of(fresh(attempt)).position, place, picked, at=at(seconds), **how)


def play(enrollment, choices=BEST, *, flags=(), **how):
    """Play an attempt to the ending these choices lead to."""
    attempt = begin(enrollment, flags=flags, **how)
    for choice in choices:
        take(attempt, choice)
    return fresh(attempt)


def fresh(attempt):
    found = SimulationAttempt.objects.with_release().get(pk=attempt.pk)
    return attempts.joined(found, attempt.enrollment)


# Pages

INTRO = f"/simulations/tea-room/{KETTLE}/"


def page_of(attempt):
    return reverse("simulations:attempt", args=[attempt.pk])


def decide(client, attempt, choice, *, position=1, **more):
    headers = more.pop("headers", {})
    return client.post(
        reverse("simulations:decide", args=[attempt.pk]),
        {"position": position, "choice": choice} | more,
        headers=headers,
    )


def text_of(response):
    return BeautifulSoup(response.content, "html.parser").get_text(" ", strip=True)
