"""Forms of Django's admin in which something is chosen that somebody else deletes at this very moment."""

from typing import Any

from django.db import IntegrityError, connection
from django.http import HttpRequest


class CheckedAgain:
    """A ModelAdmin that looks once more where the database refuses what its form had found right.

    By then the form finds it wrong itself, and says so beside the field; and a row that cannot be deleted any more is
    answered by Django's own page. Whatever the first try wrote was taken back.
    """

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]  # of the ModelAdmin
        except IntegrityError:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().delete_view(request, *args, **kwargs)  # type: ignore[misc]
        except IntegrityError:
            return super().delete_view(request, *args, **kwargs)  # type: ignore[misc]

    def save_related(self, *args: Any) -> None:
        super().save_related(*args)  # type: ignore[misc]
        refuse_now()

    def delete_model(self, *args: Any) -> None:
        super().delete_model(*args)  # type: ignore[misc]
        refuse_now()


def refuse_now() -> None:
    """Before anybody is told that it is done: PostgreSQL looks for the rows that are named at the end otherwise."""
    if connection.vendor == "postgresql":  # SQLite has one writer, who began before the form was read
        connection.check_constraints()
