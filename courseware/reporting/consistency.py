"""Whether everything stored that derives from facts still agrees with them: it is derived again and compared."""

import heapq
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, Subquery

from courseware.accounts.merges import Merge
from courseware.accounts.models import Team
from courseware.assessment.attempting import is_right
from courseware.assessment.banks import bank, question_of
from courseware.assessment.certifying import frozen_facts, outlines_of
from courseware.assessment.drilling import drills_of
from courseware.assessment.grading import reaches
from courseware.assessment.models import Attempt, Certificate, DrillAnswer, Response, Standing
from courseware.assessment.outside_training import OutsideTraining
from courseware.assessment.standing import Proof, longest, says, whose
from courseware.content.compiled import serving
from courseware.content.compiled.serving import Outline
from courseware.content.models import Release
from courseware.content.releases.publishing import digest_of
from courseware.evidence.verifying import alterations
from courseware.language.questions import Question, load_question
from courseware.language.simulations import NotOffered
from courseware.learning import recounting
from courseware.learning.adjustments import Adjustment, AdjustmentLine
from courseware.learning.merged_runs import MergedRun, aside
from courseware.learning.models import Answer, Completion, Enrollment
from courseware.reporting import log_check
from courseware.simulations.models import Colour, Run
from courseware.simulations.trails import Trail, trail_of


def differences() -> Iterator[str]:
    """A line for each difference, naming the row. Memory does not grow with the number of rows."""
    yield from attempts()
    yield from pass_marks()
    yield from responses()
    yield from answers()
    yield from drill_answers()
    yield from numbers()
    yield from passes()
    yield from pre_checks()
    yield from drills()
    yield from runs()
    yield from endings()
    yield from enrollments()
    yield from newest_runs()
    yield from merged_runs()
    yield from team_places()
    yield from headcounts()
    yield from certificates()
    yield from certificate_texts()
    yield from standings()
    yield from strange_standings()
    yield from newest_standings()
    yield from releases()
    yield from log_check.differences()
    yield from alterations()


def attempts() -> Iterator[str]:
    right = Count("responses", filter=Q(responses__is_right=True))
    for attempt in Attempt.objects.annotate(right=right, asked=Count("responses")).order_by("pk").iterator():
        if attempt.asked != attempt.max_points:
            yield f"attempt {attempt.pk}: {attempt.max_points} points to be had, {attempt.asked} questions asked"
        if attempt.submitted_at is None:
            continue
        if attempt.points != attempt.right:
            yield f"attempt {attempt.pk}: {attempt.points} points kept, {attempt.right} right responses"
        if attempt.pass_mark and attempt.is_passed != reaches(attempt.right, attempt.max_points, attempt.pass_mark):
            yield f"attempt {attempt.pk}: is_passed is {attempt.is_passed} at {attempt.right} of {attempt.max_points}"


def pass_marks() -> Iterator[str]:
    # As in its exam in the release it began with.
    for attempt in Attempt.objects.with_release().select_related("release__course").order_by("pk").iterator():
        page = serving.page(attempt.release, attempt.exam.identifier, attempt.release.course.source_language)
        if attempt.pass_mark != page.data["pass_mark"]:
            yield f"attempt {attempt.pk}: pass_mark is {attempt.pass_mark}, its exam said {page.data['pass_mark']}"


def responses() -> Iterator[str]:
    needed = ("bank", "attempt__release__course")
    rows = Response.objects.select_related(*needed).defer("attempt__release__outlines").order_by("pk")
    for response in rows.iterator():
        try:
            question = question_of(response.attempt, response, response.attempt.release.course.source_language)
            graded = graded_again(response)
        except (KeyError, TypeError):
            yield f"response {response.pk}: is no answer to a question that its bank held"
            continue
        if response.is_right != graded:
            yield f"response {response.pk}: is_right is {response.is_right}, graded again it is {graded}"
        if (response.objective, response.is_critical) != (question.objective, question.critical):
            yield f"response {response.pk}: another rule than its question asks"


def graded_again(response: Response) -> bool | None:
    """None before the attempt is submitted. Raises KeyError and TypeError for what cannot be graded."""
    attempt = response.attempt
    if attempt.submitted_at is None:
        return None
    return is_right(attempt, response, attempt.release.course.source_language)


def answers() -> Iterator[str]:
    questions = lru_cache(maxsize=1)(questions_of)  # answers come by revision
    for answer in Answer.objects.order_by("document", "revision", "pk").iterator():
        try:
            graded = questions(answer.document_id, answer.revision_id)[answer.question].grade(answer.response)
        except (KeyError, TypeError):
            yield f"answer {answer.pk}: is no answer to a question that its lesson asked"
            continue
        if answer.is_right != graded:
            yield f"answer {answer.pk}: is_right is {answer.is_right}, graded again it is {graded}"


def questions_of(document: int, revision: int) -> Mapping[str, Question]:
    """Question id → question of a released revision, in any language: the key is the same in all."""
    stored = next(iter(serving.stored_questions(document, revision).values()), {})
    return {identifier: load_question(question) for identifier, question in stored.items()}


def drill_answers() -> Iterator[str]:
    rows = DrillAnswer.objects.select_related("bank", "release__course").defer("release__outlines").order_by("pk")
    for answer in rows.iterator():
        try:
            questions = bank(answer.release, answer.bank.identifier, answer.release.course.source_language)
            question = questions[answer.question]
            graded = question.grade(answer.response)
        except (KeyError, TypeError):
            yield f"drill answer {answer.pk}: is no answer to a question that its bank held"
            continue
        if answer.is_right != graded:
            yield f"drill answer {answer.pk}: is_right is {answer.is_right}, graded again it is {graded}"
        if answer.objective != question.objective:
            yield f"drill answer {answer.pk}: on {answer.objective}, its question is on {question.objective}"


def numbers() -> Iterator[str]:
    for key, exam, last in with_a_gap(Attempt, "enrollment", "exam__identifier"):
        yield f"enrollment {key}: attempts at {exam} up to number {last}, and not as many"
    for key, rule, last in with_a_gap(DrillAnswer, "attempt", "objective"):
        yield f"attempt {key}: drill answers on {rule} up to number {last}, and not as many"


def with_a_gap(model, *of):
    """(values of the fields `of`, highest number) for each group of rows whose numbers have a gap."""
    rows = model.objects.order_by().values(*of).annotate(last=Max("number"), rows=Count("pk"))
    return rows.exclude(last=F("rows")).order_by(*of).values_list(*of, "last")


def passes() -> Iterator[str]:
    passed = Attempt.objects.filter(enrollment=OuterRef("enrollment"), exam=OuterRef("document"), is_passed=True)
    with_marks = Completion.objects.filter(document__kind="exam", outcome=Completion.Outcome.PASSED)
    for pk in with_marks.filter(~Exists(passed)).values_list("pk", flat=True):
        yield f"completion {pk}: of an exam without a passed attempt"


def pre_checks() -> Iterator[str]:
    """A submitted pre-check completes its document, and nothing else does."""
    taken = Attempt.objects.submitted().filter(pass_mark=None)
    completion = Completion.objects.filter(enrollment=OuterRef("enrollment"), document=OuterRef("exam"))
    for pk in taken.filter(~Exists(completion)).values_list("pk", flat=True):
        yield f"attempt {pk}: is handed in, and its pre-check is not completed"
    taken = taken.filter(enrollment=OuterRef("enrollment"), exam=OuterRef("document"))
    without_marks = Completion.objects.filter(document__kind="exam", outcome=Completion.Outcome.COMPLETED)
    for pk in without_marks.filter(~Exists(taken)).values_list("pk", flat=True):
        yield f"completion {pk}: of a pre-check that was not handed in"


def drills() -> Iterator[str]:
    """An exam is completed once it is passed and every drill is done, and not before."""
    completion = Completion.objects.filter(enrollment=OuterRef("enrollment"), document=OuterRef("exam"))
    passed = Attempt.objects.filter(is_passed=True).annotate(is_completed=Exists(completion))
    for attempt in passed.select_related("enrollment__course").with_release().order_by("pk").iterator():
        attempt_drills = drills_of(attempt)
        owed = [drill.rule for drill in attempt_drills if not drill.is_done]
        if not attempt.is_completed and not owed:
            yield f"attempt {attempt.pk}: is passed, and its exam is not completed"
        elif attempt.is_completed and owed:
            yield f"attempt {attempt.pk}: its exam is completed before the drill on {', '.join(owed)}"
        for drill in attempt_drills:
            if len({answer.question for answer in drill.streak}) < len(drill.streak):
                yield f"attempt {attempt.pk}: a question twice in a row of right answers on {drill.rule}"


def runs() -> Iterator[str]:
    rows = Run.objects.select_related("simulation", "release__course").defer("release__outlines").order_by("pk")
    for run in rows.iterator():
        try:
            yield from differences_of(run, trail_of(run))
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
    """A simulation is completed by a finished run that is no branch; one that ends without harm always completes it."""
    completions = Completion.objects.filter(document__kind="simulation")
    ended = Run.objects.on_record().finished()
    played = ended.filter(enrollment=OuterRef("enrollment"), simulation=OuterRef("document"))
    for pk in completions.filter(~Exists(played)).values_list("pk", flat=True):
        yield f"completion {pk}: of a simulation without a run that came to an end"
    completed = completions.filter(enrollment=OuterRef("enrollment"), document=OuterRef("simulation"))
    for pk in ended.exclude(colour=Colour.RED).filter(~Exists(completed)).values_list("pk", flat=True):
        yield f"run {pk}: ended without harm, and its simulation is not completed"


def enrollments() -> Iterator[str]:
    def of_facts(model, field, aggregate, enrollment="enrollment", **which):
        facts = model.objects.filter(**{enrollment: OuterRef("pk")}, **which).order_by().values(enrollment)
        return Subquery(facts.annotate(found=aggregate(field)).values("found"))

    days_given = AdjustmentLine.objects.filter(
        adjustment__kind=Adjustment.Kind.EXTENDED, enrollment=OuterRef("pk"), made_at__isnull=False, undone_at=None
    )
    found = Enrollment.objects.annotate(
        first_answer=of_facts(Answer, "answered_at", Min),
        last_answer=of_facts(Answer, "answered_at", Max),
        first_completion=of_facts(Completion, "completed_at", Min),
        last_completion=of_facts(Completion, "completed_at", Max),
        first_attempt=of_facts(Attempt, "started_at", Min),
        last_attempt=of_facts(Attempt, "submitted_at", Max),
        first_run=of_facts(Run, "started_at", Min, branch_of=None),
        last_run=of_facts(Run, "finished_at", Max, branch_of=None),
        last_drill=of_facts(DrillAnswer, "answered_at", Max, "attempt__enrollment"),
        given_at=Subquery(days_given.order_by("-pk").values("made_at")[:1]),
    )
    for enrollment in found.order_by("pk").iterator():
        yield from times_of(enrollment)
        if enrollment.due_given_at != enrollment.given_at:
            yield f"enrollment {enrollment.pk}: due_given_at is not that of the last day given by hand"
        if enrollment.completed_at and enrollment.last_completion is None:
            yield f"enrollment {enrollment.pk}: completed without a single completion"


def times_of(enrollment) -> Iterator[str]:
    facts = vars(enrollment)
    firsts = (facts[f"first_{fact}"] for fact in ("answer", "completion", "attempt", "run"))
    lasts = (facts[f"last_{fact}"] for fact in ("answer", "completion", "attempt", "drill", "run"))
    first = min(filter(None, firsts), default=None)
    last = max(filter(None, lasts), default=None)
    # Facts are stored in order, but a clock may be set back: the earliest need not be the one that began it.
    if (enrollment.started_at is None) != (first is None):
        yield f"enrollment {enrollment.pk}: started_at {enrollment.started_at}, first fact {first}"
    if last and (enrollment.last_active_at is None or enrollment.last_active_at < last):
        yield f"enrollment {enrollment.pk}: last_active_at {enrollment.last_active_at}, last fact {last}"


def newest_runs() -> Iterator[str]:
    """Runs that a merge has set aside count only where a person has no other in the course."""
    behind = aside()
    others = Enrollment.objects.filter(learner=OuterRef("learner"), course=OuterRef("course")).exclude(pk__in=behind)
    later = others.filter(pk__gt=OuterRef("pk"))
    every = Enrollment.objects.order_by("pk").values_list("pk", flat=True)
    runs = every.exclude(pk__in=behind)
    for pk in runs.filter(Exists(later), is_newest=True):
        yield f"enrollment {pk}: is kept as the newest run, and there is a later one"
    for pk in runs.filter(~Exists(later), is_newest=False):
        yield f"enrollment {pk}: is the newest run, and is not kept as that"
    for pk in every.filter(Exists(others), pk__in=behind, is_newest=True):
        yield f"enrollment {pk}: is kept as the newest run, and a merge has set it aside"


def merged_runs() -> Iterator[str]:
    """Whose a run is, by the merges: of who is another name of somebody there is none."""
    lines = MergedRun.objects.select_related("merge", "enrollment").order_by("pk")
    for line in lines.filter(is_brought=True, merge__undone_at=None).exclude(enrollment__learner=F("merge__kept")):
        yield f"enrollment {line.enrollment_id}: is of person {line.merge.kept_id} by merge {line.merge_id}"
    again = lines.standing().filter(enrollment=OuterRef("enrollment"), is_brought=True)
    undone = lines.filter(is_brought=True).exclude(merge__undone_at=None).filter(~Exists(again))
    for line in undone.exclude(enrollment__learner=F("merge__other")):
        yield f"enrollment {line.enrollment_id}: is of person {line.merge.other_id}, as merge {line.merge_id} is undone"
    for merge in Merge.objects.standing().order_by("pk"):
        for pk in Enrollment.objects.filter(learner=merge.other_id).order_by("pk").values_list("pk", flat=True):
            yield f"enrollment {pk}: of person {merge.other_id}, who is another name of person {merge.kept_id}"


def newest_standings() -> Iterator[str]:
    """What the newest run says of it, for boards."""
    kept = Standing.objects.filter(learner=OuterRef("learner"), course=OuterRef("course")).values("certified_until")
    runs = Enrollment.objects.newest().annotate(end=Subquery(kept))
    same = {"certified_until": F("end"), "end__isnull": False}  # to SQL a day is neither equal nor unequal to no day
    differ = runs.exclude(**same).exclude(certified_until=None, end=None)
    for pk, said, end in differ.order_by("pk").values_list("pk", "certified_until", "end"):
        yield f"enrollment {pk}: certified until {said} by what its row says, until {end} by the standing"


def team_places() -> Iterator[str]:
    teams = Team.objects.in_bulk()
    for team in teams.values():
        above: list[int] = []
        parent = team.parent_id
        while parent is not None and parent not in above:  # teams in a circle must not make this endless
            above.insert(0, parent)
            parent = teams[parent].parent_id
        place = "/" + "".join(f"{key}/" for key in above)
        if team.above != place:
            yield f"team {team.pk}: stands at {team.above} by what is kept, at {place} by the teams above it"


def headcounts() -> Iterator[str]:
    for team in recounting.everything():
        for place, number in recounting.missing(team).items():
            where = f"{place.urgency:%Y-%m-%d}, {'begun' if place.has_started else 'not begun'}"
            if place.certified_until:
                where += f", certified until {place.certified_until}"
            who = f"team {team}" if team else "the firm"
            yield f"{who}, course {place.course_id}: {number:+} people at {where} to what is counted"


def certificates() -> Iterator[str]:
    for pk in Certificate.objects.filter(enrollment__completed_at=None).values_list("enrollment_id", flat=True):
        yield f"enrollment {pk}: has a certificate and is not completed"
    for pk in Enrollment.objects.completed().filter(certificate=None).values_list("pk", flat=True):
        yield f"enrollment {pk}: is completed and has no certificate"
    moved = Certificate.objects.exclude(issued_at=F("enrollment__completed_at")).exclude(enrollment__completed_at=None)
    for pk in moved.values_list("enrollment_id", flat=True):
        yield f"enrollment {pk}: completed at another moment than its certificate says"


FORGED = {
    "titles": "other titles than its release",
    "valid_until": "valid until another day than its release says",
    "points": "says points that no passed attempt has",
    "max_points": "says points that no passed attempt has",
}


def certificate_texts() -> Iterator[str]:
    """A certificate says what `frozen_facts` derives from its release and the attempts."""
    outlines = lru_cache(maxsize=8)(outlines_of)
    certificates = Certificate.objects.select_related("release__course", "enrollment").defer("release__outlines")
    for certificate in certificates.order_by("pk").iterator():
        forged = forged_fields(certificate, outlines(certificate.release))
        for words in dict.fromkeys(FORGED.get(field, f"{field} is none it could have said") for field in forged):
            yield f"certificate {certificate.pk}: {words}"


def forged_fields(certificate: Certificate, outlines: Mapping[str, Outline]) -> list[str]:
    """Fields that differ from the facts. Runs one query where nothing is forged."""
    # Also by the day before and after: the zone of the site may have been another when it was issued.
    fields: list[str] = []
    for step in (0, -1, 1):
        at = certificate.issued_at + timedelta(days=step)
        facts = frozen_facts(certificate.enrollment, outlines, at)
        fields = [field for field in fields or facts if not agrees(field, getattr(certificate, field), facts[field])]
        if not fields:
            break
    return fields


def agrees(field: str, kept: Any, derived: Any) -> bool:
    # An exam that is not required may be passed after the certificate was issued, which then has no points.
    return kept == derived or (kept is None and field in ("points", "max_points"))


def standings() -> Iterator[str]:
    """Until when a person is certified in a course, by the certificates and by what was learned elsewhere."""
    kept = {"kept_certificate": "certificate", "kept_outside": "outside", "kept_until": "certified_until"}

    def rows(of_model, learner: str, course: str) -> Iterator[Proof]:
        own = Standing.objects.filter(learner=OuterRef(learner), course=OuterRef(course))
        found = of_model.annotate(**{name: Subquery(own.values(field)) for name, field in kept.items()})
        yield from found.order_by(learner, course, "pk").iterator()

    certificates = rows(
        Certificate.objects.select_related("enrollment"), "enrollment__learner_id", "enrollment__course_id"
    )
    trainings = rows(OutsideTraining.objects.all(), "person_id", "course_id")
    for (learner, course), proofs in groupby(heapq.merge(certificates, trainings, key=whose), whose):
        best = longest(proofs)
        annotated, said = vars(best), says(best)
        if any(annotated[name] != getattr(said[field], "pk", said[field]) for name, field in kept.items()):
            kind = "outside training" if said["outside"] else "certificate"
            yield (
                f"person {learner}: certified in course {course} until {annotated['kept_until']} by what is kept, "
                f"until {best.certifies_until} by {kind} {best.pk}"
            )


def strange_standings() -> Iterator[str]:
    """Those that name a proof of somebody else, or of another course."""
    of_run = {f"certificate__enrollment__{field}": F(field) for field in ("learner", "course")}
    own = Standing.objects.filter(Q(**of_run) | Q(outside__person=F("learner"), outside__course=F("course")))
    strange = Standing.objects.exclude(pk__in=own.values("pk")).order_by("pk")
    for learner, course in strange.values_list("learner", "course"):
        yield f"person {learner}: certified in course {course} by a proof of another person or course"


def releases() -> Iterator[str]:
    for release in Release.objects.defer("outlines").order_by("pk").iterator():
        if release.digest != digest_of(release):
            yield f"release {release.pk}: its texts are not the ones it was published with"
