"""Write rows in bulk with predefined ids, by COPY on PostgreSQL.

The product itself appends to the audit log, so that the hash chains are valid.
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
from courseware.learning.status.headcount_updates import all_team_ids, recount


def append(rows):
    """Insert new rows with the ids they have."""
    if not rows:
        return
    model = type(rows[0])
    if connection.vendor != "postgresql":
        bulk_create(model.objects.all(), rows)
        return
    all_fields = [field for field in model._meta.concrete_fields if not field.generated]
    fields = [field for field in all_fields if rows[0].pk is not None or not field.primary_key]
    values = [value_of(field) for field in fields]
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    with connection.cursor() as cursor, cursor.copy(f"COPY {model._meta.db_table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([ready(row) for ready in values])


def value_of(field):
    """Return a function from row to column value. Django's own preparation takes twice as long."""
    if isinstance(field, JSONField):
        return lambda row: connection.ops.adapt_json_value(getattr(row, field.attname), None)
    return operator.attrgetter(field.attname)


bulk_create = QuerySet.bulk_create  # the original, which `events_appended_fast` replaces for events


@contextmanager
def events_appended_fast():
    with mock.patch.object(EventQuerySet, "bulk_create", lambda _self, events: append(events)):
        yield


class NextKeys:
    """The next free ids of a table."""

    def __init__(self, model):
        self.last = model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    def next(self):
        self.last += 1
        return self.last


class BulkRows:
    """Rows of these models, in the order of writing, and their events."""

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
    """Update sequences, statistics and headcounts, which single inserts would have updated."""
    set_sequences()
    analyze()
    recount(all_team_ids())


def set_sequences():
    """Set PostgreSQL's sequences after the ids in use."""
    statements = connection.ops.sequence_reset_sql(no_style(), apps.get_models())
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def analyze():
    """Update PostgreSQL's statistics. Within a transaction it would treat the tables as empty and scan them."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def tidy():
    """Run what PostgreSQL's autovacuum would run later."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
