"""The teams that a page is about."""

from django.http import Http404

from courseware.accounts.permissions import sees_the_firm
from courseware.reporting import board_rows


def teams_or_404(user):
    """(key, name) of the teams that `user` manages, or all of the firm. Raises Http404 for who leads nobody."""
    teams = board_rows.teams_shown_to(user).values_list("pk", "name")  # of a firm there may be thousands
    if not sees_the_firm(user) and not teams:
        raise Http404
    return teams
