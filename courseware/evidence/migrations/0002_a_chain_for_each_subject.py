from django.db import migrations, models


class Migration(migrations.Migration):
    """Events that are there keep their digests: they are the chain without a name, and their numbers are its places."""

    dependencies = [
        ("evidence", "0001_initial"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="event",
            options={"ordering": ["pk"], "verbose_name": "event", "verbose_name_plural": "events"},
        ),
        migrations.RemoveIndex(model_name="event", name="event_by_subject"),
        migrations.RenameField(model_name="event", old_name="number", new_name="place"),
        migrations.AlterField(
            model_name="event",
            name="place",
            field=models.PositiveBigIntegerField(
                help_text="1, 2, 3 … in its chain, without a gap", verbose_name="number"
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="chain",
            field=models.CharField(
                blank=True,
                default="",
                help_text="The subject; empty where the whole site had one chain",
                max_length=200,
                verbose_name="chain",
            ),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.UniqueConstraint(fields=("chain", "place"), name="one_event_a_place"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["subject", "id"], name="event_of_subject"),
        ),
        migrations.CreateModel(
            name="Chain",
            fields=[
                ("name", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("length", models.PositiveBigIntegerField()),
                ("digest", models.CharField(blank=True, max_length=64)),
            ],
            options={"verbose_name": "chain", "verbose_name_plural": "chains", "default_permissions": ()},
        ),
        migrations.RunSQL(
            "INSERT INTO evidence_chain (name, length, digest) "
            "SELECT '', number, digest FROM evidence_chainhead WHERE number > 0"
        ),
        migrations.DeleteModel(name="ChainHead"),
    ]
