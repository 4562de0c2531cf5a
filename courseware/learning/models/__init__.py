"""All models of learning."""

from courseware.learning.due_dates.calendar_feed import CalendarFeed
from courseware.learning.models.adjustments import AbsenceShift, Adjustment, AdjustmentItem
from courseware.learning.models.enrollments import (
    HEADCOUNT_COLUMNS,
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
    reporter_pseudonyms,
    zone_named,
)
from courseware.learning.models.extension_requests import (
    LONGEST_QUESTION,
    LONGEST_WHY,
    ExtensionRequest,
    ManagerQuestion,
)
from courseware.learning.models.saved_phrases import (
    PHRASES_OF_COURSE,
    PHRASES_OF_LEARNER,
    PHRASES_OF_LESSON,
    SavedPhrase,
    SavedPhraseQuerySet,
)

__all__ = [
    "HEADCOUNT_COLUMNS",
    "LONGEST_QUESTION",
    "LONGEST_WHY",
    "PHRASES_OF_COURSE",
    "PHRASES_OF_LEARNER",
    "PHRASES_OF_LESSON",
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
    "reporter_pseudonyms",
    "zone_named",
]
