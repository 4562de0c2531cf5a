"""Who is certified in a course: whoever has a valid certificate in it, of whichever run, or was trained elsewhere."""

from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import OuterRef, QuerySet, Subquery

from courseware.assessment.models import Certificate, Standing
from courseware.assessment.outside_training import OutsideTraining

Proof = Certificate | OutsideTraining


def keep_standing(certificate: Certificate) -> None:
    """Of its holder in its course. Call it in the transaction in which the certificate was issued or withdrawn."""
    keep_standings([certificate])


def keep_standings(proofs: Sequence[Proof]) -> None:
    """Of these people in these courses. Call it in the transaction that has changed the proofs."""
    # One of each for a start: the row is locked with it, so that of two at once the second sees what became of both.
    changed = {whose(proof): proof for proof in sorted(proofs, key=whose)}
    Standing.objects.bulk_create(
        [Standing(learner_id=learner, course_id=course, **says(proof)) for (learner, course), proof in changed.items()],
        update_conflicts=True,
        unique_fields=["learner", "course"],
        update_fields=["certificate", "outside", "certified_until"],
    )
    best = {key: longest(all_of) for key, all_of in proofs_of(changed.keys()).items()}
    for learner, course in changed:
        if best[learner, course] != changed[learner, course]:
            Standing.objects.filter(learner=learner, course=course).update(**says(best[learner, course]))


def proofs_of(wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], list[Proof]]:
    """(person, course) → all that certifies, or did. Runs two queries."""
    found: dict[tuple[int, int], list[Proof]] = {key: [] for key in wanted}
    people = {person for person, _course in found}
    proofs: list[Proof] = [*Certificate.objects.filter(enrollment__learner__in=people).select_related("enrollment")]
    proofs += OutsideTraining.objects.filter(person__in=people)
    for proof in proofs:
        found.get(whose(proof), []).append(proof)
    return found


def whose(proof: Proof) -> tuple[int, int]:
    """Keys of the person and of the course."""
    if isinstance(proof, OutsideTraining):
        return proof.person_id, proof.course_id
    return proof.enrollment.learner_id, proof.enrollment.course_id


def says(proof: Proof) -> dict:
    is_outside = isinstance(proof, OutsideTraining)
    return {
        "certificate": None if is_outside else proof,
        "outside": proof if is_outside else None,
        "certified_until": proof.certifies_until,
    }


def longest(proofs: Iterable[Proof]) -> Proof:
    """Of several that last as long a certificate of this site, and of these the newest."""
    return max(proofs, key=lambda each: (each.certifies_until, isinstance(each, Certificate), each.pk))


def with_certified_until(enrollments: QuerySet) -> QuerySet:
    """Adds `certified_until` of the learner in the course, None for who never was; and `certified_by`, the key of the
    outside training that says so, None where it is a certificate of this site."""
    standings = Standing.objects.filter(learner=OuterRef("learner"), course=OuterRef("course"))
    columns = {"certified_until": "certified_until", "certified_by": "outside"}
    return enrollments.annotate(**{name: Subquery(standings.values(column)) for name, column in columns.items()})


def is_certified(certified_until: date | None, today: date) -> bool | None:
    """None for who never was."""
    return None if certified_until is None else today <= certified_until
