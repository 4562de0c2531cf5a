from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("content", "0003_proposals"),
        ("learning", "0009_headcounts_of_teams_that_go"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="enrollment",
            index=models.Index(fields=["course", "urgency", "id"], name="enrollment_of_course"),
        ),
    ]
