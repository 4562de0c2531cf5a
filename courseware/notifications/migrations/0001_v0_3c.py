import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='UnreachableServer',
            fields=[
                ('name', models.CharField(max_length=255, primary_key=True, serialize=False, verbose_name='server')),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
                ('tried_at', models.DateTimeField()),
                ('why', models.TextField(verbose_name='why')),
            ],
            options={
                'verbose_name': 'unreachable server',
                'verbose_name_plural': 'unreachable servers',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='EmailOptOut',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=64)),
                ('stopped_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('person', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('person', 'kind'), name='one_stop_of_a_kind')],
            },
        ),
        migrations.CreateModel(
            name='EmailWording',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(max_length=64)),
                ('number', models.PositiveIntegerField(help_text='Of the words of this kind; 1 is the first')),
                ('words', models.JSONField(default=dict, help_text='Part → language → text')),
                ('shipped', models.JSONField(default=dict, help_text='The same of the product, when these were set')),
                ('set_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('set_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('kind', 'number'), name='one_wording_per_number')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=64)),
                ('data', models.JSONField(default=dict)),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('read_at', models.DateTimeField(null=True)),
                ('person', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['person', '-id'], name='tray_of_person'), models.Index(condition=models.Q(('read_at', None)), fields=['person'], name='tray_unread'), models.Index(fields=['written_at'], name='tray_by_age')],
            },
        ),
        migrations.CreateModel(
            name='OutgoingEmail',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('number', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(max_length=64, verbose_name='type')),
                ('key', models.CharField(blank=True, editable=False, max_length=200)),
                ('address', models.EmailField(max_length=254, verbose_name='address')),
                ('language', models.CharField(blank=True, max_length=16)),
                ('data', models.JSONField(default=dict)),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='created at')),
                ('state', models.CharField(choices=[('queued', 'waiting'), ('sent', 'sent'), ('refused', 'rejected'), ('bounced', 'bounced'), ('skipped', 'not sent'), ('given-up', 'failed')], default='queued', max_length=16, verbose_name='status')),
                ('why', models.TextField(blank=True, verbose_name='why')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='delivery attempts')),
                ('next_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='next attempt')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended at')),
                ('limit_category', models.CharField(blank=True, help_text="Category whose limit it used that day", max_length=16)),
                ('sending_day', models.DateField(help_text='The day of the reader on which it left or is leaving: see `sending_limits`', null=True)),
                ('combined_into', models.ForeignKey(db_constraint=False, db_index=False, help_text='The email that this one was combined with. If that email reaches nobody, this one waits again', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='notifications.outgoingemail')),
                ('person', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='recipient')),
            ],
            options={
                'verbose_name': 'email',
                'verbose_name_plural': 'emails',
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('state', 'queued')), fields=['next_at'], name='message_queued'), models.Index(condition=models.Q(('state', 'queued')), fields=['written_at'], name='message_waiting'), models.Index(fields=['person', '-id'], name='message_of_person'), models.Index(condition=models.Q(('state', 'bounced')), fields=['person'], name='message_bounced'), models.Index(fields=['kind', 'state', 'ended_at'], name='message_of_kind'), models.Index(fields=['address'], name='message_by_address'), models.Index(fields=['state', '-id'], name='message_by_state'), models.Index(condition=models.Q(('combined_into__isnull', False)), fields=['combined_into'], name='message_told_in')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('key', ''), _negated=True), fields=('key',), name='told_once'), models.UniqueConstraint(condition=models.Q(('sending_day__isnull', False)), fields=('person', 'limit_category', 'sending_day'), name='one_email_per_category_and_day')],
            },
        ),
    ]
