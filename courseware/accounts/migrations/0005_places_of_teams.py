from django.db import migrations, models


def fill(apps, schema_editor):
    Team = apps.get_model("accounts", "Team")
    parents = dict(Team.objects.values_list("pk", "parent_id"))
    for key, parent in parents.items():
        above = []
        while parent is not None and parent not in above:  # teams in a circle must not make this endless
            above.insert(0, parent)
            parent = parents[parent]
        if above:
            Team.objects.filter(pk=key).update(above="/" + "".join(f"{each}/" for each in above))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_user_is_demo")]

    operations = [
        migrations.AddField(
            model_name="team",
            name="above",
            field=models.CharField(
                db_index=True,
                default="/",
                editable=False,
                help_text="Keys of the teams above, the topmost first: /1/7/. Kept with `parent`",
                max_length=1000,
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
