import django_filters
from django import forms
from django.db.models import QuerySet

from agents.models import Agent, AgentQuerySet
from ghar.api.filters import FlagFilter, WordsFilter
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
    city = WordsFilter(method="filter_city")
    # Former agents only for those who ask for them, and who may see them: see `AgentQuerySet.visible_to`.
    is_active = FlagFilter(method="filter_is_active")

    class Meta:
        model = Agent
        fields = ("agent_type",)

    def filter_queryset(self, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        agents: QuerySet[Agent] = super().filter_queryset(queryset)
        return agents.filter(is_active=True) if self.form.cleaned_data["is_active"] is None else agents

    def filter_is_active(self, agents: AgentQuerySet, name: str, value: bool) -> AgentQuerySet:
        return agents.filter(is_active=value)

    def filter_language(self, agents: AgentQuerySet, name: str, value: str) -> AgentQuerySet:
        return agents.speaking(value)

    def filter_city(self, agents: AgentQuerySet, name: str, value: str) -> AgentQuerySet:
        return agents.serving(value)
