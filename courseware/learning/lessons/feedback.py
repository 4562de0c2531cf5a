"""Feedback: reports on lessons and answers to surveys, stored without their writers."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from courseware.content.models import Document
from courseware.content.rendering import store
from courseware.learning.models import Enrollment, LessonReport, SurveyAnswers, SurveyReceipt, reporter_pseudonyms
from courseware.learning.status.completion import lock
from courseware.lib import dates, disclosure


class TooManyReports(Exception):
    """The learner has sent REPORTS_PER_DAY reports within 24 hours."""


class SurveyChanged(Exception):
    """The survey was released again since its form was shown."""


@transaction.atomic
def report_lesson(enrollment, page, *, comment, language, token, at=None):
    """Store and return a report on a lesson; the same `token` again returns the first. Raise `TooManyReports`."""
    at = at or timezone.now()
    enrollment = lock(enrollment)
    if not LessonReport.objects.filter(token=token).exists():
        refuse_too_many_reports(enrollment.learner_id, at)
    report, _is_new = LessonReport.objects.get_or_create(
        token=token,
        defaults={
            "writer": reporter_pseudonyms(enrollment.pk, page.document_id)[0],
            "document_id": page.document_id,
            "release": enrollment.release,
            "language": language,
            "comment": comment,
            "reported_at": at,
        },
    )
    return report


def refuse_too_many_reports(learner, at):
    # Counted from the reports: a stored count would reveal who reports.
    day = LessonReport.objects.filter(reported_at__gt=at - timedelta(days=1), reported_at__lte=at)
    enrollments = Enrollment.objects.filter(learner=learner)
    if sum(day.written_by(enrollment).count() for enrollment in enrollments) >= settings.REPORTS_PER_DAY:
        raise TooManyReports(learner)


@transaction.atomic
def answer_survey(enrollment, page, answers, *, is_signed, at=None):
    """Store `answers` (see `SurveyForm`); return False if the enrollment has answered already. Raise `SurveyChanged`.
    Stored answers have the month but no person, unless the learner signs or the survey is not anonymous. Nothing stored
    connects receipt and answers: no time, event or activity.
    """
    # Excludes other writers: each rewrites the waiting rows. Locked before enrollments, as in a release.
    Document.objects.select_for_update(no_key=True).get(pk=page.document_id)
    enrollment = lock(enrollment)
    _receipt, is_new = SurveyReceipt.objects.get_or_create(enrollment=enrollment, survey_id=page.document_id)
    if is_new:
        now = store.page(enrollment.release, page.identifier, enrollment.source_language)
        if now.revision_id != page.revision_id:
            raise SurveyChanged(page.identifier)  # rolls back the receipt
        today = dates.site_day(at)
        SurveyAnswers.objects.create(
            survey_id=page.document_id,
            release=enrollment.release,
            month=today.replace(day=1),
            answers=answers,
            counts_from=counts_from_month_of(enrollment.learner, today),
            learner=enrollment.learner if is_signed or not page.data["anonymous"] else None,
        )
        shuffle_waiting_answers(page.document_id, today)
    return is_new


def shuffle_waiting_answers(survey_id, today):
    """Rewrite a survey's waiting answers in the order of their random ids; once STEP are ready, show them together.
    `survey_id`: document id.
    """
    waiting = list(SurveyAnswers.objects.filter(survey=survey_id, shown_from=None).order_by("pk"))
    together = [answers for answers in waiting if not answers.counts_from or answers.counts_from <= today]
    if len(together) >= disclosure.STEP:
        for answers in together:
            answers.shown_from, answers.counts_from = disclosure.shown_from(today), None
    SurveyAnswers.objects.filter(pk__in=[answers.pk for answers in waiting]).delete()
    SurveyAnswers.objects.bulk_create(waiting)


def counts_from_month_of(person, today):
    return disclosure.counts_from_month(dates.site_day(person.joined_at), person.listed_on, today)
