import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Course',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('identifier', models.SlugField(max_length=64, unique=True, verbose_name='id')),
                ('source_language', models.CharField(max_length=10, verbose_name='source language')),
            ],
            options={
                'verbose_name': 'course',
                'verbose_name_plural': 'courses',
                'ordering': ['identifier'],
            },
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('identifier', models.CharField(help_text='The id of its front matter; of a figure, its path', max_length=200, verbose_name='id')),
                ('kind', models.CharField(choices=[('course', 'course'), ('card', 'emergency card'), ('jurisdiction', 'jurisdiction file'), ('outline', 'syllabus'), ('sources', 'sources'), ('terms', 'glossary'), ('module', 'module'), ('lesson', 'lesson'), ('simulation', 'simulation'), ('exam', 'exam'), ('survey', 'survey'), ('bank', 'question bank'), ('media', 'figure')], max_length=12, verbose_name='type')),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='content.course', verbose_name='course')),
            ],
            options={
                'verbose_name': 'document',
                'verbose_name_plural': 'documents',
                'constraints': [
                    models.UniqueConstraint(fields=('course', 'identifier'), name='one_document_per_id'),
                ],
            },
        ),
        migrations.CreateModel(
            name='EmergencyContact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('section', models.CharField(help_text='The id of a section of the card', max_length=100, verbose_name='emergency')),
                ('language', models.CharField(blank=True, help_text='Leave empty for all languages.', max_length=10, verbose_name='language')),
                ('who', models.CharField(help_text='Use the name that people here know, such as duty desk, room 302.', max_length=80, verbose_name='contact name')),
                ('number', models.CharField(blank=True, max_length=40, validators=[django.core.validators.RegexValidator('^\\+?[0-9*#][0-9*# ().,;/-]{1,38}$', 'Enter a phone number. Use only digits, spaces, brackets and - + * #.')], verbose_name='phone number')),
                ('checked_on', models.DateField(blank=True, help_text='The last day on which a test call to this number worked.', null=True, verbose_name='checked on')),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contacts', to='content.course', verbose_name='course')),
            ],
            options={
                'verbose_name': 'contact on the emergency card',
                'verbose_name_plural': 'contacts on the emergency card',
                'ordering': ['section', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='ExpertReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('profession', models.CharField(max_length=80, verbose_name='profession')),
                ('read_on', models.DateField(verbose_name='reviewed on')),
                ('entered_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='entered at')),
                ('undone_at', models.DateTimeField(null=True, verbose_name='review withdrawn at')),
                ('entered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='entered by')),
                ('undone_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='review withdrawn by')),
            ],
            options={
                'verbose_name': 'expert review',
                'verbose_name_plural': 'expert reviews',
                'ordering': ['-pk'],
                'default_permissions': ('add', 'view'),
            },
        ),
        migrations.CreateModel(
            name='Release',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='number')),
                ('impact', models.CharField(choices=[('minor', "none: the change affects nobody"), ('reread', 'read again: people who completed the lesson see what changed and confirm it'), ('retake', "retake check: people who completed the lesson answer its check questions again, about the new text")], default='minor', help_text='The highest of its documents', max_length=8, verbose_name='impact')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='released at')),
                ('digest', models.CharField(help_text='sha256 over the ids and digests of every text in it', max_length=64, verbose_name='checksum')),
                ('compiler', models.PositiveIntegerField()),
                ('outlines', models.JSONField(help_text='The route of the course per language')),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='content.course', verbose_name='course')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='released by')),
            ],
            options={
                'verbose_name': 'release',
                'verbose_name_plural': 'releases',
                'ordering': ['-number'],
                'constraints': [
                    models.UniqueConstraint(fields=('course', 'number'), name='one_release_per_number'),
                ],
            },
        ),
        migrations.AddField(
            model_name='course',
            name='current',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.release', verbose_name='current release'),
        ),
        migrations.CreateModel(
            name='ReleaseProposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('impact', models.CharField(help_text='The highest of `impacts`', max_length=8)),
                ('impacts', models.JSONField(default=dict, help_text='Id of each document → its impact')),
                ('note', models.CharField(max_length=200)),
                ('proposed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('declined_at', models.DateTimeField(null=True)),
                ('base', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.release')),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='content.course')),
                ('declined_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'release awaiting approval',
                'verbose_name_plural': 'releases awaiting approval',
                'ordering': ['pk'],
            },
        ),
        migrations.AddField(
            model_name='release',
            name='proposal',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='release', to='content.releaseproposal', verbose_name='release awaiting approval'),
        ),
        migrations.CreateModel(
            name='RenderedPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(max_length=10)),
                ('digest', models.CharField(help_text='sha256 of the data', max_length=64)),
                ('data', models.JSONField()),
                ('paragraphs', models.JSONField(default=list, help_text='What a search looks through, taken from the data')),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pages', to='content.document')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('document', 'language', 'digest'), name='one_page_per_digest'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='number')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='saved at')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('is_unchecked', models.BooleanField(default=False, verbose_name="saved, but not checked")),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='saved by')),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='revisions', to='content.document', verbose_name='document')),
            ],
            options={
                'verbose_name': 'revision',
                'verbose_name_plural': 'revisions',
                'ordering': ['-number'],
                'constraints': [
                    models.UniqueConstraint(fields=('document', 'number'), name='one_revision_per_number'),
                ],
            },
        ),
        migrations.AddField(
            model_name='releaseproposal',
            name='revisions',
            field=models.ManyToManyField(related_name='+', to='content.revision'),
        ),
        migrations.CreateModel(
            name='ReleaseEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('impact', models.CharField(blank=True, choices=[('minor', "none: the change affects nobody"), ('reread', 'read again: people who completed the lesson see what changed and confirm it'), ('retake', "retake check: people who completed the lesson answer its check questions again, about the new text")], max_length=8)),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='content.document')),
                ('reading', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='content.expertreview')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='content.release')),
                ('pages', models.ManyToManyField(related_name='entries', to='content.renderedpage')),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='content.revision')),
            ],
            options={
                'indexes': [
                    models.Index(condition=models.Q(('impact__in', ('reread', 'retake'))), fields=['release', 'document'], name='entry_more_than_minor'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('release', 'document'), name='one_entry_per_document'),
                ],
            },
        ),
        migrations.AddField(
            model_name='expertreview',
            name='revision',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='readings', to='content.revision', verbose_name='revision'),
        ),
        migrations.AddField(
            model_name='document',
            name='latest_revision',
            field=models.ForeignKey(editable=False, help_text='The newest revision, released or not', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.revision'),
        ),
        migrations.CreateModel(
            name='SourceFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(blank=True, max_length=10)),
                ('path', models.CharField(help_text="Inside the course's folder", max_length=300)),
                ('body', models.BinaryField()),
                ('digest', models.CharField(help_text='sha256 of the bytes, hexadecimal', max_length=64)),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='texts', to='content.revision')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('revision', 'language'), name='one_text_per_language'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ImportedFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(blank=True, max_length=10)),
                ('path', models.CharField(max_length=300)),
                ('digest', models.CharField(max_length=64)),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='imported_files', to='content.document')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('document', 'language'), name='one_imported_text_per_language')],
            },
        ),
        migrations.AddConstraint(
            model_name='expertreview',
            constraint=models.UniqueConstraint(condition=models.Q(('undone_at', None)), fields=('revision',), name='one_reading_per_revision'),
        ),
    ]
