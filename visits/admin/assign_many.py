"""Assigning agents to many visits: an action on the list, with a page on which staff check the proposals."""

from collections import Counter
from collections.abc import Iterable

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.models import Agent
from ghar.accounts.admin import staff_user
from ghar.admin import ExtraViewsMixin, error_message
from ghar.errors import DomainError
from visits import services
from visits.admin.actions import ASSIGN, describe_assignment
from visits.admin.forms import AGENT_GONE, AUTOMATIC_CHOICE, AgentArgument, NoteField, ReasonField
from visits.assignment import explanations
from visits.assignment.candidates import Candidate, rank_candidates_of_each
from visits.models import Visit, VisitQuerySet
from visits.permissions import ASSIGN_AGENT

UNCHANGED = "leave"
MAX_SELECTED = 100
Choices = Iterable[tuple[str, str]]


class AssignManyForm(forms.Form):
    """A choice of an agent for each visit, and one choice that stands for all of them."""

    everyone = forms.ChoiceField(
        label=gettext_lazy("Assign all to"), required=False, error_messages={"invalid_choice": AGENT_GONE}
    )
    reason = ReasonField(
        gettext_lazy("The visitors can read it. A reason or a note is required to replace an agent.")
    )
    note = NoteField()

    def __init__(self, data: QueryDict | None, *, visits: Iterable[Visit]) -> None:
        super().__init__(data)
        self.visits = list(visits)
        active = Agent.objects.filter(is_active=True).order_by("name", "pk").values_list("pk", "name")
        agents = [(str(pk), name) for pk, name in active]
        self.set_choices(
            "everyone",
            [("", _("As chosen above")), (AUTOMATIC_CHOICE, _("Best available, one by one")), *agents],
        )
        for visit in self.visits:
            self.fields[field_name(visit)] = forms.ChoiceField(error_messages={"invalid_choice": AGENT_GONE})
            self.set_choices(field_name(visit), visit_choices(visit, agents))

    def set_choices(self, name: str, choices: Choices) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    def propose(self) -> None:
        """Rank the agents for each visit, and propose the best one for those without an agent.

        This is done only for a page that is shown.
        """
        ranked = rank_candidates_of_each(self.visits)
        promised: list[tuple[Agent, Visit]] = []
        for visit in self.visits:
            candidates = ranked[visit.pk]
            labels = [(str(each.agent.pk), candidate_label(each)) for each in candidates]
            self.set_choices(field_name(visit), visit_choices(visit, labels))
            # The proposals have to fit together: nobody is proposed at two listings at once.
            elsewhere = {
                agent.pk
                for agent, other in promised
                if other.property_id != visit.property_id
                and other.busy.lower < visit.busy.upper
                and visit.busy.lower < other.busy.upper
            }
            free = (each.agent for each in candidates if each.proposed and each.agent.pk not in elsewhere)
            best = None if visit.agent_id else next(free, None)
            self.fields[field_name(visit)].initial = str(best.pk) if best else UNCHANGED
            if best:
                promised.append((best, visit))

    def rows(self) -> list[tuple[Visit, forms.BoundField]]:
        return [(visit, self[field_name(visit)]) for visit in self.visits]

    def clean(self) -> dict[str, object]:
        replaced = [visit for visit, agent in self.assignments() if visit.agent_id and isinstance(agent, int)]
        if replaced and not (self.cleaned_data.get("reason") or self.cleaned_data.get("note")):
            self.add_error("reason", _("A reason or a note is required to replace an agent."))
        return self.cleaned_data

    def assignments(self) -> list[tuple[Visit, AgentArgument]]:
        """Return the visits that are to change, each with the agent as the service takes it."""
        everyone = self.cleaned_data.get("everyone")
        pairs: list[tuple[Visit, AgentArgument]] = []
        for visit in self.visits:
            choice = everyone or self.cleaned_data.get(field_name(visit), UNCHANGED)
            if choice not in (UNCHANGED, str(visit.agent_id)):
                pairs.append((visit, services.AUTOMATIC if choice == AUTOMATIC_CHOICE else int(choice)))
        return pairs


def field_name(visit: Visit) -> str:
    return f"agent_{visit.pk}"


def visit_choices(visit: Visit, agents: Choices) -> Choices:
    if visit.agent:
        unchanged = _("No change (%(agent)s)") % {"agent": visit.agent}
    else:
        unchanged = _("No change (no agent)")
    return [(UNCHANGED, unchanged), (AUTOMATIC_CHOICE, _("Best available")), *agents]


def candidate_label(candidate: Candidate) -> str:
    """Return an agent with their load and whether they are free, in one line."""
    agent = candidate.agent
    if candidate.proposed:
        state = _("free")
    elif candidate.eligible:
        state = _("free, but unassigned from this visit earlier")
    else:
        state = explanations.explain_reasons(candidate.reasons)
    texts = {"agent": agent.name, "visits": agent.live_visits, "capacity": agent.capacity, "state": state}
    if agent.capacity:
        return _("%(agent)s · %(visits)s of %(capacity)s visits · %(state)s") % texts
    return _("%(agent)s · %(visits)s visits · %(state)s") % texts


class AssignManyMixin(ExtraViewsMixin[Visit]):
    """The action on selected visits: the first POST shows the proposals, the second one assigns."""

    actions: tuple[str, ...] = ("assign_agents",)

    def has_assign_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ASSIGN_AGENT)

    @admin.action(description=gettext_lazy("Assign agents…"), permissions=["assign"])
    def assign_agents(self, request: HttpRequest, queryset: VisitQuerySet) -> HttpResponse | None:
        visits = list(queryset.order_by("scheduled_date", "pk")[: MAX_SELECTED + 1])
        if len(visits) > MAX_SELECTED:
            text = _("Select at most %(count)s visits.") % {"count": MAX_SELECTED}
            self.message_user(request, text, messages.ERROR)
            return None
        submitted = "post" in request.POST
        # What has changed since the proposals were shown is left to the service: it says why it refuses.
        assignable = [visit for visit in visits if submitted or ASSIGN.is_available_for(visit)]
        form = AssignManyForm(request.POST if submitted else None, visits=assignable)
        if form.is_valid():
            return self.assign_each(request, form)
        form.propose()
        return self.render_page(
            request,
            "admin/visits/visit/assign_many.html",
            _("Assign agents"),
            form=form,
            excluded=[visit for visit in visits if visit not in assignable],
            back=request.POST.get("back", request.GET.urlencode()),
            checkbox_name=ACTION_CHECKBOX_NAME,
        )

    def assign_each(self, request: HttpRequest, form: AssignManyForm) -> HttpResponse:
        """Call the service once for each visit. If it refuses one, the others are assigned all the same."""
        counts: Counter[str] = Counter()
        words = {name: form.cleaned_data[name] for name in ("reason", "note")}
        text = " ".join(words.values())
        for visit, agent_id in form.assignments():
            try:
                changed = services.assign(visit=visit, by=staff_user(request), agent_id=agent_id, **words)
            except DomainError as error:
                texts = {"visit": visit, "visitor": visit.user, "problem": error_message(error)}
                self.message_user(request, _("%(visit)s, %(visitor)s: %(problem)s") % texts, messages.ERROR)
                counts["refused"] += 1
                continue
            if changed.version == visit.version:
                counts["unchanged"] += 1
                continue
            self.log_change(request, changed, f"{describe_assignment(changed)} {text}".strip())
            counts["assigned"] += 1
        success = counts["assigned"] and not counts["refused"]
        numbers = {name: counts[name] for name in ("assigned", "refused", "unchanged")}
        summary = _("%(assigned)s assigned, %(refused)s refused.") % numbers
        if counts["unchanged"]:
            summary = _("%(assigned)s assigned, %(refused)s refused, %(unchanged)s unchanged.") % numbers
        self.message_user(request, summary, messages.SUCCESS if success else messages.WARNING)
        return HttpResponseRedirect(f"{self.changelist_url()}?{request.POST.get('back', '')}")
