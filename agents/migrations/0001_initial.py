import agents.models
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import ghar.clock
import ghar.validators
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Agent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('contact_number', models.CharField(blank=True, help_text='The business number, in a form such as +912261230001.', max_length=16)),
                ('description', models.TextField(blank=True, max_length=2000)),
                ('avatar_url', models.CharField(blank=True, max_length=500, validators=[ghar.validators.validate_link])),
                ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=2, validators=[ghar.validators.validate_language]), blank=True, default=agents.models.default_languages, size=20)),
                ('agent_type', models.CharField(choices=[('general', 'General'), ('specialist', 'Specialist'), ('senior', 'Senior')], default='general', max_length=20)),
                ('experience_level', models.CharField(choices=[('intermediate', 'Intermediate'), ('beginner', 'Beginner'), ('expert', 'Expert')], default='intermediate', max_length=20)),
                ('is_active', models.BooleanField(default=True, verbose_name='employed')),
                ('is_available', models.BooleanField(default=True, verbose_name='takes new visits')),
                ('timezone', models.CharField(default='Asia/Kolkata', max_length=64, validators=[ghar.validators.validate_timezone])),
                ('cities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, default=list, help_text='Leave empty for every city.', size=100)),
                ('capacity', models.PositiveIntegerField(blank=True, default=50, help_text='Maximum number of live visits at a time. Leave empty for no limit.', null=True, validators=[django.core.validators.MinValueValidator(1)])),
                ('total_users_assigned', models.PositiveIntegerField(default=0, editable=False)),
                ('user_satisfaction_rating', models.DecimalField(blank=True, decimal_places=2, editable=False, max_digits=3, null=True)),
                ('live_visits', models.IntegerField(default=0, editable=False)),
                ('live_users', models.IntegerField(default=0, editable=False)),
                ('assignments_won', models.PositiveIntegerField(default=0, editable=False, help_text='By automatic choices among equals.')),
                ('expected_share', models.FloatField(default=0, editable=False, help_text='What a fair share of those choices would have been.')),
                ('last_assigned_at', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(default=ghar.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=ghar.clock.now, editable=False)),
                ('user', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='agent', to=settings.AUTH_USER_MODEL, verbose_name='login')),
            ],
            options={
                'ordering': ['name', 'id'],
            },
        ),
        migrations.CreateModel(
            name='AgentInteraction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('type', models.CharField(choices=[('call', 'Call'), ('message', 'Message'), ('visit', 'Visit')], default='call', max_length=20)),
                ('response_time_seconds', models.PositiveIntegerField(blank=True, null=True)),
                ('user_satisfaction', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)])),
                ('created_at', models.DateTimeField(default=ghar.clock.now, editable=False)),
                ('agent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='interactions', to='agents.agent')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='agent_interactions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='Engagement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('started_at', models.DateTimeField(default=ghar.clock.now, editable=False)),
                ('ended_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('agent', models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name='engagements', to='agents.agent')),
                ('seeker', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='engagements', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-started_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='TimeOff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('period', django.contrib.postgres.fields.ranges.DateTimeRangeField(help_text='The start is included, the end is not.')),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(default=ghar.clock.now, editable=False)),
                ('agent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='time_off', to='agents.agent')),
            ],
            options={
                'verbose_name_plural': 'time off',
                'ordering': ['-period', '-id'],
            },
        ),
        migrations.CreateModel(
            name='WorkingHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')])),
                ('opens', models.TimeField()),
                ('closes', models.TimeField()),
                ('agent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='working_hours', to='agents.agent')),
            ],
            options={
                'verbose_name_plural': 'working hours',
                'ordering': ['weekday', 'opens', 'id'],
            },
        ),
        migrations.AddIndex(
            model_name='agent',
            index=models.Index(fields=['name', 'id'], name='agent_directory'),
        ),
        migrations.AddConstraint(
            model_name='agent',
            constraint=models.CheckConstraint(condition=models.Q(('live_visits__gte', 0)), name='agent_live_visits_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='agent',
            constraint=models.CheckConstraint(condition=models.Q(('live_users__gte', 0)), name='agent_live_users_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='agent',
            constraint=models.CheckConstraint(condition=models.Q(('capacity__isnull', True), ('capacity__gte', 1), _connector='OR'), name='agent_capacity_positive'),
        ),
        migrations.AddConstraint(
            model_name='agentinteraction',
            constraint=models.CheckConstraint(condition=models.Q(('user_satisfaction__isnull', True), ('user_satisfaction__range', (1, 5)), _connector='OR'), name='interaction_satisfaction_1_to_5'),
        ),
        migrations.AddConstraint(
            model_name='engagement',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('seeker',), name='engagement_one_open_per_seeker'),
        ),
        migrations.AddIndex(
            model_name='timeoff',
            index=django.contrib.postgres.indexes.GistIndex(fields=['period'], name='time_off_period'),
        ),
        migrations.AddConstraint(
            model_name='timeoff',
            constraint=models.CheckConstraint(condition=models.Q(('period__isempty', False), ('period__lower_inf', False), ('period__upper_inf', False)), name='time_off_bounded'),
        ),
        migrations.AddConstraint(
            model_name='workinghours',
            constraint=models.CheckConstraint(condition=models.Q(('weekday__range', (0, 6))), name='hours_weekday'),
        ),
        migrations.AddConstraint(
            model_name='workinghours',
            constraint=models.CheckConstraint(condition=models.Q(('closes__gt', models.F('opens')), ('closes', '00:00'), _connector='OR'), name='hours_close_after_opening'),
        ),
        migrations.AddConstraint(
            model_name='workinghours',
            constraint=models.UniqueConstraint(fields=('agent', 'weekday', 'opens'), name='hours_once'),
        ),
    ]
