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
            name='Logo',
            fields=[
                ('digest', models.CharField(help_text='SHA-256 of the body', max_length=64, primary_key=True, serialize=False)),
                ('body', models.BinaryField(help_text='PNG')),
                ('width', models.PositiveSmallIntegerField()),
                ('height', models.PositiveSmallIntegerField()),
                ('sent_at', models.DateTimeField(default=django.utils.timezone.now, help_text='When somebody last sent it, perhaps to look at')),
            ],
        ),
        migrations.CreateModel(
            name='Branding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('course', models.CharField(blank=True, help_text='Its id; empty: the site', max_length=64)),
                ('number', models.PositiveIntegerField(help_text='Of the styles of this course or site; 1 is the first')),
                ('words', models.JSONField(default=dict, help_text='What is said → language → text')),
                ('sender_address', models.EmailField(blank=True, max_length=254)),
                ('light', models.CharField(blank=True, help_text='Colour of the line on light pages, #rrggbb', max_length=7)),
                ('dark', models.CharField(blank=True, help_text='And on dark ones', max_length=7)),
                ('is_card_public', models.BooleanField(default=False, help_text='Emergency cards are also shown to people who are not signed in; set for the site only')),
                ('set_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('set_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('logo', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='branding.logo')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('course', 'number'), name='one_house_style_per_number')],
            },
        ),
    ]
