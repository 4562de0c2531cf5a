"""Upload a list of people: parse it, compare it with the company, and store the planned changes."""

import hashlib
import math
from collections.abc import Collection, Mapping

from courseware.accounts.models import RosterImport, User
from courseware.accounts.permissions.permissions import undecidable_ids
from courseware.accounts.roster_import.apply import LEFT_OUT, outcome_lines, store_plan
from courseware.accounts.roster_import.company_snapshot import load_company
from courseware.accounts.roster_import.comparison import Comparison, Plan
from courseware.accounts.roster_import.parser import PATIENCE, read_listing


def plan_for(
    data: bytes,
    *,
    by: User | None,
    is_complete: bool,
    encoding: str = "",
    job_roles: Mapping[str, str] | None = None,
    only: Collection[int] | None = None,
) -> Plan:
    """Return what the file would change. `only`: see `Comparison.plan`; others: `store_upload`. Raise ListRefused."""
    listing = read_listing(data, encoding, patience=PATIENCE if by else math.inf)
    comparison = Comparison(
        listing,
        load_company(),
        may_touch_staff=by is not None and by.is_superuser,
        own=by.pk if by else None,
        in_conflict=undecidable_ids(by) if by else (),
        job_roles=job_roles,
    )
    return comparison.plan(is_complete=is_complete, only=only)


def store_upload(
    data: bytes,
    file_name: str,
    *,
    by: User | None,
    is_complete: bool,
    encoding: str = "",
    job_roles: Mapping[str, str] | None = None,
    is_news: bool = True,
) -> RosterImport:
    """Store what the file would change. `by`: uploader; None is the site. `is_complete`: people not listed leave.
    `encoding`: see `read_table`. `job_roles`: see `Comparison`. `is_news` False: if the site's last list is the same
    and was applied, only rows skipped then may change anything, so that later changes by hand stay. Raise ListRefused.
    """
    digest = hashlib.sha256(data).hexdigest()
    only = None if is_news else left_out_of_last(digest, is_complete)
    plan = plan_for(data, by=by, is_complete=is_complete, encoding=encoding, job_roles=job_roles, only=only)
    return store_plan(plan, file_name=file_name, digest=digest, by=by, is_complete=is_complete)


def left_out_of_last(digest: str, is_complete: bool) -> set[int] | None:
    """Return numbers of skipped lines in the site's last list, if it was applied and has these values; else None."""
    last = RosterImport.objects.filter(by=None, begun_at__isnull=False).order_by("pk").last()
    if not (last and last.finished_at) or (last.digest, last.is_complete) != (digest, is_complete):
        return None
    return {line.line for line in outcome_lines(last, LEFT_OUT)}
