"""App of the audit log."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditLogConfig(AppConfig):
    name = "courseware.audit_log"
    verbose_name = _("Audit log")
