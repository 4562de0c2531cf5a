"""Jobs of this app and of the audit log."""

from datetime import time, timedelta

from django.core.management import call_command
from django.utils.translation import gettext_lazy as _

from courseware.jobs.models import Worker
from courseware.jobs.schedule import Daily, Every, command, schedule

KEPT_DAYS = 14
FAILURES_KEPT_DAYS = 90


def tidy() -> str:
    call_command("prune_db_task_results", min_age_days=KEPT_DAYS, failed_min_age_days=FAILURES_KEPT_DAYS, verbosity=0)
    Worker.objects.forget_dead()
    return ""


def register() -> None:
    schedule("seal-evidence", _("Seal the log"), command("seal_evidence"), Every(timedelta(minutes=5)))
    schedule("verify-evidence", _("Check that the log is whole"), command("verify_evidence"), Daily(time(3, 20)))
    schedule("tidy-tasks", _("Forget old background work"), tidy, Daily(time(3, 40)))
