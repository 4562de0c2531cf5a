from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssessmentConfig(AppConfig):
    name = "courseware.assessment"
    verbose_name = _("Exams and certificates")

    def ready(self):
        from courseware.assessment.certifying import issue_on_completion, register_letter
        from courseware.assessment.standing import ends_of
        from courseware.learning import validity
        from courseware.learning.completing import enrollment_completed
        from courseware.learning.course_page import register_step_page

        register_step_page("exam", "assessment:exam")
        register_step_page("pre-check", "assessment:exam")
        register_letter()
        validity.register(ends_of)
        enrollment_completed.connect(issue_on_completion, dispatch_uid="issue certificate")
