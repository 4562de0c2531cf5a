import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('django_tasks_database', '0021_conditional_partial_index_ordering'),
    ]

    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('name', models.SlugField(primary_key=True, serialize=False, verbose_name='name')),
                ('next_at', models.DateTimeField(db_index=True, verbose_name='next run')),
                ('task', models.UUIDField(editable=False, null=True)),
                ('started_at', models.DateTimeField(null=True, verbose_name='last run')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='ended at')),
                ('outcome', models.CharField(blank=True, choices=[('', 'Not yet run'), ('done', 'Done'), ('failed', 'Failed')], max_length=8, verbose_name='result')),
                ('said', models.TextField(blank=True, verbose_name='output')),
            ],
            options={
                'verbose_name': 'job',
                'verbose_name_plural': 'jobs',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('name', models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name='name')),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='started at')),
                ('seen_at', models.DateTimeField(db_index=True, verbose_name='last seen')),
            ],
            options={
                'verbose_name': 'worker',
                'verbose_name_plural': 'workers',
            },
        ),
        migrations.CreateModel(
            name='Task',
            fields=[
            ],
            options={
                'verbose_name': 'background task',
                'verbose_name_plural': 'background tasks',
                'proxy': True,
                'default_permissions': (),
                'indexes': [],
                'constraints': [],
            },
            bases=('django_tasks_database.dbtaskresult',),
        ),
    ]
