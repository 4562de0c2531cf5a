"""A file brought in: read, compared with the firm, and kept to be looked at."""

import hashlib
import math
from collections.abc import Collection, Mapping

from courseware.accounts.models import User
from courseware.accounts.permissions import not_decided_by
from courseware.accounts.rosters.applying import LEFT_OUT, keep_plan, outcome_lines
from courseware.accounts.rosters.comparing import Plan, compare
from courseware.accounts.rosters.firm import load_firm
from courseware.accounts.rosters.reading import PATIENCE, read_listing
from courseware.accounts.rosters.roster import Roster
from courseware.lib.dates import site_day


def plan_for(
    data: bytes,
    *,
    by: User | None,
    is_whole_firm: bool,
    encoding: str = "",
    posts: Mapping[str, str] | None = None,
    only: Collection[int] | None = None,
) -> Plan:
    """What the file would change. Raises ListRefused."""
    listing = read_listing(data, encoding, patience=PATIENCE if by else math.inf)
    may_touch_staff = by is not None and by.is_superuser
    own = by.pk if by else None
    return compare(
        listing,
        load_firm(),
        today=site_day(),
        is_whole_firm=is_whole_firm,
        may_touch_staff=may_touch_staff,
        own=own,
        in_conflict=not_decided_by(by) if by else (),
        posts=posts,
        only=only,
    )


def bring(
    data: bytes,
    file_name: str,
    *,
    by: User | None,
    is_whole_firm: bool,
    encoding: str = "",
    posts: Mapping[str, str] | None = None,
    is_news: bool = True,
) -> Roster:
    """Nothing is changed yet. Raises ListRefused.

    `is_news`: whether it counts although it is the very list that the site brought in last. Else what was changed by
    hand since stays, and only the rows that were left out are looked at again.
    """
    digest = hashlib.sha256(data).hexdigest()
    only = None if is_news else left_out_of_last(digest, is_whole_firm)
    plan = plan_for(data, by=by, is_whole_firm=is_whole_firm, encoding=encoding, posts=posts, only=only)
    return keep_plan(plan, file_name=file_name, digest=digest, by=by, is_whole_firm=is_whole_firm)


def left_out_of_last(digest: str, is_whole_firm: bool) -> set[int] | None:
    """Lines of that file, where it was the last that the site brought in; None where another was."""
    last = Roster.objects.filter(by=None, begun_at__isnull=False).order_by("pk").last()
    if not (last and last.finished_at) or (last.digest, last.is_whole_firm) != (digest, is_whole_firm):
        return None
    return {line.line for line in outcome_lines(last, LEFT_OUT)}
