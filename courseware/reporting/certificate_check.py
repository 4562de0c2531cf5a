"""Whether certificates say what they could have said, and who is certified still is by a proof."""

import hashlib
import heapq
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any

from django.db.models import F, OuterRef, Q, Subquery

from courseware.assessment.certifying import frozen_facts, outlines_of
from courseware.assessment.models import Certificate, CertificatePaper, Standing
from courseware.assessment.outside_training import OutsideTraining
from courseware.assessment.standing import Proof, longest, says, whose
from courseware.content.compiled.serving import Outline
from courseware.learning.models import Enrollment


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
    "issuer": "another issuer than the house style of that day",
    "signer": "another signer than the house style of that day",
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


def certificate_papers() -> Iterator[str]:
    """The log has the digest, see `log_check`; here the bytes are compared with it."""
    for paper in CertificatePaper.objects.order_by("pk").iterator(chunk_size=100):
        if hashlib.sha256(bytes(paper.body)).hexdigest() != paper.digest:
            yield f"certificate {paper.certificate_id}: its file in {paper.language} is not the one that was made"


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
    trainings = rows(OutsideTraining.objects.filter(withdrawn_at=None), "person_id", "course_id")
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
    """Those that name a proof of somebody else, of another course, or one that was recorded by mistake."""
    of_run = {f"certificate__enrollment__{field}": F(field) for field in ("learner", "course")}
    of_training = {"outside__person": F("learner"), "outside__course": F("course"), "outside__withdrawn_at": None}
    own = Standing.objects.filter(Q(**of_run) | Q(**of_training))
    strange = Standing.objects.exclude(pk__in=own.values("pk")).order_by("pk")
    for learner, course in strange.values_list("learner", "course"):
        yield f"person {learner}: certified in course {course} by a proof of another person or course, or taken back"


def newest_standings() -> Iterator[str]:
    """What the newest run says of it, for boards."""
    kept = Standing.objects.filter(learner=OuterRef("learner"), course=OuterRef("course")).values("certified_until")
    runs = Enrollment.objects.newest().annotate(end=Subquery(kept))
    same = {"certified_until": F("end"), "end__isnull": False}  # to SQL a day is neither equal nor unequal to no day
    differ = runs.exclude(**same).exclude(certified_until=None, end=None)
    for pk, said, end in differ.order_by("pk").values_list("pk", "certified_until", "end"):
        yield f"enrollment {pk}: certified until {said} by what its row says, until {end} by the standing"
