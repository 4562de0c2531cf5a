from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("learning", "0017_a_postponement_for_each_day_given")]

    operations = [
        migrations.AddField(
            model_name="adjustment",
            name="people_left",
            field=models.PositiveIntegerField(
                help_text="How many a worker has still to see to; null: it was done at once", null=True
            ),
        ),
    ]
