"""Whose teams a page is about."""

from django.http import Http404

from courseware.reporting import board_rows

ROWS_A_PAGE = 25


def teams_or_404(user):
    """The teams this person answers for; whoever answers for none finds no page here."""
    teams = board_rows.teams_shown_to(user)
    if not user.is_superuser and not teams:
        raise Http404
    return teams
