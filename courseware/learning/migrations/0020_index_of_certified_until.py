from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("learning", "0019_certified_until")]

    operations = [
        migrations.AddIndex(
            model_name="enrollment",
            index=models.Index(
                condition=models.Q(("is_newest", True)),
                fields=["certified_until", "urgency", "id"],
                name="newest_by_certified_until",
            ),
        ),
    ]
