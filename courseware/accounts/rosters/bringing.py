"""A file brought in: read, compared with the firm, and kept to be looked at."""

import hashlib
from collections.abc import Mapping

from courseware.accounts.models import Roster, User
from courseware.accounts.rosters.applying import keep_plan
from courseware.accounts.rosters.comparing import Plan, compare
from courseware.accounts.rosters.firm import load_firm
from courseware.accounts.rosters.reading import read_listing
from courseware.lib.dates import site_day


def plan_for(
    data: bytes, *, by: User | None, is_whole_firm: bool, encoding: str = "", posts: Mapping[str, str] | None = None
) -> Plan:
    """What the file would change. Raises ListRefused."""
    listing = read_listing(data, encoding)
    may_touch_staff = by is not None and by.is_superuser
    own = by.pk if by else None
    return compare(
        listing,
        load_firm(),
        today=site_day(),
        is_whole_firm=is_whole_firm,
        may_touch_staff=may_touch_staff,
        own=own,
        posts=posts,
    )


def bring(
    data: bytes,
    file_name: str,
    *,
    by: User | None,
    is_whole_firm: bool,
    encoding: str = "",
    posts: Mapping[str, str] | None = None,
) -> Roster:
    """Nothing is changed yet. Raises ListRefused."""
    plan = plan_for(data, by=by, is_whole_firm=is_whole_firm, encoding=encoding, posts=posts)
    digest = hashlib.sha256(data).hexdigest()
    return keep_plan(plan, file_name=file_name, digest=digest, by=by, is_whole_firm=is_whole_firm)
