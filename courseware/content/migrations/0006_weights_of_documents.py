from django.db import migrations, models

WEIGHTS = [
    ("minor", "minor: nobody is touched"),
    ("reread", "re-read: those who completed the lesson see what changed, and say so"),
    ("retake", "retake: those who completed the lesson answer its check again on the new text"),
]


class Migration(migrations.Migration):
    dependencies = [("content", "0005_paragraphs")]

    operations = [
        migrations.AddField(
            model_name="releaseentry",
            name="weight",
            field=models.CharField(blank=True, choices=WEIGHTS, default="", max_length=8),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="proposal",
            name="weights",
            field=models.JSONField(default=dict, help_text="Id of each document → its weight"),
        ),
        migrations.AlterField(
            model_name="proposal",
            name="weight",
            field=models.CharField(help_text="The heaviest of `weights`", max_length=8),
        ),
        migrations.AlterField(
            model_name="release",
            name="weight",
            field=models.CharField(
                choices=WEIGHTS,
                default="minor",
                help_text="The heaviest of its documents",
                max_length=8,
                verbose_name="weight",
            ),
        ),
        migrations.AddIndex(
            model_name="releaseentry",
            index=models.Index(
                condition=models.Q(("weight__in", ("reread", "retake"))),
                fields=["release", "document"],
                name="entry_more_than_minor",
            ),
        ),
    ]
