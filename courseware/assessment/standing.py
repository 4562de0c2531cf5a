"""Who is certified in a course: whoever has a valid certificate in it, of whichever run, or was trained elsewhere."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from courseware.assessment.models import Certificate, OutsideTraining, Standing
from courseware.learning.models import Enrollment
from courseware.learning.validity import Pair

Proof = Certificate | OutsideTraining


def keep_standing(certificate: Certificate) -> None:
    """Of its holder in its course. Call it in the transaction in which the certificate was issued or withdrawn."""
    keep_standings([certificate])


def keep_standings(proofs: Sequence[Proof]) -> None:
    """Of these people in these courses. Call it in the transaction that has changed the proofs."""
    pairs = {whose(proof) for proof in proofs}
    if any(isinstance(proof, OutsideTraining) for proof in proofs):  # a certificate is of a run
        Enrollment.objects.hold_beginners(pairs)
    # The runs first, as whoever completes one has it.
    Enrollment.objects.hold_newest(pairs)
    # One of each for a start: the row is locked with it, so that of two at once the second sees what became of both.
    changed = {whose(proof): proof for proof in sorted(proofs, key=whose)}
    Standing.objects.bulk_create(
        [Standing(learner_id=learner, course_id=course, **says(proof)) for (learner, course), proof in changed.items()],
        update_conflicts=True,
        unique_fields=["learner", "course"],
        update_fields=["certificate", "outside", "certified_until"],
    )
    found = proofs_of(changed.keys())
    for learner, course in changed:
        kept = Standing.objects.filter(learner=learner, course=course)
        if not found[learner, course]:
            kept.delete()
        elif (best := longest(found[learner, course])) != changed[learner, course]:
            kept.update(**says(best))
    Enrollment.objects.keep_certified(changed.keys())


def work_out(people: Collection[int], courses: Collection[int]) -> None:
    """Of these people in these courses, who may have no standing any more. Call it where runs have become somebody
    else's, while the runs are locked. As many statements for one course as for ten."""
    pairs = {(person, course) for person in people for course in courses}
    found = proofs_of(pairs)
    Standing.objects.filter(learner__in=people, course__in=courses).delete()
    Standing.objects.bulk_create(
        Standing(learner_id=learner, course_id=course, **says(longest(proofs)))
        for (learner, course), proofs in found.items()
        if proofs
    )
    Enrollment.objects.keep_certified(pairs)


def proofs_of(wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], list[Proof]]:
    """(person, course) → all that certifies, or did; what was recorded of somebody by mistake never did. Runs two
    queries."""
    found: dict[tuple[int, int], list[Proof]] = {key: [] for key in wanted}
    people = {person for person, _course in found}
    proofs: list[Proof] = [*Certificate.objects.filter(enrollment__learner__in=people).select_related("enrollment")]
    proofs += OutsideTraining.objects.filter(person__in=people, withdrawn_at=None)
    for proof in proofs:
        found.get(whose(proof), []).append(proof)
    return found


def whose(proof: Proof) -> tuple[int, int]:
    """Keys of the person and of the course."""
    if isinstance(proof, OutsideTraining):
        return proof.person_id, proof.course_id
    return proof.enrollment.learner_id, proof.enrollment.course_id


def ends_of(pairs: Collection[Pair]) -> dict[Pair, date]:
    """(person, course) → until when certified; without who never was. Runs one query."""
    people, courses = ({pair[part] for pair in pairs} for part in (0, 1))
    found = Standing.objects.filter(learner__in=people, course__in=courses)
    ends = found.values_list("learner", "course", "certified_until")
    return {(learner, course): end for learner, course, end in ends if (learner, course) in pairs}


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
