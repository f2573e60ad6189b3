import datetime
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import ghar.clock
import ghar.fields
import visits.models
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('agents', '0001_initial'),
        ('flatmates', '0001_initial'),
        ('properties', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('visit_context', models.CharField(default='property_tour', max_length=40)),
                ('status', models.CharField(choices=[('scheduled', 'Scheduled'), ('confirmed', 'Confirmed'), ('completed', 'Completed'), ('cancelled', 'Cancelled'), ('rescheduled', 'Rescheduled')], default='scheduled', max_length=20)),
                ('awaiting', models.CharField(blank=True, choices=[('agency', 'Agency'), ('visitor', 'Visitor'), ('counterparty', 'Counterparty')], max_length=20, null=True)),
                ('scheduled_date', models.DateTimeField()),
                ('scheduled_end', models.DateTimeField()),
                ('busy', django.contrib.postgres.fields.ranges.DateTimeRangeField(help_text='When the agent is taken: the visit and the travel after it.')),
                ('exclusive', models.BooleanField(default=False, help_text='Nobody else at this listing meanwhile.')),
                ('actual_date', models.DateTimeField(blank=True, null=True)),
                ('special_requirements', models.TextField(blank=True, max_length=2000, validators=[django.core.validators.MaxLengthValidator(2000)])),
                ('visit_notes', models.TextField(blank=True, help_text='Agents and staff only.', max_length=5000, validators=[django.core.validators.MaxLengthValidator(5000)])),
                ('visitor_feedback', models.TextField(blank=True, max_length=5000, validators=[django.core.validators.MaxLengthValidator(5000)])),
                ('interest_level', models.CharField(blank=True, choices=[('low', 'Low'), ('medium', 'Medium'), ('high', 'High')], max_length=10)),
                ('follow_up_required', models.BooleanField(default=False)),
                ('follow_up_date', models.DateTimeField(blank=True, null=True)),
                ('cancellation_reason', models.CharField(blank=True, max_length=500)),
                ('rescheduled_from', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(default=ghar.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=ghar.clock.now, editable=False)),
                ('live', models.GeneratedField(db_persist=True, expression=models.Q(('status__in', ('scheduled', 'confirmed', 'rescheduled'))), output_field=models.BooleanField())),
                ('participants', models.GeneratedField(db_persist=True, expression=models.Case(models.When(counterparty_user__isnull=True, then=ghar.fields.IdMultirange('user')), default=ghar.fields.IdMultirange('user', 'counterparty_user')), output_field=ghar.fields.BigIntegerMultirangeField())),
                ('agent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='visits', to='agents.agent')),
                ('conversation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='visits', to='flatmates.userconversation')),
                ('counterparty_user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='visits_as_counterparty', to=settings.AUTH_USER_MODEL)),
                ('match', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='visits', to='flatmates.usermatch')),
                ('property', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='visits', to='properties.property')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='visits', to=settings.AUTH_USER_MODEL, verbose_name='visitor')),
            ],
            options={
                'ordering': ['-scheduled_date', '-id'],
                'permissions': [('assign_agent', 'Can assign an agent to a visit')],
            },
        ),
        migrations.CreateModel(
            name='VisitEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('change', models.CharField(choices=[('scheduled', 'Scheduled'), ('confirmed', 'Confirmed'), ('rescheduled', 'Rescheduled'), ('cancelled', 'Cancelled'), ('completed', 'Completed'), ('assigned', 'Assigned'), ('unassigned', 'Unassigned'), ('updated', 'Updated')], max_length=20)),
                ('from_status', models.CharField(blank=True, max_length=20)),
                ('to_status', models.CharField(max_length=20)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('data', models.JSONField(blank=True, default=dict)),
                ('at', models.DateTimeField(default=ghar.clock.now, editable=False)),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='visits.visit')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(fields=['-scheduled_date', '-id'], name='visit_latest'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(fields=['user', '-scheduled_date', '-id'], name='visit_of_user'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(condition=models.Q(('counterparty_user__isnull', False)), fields=['counterparty_user', '-scheduled_date', '-id'], name='visit_of_counterparty'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(fields=['agent', '-scheduled_date', '-id'], name='visit_of_agent'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(fields=['property', '-scheduled_date', '-id'], name='visit_at_property'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(condition=models.Q(('agent__isnull', True), ('live', True), ('visit_context', 'property_tour')), fields=['scheduled_date', 'id'], name='visit_queue'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('live', True)), expressions=[('agent', '='), ('property', '<>'), ('busy', '&&')], name='visit_agent_in_one_place'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('live', True)), expressions=[('participants', '&&'), (ghar.fields.TsTzRange('scheduled_date', 'scheduled_end', django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='visit_person_in_one_place'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('exclusive', True), ('live', True)), expressions=[('property', '='), (ghar.fields.TsTzRange('scheduled_date', 'scheduled_end', django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='visit_exclusive_listing'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['scheduled', 'confirmed', 'completed', 'cancelled', 'rescheduled'])), name='visit_status_known'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('scheduled_end__gt', models.F('scheduled_date'))), name='visit_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('busy__contains', ghar.fields.TsTzRange('scheduled_date', 'scheduled_end', django.contrib.postgres.fields.ranges.RangeBoundary()))), name='visit_busy_covers_visit'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('counterparty_user__isnull', True), ('visit_context', 'flatmate_meet'), _connector='OR'), name='visit_counterparty_only_in_meets'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('counterparty_user__isnull', True), models.Q(('counterparty_user', models.F('user')), _negated=True), _connector='OR'), name='visit_not_with_oneself'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('agent__isnull', True), models.Q(('visit_context', 'flatmate_meet'), _negated=True), _connector='OR'), name='visit_no_agent_in_meets'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('awaiting__isnull', True), ('status__in', ['scheduled', 'rescheduled']), _connector='OR'), name='visit_awaiting_only_unconfirmed'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'completed'), _negated=True), ('actual_date__isnull', False), _connector='OR'), name='visit_completed_has_actual_date'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('follow_up_date__isnull', True), models.Q(('follow_up_date__gte', datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)), ('follow_up_date__lt', datetime.datetime(3000, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))), _connector='OR'), name='visit_follow_up_in_our_time'),
        ),
        migrations.AddIndex(
            model_name='visitevent',
            index=models.Index(fields=['visit', 'id'], name='visit_event_in_order'),
        ),
    ]
