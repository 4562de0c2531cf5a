import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("learning", "0014_leavers_leave_headcounts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="enrollment",
            name="due_given_at",
            field=models.DateTimeField(
                editable=False,
                help_text="When another due day was given by hand; null: it came with the enrollment",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="due_given_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="due day given by",
            ),
        ),
        migrations.AddField(
            model_name="postponement",
            name="since",
            field=models.DateTimeField(null=True),
        ),
    ]
