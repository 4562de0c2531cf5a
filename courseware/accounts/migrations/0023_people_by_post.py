from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0022_api_keys")]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(condition=models.Q(("post", ""), _negated=True), fields=["post"], name="people_by_post"),
        ),
    ]
