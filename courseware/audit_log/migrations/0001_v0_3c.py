import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveBigIntegerField(help_text='1, 2, 3 … without a gap', unique=True, verbose_name='number')),
                ('at', models.DateTimeField(verbose_name='time')),
                ('last_event', models.PositiveBigIntegerField(verbose_name='last event')),
                ('count', models.PositiveBigIntegerField(verbose_name='events since the seal before')),
                ('events', models.CharField(max_length=64, verbose_name='digest of these events')),
                ('previous', models.CharField(max_length=64, verbose_name='digest of the seal before')),
                ('digest', models.CharField(max_length=64, unique=True, verbose_name='digest')),
            ],
            options={
                'verbose_name': 'seal',
                'verbose_name_plural': 'seals',
                'ordering': ['number'],
                'default_permissions': ['view'],
            },
        ),
        migrations.CreateModel(
            name='HashChain',
            fields=[
                ('name', models.CharField(max_length=200, primary_key=True, serialize=False)),
                ('length', models.PositiveBigIntegerField()),
                ('digest', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'verbose_name': 'chain',
                'verbose_name_plural': 'chains',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chain', models.CharField(help_text='The subject', max_length=200, verbose_name='chain')),
                ('place', models.PositiveBigIntegerField(help_text='1, 2, 3 … in its chain, without a gap', verbose_name='number')),
                ('at', models.DateTimeField(verbose_name='time')),
                ('verb', models.CharField(max_length=64, verbose_name='what')),
                ('subject', models.CharField(help_text='What it happened to, as kind:id', max_length=200, verbose_name='to what')),
                ('data', models.JSONField(default=dict, verbose_name='details')),
                ('previous', models.CharField(max_length=64, verbose_name='digest of the one before')),
                ('digest', models.CharField(max_length=64, unique=True, verbose_name='digest')),
                ('actor', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['subject', 'id'], name='event_of_subject'), models.Index(fields=['verb', 'id'], name='event_by_verb')],
                'constraints': [models.UniqueConstraint(fields=('chain', 'place'), name='one_event_a_place')],
            },
        ),
    ]
