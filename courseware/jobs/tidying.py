"""The jobs of this room and the one below: what would only grow, and whether the log still holds."""

from datetime import time

from django.core.management import call_command
from django.utils.translation import gettext_lazy as _

from courseware.jobs.models import Worker
from courseware.jobs.schedule import Daily, command, schedule

KEPT_DAYS = 14
FAILURES_KEPT_DAYS = 90


def tidy() -> str:
    call_command("prune_db_task_results", min_age_days=KEPT_DAYS, failed_min_age_days=FAILURES_KEPT_DAYS, verbosity=0)
    Worker.objects.forget_dead()
    return ""


def register() -> None:
    schedule("verify-evidence", _("Check that the log is whole"), command("verify_evidence"), Daily(time(3, 20)))
    schedule("tidy-tasks", _("Forget old background work"), tidy, Daily(time(3, 40)))
