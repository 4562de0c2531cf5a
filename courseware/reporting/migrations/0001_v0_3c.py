import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('content', '0001_v0_3c'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MonthlyReportSubscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='GroupStatistic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=420)),
                ('shape', models.CharField(blank=True, help_text='A digest of the shape of what was answered', max_length=64)),
                ('team', models.PositiveBigIntegerField(help_text='Id of the team, also after it was closed; 0: the company')),
                ('people', models.PositiveIntegerField(default=0)),
                ('numbers', models.JSONField(default=dict)),
                ('counted_on', models.DateField(help_text='The day of the last step', null=True)),
                ('taken', models.PositiveIntegerField(default=0, help_text='Number of its people who were counted, here or in a team above')),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='content.course')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('course', 'name', 'shape', 'team'), name='one_figure_of_a_team'), models.CheckConstraint(condition=models.Q(('people', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('people'), '/', models.Value(5)), '*', models.Value(5)))), name='people_are_counted_by_fives')],
            },
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('query', models.CharField(max_length=500)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('person', 'name'), name='a_view_of_a_person_for_each_name')],
            },
        ),
        migrations.CreateModel(
            name='StatisticsTeam',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('team', models.PositiveBigIntegerField(help_text='Its key, also after it was closed; 0: in none')),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='content.course')),
                ('learner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('course', 'learner'), name='counted_with_one_team_in_a_course')],
            },
        ),
    ]
