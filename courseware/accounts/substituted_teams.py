"""Teams that a person manages as a substitute."""

import zoneinfo
from datetime import date, datetime

from django.conf import settings
from django.utils import timezone

from courseware.accounts.models import Membership, User


def is_stood_in_for(lead: int, day: date, pairs: list) -> bool:
    return any(each.lead_id == lead and each.first_day <= day <= each.last_day for each in pairs)


def teams_stood_in_for(user: User, at: datetime | None = None) -> list[int]:
    """Keys. Runs one query the first time for this `user`, and one more for substitutes."""
    pairs = [each for each in user.substitutes if each.person_id == user.pk and each.lead.is_active]
    if not pairs:
        return []
    led = Membership.objects.filter(person__in=[each.lead_id for each in pairs], role=Membership.Role.MANAGER)
    found = set()
    for lead, team, zone in led.values_list("person", "team", "team__time_zone"):
        today = timezone.localdate(at, zoneinfo.ZoneInfo(zone or settings.TIME_ZONE))
        if is_stood_in_for(lead, today, pairs):
            found.add(team)
    return sorted(found)
