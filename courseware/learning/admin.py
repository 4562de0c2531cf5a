"""What the admin shows of learning, a module for each list; Django finds them here."""

from courseware.learning.enrollments_admin import EnrollmentAdmin
from courseware.learning.publishing_admin import PublishingCourseAdmin
from courseware.learning.reports_admin import LessonReportAdmin
from courseware.learning.teams_admin import EnrollingTeamAdmin

__all__ = ["EnrollingTeamAdmin", "EnrollmentAdmin", "LessonReportAdmin", "PublishingCourseAdmin"]
