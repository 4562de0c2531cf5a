from django.db import migrations, models
from django.db.models import Count, F


def show_what_was_shown(apps, schema_editor):
    answers = apps.get_model("learning", "SurveyAnswers").objects.all()
    enough = answers.order_by().values("survey").annotate(count=Count("pk")).filter(count__gte=5).values("survey")
    answers.filter(survey__in=list(enough.values_list("survey", flat=True))).update(shown_from=F("month"))


class Migration(migrations.Migration):
    dependencies = [("learning", "0003_no_writer_of_a_report")]

    operations = [
        migrations.AddField(
            model_name="surveyanswers",
            name="shown_from",
            field=models.DateField(
                help_text="The day from which results hold it; null: it waits for others", null=True
            ),
        ),
        migrations.RunPython(show_what_was_shown, migrations.RunPython.noop),
    ]
