import django_filters
from django import forms
from django.db.models import QuerySet

from agents.models import Agent, AgentQuerySet
from ghar.validators import validate_language


class LanguageFormField(forms.CharField):
    default_validators = [validate_language]

    def to_python(self, value: str | None) -> str:
        return (super().to_python(value) or "").lower()


class LanguageFilter(django_filters.Filter):
    field_class = LanguageFormField


class AgentFilter(django_filters.FilterSet):
    agent_type = django_filters.ChoiceFilter(choices=Agent.Type.choices)
    language = LanguageFilter(method="speaking")
    city = django_filters.CharFilter(method="serving")

    class Meta:
        model = Agent
        fields = ("agent_type",)

    def speaking(self, agents: AgentQuerySet, name: str, value: str) -> QuerySet[Agent]:
        return agents.speaking(value)

    def serving(self, agents: AgentQuerySet, name: str, value: str) -> QuerySet[Agent]:
        return agents.serving(value)
