from courseware.learning.due_dates.calendar_feed import DueFeed
from courseware.learning.models.adjustments import Adjustment, AdjustmentLine, Postponement
from courseware.learning.models.enrollments import (
    PLACING,
    Answer,
    ChangeSeen,
    Completion,
    Enrollment,
    EnrollmentQuerySet,
    LessonReport,
    NotPublished,
    SurveyAnswers,
    SurveyReceipt,
    TeamEnrolling,
    digests_of_writer,
    zone_named,
)
from courseware.learning.models.extension_requests import LONGEST_QUESTION, LONGEST_WHY, DayRequest, ManagerQuestion
from courseware.learning.models.saved_phrases import (
    KEPT,
    KEPT_OF_COURSE,
    KEPT_OF_LESSON,
    KeptPhrase,
    KeptPhraseQuerySet,
)

__all__ = [
    "KEPT",
    "KEPT_OF_COURSE",
    "KEPT_OF_LESSON",
    "LONGEST_QUESTION",
    "LONGEST_WHY",
    "PLACING",
    "Adjustment",
    "AdjustmentLine",
    "Answer",
    "ChangeSeen",
    "Completion",
    "DayRequest",
    "DueFeed",
    "Enrollment",
    "EnrollmentQuerySet",
    "KeptPhrase",
    "KeptPhraseQuerySet",
    "LessonReport",
    "ManagerQuestion",
    "NotPublished",
    "Postponement",
    "SurveyAnswers",
    "SurveyReceipt",
    "TeamEnrolling",
    "digests_of_writer",
    "zone_named",
]
