import courseware.accounts.models.users
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('email', models.EmailField(blank=True, error_messages={'unique': 'Another account already has this email address.'}, max_length=254, null=True, unique=True, verbose_name='email address')),
                ('staff_number', models.CharField(blank=True, error_messages={'unique': 'Another account already has this staff number.'}, help_text='The staff number from your company; people without an email address sign in with it.', max_length=40, null=True, unique=True, verbose_name='staff number')),
                ('name', models.CharField(help_text='The name as it appears on certificates.', max_length=120, verbose_name='name')),
                ('language', models.CharField(blank=True, choices=[('zh-hans', 'Chinese (Simplified)'), ('en', 'English')], help_text='Leave empty to use the browser’s language.', max_length=10, verbose_name='language')),
                ('extra_time', models.CharField(blank=True, choices=[('1.25', "1¼ times the standard time"), ('1.5', "1½ times the standard time"), ('2', "twice the standard time"), ('3', "3 times the standard time"), ('4', "4 times the standard time"), ('5', "5 times the standard time"), ('10', "10 times the standard time"), ('off', 'no time limit')], help_text="This setting applies to exams with a time limit. Simulations use it as the default. Leave empty for the standard time.", max_length=8, verbose_name='extra time')),
                ('job_role', models.CharField(blank=True, help_text='The id of the job role in the course files; leave empty if it is not known.', max_length=32, verbose_name='job role')),
                ('starts_on', models.DateField(blank=True, null=True, verbose_name='first day')),
                ('listed_on', models.DateField(editable=False, help_text='When a list of people first named the person', null=True)),
                ('leaves_on', models.DateField(blank=True, null=True, verbose_name='last day')),
                ('audits_until', models.DateField(blank=True, help_text='The last day of access, in the site’s time zone.', null=True, verbose_name='last day as an auditor')),
                ('is_active', models.BooleanField(default=True, verbose_name='can sign in')),
                ('is_staff', models.BooleanField(default=False, verbose_name="can open admin pages")),
                ('joined_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='joined')),
                ('is_demo', models.BooleanField(default=False, editable=False)),
                ('session_number', models.PositiveIntegerField(default=0, editable=False)),
                ('teams_number', models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'person',
                'verbose_name_plural': 'people',
                'ordering': ['name', 'pk'],
                'indexes': [
                    models.Index(fields=['name', 'id'], name='people_by_name'),
                    models.Index(condition=models.Q(('is_active', False)), fields=['name', 'id'], name='former_people_by_name'),
                    models.Index(condition=models.Q(('is_staff', True)), fields=['name', 'id'], name='staff_by_name'),
                    models.Index(condition=models.Q(('is_superuser', True)), fields=['name', 'id'], name='superusers_by_name'),
                    models.Index(condition=models.Q(('job_role', ''), _negated=True), fields=['job_role'], name='people_by_job_role'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='addresses_are_lower_case'),
                    models.CheckConstraint(condition=models.Q(('email', None), ('staff_number', None), _negated=True), name='address_or_staff_number', violation_error_message='Enter an email address or a staff number.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Absence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_day', models.DateField()),
                ('last_day', models.DateField()),
                ('begins_at', models.DateTimeField(help_text="The first instant of the first day, in the person's zone")),
                ('ends_at', models.DateTimeField(help_text='The first instant after the last day')),
                ('why', models.CharField(blank=True, max_length=100)),
                ('said_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('stage', models.PositiveSmallIntegerField(choices=[(0, 'To Come'), (1, 'Running'), (2, 'Over')], default=0, help_text='The one that the due days were last worked out for')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['first_day', 'pk'],
                'indexes': [
                    models.Index(condition=models.Q(('stage__lt', 2)), fields=['ends_at'], name='away_and_not_over'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('first_day__lte', models.F('last_day'))), name='away_from_day_to_day'),
                ],
            },
        ),
        migrations.CreateModel(
            name='AccountMerge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_at', models.DateTimeField()),
                ('was_active', models.BooleanField(help_text='Whether the other account could sign in before')),
                ('undone_at', models.DateTimeField(null=True)),
                ('kept', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account to keep')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('other', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='alias')),
                ('undone_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'merged account',
                'verbose_name_plural': 'merged accounts',
                'ordering': ['-pk'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('undone_at', None)), fields=('other',), name='a_name_of_one_person'),
                    models.CheckConstraint(condition=models.Q(('kept', models.F('other')), _negated=True), name='nobody_is_merged_with_oneself'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Of the program, as its owner calls it', max_length=60)),
                ('digest', models.CharField(help_text='SHA-256 of the secret', max_length=64, unique=True)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ends_on', models.DateField(help_text="The last day on which it works, by the site's clock")),
                ('used_on', models.DateField(help_text='The last day on which it was used', null=True)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('person', 'name'), name='one_api_key_per_name'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Deputy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_day', models.DateField(verbose_name='from')),
                ('last_day', models.DateField(help_text='The deputy can act until the end of this day, in the time zone of each team.', verbose_name='until')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(help_text='Ended before the last day was over', null=True)),
                ('manager', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='deputy')),
            ],
            options={
                'verbose_name': 'deputy',
                'verbose_name_plural': 'deputies',
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('last_day__gte', models.F('first_day'))), name='deputies_begin_before_they_end'),
                    models.CheckConstraint(condition=models.Q(('manager', models.F('person')), _negated=True), name='nobody_stands_in_for_oneself'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('learner', 'learner'), ('manager', 'manager')], default='learner', max_length=10, verbose_name='role')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'membership',
                'verbose_name_plural': 'memberships',
            },
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=500)),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('act', models.UUIDField(help_text='Of the form it came from: the same form sent twice notes nothing twice')),
                ('undone_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('act', 'person'), name='an_act_notes_once_about_a_person'),
                ],
            },
        ),
        migrations.CreateModel(
            name='RosterImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file_name', models.CharField(max_length=200)),
                ('digest', models.CharField(help_text='SHA-256 of the file', max_length=64)),
                ('read_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('is_complete', models.BooleanField(default=False)),
                ('counts', models.JSONField(default=dict, help_text='How many lines of each kind, how many stay as they are')),
                ('notes', models.JSONField(default=dict, help_text='What was read how, and what was passed over')),
                ('begun_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(help_text='Null: the site', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('is_confirmed', models.ForeignKey(help_text='Person who started it; null: the site', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [
                    models.Index(fields=['-read_at'], name='rosters_by_day'),
                ],
            },
        ),
        migrations.CreateModel(
            name='RosterImportChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.PositiveIntegerField()),
                ('kind', models.CharField(max_length=10)),
                ('lines', models.JSONField()),
                ('applied_at', models.DateTimeField(null=True)),
                ('roster', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='accounts.rosterimport')),
            ],
            options={
                'ordering': ['place'],
                'constraints': [
                    models.UniqueConstraint(fields=('roster', 'place'), name='one_part_at_a_place'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SearchTerm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('term', models.CharField(max_length=40)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [
                    models.Index(fields=['term', 'person'], name='people_by_term', opclasses=['varchar_pattern_ops', 'int8_ops']),
                ],
            },
        ),
        migrations.CreateModel(
            name='SignInCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(help_text='Made as that of a password', max_length=128)),
                ('given_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(null=True)),
                ('given_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('time_zone', models.CharField(blank=True, help_text='Due dates end at midnight in this time zone; leave empty to use the site’s time zone.', max_length=64, validators=[courseware.accounts.models.users.valid_time_zone], verbose_name='time zone')),
                ('ancestors', models.CharField(db_index=True, default='/', editable=False, help_text='Ids of the teams above, topmost first: /1/7/. Stored with `parent`', max_length=1000)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='accounts.team', verbose_name='parent team')),
                ('people', models.ManyToManyField(related_name='teams', through='accounts.Membership', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'team',
                'verbose_name_plural': 'teams',
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='membership',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='accounts.team', verbose_name='team'),
        ),
        migrations.CreateModel(
            name='CalendarDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('is_free', models.BooleanField()),
                ('name', models.CharField(blank=True, max_length=60)),
                ('team', models.ForeignKey(help_text='Null: the site', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.team')),
            ],
            options={
                'ordering': ['day'],
                'constraints': [
                    models.UniqueConstraint(fields=('team', 'day'), name='a_day_once_in_the_list_of_a_team'),
                    models.UniqueConstraint(condition=models.Q(('team', None)), fields=('day',), name='a_day_once_in_the_list_of_the_site'),
                ],
            },
        ),
        migrations.CreateModel(
            name='TeamInviteLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('uses_left', models.PositiveSmallIntegerField()),
                ('ended_at', models.DateTimeField(help_text='When somebody ended it before its time', null=True)),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.team')),
            ],
        ),
        migrations.CreateModel(
            name='JoinRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('staff_number', models.CharField(max_length=40)),
                ('name', models.CharField(max_length=120)),
                ('asked_at', models.DateTimeField()),
                ('is_accepted', models.BooleanField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.teaminvitelink')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('link', 'staff_number'), name='one_request_at_a_link'),
                ],
            },
        ),
        migrations.CreateModel(
            name='TrustedDevice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=32)),
                ('trusted_since', models.DateTimeField(default=django.utils.timezone.now)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('person', 'key'), name='a_device_is_known_once'),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('team', 'person', 'role'), name='one_membership_per_role'),
        ),
    ]
