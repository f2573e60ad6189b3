"""Feedback becomes a row per visit and author. What is stored belongs to the visitor, or in a meet to the
participant who wrote it last, where the history tells."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import ghar.clock

KEEP = """
    INSERT INTO visits_visitfeedback AS kept
        (visit_id, author_id, visitor_feedback, interest_level, created_at, updated_at)
    SELECT visit.id, coalesce(writer.actor_id, visit.user_id), {feedback}, {interest}, updated_at, updated_at
    FROM visits_visit visit
    LEFT JOIN LATERAL (
        SELECT actor_id, coalesce(data -> 'fields' ? '{name}', false) AS named
        FROM visits_visitevent event
        WHERE event.visit_id = visit.id AND visit.visit_context = 'flatmate_meet'
            AND actor_id IN (visit.user_id, visit.counterparty_user_id)
            AND (data -> 'fields' ? '{name}' OR change = 'completed')
        ORDER BY named DESC, event.id DESC
        LIMIT 1
    ) writer ON true
    WHERE visit.{name} <> ''
    ON CONFLICT (visit_id, author_id) DO UPDATE SET {name} = excluded.{name}
"""
KEEP_FEEDBACK = KEEP.format(name="visitor_feedback", feedback="visitor_feedback", interest="''")
KEEP_INTEREST = KEEP.format(name="interest_level", feedback="''", interest="interest_level")
GIVE_BACK = """
    UPDATE visits_visit visit
    SET visitor_feedback = own.visitor_feedback, interest_level = own.interest_level
    FROM visits_visitfeedback own
    WHERE own.visit_id = visit.id AND own.author_id = visit.user_id
"""


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("visits", "0003_staff_groups"),
    ]

    operations = [
        migrations.CreateModel(
            name="VisitFeedback",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "visitor_feedback",
                    models.TextField(
                        blank=True,
                        max_length=5000,
                        validators=[django.core.validators.MaxLengthValidator(5000)],
                        verbose_name="feedback",
                    ),
                ),
                (
                    "interest_level",
                    models.CharField(
                        blank=True,
                        choices=[("low", "Low"), ("medium", "Medium"), ("high", "High")],
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(default=ghar.clock.now, editable=False)),
                ("updated_at", models.DateTimeField(default=ghar.clock.now, editable=False)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="visit_feedback",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feedback",
                        to="visits.visit",
                    ),
                ),
            ],
            options={"ordering": ["id"], "verbose_name_plural": "feedback"},
        ),
        migrations.AddConstraint(
            model_name="visitfeedback",
            constraint=models.UniqueConstraint(fields=("visit", "author"), name="feedback_once_per_author"),
        ),
        migrations.RunSQL(KEEP_FEEDBACK, migrations.RunSQL.noop),
        migrations.RunSQL(KEEP_INTEREST, GIVE_BACK),
        migrations.RemoveField(model_name="visit", name="visitor_feedback"),
        migrations.RemoveField(model_name="visit", name="interest_level"),
    ]
