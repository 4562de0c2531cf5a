import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    # Both are filled by a migration of `assessment`, which knows until when somebody is certified.

    dependencies = [
        ("accounts", "0015_substitutes"),
        ("content", "0003_proposals"),
        ("learning", "0018_people_left_of_a_decision"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="enrollment",
            name="certified_until",
            field=models.DateField(
                editable=False,
                help_text="Of the newest run, by whichever run: see `validity`. Null: never was",
                null=True,
            ),
        ),
        migrations.DeleteModel(name="Headcount"),
        migrations.CreateModel(
            name="Headcount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("urgency", models.DateTimeField()),
                ("has_started", models.BooleanField()),
                ("certified_until", models.DateField(null=True)),
                ("number", models.IntegerField()),
                (
                    "course",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="content.course",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        help_text="Null: the firm",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["team", "course", "urgency", "has_started", "certified_until", "number"],
                        name="headcount_by_team",
                    )
                ],
            },
        ),
    ]
