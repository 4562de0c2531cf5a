"""Where a run of a simulation was left: what was said last, and the way to there."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.html import strip_tags

from courseware.journey.under_way import UnderWay
from courseware.learning.models import Enrollment
from courseware.simulations import running
from courseware.simulations.models import Run
from courseware.simulations.path_line import PathLine, path_behind
from courseware.simulations.situation import situation_of
from courseware.simulations.trails import page_of, trail_of

SHOWN_AHEAD = 2  # of the situations to come: in a card a whole line would be too thin


@dataclass(frozen=True)
class StoppedRun:
    """`who` said it, "" where it is told; `since` is the last decision, or the start."""

    who: str
    said: str
    since: datetime
    path: PathLine


def stopped_run(enrollment: Enrollment, under_way: UnderWay, language: str) -> StoppedRun:
    """Runs two queries."""
    run = running.joined(Run.objects.with_release().get(pk=under_way.key), enrollment)
    trail = trail_of(run)
    situation = situation_of(trail, page_of(run, language).simulation, timezone.now())
    last = situation.lines[-1] if situation.lines else None
    return StoppedRun(
        who=last.who if last else "",
        said=strip_tags(last.html).strip() if last else situation.node.title,
        since=trail.steps[-1].decision.decided_at if trail.steps else run.started_at,
        path=path_behind([step.is_astray(trail.rules) for step in trail.steps], min(trail.ahead, SHOWN_AHEAD)),
    )
