import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("assessment", "0002_no_pass_without_a_pass_mark"),
        ("content", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="DrillAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("objective", models.CharField(help_text="The rule", max_length=32)),
                (
                    "number",
                    models.PositiveSmallIntegerField(help_text="Of the answers on this rule; 1 is the first"),
                ),
                ("question", models.CharField(max_length=64)),
                ("response", models.JSONField()),
                ("is_right", models.BooleanField()),
                ("answered_at", models.DateTimeField()),
                (
                    "token",
                    models.UUIDField(help_text="Of the form it came from: a repeated POST finds this row", unique=True),
                ),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drill_answers",
                        to="assessment.attempt",
                    ),
                ),
                (
                    "release",
                    models.ForeignKey(
                        help_text="It was asked from",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="content.release",
                    ),
                ),
                (
                    "bank",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="content.document"
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        help_text="Of the bank",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="content.revision",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="drillanswer",
            constraint=models.UniqueConstraint(
                fields=("attempt", "objective", "number"), name="one_drill_answer_per_number"
            ),
        ),
    ]
