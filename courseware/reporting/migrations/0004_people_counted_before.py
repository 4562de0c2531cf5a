from datetime import date

from django.db import migrations

LONG_AGO = date(2000, 1, 1)


def keep_places(apps, schema_editor):
    """Mark people who were counted already as listed, so that they keep their position in the order of counting."""
    learners = apps.get_model("reporting", "CountedWith").objects.values("learner")
    apps.get_model("accounts", "User").objects.filter(pk__in=learners, listed_on=None).update(listed_on=LONG_AGO)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0025_people_named_by_a_list"), ("reporting", "0003_figures_about_groups")]

    operations = [migrations.RunPython(keep_places, migrations.RunPython.noop)]
