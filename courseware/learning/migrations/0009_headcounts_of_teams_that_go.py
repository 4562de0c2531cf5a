import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("learning", "0008_headcounts"),
    ]

    operations = [
        migrations.AlterField(
            model_name="headcount",
            name="team",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                help_text="Null: the firm",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.team",
            ),
        ),
    ]
