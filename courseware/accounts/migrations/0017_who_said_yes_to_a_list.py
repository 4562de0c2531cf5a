import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0016_used_codes")]

    operations = [
        migrations.AddField(
            model_name="roster",
            name="said_yes",
            field=models.ForeignKey(
                help_text="Who let it be done; null: the site",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
