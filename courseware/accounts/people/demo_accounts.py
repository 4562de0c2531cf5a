"""Demo accounts: their password is public, so they are allowed on a local trial site only."""

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.db import OperationalError, ProgrammingError

from courseware.accounts.models import User


def is_shut_out(person) -> bool:
    """Return whether `person` is a demo account, and this is not a local trial site."""
    return person.is_demo and not settings.PLAIN_HTTP


@register(Tags.database)
def no_demo_people_on_a_real_site(databases=None, **kwargs):
    """System check: return an error if demo accounts exist and this is not a local trial site."""
    if settings.PLAIN_HTTP or "default" not in (databases or ()):
        return []
    try:
        number = User.objects.filter(is_demo=True).count()
    except (OperationalError, ProgrammingError):  # no database or column yet
        return []
    if not number:
        return []
    return [
        Error(
            f"DATABASE_URL: {number} people of a trial are in this database. Their password is public.",
            hint="Begin with an empty database.",
            id="accounts.E001",
        )
    ]
