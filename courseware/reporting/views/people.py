"""The teams that a page is about."""

from django.http import Http404

from courseware.reporting import board_rows


def teams_or_404(user):
    """(key, name) of the teams that `user` manages; all for an administrator. Raises Http404 if there are none."""
    teams = board_rows.teams_shown_to(user).values_list("pk", "name")  # of a firm there may be thousands
    if not user.is_superuser and not teams:
        raise Http404
    return teams
