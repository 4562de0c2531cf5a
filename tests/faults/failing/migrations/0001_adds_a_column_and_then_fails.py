"""Changes a table and its rows, and then raises or is killed if FAIL_BY says so."""

import os
import signal

from django.db import migrations


def fill(apps, schema_editor):
    schema_editor.execute("UPDATE learning_enrollment SET half_way = 'filled'")
    match os.environ.get("FAIL_BY"):
        case "raising":
            raise RuntimeError("half-way through")
        case "being killed":
            os.kill(os.getpid(), signal.SIGKILL)


class Migration(migrations.Migration):
    dependencies = [("learning", "__first__")]
    operations = [
        migrations.RunSQL("ALTER TABLE learning_enrollment ADD COLUMN half_way varchar(20)", migrations.RunSQL.noop),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
