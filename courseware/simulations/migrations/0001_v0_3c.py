import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('content', '0001_v0_3c'),
        ('learning', '0001_v0_3c'),
    ]

    operations = [
        migrations.CreateModel(
            name='SimulationAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text='Number among the recorded attempts; 1 is the first', null=True)),
                ('what_if_at', models.PositiveSmallIntegerField(null=True)),
                ('timing', models.CharField(choices=[('written', 'standard'), ('1.25', "1¼ times the standard time"), ('1.5', "1½ times the standard time"), ('double', "twice the standard time"), ('3', "3 times the standard time"), ('4', "4 times the standard time"), ('5', "5 times the standard time"), ('10', "10 times the standard time"), ('paused', 'with a pause before each situation'), ('off', 'no time limit')], max_length=8)),
                ('pace', models.CharField(blank=True, choices=[('written', 'standard'), ('1.25', "1¼ times the standard time"), ('1.5', "1½ times the standard time"), ('double', "twice the standard time"), ('3', "3 times the standard time"), ('4', "4 times the standard time"), ('5', "5 times the standard time"), ('10', "10 times the standard time"), ('paused', 'with a pause before each situation'), ('off', 'no time limit')], db_default='', default='', help_text='Time setting of the learner at the start; empty: as written', max_length=8)),
                ('flags', models.JSONField(help_text='Those that chance has set, sorted')),
                ('started_at', models.DateTimeField()),
                ('shown_at', models.DateTimeField()),
                ('paused_at', models.DateTimeField(null=True)),
                ('abandoned_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('ending', models.CharField(blank=True, help_text='The id of the ending', max_length=100)),
                ('colour', models.CharField(blank=True, choices=[('green', 'no harm'), ('yellow', 'at a cost'), ('red', 'harm')], max_length=6)),
                ('points', models.SmallIntegerField(null=True)),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='learning.enrollment')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.release')),
                ('revision', models.ForeignKey(help_text='Of the simulation', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.revision')),
                ('simulation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.document')),
                ('what_if_of', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='branches', to='simulations.simulationattempt')),
            ],
            options={
                'verbose_name': 'simulation attempt',
                'verbose_name_plural': 'simulation attempts',
                'ordering': ['pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('enrollment', 'simulation', 'number'), name='one_run_per_number'),
                    models.UniqueConstraint(condition=models.Q(('abandoned_at', None), ('finished_at', None), ('what_if_of', None)), fields=('enrollment', 'simulation'), name='one_open_run_per_simulation'),
                    models.UniqueConstraint(condition=models.Q(('abandoned_at', None), ('finished_at', None), ('what_if_of__isnull', False)), fields=('enrollment', 'simulation'), name='one_open_branch_per_simulation'),
                    models.CheckConstraint(condition=models.Q(models.Q(('number__isnull', False), ('what_if_at', None), ('what_if_of', None)), models.Q(('number', None), ('what_if_at__isnull', False), ('what_if_of__isnull', False)), _connector='OR'), name='a_run_is_on_record_or_a_branch'),
                    models.CheckConstraint(condition=models.Q(models.Q(('colour', ''), ('ending', ''), ('finished_at', None), ('points', None)), models.Q(('finished_at__isnull', False), ('points__isnull', False), models.Q(('ending', ''), _negated=True), models.Q(('colour', ''), _negated=True)), _connector='OR'), name='a_finished_run_has_an_ending'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(help_text='Number of its situation in the attempt; 1 is the first')),
                ('node', models.CharField(max_length=100)),
                ('place', models.PositiveSmallIntegerField(help_text='Of the choice, or of the branch taken when the time was up')),
                ('is_timeout', models.BooleanField(default=False)),
                ('picked', models.JSONField(default=list, help_text='The places of the parts of a message, sorted')),
                ('seconds', models.PositiveSmallIntegerField(help_text='What the clock gave; 0: none ran')),
                ('milliseconds', models.PositiveIntegerField(help_text='From when the situation was given to the decision')),
                ('meters', models.JSONField(help_text='Meter → its value afterwards')),
                ('points', models.SmallIntegerField()),
                ('shown_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField()),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='simulations.simulationattempt')),
            ],
            options={
                'verbose_name': 'decision',
                'verbose_name_plural': 'decisions',
                'ordering': ['position'],
                'constraints': [
                    models.UniqueConstraint(fields=('run', 'position'), name='one_decision_per_situation'),
                ],
            },
        ),
    ]
