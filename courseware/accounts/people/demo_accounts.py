"""Demo people have a public password, so only a local trial may have them."""

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.db import OperationalError, ProgrammingError

from courseware.accounts.models import User


def is_shut_out(person) -> bool:
    return person.is_demo and not settings.PLAIN_HTTP


@register(Tags.database)
def no_demo_people_on_a_real_site(databases=None, **kwargs):
    """Run by migrate, by `check --database default`, and by the server before it serves."""
    if settings.PLAIN_HTTP or "default" not in (databases or ()):
        return []
    try:
        there_are = User.objects.filter(is_demo=True).count()
    except (OperationalError, ProgrammingError):  # no database yet, or one from before the mark: nothing is served then
        return []
    if not there_are:
        return []
    return [
        Error(
            f"DATABASE_URL: {there_are} people of a trial are in this database. Their password is public.",
            hint="Begin with an empty database.",
            id="accounts.E001",
        )
    ]
