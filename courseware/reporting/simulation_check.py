"""Whether runs of simulations, played again by their decisions, still say what they say."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from courseware.language.simulations import NotOffered
from courseware.learning.models import Completion
from courseware.simulations.models import Run
from courseware.simulations.trails import Trail, trail_of


def runs() -> Iterator[str]:
    rows = Run.objects.select_related("simulation", "release__course").defer("release__outlines").order_by("pk")
    completed = Completion.objects.filter(enrollment=OuterRef("enrollment"), document=OuterRef("simulation"))
    for run in rows.annotate(is_completed=Exists(completed)).iterator():
        try:
            trail = trail_of(run)
            yield from differences_of(run, trail)
            if trail.is_done and not run.is_practice and not run.is_completed:
                yield f"run {run.pk}: ended so that it counts, and its simulation is not completed"
        except (NotOffered, KeyError):
            # In the release the run began with.
            yield f"run {run.pk}: its decisions cannot be taken in the simulation it began with"


def differences_of(run: Run, trail: Trail) -> Iterator[str]:
    for position, step in enumerate(trail.steps, start=1):
        decision = step.decision
        points = trail.rules.points(step.before.place, step.place, step.picked)
        stored = (decision.position, decision.node, decision.meters, decision.points)
        if stored != (position, step.before.place, dict(step.after.meters), points):
            yield f"decision {decision.pk}: played again it says something else"
    played = (trail.ending.id, trail.ending.colour, trail.points) if trail.ending else ("", "", None)
    if (run.ending, run.colour, run.points) != played or bool(run.finished_at) != bool(trail.ending):
        yield f"run {run.pk}: ends in {run.ending or 'nothing'}, played again in {played[0] or 'nothing'}"


def endings() -> Iterator[str]:
    """A simulation is completed by a finished run that is no branch."""
    completions = Completion.objects.filter(document__kind="simulation")
    ended = Run.objects.on_record().finished()
    played = ended.filter(enrollment=OuterRef("enrollment"), simulation=OuterRef("document"))
    for pk in completions.filter(~Exists(played)).values_list("pk", flat=True):
        yield f"completion {pk}: of a simulation without a run that came to an end"
