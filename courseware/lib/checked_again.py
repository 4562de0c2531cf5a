"""Admin forms in which a chosen row is deleted by somebody else at the same time."""

from typing import Any

from django.db import IntegrityError, connection
from django.http import HttpRequest


class CheckedAgain:
    """A ModelAdmin that runs its view again if the database refuses the changes: the form then names the problem."""

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
    """Check deferred constraints now: PostgreSQL checks them at commit otherwise, after a success was reported."""
    if connection.vendor == "postgresql":  # SQLite has one writer, who began before the form was read
        connection.check_constraints()
