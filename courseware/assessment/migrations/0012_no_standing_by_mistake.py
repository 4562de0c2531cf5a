from importlib import import_module

from django.db import migrations

counting = import_module("courseware.assessment.migrations.0010_certified_until_of_runs")


def forget(apps, schema_editor):
    """Who was recorded by mistake alone read as no longer certified: on the board, and in its numbers."""
    standings = apps.get_model("assessment", "Standing").objects.filter(outside__withdrawn_at__isnull=False)
    if standings.exists():
        standings.delete()
        counting.fill(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0020_fill_search_terms"),
        ("assessment", "0011_issuer_and_signer"),
        ("learning", "0022_due_feeds"),
    ]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
