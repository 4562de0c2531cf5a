from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("assessment", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="attempt",
            name="is_passed",
            field=models.BooleanField(help_text="Null: not submitted, or without marks", null=True),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=Q(pass_mark__isnull=False) | Q(is_passed=None), name="no_pass_without_a_pass_mark"
            ),
        ),
    ]
