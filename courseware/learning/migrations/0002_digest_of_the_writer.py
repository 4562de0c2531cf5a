from django.conf import settings
from django.db import migrations, models
from django.utils.crypto import salted_hmac


def fill(apps, schema_editor):
    reports = apps.get_model("learning", "LessonReport").objects.all()
    for report in reports.only("enrollment", "document").iterator():
        # As `learning.report_writers` does it.
        value = f"{report.enrollment_id}:{report.document_id}"
        digest = salted_hmac("courseware.learning.report_writers", value, settings.SECRET_KEY, algorithm="sha256")
        reports.filter(pk=report.pk).update(writer=digest.hexdigest())


class Migration(migrations.Migration):
    dependencies = [("learning", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="lessonreport",
            name="writer",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
