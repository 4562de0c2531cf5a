import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_v0_3c'),
        ('content', '0001_v0_3c'),
        ('learning', '0001_v0_3c'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AssignmentRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('switched_on_at', models.DateTimeField(help_text='Null: it is off and does nothing', null=True)),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.course', verbose_name='course')),
            ],
            options={
                'verbose_name': 'rule',
                'verbose_name_plural': 'rules',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='ChatBot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('service', models.CharField(choices=[('wecom', 'WeCom'), ('dingtalk', 'DingTalk'), ('feishu', 'Feishu or Lark'), ('teams', 'Microsoft Teams'), ('slack', 'Slack')], max_length=16, verbose_name='service')),
                ('language', models.CharField(choices=[('zh-hans', 'Chinese (Simplified)'), ('en', 'English')], max_length=10, verbose_name='language')),
                ('address', models.CharField(help_text='Secret: everyone who has it can post to the group', max_length=1000)),
                ('secret', models.CharField(blank=True, max_length=200)),
                ('is_on', models.BooleanField(default=True, verbose_name='in use')),
                ('is_for_managers', models.BooleanField(default=False, verbose_name="this chat group is only for managers")),
                ('refused_at', models.DateTimeField(help_text='Not used since, until somebody saves it anew', null=True)),
                ('refused_why', models.TextField(blank=True)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.team', verbose_name='team')),
            ],
            options={
                'verbose_name': 'group-chat bot',
                'verbose_name_plural': 'group-chat bots',
                'ordering': ['team__name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Conversation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('undone_at', models.DateTimeField(null=True)),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='learning.enrollment')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'conversation',
                'verbose_name_plural': 'conversations',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='EscalationSetting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_on', models.BooleanField()),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'escalation setting',
                'verbose_name_plural': 'escalation settings',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ManualReminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('email_ids', models.JSONField(default=list)),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'manual reminder',
                'verbose_name_plural': 'manual reminders',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='RuleVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(help_text='1 is the first')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('role', models.CharField(blank=True, choices=[('learner', 'learner'), ('manager', 'manager')], max_length=10, verbose_name='role')),
                ('job_role', models.CharField(blank=True, max_length=32, verbose_name='job role')),
                ('joined_since', models.DateField(blank=True, null=True, verbose_name="first day of work is on or after")),
                ('other_certified', models.BooleanField(default=True, help_text='Whether a certificate in the other course is asked')),
                ('due', models.CharField(choices=[('start', 'days after the first day of work'), ('joining', 'days after the account was created'), ('assignment', 'days after enrollment by the rule'), ('date', 'a date'), ('quarter', 'the end of the quarter')], default='start', max_length=10, verbose_name='due date')),
                ('due_days', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='days')),
                ('due_on', models.DateField(blank=True, null=True, verbose_name='date')),
                ('acts_since', models.DateField(verbose_name='applies from')),
                ('exempts', models.BooleanField(default=False, help_text='For open enrollments created by this rule', verbose_name="people who no longer match the rule become exempt")),
                ('renewal', models.CharField(blank=True, choices=[('', 'no renewal'), ('whole', 'the whole course'), ('short', "short renewal: updated lessons, missed questions, 1 simulation and the exam")], max_length=5, verbose_name='renewal')),
                ('renewal_days', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='days before the certificate expires')),
                ('renewal_month', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='month')),
                ('renewal_day', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='day of the month')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('other_course', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.course', verbose_name='another course')),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='assignments.assignmentrule')),
                ('team', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.team', verbose_name='team')),
            ],
            options={
                'verbose_name': 'version of a rule',
                'verbose_name_plural': 'versions of rules',
                'ordering': ['number'],
                'constraints': [
                    models.UniqueConstraint(fields=('rule', 'number'), name='one_version_per_number'),
                    models.CheckConstraint(condition=models.Q(('due', 'quarter'), models.Q(('due', 'date'), ('due_on__isnull', False)), models.Q(('due__in', ['start', 'joining', 'assignment']), ('due_days__isnull', False)), _connector='OR'), name='a_rule_says_by_when'),
                    models.CheckConstraint(condition=models.Q(models.Q(('renewal', ''), ('renewal_day', None), ('renewal_days', None), ('renewal_month', None)), models.Q(models.Q(('renewal', ''), _negated=True), ('renewal_day', None), ('renewal_days__isnull', False), ('renewal_month', None)), models.Q(models.Q(('renewal', ''), _negated=True), ('renewal_day__isnull', False), ('renewal_days', None), ('renewal_month__isnull', False)), _connector='OR'), name='a_renewal_opens_on_one_day'),
                ],
            },
        ),
        migrations.CreateModel(
            name='RuleAction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('enroll', 'enrolled'), ('renew', 'renewal opened'), ('exempt', 'exempt')], max_length=8)),
                ('occasion', models.CharField(blank=True, help_text='What a rule does once for; empty: the first enrollment', max_length=40)),
                ('why', models.CharField(help_text='A value of `rules.scope.RuleReason`', max_length=24)),
                ('why_day', models.DateField(help_text='The day in the words of the reason', null=True)),
                ('due_on', models.DateField(null=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('undone_at', models.DateTimeField(null=True)),
                ('is_final', models.BooleanField(default=False, help_text='Undone for this person: the rule does not repeat it')),
                ('enrollment', models.ForeignKey(help_text='Null: it was undone', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='learning.enrollment')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='assignments.assignmentrule')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assignments.ruleversion')),
            ],
            options={
                'verbose_name': 'action of a rule',
                'verbose_name_plural': 'actions of rules',
                'ordering': ['-pk'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('undone_at', None)), fields=('rule', 'person', 'kind', 'occasion'), name='a_rule_does_it_once'),
                ],
            },
        ),
        migrations.AddField(
            model_name='assignmentrule',
            name='current',
            field=models.ForeignKey(help_text='The one that holds', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assignments.ruleversion'),
        ),
        migrations.CreateModel(
            name='ChatMessage',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('day', models.DateField(help_text='Date in the time zone of the team. Null: a test message', null=True)),
                ('state', models.CharField(choices=[('queued', 'waiting'), ('later', "sending failed, will be tried again"), ('sent', 'sent'), ('refused', 'rejected'), ('skipped', 'not sent'), ('given-up', 'failed')], default='queued', max_length=16)),
                ('why', models.TextField(blank=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('next_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('tried_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('bot', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='assignments.chatbot')),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'later'])), fields=['next_at'], name='group_card_waiting'), models.Index(fields=['tried_at'], name='group_card_tried'), models.Index(fields=['written_at'], name='group_card_by_age')],
                'constraints': [models.UniqueConstraint(fields=('bot', 'day'), name='one_summary_per_bot_and_day'), models.UniqueConstraint(condition=models.Q(('day', None), ('state__in', ['queued', 'later'])), fields=('bot',), name='one_try_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='FollowUp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_on', models.DateField(help_text='By the clock of the site; the day alone, for answers have no time either')),
                ('is_answered', models.BooleanField(help_text='False: the manager could not tell')),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='learning.enrollment')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.document')),
            ],
            options={
                'verbose_name': 'follow-up',
                'verbose_name_plural': 'follow-ups',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('enrollment', 'survey'), name='one_follow_up_per_enrollment')],
            },
        ),
        migrations.CreateModel(
            name='FollowUpAnswers',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('answers', models.JSONField(help_text='Question id → place, list of places, number or text')),
                ('pending_key', models.CharField(blank=True, help_text='The team, under the key of the site, as long as it waits', max_length=64)),
                ('month', models.DateField(help_text='The first day of the month in which the fifth answer came', null=True)),
                ('shown_from', models.DateField(help_text='The day from which figures hold it; null: it waits for others', null=True)),
                ('counts_from', models.DateField(help_text='The first day of the month from which it may count, while the person is new to the company', null=True)),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.release')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.document')),
                ('team', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.team')),
            ],
            options={
                'verbose_name': "answers of a follow-up survey",
                'verbose_name_plural': "answers of follow-up surveys",
                'ordering': ['id'],
                'indexes': [models.Index(fields=['survey', 'team'], name='follow_ups_of_team')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('month', None), ('shown_from', None), ('team', None), models.Q(('pending_key', ''), _negated=True)), models.Q(('month__isnull', False), ('pending_key', ''), ('shown_from__isnull', False)), _connector='OR'), name='follow_up_waits_or_is_shown')],
            },
        ),
        migrations.CreateModel(
            name='ReminderSchedule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('days', models.JSONField(default=list)),
                ('every', models.PositiveSmallIntegerField(default=10)),
                ('course', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.course')),
                ('rule', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assignments.assignmentrule')),
            ],
            options={
                'verbose_name': 'reminder schedule',
                'verbose_name_plural': 'reminder schedules',
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('course', None), ('rule__isnull', False)), models.Q(('course__isnull', False), ('rule', None)), _connector='OR'), name='a_plan_of_a_course_or_of_a_rule')],
            },
        ),
    ]
