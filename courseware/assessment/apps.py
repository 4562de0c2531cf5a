from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssessmentConfig(AppConfig):
    name = "courseware.assessment"
    verbose_name = _("Exams and certificates")

    def ready(self):
        from courseware.assessment.certifying import issue_on_completion
        from courseware.assessment.standing import ends_of
        from courseware.assessment.withdrawing import register_letter
        from courseware.learning import validity
        from courseware.learning.signals import enrollment_completed
        from courseware.learning.step_pages import register

        register("exam", "assessment:exam")
        register("pre-check", "assessment:exam")
        register_letter()
        validity.register(ends_of)
        enrollment_completed.connect(issue_on_completion, dispatch_uid="issue certificate")
