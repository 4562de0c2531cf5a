"""Rows written in bulk, past the models: with keys given beforehand, by COPY where that is PostgreSQL's.

The log is appended to by the product itself, as else its chains would not hold.
"""

import operator
from contextlib import contextmanager
from unittest import mock

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import JSONField, QuerySet

from courseware.accounts.people.search import SearchTerm, terms_of_person
from courseware.audit_log.models import EventQuerySet
from courseware.audit_log.record import record_many
from courseware.learning.status.headcount_updates import everything, recount


def append(rows):
    """Write new rows, with the keys that they have."""
    if not rows:
        return
    model = type(rows[0])
    if connection.vendor != "postgresql":
        bulk_create(model.objects.all(), rows)
        return
    given = [field for field in model._meta.concrete_fields if not field.generated]
    fields = [field for field in given if rows[0].pk is not None or not field.primary_key]
    values = [value_of(field) for field in fields]
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    with connection.cursor() as cursor, cursor.copy(f"COPY {model._meta.db_table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([ready(row) for ready in values])


def value_of(field):
    """Row → what is written of it. Django's own preparation, which most columns do not need, takes twice as long."""
    if isinstance(field, JSONField):
        return lambda row: connection.ops.adapt_json_value(getattr(row, field.attname), None)
    return operator.attrgetter(field.attname)


bulk_create = QuerySet.bulk_create  # also of the log, where `events_appended_fast` comes before it


@contextmanager
def events_appended_fast():
    with mock.patch.object(EventQuerySet, "bulk_create", lambda _self, events: append(events)):
        yield


class NextKeys:
    """The next free keys of a table."""

    def __init__(self, model):
        self.last = model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    def next(self):
        self.last += 1
        return self.last


class BulkRows:
    """Rows of these models, in the order in which they are written; and what the log says of them."""

    def __init__(self, models):
        self.events = []
        self.rows = {model: [] for model in models}
        self.keys = {model: NextKeys(model) for model in models}

    def new(self, model, **fields):
        return self.add(model(pk=self.keys[model].next(), **fields))

    def add(self, row):
        self.rows[type(row)].append(row)
        return row

    def find_by_terms(self, person):
        for term in terms_of_person(person):
            self.new(SearchTerm, person=person, term=term)

    @transaction.atomic
    def write(self):
        with events_appended_fast():
            for rows in self.rows.values():
                append(rows)
            record_many(self.events)


def settle():
    """What models and database would have learnt of rows that had been written one by one."""
    set_sequences()
    analyze()
    recount(everything())


def set_sequences():
    """PostgreSQL learns which keys are taken."""
    statements = connection.ops.sequence_reset_sql(no_style(), apps.get_models())
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def analyze():
    """Within a transaction nobody else tells PostgreSQL how large the tables have become: it would take them for empty,
    and count a team by reading all of them over and over."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def tidy():
    """What PostgreSQL does by itself in a quiet minute."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
