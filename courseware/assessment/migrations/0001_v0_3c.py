import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('content', '0001_v0_3c'),
        ('learning', '0001_v0_3c'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Certificate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='revoked on')),
                ('revocation_reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('number', models.CharField(max_length=32, unique=True, verbose_name='certificate number')),
                ('issued_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='issued on')),
                ('valid_until', models.DateField(help_text='The last day on which the certificate is valid.', null=True, verbose_name='valid until')),
                ('holder', models.CharField(max_length=120, verbose_name='holder')),
                ('titles', models.JSONField(help_text="The course's title per language")),
                ('points', models.PositiveSmallIntegerField(null=True)),
                ('max_points', models.PositiveSmallIntegerField(null=True)),
                ('issuer', models.JSONField(default=dict, help_text='Issuer per language, from the branding at that time')),
                ('signer', models.JSONField(default=dict, help_text='Signer per language, likewise')),
                ('minutes', models.JSONField(default=dict, help_text='How long the course takes, per language; empty before 0.3')),
                ('enrollment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='certificate', to='learning.enrollment', verbose_name='enrollment')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.release')),
                ('revoked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='revoked by')),
            ],
            options={
                'verbose_name': 'certificate',
                'verbose_name_plural': 'certificates',
                'indexes': [
                    models.Index(fields=['-issued_at', '-id'], name='certificates_newest_first'),
                    models.Index(condition=models.Q(('revoked_at__isnull', False)), fields=['-issued_at', '-id'], name='withdrawn_newest_first'),
                    models.Index(fields=['holder'], name='certificate_by_holder'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('revocation_reason', ''), ('revoked_at', None), ('revoked_by', None)), models.Q(('revoked_at__isnull', False), ('revoked_by__isnull', False), models.Q(('revocation_reason', ''), _negated=True)), _connector='OR'), name='withdrawn_by_somebody_for_a_reason'),
                ],
            },
        ),
        migrations.CreateModel(
            name='CertificatePdf',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(max_length=10)),
                ('body', models.BinaryField(help_text='PDF')),
                ('digest', models.CharField(help_text='SHA-256 of the body, as the log has it', max_length=64)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('certificate', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='papers', to='assessment.certificate')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('certificate', 'language'), name='one_paper_per_certificate_and_language'),
                ],
            },
        ),
        migrations.CreateModel(
            name='DailyQuestionAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(help_text="In the person's zone")),
                ('number', models.PositiveSmallIntegerField(help_text="Number within the enrollment; 1 is the first")),
                ('objective', models.CharField(help_text='The rule', max_length=32)),
                ('question', models.CharField(max_length=64)),
                ('response', models.JSONField()),
                ('is_right', models.BooleanField()),
                ('answered_at', models.DateTimeField()),
                ('token', models.UUIDField(help_text='Token of the form: a repeated POST finds this row', unique=True)),
                ('memory', models.JSONField(help_text='What the library knows of the rule after this answer')),
                ('due_at', models.DateTimeField(help_text='From when on the rule is asked about again')),
                ('document', models.ForeignKey(help_text='A bank or a lesson', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.document')),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='daily_answers', to='learning.enrollment')),
                ('release', models.ForeignKey(help_text='It was asked from', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.release')),
                ('revision', models.ForeignKey(help_text='Of the document', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.revision')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('enrollment', 'day'), name='one_daily_answer_a_day'),
                    models.UniqueConstraint(fields=('enrollment', 'number'), name='one_daily_answer_per_number'),
                ],
            },
        ),
        migrations.CreateModel(
            name='DailyQuestionPreference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by_email', models.BooleanField(default=False)),
                ('during_course', models.BooleanField(default=False)),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='ExamAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(help_text='1 is the first')),
                ('started_at', models.DateTimeField()),
                ('pass_mark', models.PositiveSmallIntegerField(help_text='Percent, 1–100; null: without marks', null=True)),
                ('closes_at', models.DateTimeField(help_text='Where the exam has a time limit', null=True)),
                ('time_up_found_at', models.DateTimeField(help_text='When an answer came after the time: it stays over, even if the clock is set back', null=True)),
                ('submitted_at', models.DateTimeField(null=True)),
                ('points', models.PositiveSmallIntegerField(null=True)),
                ('max_points', models.PositiveSmallIntegerField()),
                ('is_passed', models.BooleanField(help_text='Null: not submitted, or without marks', null=True)),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='learning.enrollment')),
                ('exam', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.document')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.release')),
                ('revision', models.ForeignKey(help_text='Of the exam', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.revision')),
            ],
            options={
                'verbose_name': 'exam attempt',
                'verbose_name_plural': 'exam attempts',
                'ordering': ['number'],
                'constraints': [
                    models.UniqueConstraint(fields=('enrollment', 'exam', 'number'), name='one_attempt_per_number'),
                    models.UniqueConstraint(condition=models.Q(('submitted_at', None)), fields=('enrollment', 'exam'), name='one_open_attempt_per_exam'),
                    models.CheckConstraint(condition=models.Q(models.Q(('points', None), ('submitted_at', None)), models.Q(('points__isnull', False), ('points__lte', models.F('max_points')), ('submitted_at__isnull', False)), _connector='OR'), name='points_come_with_submitting'),
                    models.CheckConstraint(condition=models.Q(('pass_mark__isnull', False), ('is_passed', None), _connector='OR'), name='no_pass_without_a_pass_mark'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ExternalTraining',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='revoked on')),
                ('revocation_reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('trained_on', models.DateField(verbose_name='trained on')),
                ('valid_until', models.DateField(help_text='The last day; null: it has no end', null=True, verbose_name='valid until')),
                ('proof', models.CharField(help_text='What shows it, in words', max_length=200, verbose_name='proof')),
                ('reference', models.CharField(blank=True, max_length=100, verbose_name='number or location of the proof')),
                ('recorded_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='recorded on')),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.course', verbose_name='course')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='recorded by')),
                ('revoked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='revoked by')),
            ],
            options={
                'verbose_name': 'external training',
                'verbose_name_plural': 'external training',
                'ordering': ['-pk'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('revoked_at', None)), fields=('person', 'course', 'trained_on'), name='outside_training_recorded_once'),
                    models.CheckConstraint(condition=models.Q(('valid_until', None), ('valid_until__gte', models.F('trained_on')), _connector='OR'), name='outside_training_ends_after_it'),
                    models.CheckConstraint(condition=models.Q(models.Q(('revocation_reason', ''), ('revoked_at', None), ('revoked_by', None)), models.Q(('revoked_at__isnull', False), ('revoked_by__isnull', False), models.Q(('revocation_reason', ''), _negated=True)), _connector='OR'), name='outside_training_withdrawn_for_a_reason'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Certification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('certified_until', models.DateField(help_text='`certifies_until` of either')),
                ('certificate', models.ForeignKey(help_text='The one that certifies longest', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='assessment.certificate')),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.course')),
                ('learner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('outside', models.ForeignKey(help_text='Or what was learned elsewhere', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='assessment.externaltraining')),
            ],
            options={
                'indexes': [
                    models.Index(fields=['certified_until'], name='certification_by_end'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('learner', 'course'), name='one_certification_per_course'),
                    models.CheckConstraint(condition=models.Q(models.Q(('certificate', None), ('outside__isnull', False)), models.Q(('certificate__isnull', False), ('outside', None)), _connector='OR'), name='certification_has_one_proof'),
                ],
            },
        ),
        migrations.CreateModel(
            name='PracticeAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('objective', models.CharField(help_text='The rule', max_length=32)),
                ('number', models.PositiveSmallIntegerField(help_text='Of the answers on this rule; 1 is the first')),
                ('question', models.CharField(max_length=64)),
                ('response', models.JSONField()),
                ('is_right', models.BooleanField()),
                ('answered_at', models.DateTimeField()),
                ('token', models.UUIDField(help_text='Token of the form: a repeated POST finds this row', unique=True)),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='practice_answers', to='assessment.examattempt')),
                ('bank', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.document')),
                ('release', models.ForeignKey(help_text='It was asked from', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.release')),
                ('revision', models.ForeignKey(help_text='Of the bank', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.revision')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('attempt', 'objective', 'number'), name='one_practice_answer_per_number'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Response',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(help_text='1 is the first')),
                ('question', models.CharField(max_length=64)),
                ('objective', models.CharField(max_length=32)),
                ('is_critical', models.BooleanField(default=False)),
                ('order', models.JSONField(help_text='The places of the choices as they are shown')),
                ('response', models.JSONField(help_text='Places as in content.questions; null: not answered', null=True)),
                ('saves', models.PositiveIntegerField(default=0, help_text='Grows with every save: an old tab knows a lower number')),
                ('page', models.UUIDField(help_text='The page it was saved from last: see `exams.attempts.save`', null=True)),
                ('saved_at', models.DateTimeField(null=True)),
                ('is_right', models.BooleanField(help_text='Set when the attempt is submitted', null=True)),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='responses', to='assessment.examattempt')),
                ('bank', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.document')),
                ('revision', models.ForeignKey(help_text='Of the bank', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.revision')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [
                    models.UniqueConstraint(fields=('attempt', 'position'), name='one_response_per_position'),
                    models.UniqueConstraint(fields=('attempt', 'question'), name='no_question_twice_in_an_attempt'),
                ],
            },
        ),
    ]
