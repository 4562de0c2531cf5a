from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("learning", "0002_digest_of_the_writer")]

    operations = [
        migrations.RemoveField(model_name="lessonreport", name="enrollment"),
        migrations.AlterField(
            model_name="lessonreport",
            name="writer",
            field=models.CharField(db_index=True, help_text="See `learning.report_writers`", max_length=64),
        ),
    ]
