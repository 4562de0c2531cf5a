"""All models of learning."""

from courseware.learning.due_dates.calendar_feed import CalendarFeed
from courseware.learning.models.adjustments import AbsenceShift, Adjustment, AdjustmentItem
from courseware.learning.models.enrollments import (
    PLACING,
    Answer,
    BulkEnrollment,
    ChangeAcknowledgement,
    Completion,
    Enrollment,
    EnrollmentQuerySet,
    LessonReport,
    NotPublished,
    SurveyAnswers,
    SurveyReceipt,
    digests_of_writer,
    zone_named,
)
from courseware.learning.models.extension_requests import (
    LONGEST_QUESTION,
    LONGEST_WHY,
    ExtensionRequest,
    ManagerQuestion,
)
from courseware.learning.models.saved_phrases import (
    KEPT,
    KEPT_OF_COURSE,
    KEPT_OF_LESSON,
    SavedPhrase,
    SavedPhraseQuerySet,
)

__all__ = [
    "KEPT",
    "KEPT_OF_COURSE",
    "KEPT_OF_LESSON",
    "LONGEST_QUESTION",
    "LONGEST_WHY",
    "PLACING",
    "AbsenceShift",
    "Adjustment",
    "AdjustmentItem",
    "Answer",
    "BulkEnrollment",
    "CalendarFeed",
    "ChangeAcknowledgement",
    "Completion",
    "Enrollment",
    "EnrollmentQuerySet",
    "ExtensionRequest",
    "LessonReport",
    "ManagerQuestion",
    "NotPublished",
    "SavedPhrase",
    "SavedPhraseQuerySet",
    "SurveyAnswers",
    "SurveyReceipt",
    "digests_of_writer",
    "zone_named",
]
