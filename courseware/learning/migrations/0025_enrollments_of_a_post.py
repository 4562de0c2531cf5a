from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("learning", "0024_which_absences_were_known")]

    operations = [
        migrations.AddIndex(
            model_name="enrollment",
            index=models.Index(
                condition=models.Q(("track", ""), _negated=True), fields=["track"], name="enrollment_of_post"
            ),
        ),
    ]
