import datetime
import django.db.models.deletion
import django.db.models.functions.comparison
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_v0_3c'),
        ('content', '0001_v0_3c'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Adjustment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(help_text='Of a manager action', max_length=10)),
                ('made_at', models.DateTimeField()),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('due_on', models.DateField(help_text="The last day, in each learner's own zone", null=True)),
                ('time', models.CharField(blank=True, help_text='A practice time of a person', max_length=8)),
                ('people_left', models.PositiveIntegerField(help_text='How many a worker has still to see to; null: it was done at once', null=True)),
                ('course', models.ForeignKey(help_text='To enroll in', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.course')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='BulkEnrollment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_on', models.DateField(help_text="The last day, in each learner's own zone", null=True)),
                ('begun_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('enrolled', models.PositiveIntegerField(default=0, help_text='How many people so far')),
                ('finished_at', models.DateTimeField(null=True)),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.course')),
                ('teams', models.ManyToManyField(related_name='+', to='accounts.team')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='CalendarFeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(help_text='SHA-256 of the secret in its address', max_length=64, unique=True)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Enrollment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('enrolled_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='enrolled at')),
                ('due_at', models.DateTimeField(blank=True, help_text="The first instant after the due day in the team's zone", null=True)),
                ('due_given_at', models.DateTimeField(editable=False, help_text='When another due day was given by hand; null: it came with the enrollment', null=True)),
                ('job_role', models.CharField(blank=True, help_text='The learner’s job role. Empty if not chosen', max_length=32, verbose_name='job role')),
                ('required', models.JSONField(blank=True, editable=False, help_text='Of a short renewal: ids of what it asks for. Null: all', null=True)),
                ('renews_until', models.DateField(editable=False, help_text='The last day of the certificate renewed: passed by then, it counts from it', null=True)),
                ('is_newest', models.BooleanField(default=True, editable=False, help_text="The learner's newest enrollment in the course")),
                ('certified_until', models.DateField(editable=False, help_text='Of the newest enrollment; see `certification_status`. Null: never certified', null=True)),
                ('started_at', models.DateTimeField(blank=True, help_text="Time when the person first answered a question or completed a step", null=True, verbose_name='started at')),
                ('last_active_at', models.DateTimeField(blank=True, help_text="Time of the latest answer or completion", null=True, verbose_name='last active')),
                ('completed_at', models.DateTimeField(blank=True, null=True, verbose_name='completed at')),
                ('exempted_at', models.DateTimeField(blank=True, null=True, verbose_name='exempted at')),
                ('exemption_reason', models.CharField(blank=True, max_length=200, verbose_name='reason for the exemption')),
                ('urgency', models.GeneratedField(db_persist=True, expression=models.Case(models.When(completed_at__isnull=False, then=models.Value(datetime.datetime(9998, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))), models.When(exempted_at__isnull=False, then=models.Value(datetime.datetime(9999, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))), default=django.db.models.functions.comparison.Coalesce('due_at', models.Value(datetime.datetime(9000, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)))), output_field=models.DateTimeField())),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='enrollments', to='content.course', verbose_name='course')),
                ('due_given_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='due date set by')),
                ('learner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='enrollments', to=settings.AUTH_USER_MODEL, verbose_name='learner')),
            ],
            options={
                'verbose_name': 'enrollment',
                'verbose_name_plural': 'enrollments',
                'indexes': [
                    models.Index(fields=['urgency', 'id'], name='enrollment_by_urgency'),
                    models.Index(fields=['course', 'urgency', 'id'], name='enrollment_of_course'),
                    models.Index(condition=models.Q(('is_newest', True)), fields=['certified_until', 'urgency', 'id'], name='newest_by_certified_until'),
                    models.Index(condition=models.Q(('job_role', ''), _negated=True), fields=['job_role'], name='enrollment_of_job_role'),
                    models.Index(condition=models.Q(('completed_at', None), ('exempted_at', None), ('due_given_at', None), ('is_newest', True), ('started_at', None)), fields=['urgency', 'id'], name='unopened_by_urgency'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('completed_at', None), ('exempted_at', None)), fields=('learner', 'course'), name='one_open_enrollment_per_course'),
                    models.UniqueConstraint(condition=models.Q(('is_newest', True)), fields=('learner', 'course'), name='one_newest_run_per_course'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Completion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('completed', 'completed'), ('passed', 'passed')], max_length=10)),
                ('completed_at', models.DateTimeField()),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.document')),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.revision')),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='completions', to='learning.enrollment')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('enrollment', 'document'), name='one_completion_per_document'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ChangeAcknowledgement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('read', 'read again'), ('checked', "answered the check questions after the update")], max_length=10)),
                ('seen_at', models.DateTimeField()),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.document')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.release')),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.revision')),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='change_acknowledgements', to='learning.enrollment')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('enrollment', 'document', 'release'), name='a_change_is_seen_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('question', models.CharField(max_length=64)),
                ('shape', models.CharField(help_text="The question's shape then: places mean something only within it", max_length=64)),
                ('response', models.JSONField()),
                ('is_right', models.BooleanField(help_text='Null: a question that is never graded', null=True)),
                ('answered_at', models.DateTimeField()),
                ('token', models.UUIDField(help_text='Token of the form: a repeated POST finds this row', unique=True)),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.document')),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.revision')),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='learning.enrollment')),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [
                    models.Index(fields=['enrollment', 'document'], name='answer_by_document'),
                ],
            },
        ),
        migrations.CreateModel(
            name='AdjustmentItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_at', models.DateTimeField(help_text='Null: it waits for its turn', null=True)),
                ('due_before', models.DateTimeField(null=True)),
                ('due_after', models.DateTimeField(null=True)),
                ('time_before', models.CharField(blank=True, max_length=8)),
                ('undone_at', models.DateTimeField(null=True)),
                ('adjustment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='learning.adjustment')),
                ('learner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('undone_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('enrollment', models.ForeignKey(help_text='Null: one that is still to be made, or was removed again', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='adjustment_items', to='learning.enrollment')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('adjustment', 'enrollment'), name='one_line_per_enrollment'),
                    models.CheckConstraint(condition=models.Q(('undone_at', None), ('made_at__isnull', False), _connector='OR'), name='undone_after_it_was_made'),
                ],
            },
        ),
        migrations.CreateModel(
            name='AbsenceShift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(help_text='When that day was given: see Enrollment.agreed_due_at')),
                ('given_at', models.DateTimeField(help_text='The due instant as somebody or a rule gave it', null=True)),
                ('moved_to', models.DateTimeField(help_text='And as it was worked out last', null=True)),
                ('counts_from', models.DateField(help_text='Absences count from this day on')),
                ('known', models.JSONField(default=list, help_text='First and last days of absences known when the due date was set: they do not move it')),
                ('days', models.PositiveIntegerField(default=0, help_text='By how many working days it was moved on')),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='postponements', to='learning.enrollment')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('enrollment', 'since'), name='one_postponement_for_each_day_given'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ExtensionRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(help_text='The last day that is asked for')),
                ('until', models.DateTimeField(help_text="The first instant after it, in the learner's zone: see time_zone_changes")),
                ('since', models.DateTimeField(help_text='When the due day was given that counted then: see Enrollment.agreed_due_at')),
                ('why', models.CharField(blank=True, max_length=120)),
                ('asked_at', models.DateTimeField()),
                ('end', models.CharField(blank=True, choices=[('given', 'approved'), ('another', 'other date'), ('refused', 'declined'), ('taken-back', 'withdrawn'), ('lapsed', 'request expired')], max_length=10)),
                ('ended_at', models.DateTimeField(help_text='Null: nobody has answered or taken it back', null=True)),
                ('words', models.CharField(blank=True, help_text='What was said with the answer', max_length=120)),
                ('adjustment', models.ForeignKey(help_text='That gave a day', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='learning.adjustment')),
                ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='extension_requests', to='learning.enrollment')),
            ],
            options={
                'verbose_name': 'extension request',
                'verbose_name_plural': 'extension requests',
                'ordering': ['pk'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('enrollment',), name='one_open_request_per_enrollment'),
                    models.CheckConstraint(condition=models.Q(models.Q(('end', ''), ('ended_at', None)), models.Q(models.Q(('end', ''), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='a_request_ends_somehow'),
                    models.CheckConstraint(condition=models.Q(models.Q(('adjustment__isnull', False), ('end__in', ['given', 'another'])), models.Q(models.Q(('end__in', ['given', 'another']), _negated=True), ('adjustment', None)), _connector='OR'), name='a_day_is_given_by_an_adjustment'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Headcount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('urgency', models.DateTimeField()),
                ('has_started', models.BooleanField()),
                ('certified_until', models.DateField(null=True)),
                ('number', models.IntegerField()),
                ('course', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.course')),
                ('team', models.ForeignKey(db_constraint=False, db_index=False, help_text='Null: the company', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.team')),
            ],
            options={
                'indexes': [
                    models.Index(fields=['team', 'course', 'urgency', 'has_started', 'certified_until', 'number'], name='headcount_by_team'),
                ],
            },
        ),
        migrations.CreateModel(
            name='LessonReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('writer', models.CharField(db_index=True, help_text='See `reporter_pseudonyms`', max_length=64)),
                ('language', models.CharField(max_length=10, verbose_name='language')),
                ('comment', models.TextField(blank=True, max_length=2000, verbose_name='comment')),
                ('reported_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('token', models.UUIDField(unique=True)),
                ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name="resolved at")),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='content.document', verbose_name='document')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.release', verbose_name='release')),
            ],
            options={
                'verbose_name': "learner’s report of a problem in a lesson",
                'verbose_name_plural': "learners’ reports of problems in lessons",
                'ordering': ['-reported_at'],
            },
        ),
        migrations.CreateModel(
            name='ManagerQuestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=280)),
                ('asked_at', models.DateTimeField()),
                ('answered_at', models.DateTimeField(null=True)),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='manager_questions', to='learning.enrollment')),
            ],
            options={
                'verbose_name': 'question to a manager',
                'verbose_name_plural': 'questions to managers',
                'ordering': ['pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('answered_at', None), ('answered_by', None)), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='a_question_is_answered_by_somebody'),
                ],
            },
        ),
        migrations.CreateModel(
            name='MergedEnrollment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_transferred', models.BooleanField(help_text='It was begun in the other account')),
                ('is_closed', models.BooleanField(help_text='It was open, and another enrollment of the person replaced it')),
                ('is_superseded', models.BooleanField(help_text='It is not the current enrollment, although it started after it')),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='merged_enrollments', to='learning.enrollment')),
                ('merge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='accounts.accountmerge')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('merge', 'enrollment'), name='a_run_once_in_a_merge'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SavedPhrase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('phrase', models.CharField(help_text='Its key: see `content.rendering.phrases`', max_length=200)),
                ('saved_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(help_text='Null: it is saved', null=True)),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.document')),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_phrases', to='learning.enrollment')),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.revision')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('enrollment', 'document', 'phrase'), name='a_phrase_kept_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SurveyAnswers',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('month', models.DateField(help_text='The first day of the month')),
                ('answers', models.JSONField(help_text='Question id → place, list of places, number or text')),
                ('shown_from', models.DateField(help_text='The day from which results hold it; null: it waits for others', null=True)),
                ('counts_from', models.DateField(help_text='The first day of the month from which it may count, while the writer is new to the company', null=True)),
                ('learner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.release')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='survey_answers', to='content.document')),
            ],
            options={
                'verbose_name': 'answered survey',
                'verbose_name_plural': 'answered surveys',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='SurveyReceipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='survey_receipts', to='learning.enrollment')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.document')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('enrollment', 'survey'), name='one_receipt_per_survey'),
                ],
            },
        ),
    ]
