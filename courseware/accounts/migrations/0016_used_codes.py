from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_substitutes")]

    operations = [
        migrations.AddField(
            model_name="signincode",
            name="used_at",
            field=models.DateTimeField(null=True),
        ),
    ]
