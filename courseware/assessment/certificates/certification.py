"""Certifications: until when a person is certified in a course, by certificates and external training."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from courseware.assessment.models import Certificate, Certification, ExternalTraining
from courseware.learning.models import Enrollment
from courseware.learning.status.certification_status import Pair

Proof = Certificate | ExternalTraining


def store_certifications(proofs: Sequence[Proof]) -> None:
    """Recompute the certification of each person and course of these saved proofs. Call it in their transaction."""
    pairs = {pair_of(proof) for proof in proofs}
    if any(isinstance(proof, ExternalTraining) for proof in proofs):  # a certificate always has an enrollment
        Enrollment.objects.block_first_enrollments(pairs)
    # Lock enrollments first, as completions do.
    Enrollment.objects.hold_newest(pairs)
    # Write any proof of each pair first: this locks the row, so the second of two transactions sees both proofs.
    changed = {pair_of(proof): proof for proof in sorted(proofs, key=pair_of)}
    Certification.objects.bulk_create(
        [
            Certification(learner_id=learner, course_id=course, **certification_fields(proof))
            for (learner, course), proof in changed.items()
        ],
        update_conflicts=True,
        unique_fields=["learner", "course"],
        update_fields=["certificate", "outside", "certified_until"],
    )
    found = proofs_of(changed.keys())
    for learner, course in changed:
        stored = Certification.objects.filter(learner=learner, course=course)
        if not found[learner, course]:
            stored.delete()
        elif (best := longest_proof(found[learner, course])) != changed[learner, course]:
            stored.update(**certification_fields(best))
    Enrollment.objects.store_certified(changed.keys())


def recompute_certifications(people: Collection[int], courses: Collection[int]) -> None:
    """Recompute the certifications of these people in these courses (ids). Lock all these enrollments before."""
    pairs = {(person, course) for person in people for course in courses}
    found = proofs_of(pairs)
    Certification.objects.filter(learner__in=people, course__in=courses).delete()
    Certification.objects.bulk_create(
        Certification(learner_id=learner, course_id=course, **certification_fields(longest_proof(proofs)))
        for (learner, course), proofs in found.items()
        if proofs
    )
    Enrollment.objects.store_certified(pairs)


def proofs_of(wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], list[Proof]]:
    """Return (person id, course id) of `wanted` → certificates (also revoked) and unrevoked training. Two queries."""
    found: dict[tuple[int, int], list[Proof]] = {key: [] for key in wanted}
    people = {person for person, _course in found}
    proofs: list[Proof] = [*Certificate.objects.filter(enrollment__learner__in=people).select_related("enrollment")]
    proofs += ExternalTraining.objects.filter(person__in=people, revoked_at=None)
    for proof in proofs:
        found.get(pair_of(proof), []).append(proof)
    return found


def pair_of(proof: Proof) -> tuple[int, int]:
    """Return (person id, course id) of the proof."""
    if isinstance(proof, ExternalTraining):
        return proof.person_id, proof.course_id
    return proof.enrollment.learner_id, proof.enrollment.course_id


def ends_of(pairs: Collection[Pair]) -> dict[Pair, date]:
    """Return (person id, course id) of `pairs` → `certifies_until`, if ever certified. Runs one query."""
    people, courses = ({pair[part] for pair in pairs} for part in (0, 1))
    found = Certification.objects.filter(learner__in=people, course__in=courses)
    ends = found.values_list("learner", "course", "certified_until")
    return {(learner, course): end for learner, course, end in ends if (learner, course) in pairs}


def certification_fields(proof: Proof) -> dict:
    is_outside = isinstance(proof, ExternalTraining)
    return {
        "certificate": None if is_outside else proof,
        "outside": proof if is_outside else None,
        "certified_until": proof.certifies_until,
    }


def longest_proof(proofs: Iterable[Proof]) -> Proof:
    """Return the proof that ends last; of equals a certificate, then the newest. Raise ValueError if there is none."""
    return max(proofs, key=lambda each: (each.certifies_until, isinstance(each, Certificate), each.pk))
