"""App configuration of exams and certificates: registers step pages, emails and signal handlers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssessmentConfig(AppConfig):
    name = "courseware.assessment"
    verbose_name = _("Exams and certificates")

    def ready(self):
        from courseware.assessment.certificates.certification import ends_of
        from courseware.assessment.certificates.issuing import issue_on_completion, register_email
        from courseware.learning.lessons.course_rendering import register_step_page
        from courseware.learning.status import certification_status
        from courseware.learning.status.completion import enrollment_completed

        register_step_page("exam", "assessment:exam")
        register_step_page("pre-check", "assessment:exam")
        register_email()
        certification_status.register(ends_of)
        enrollment_completed.connect(issue_on_completion, dispatch_uid="issue certificate")
