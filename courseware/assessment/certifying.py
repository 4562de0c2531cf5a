"""Issue certificates."""

from datetime import datetime

from courseware.assessment.certificate_facts import Issue, all_facts, facts_in_log
from courseware.assessment.certificate_numbers import new_number
from courseware.assessment.models import Certificate
from courseware.assessment.standing import keep_standing
from courseware.content.compiled.serving import Outline, outline
from courseware.content.models import Release
from courseware.evidence.recording import record
from courseware.learning.models import Enrollment


def outlines_of(release: Release) -> dict[str, Outline]:
    return {language: outline(release, language) for language in release.outlines}


def issue(enrollment: Enrollment, *, at: datetime) -> Certificate:
    """The enrollment's certificate, created if there is none. Call in the transaction of the completion."""
    certificate, is_new = Certificate.objects.get_or_create(
        enrollment=enrollment,
        defaults={"number": new_number(), **all_facts(Issue(enrollment, outlines_of(enrollment.release), at))},
    )
    if is_new:
        keep_standing(certificate)
        record(
            "certificate-issued",
            actor=enrollment.learner,
            subject=enrollment,
            data={"certificate": certificate.pk, **facts_in_log(certificate)},
            at=at,
        )
    return certificate


def issue_on_completion(sender, enrollment, at, **kwargs):
    issue(enrollment, at=at)
