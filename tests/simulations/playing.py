"""Runs played by the verbs of the room, in a time that stands still but for what is said here."""

from datetime import UTC, datetime, timedelta

from bs4 import BeautifulSoup
from django.urls import reverse

from courseware.simulations import attempts
from courseware.simulations.models import SimulationAttempt, TimeSetting
from courseware.simulations.replay import replay_of
from tests.simulations.samples import KETTLE

START = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
# Choices from the start to an ending, each a place or (place, parts): in the shop, without the friend.
BEST = [0, 0, (0, [0, 1])]
HOME_BEST = [0, 1, 0, (0, [0, 1])]
RED = [1, 0, (0, [])]
YELLOW = [0, 0, (0, [0, 1, 2])]


def at(seconds):
    return START + timedelta(seconds=seconds)


def begin(enrollment, *, timing=TimeSetting.OFF, seconds=0, flags=None):
    """A run; with `flags` chance is told what to set."""
    run = attempts.start(enrollment, KETTLE, timing=timing, at=at(seconds))
    if flags is not None:
        SimulationAttempt.objects.filter(pk=run.pk).update(flags=sorted(flags))
        run.flags = sorted(flags)
    return run


def take(run, choice, *, seconds=0, **how):
    """Decide in the situation that waits."""
    place, picked = choice if isinstance(choice, tuple) else (choice, [])
    return attempts.decide(run, replay_of(fresh(run)).position, place, picked, at=at(seconds), **how)


def play(enrollment, choices=BEST, *, flags=(), **how):
    """A run from its start to the ending these choices lead to."""
    run = begin(enrollment, flags=flags, **how)
    for choice in choices:
        take(run, choice)
    return fresh(run)


def fresh(run):
    found = SimulationAttempt.objects.with_release().get(pk=run.pk)
    return attempts.joined(found, run.enrollment)


# Pages, as a browser asks for them

INTRO = f"/simulations/tea-room/{KETTLE}/"


def page_of(run):
    return reverse("simulations:attempt", args=[run.pk])


def decide(client, run, choice, *, position=1, **more):
    headers = more.pop("headers", {})
    return client.post(
        reverse("simulations:decide", args=[run.pk]), {"position": position, "choice": choice} | more, headers=headers
    )


def text_of(response):
    return BeautifulSoup(response.content, "html.parser").get_text(" ", strip=True)
