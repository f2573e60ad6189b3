import django_filters
from django import forms

from agents.models import Agent, AgentQuerySet
from ghar.languages import language_code
from ghar.validators import validate_language


class LanguageFormField(forms.CharField):
    default_validators = [validate_language]

    def to_python(self, value: str | None) -> str:
        return language_code(super().to_python(value) or "")


class LanguageFilter(django_filters.Filter):
    field_class = LanguageFormField


class AgentFilter(django_filters.FilterSet):
    agent_type = django_filters.ChoiceFilter(choices=Agent.Type.choices)
    language = LanguageFilter(method="filter_language")
    city = django_filters.CharFilter(method="filter_city")

    class Meta:
        model = Agent
        fields = ("agent_type",)

    def filter_language(self, agents: AgentQuerySet, name: str, value: str) -> AgentQuerySet:
        return agents.speaking(value)

    def filter_city(self, agents: AgentQuerySet, name: str, value: str) -> AgentQuerySet:
        return agents.serving(value)
