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
                ('number', models.PositiveBigIntegerField(help_text="Checkpoints are numbered 1, 2, 3 … without a gap", unique=True, verbose_name='number')),
                ('at', models.DateTimeField(verbose_name='time')),
                ('last_event', models.PositiveBigIntegerField(verbose_name='last event')),
                ('count', models.PositiveBigIntegerField(verbose_name='events since the previous checkpoint')),
                ('events', models.CharField(max_length=64, verbose_name="checksum of the events since the previous checkpoint")),
                ('previous', models.CharField(max_length=64, verbose_name='checksum of the previous checkpoint')),
                ('digest', models.CharField(max_length=64, unique=True, verbose_name='checksum')),
            ],
            options={
                'verbose_name': 'checkpoint',
                'verbose_name_plural': 'checkpoints',
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
                'verbose_name': 'hash chain',
                'verbose_name_plural': 'hash chains',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chain', models.CharField(help_text="What the events of the chain are about: type and number, for example exam-attempt:12", max_length=200, verbose_name='hash chain')),
                ('place', models.PositiveBigIntegerField(help_text="The events of a hash chain are numbered 1, 2, 3 … without a gap.", verbose_name='number')),
                ('at', models.DateTimeField(verbose_name='time')),
                ('verb', models.CharField(max_length=64, verbose_name='type')),
                ('subject', models.CharField(help_text="What the event is about: its type and number, for example exam-attempt:12", max_length=200, verbose_name='object')),
                ('data', models.JSONField(default=dict, verbose_name='details')),
                ('previous', models.CharField(max_length=64, verbose_name='checksum of the previous event')),
                ('digest', models.CharField(max_length=64, unique=True, verbose_name='checksum')),
                ('actor', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
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
