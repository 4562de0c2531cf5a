"""Integrity checks of certificates and certifications. Each yields a line for each difference."""

import hashlib
import heapq
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import lru_cache
from itertools import groupby

from django.db.models import F, OuterRef, Q, Subquery

from courseware.assessment.certificates.certification import Proof, certification_fields, longest_proof, pair_of
from courseware.assessment.certificates.facts import FACTS, CertificateFact, recomputable_facts
from courseware.assessment.certificates.issuing import outlines_of
from courseware.assessment.models import Certificate, CertificatePdf, Certification, ExternalTraining
from courseware.content.rendering.store import Outline
from courseware.learning.models import Enrollment


def certificates() -> Iterator[str]:
    """Yield messages about completions without certificate, certificates without completion, and times that differ."""
    for pk in Certificate.objects.filter(enrollment__completed_at=None).values_list("enrollment_id", flat=True):
        yield f"enrollment {pk}: has a certificate but is not completed"
    for pk in Enrollment.objects.completed().filter(certificate=None).values_list("pk", flat=True):
        yield f"enrollment {pk}: is completed but has no certificate"
    moved = Certificate.objects.exclude(issued_at=F("enrollment__completed_at")).exclude(enrollment__completed_at=None)
    for pk in moved.values_list("enrollment_id", flat=True):
        yield f"enrollment {pk}: completion time differs from its certificate"


def certificate_texts() -> Iterator[str]:
    """Yield messages about certificates whose recomputable facts differ from release, attempts and branding."""
    outlines = lru_cache(maxsize=8)(outlines_of)
    certificates = Certificate.objects.select_related("release__course", "enrollment").defer("release__outlines")
    for certificate in certificates.order_by("pk").iterator():
        forged = forged_facts(certificate, outlines(certificate.release))
        for text in dict.fromkeys(
            fact.forged or f"{fact.field} has a value that cannot be recomputed" for fact in forged
        ):
            yield f"certificate {certificate.pk}: {text}"


def forged_facts(certificate: Certificate, outlines: Mapping[str, Outline]) -> list[CertificateFact]:
    """Return recomputable facts that differ on all of: day of issue, day before, day after. `outlines`: by language."""
    # The days before and after count too: the site's time zone may have changed.
    facts = [fact for fact in FACTS if fact.is_recomputable]
    for step in (0, -1, 1):
        recomputed = recomputable_facts(certificate.enrollment, outlines, certificate.issued_at + timedelta(days=step))
        facts = [fact for fact in facts if not fact.agrees(certificate, recomputed[fact.field])]
        if not facts:
            break
    return facts


def certificate_pdfs() -> Iterator[str]:
    """Yield messages about PDF files unlike their stored checksums, which `audit_log` compares with the log."""
    for pdf in CertificatePdf.objects.order_by("pk").iterator(chunk_size=100):
        if hashlib.sha256(bytes(pdf.body)).hexdigest() != pdf.digest:
            yield f"certificate {pdf.certificate_id}: its file in {pdf.language} differs from the one that was created"


def certifications() -> Iterator[str]:
    """Yield messages about missing certifications, and any unlike the longest certificate or external training."""
    columns = {"kept_certificate": "certificate", "kept_outside": "outside", "kept_until": "certified_until"}

    def rows(of_model, learner: str, course: str) -> Iterator[Proof]:
        own = Certification.objects.filter(learner=OuterRef(learner), course=OuterRef(course))
        found = of_model.annotate(**{name: Subquery(own.values(field)) for name, field in columns.items()})
        yield from found.order_by(learner, course, "pk").iterator()

    certificates = rows(
        Certificate.objects.select_related("enrollment"), "enrollment__learner_id", "enrollment__course_id"
    )
    trainings = rows(ExternalTraining.objects.filter(revoked_at=None), "person_id", "course_id")
    for (learner, course), proofs in groupby(heapq.merge(certificates, trainings, key=pair_of), pair_of):
        best = longest_proof(proofs)
        annotated, expected = vars(best), certification_fields(best)
        if any(annotated[name] != getattr(expected[field], "pk", expected[field]) for name, field in columns.items()):
            kind = "external training" if expected["outside"] else "certificate"
            yield (
                f"person {learner}: certified in course {course} until {annotated['kept_until']} as stored, "
                f"until {best.certifies_until} by {kind} {best.pk}"
            )


def strange_certifications() -> Iterator[str]:
    """Yield messages about certifications with a proof of another person or course, or revoked external training."""
    of_certificate = {f"certificate__enrollment__{field}": F(field) for field in ("learner", "course")}
    of_training = {"outside__person": F("learner"), "outside__course": F("course"), "outside__revoked_at": None}
    own = Certification.objects.filter(Q(**of_certificate) | Q(**of_training))
    strange = Certification.objects.exclude(pk__in=own.values("pk")).order_by("pk")
    for learner, course in strange.values_list("learner", "course"):
        yield f"person {learner}: certified in course {course} by a revoked proof or one of another person or course"


def newest_certifications() -> Iterator[str]:
    """Yield messages about newest enrollments whose `certified_until` differs from their certification."""
    certified_until = Certification.objects.filter(learner=OuterRef("learner"), course=OuterRef("course")).values(
        "certified_until"
    )
    enrollments = Enrollment.objects.newest().annotate(end=Subquery(certified_until))
    same = {
        "certified_until": F("end"),
        "end__isnull": False,
    }  # in SQL, comparing with NULL is neither true nor false
    differ = enrollments.exclude(**same).exclude(certified_until=None, end=None)
    for pk, stored, end in differ.order_by("pk").values_list("pk", "certified_until", "end"):
        yield f"enrollment {pk}: certified until {stored} by its enrollment, until {end} by the certification"
