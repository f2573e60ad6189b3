"""Arguments as assistants and their frameworks write them: null, blank text, single items, JSON text."""

import pytest

from properties.tests.factories import PropertyFactory
from visits.models import Visit
from visits.tests.factories import book, local
from visits.tests.mcp.helpers import local_day, local_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def required(world):
    """Values for the arguments that have to be given."""
    return {
        "property_id": world.listing,
        "visit_id": world.tour,
        "agent_id": world.second_agent,
        "from_date": local_day(1),
        "to_date": local_day(2),
        "scheduled_date": local_text(2, 11),
        "new_date": local_text(2, 11),
        "is_available": True,
    }


def optional_arguments(tool):
    schema = tool["inputSchema"]
    return set(schema.get("properties", {})) - set(schema.get("required", []))


def split(assistant, required, name, value):
    """Return the arguments that the tool needs, and the same with `value` for all others."""
    tool = assistant.tools()[name]
    needed = {field: required[field] for field in tool["inputSchema"].get("required", [])}
    return needed, needed | dict.fromkeys(optional_arguments(tool), value)


def same_result(assistant, name, plain, full):
    results = [assistant.result(name, arguments) for arguments in (plain, full)]
    texts = [result["content"][0]["text"] for result in results]
    assert texts[0] == texts[1]
    return results[0]


def test_null_is_absent_for_every_optional_argument_of_every_tool(
    asha_assistant, staff_assistant, required, everything
):
    before, tried = everything(), 0
    for assistant in (asha_assistant, staff_assistant):
        for name in assistant.tools():
            plain, full = split(assistant, required, name, None)
            if plain != full:
                same_result(assistant, name, plain, full)
                tried += len(full) - len(plain)
    assert tried > 35
    assert everything() == before


def test_blank_text_is_absent_for_every_optional_argument_of_the_tools_that_read(
    asha_assistant, staff_assistant, required
):
    for assistant in (asha_assistant, staff_assistant):
        for name, tool in assistant.tools().items():
            if tool["annotations"]["readOnlyHint"]:
                plain, full = split(assistant, required, name, " " * (len(name) % 2))
                assert not same_result(assistant, name, plain, full)["isError"]


def test_null_and_blank_text_do_not_stand_for_what_has_to_be_given(
    asha_assistant, staff_assistant, everything
):
    before = everything()
    for assistant in (asha_assistant, staff_assistant):
        for name, tool in assistant.tools().items():
            for field in tool["inputSchema"].get("required", []):
                for nothing in (None, ""):
                    assert f"- {field}: " in assistant.refusal(name, **{field: nothing})
    assert everything() == before


def test_blank_text_decides_nothing_where_something_changes(staff_assistant, world, everything):
    before = everything()
    arguments = {"visit_id": world.tour, "agent": world.second_agent, "reason": "Knows it", "confirm": True}
    for field in ("dry_run", "confirm", "agent", "agent_id"):
        assert f"- {field}: " in staff_assistant.refusal("agent_assign_visit", **arguments | {field: ""})
    assert everything() == before


def test_unknown_arguments_are_refused_even_when_they_are_null(asha_assistant):
    assert "- town: There is no such field." in asha_assistant.refusal("properties_search", town=None)


class TestLists:
    @pytest.fixture
    def homes(self, db):
        rows = [("villa", "rent"), ("plot", "buy"), ("studio", "rent")]
        return {kind: PropertyFactory(property_type=kind, purpose=purpose).pk for kind, purpose in rows}

    @pytest.mark.parametrize(
        ("value", "found"),
        [
            ("villa", ["villa"]),
            (" plot ", None),
            (["plot", "villa"], ["plot", "villa"]),
            ('["studio", "plot"]', ["plot", "studio"]),
            (' ["villa"] ', ["villa"]),
            ('"studio"', ["studio"]),
            ("[]", ["villa", "plot", "studio"]),
            ([], ["villa", "plot", "studio"]),
            ("", ["villa", "plot", "studio"]),
            (None, ["villa", "plot", "studio"]),
            ("castle", None),
            ('["castle"]', None),
            ('["villa"', None),
            ('[["villa"]]', None),
            ('{"a": "villa"}', None),
            ({"a": "villa"}, None),
            (7, None),
            (True, None),
            ("[" * 5000, None),
        ],
    )
    def test_one_item_and_json_text_are_lists(self, asha_assistant, homes, value, found):
        result = asha_assistant.result("properties_search", {"property_type": value})
        if found is None:
            assert result["isError"]
            assert "\n- property_type" in result["content"][0]["text"]
        else:
            items = result["structuredContent"]["items"]
            assert {item["id"] for item in items} == {homes[kind] for kind in found}

    def test_they_are_so_for_every_tool(self, asha, asha_assistant, homes):
        visit = book(asha, PropertyFactory(), local(4, 11))
        for status, count in (("scheduled", 1), ('["scheduled", "cancelled"]', 1), ("completed", 0)):
            assert len(asha_assistant.call("visits_list", status=status)["items"]) == count
        assert asha_assistant.call("visits_list", status='"scheduled"')["items"][0]["id"] == visit.pk

    def test_an_item_may_look_like_json(self, asha_assistant, homes):
        for amenities in ("[New] gym", '"Quiet', "12"):
            text = asha_assistant.result("properties_search", {"amenities": amenities})
            assert text["structuredContent"]["items"] == []


class TestIds:
    def test_an_id_may_be_text(self, asha_assistant, world):
        for text in (f"{world.tour}", f" {world.tour} ", f"{world.tour}.0"):
            assert asha_assistant.call("visits_get", visit_id=text)["id"] == world.tour

    def test_text_that_could_mean_another_thing_is_no_id(self, asha_assistant, world):
        for text in ("#{}", "{}e0", "{},2", "visit {}", "-{}", "[{}]"):
            assert "- visit_id: " in asha_assistant.refusal("visits_get", visit_id=text.format(world.tour))


class TestAgentOfAVisit:
    def assign(self, assistant, world, **arguments):
        """Return the id of the agent whom a dry run would assign."""
        about = {"visit_id": world.tour, "reason": "On request", "dry_run": True}
        return assistant.call("agent_assign_visit", **about, **arguments)["agent_id"]

    def test_it_is_the_best_one_unless_somebody_is_named(self, staff_assistant, world):
        for arguments in (
            {},
            {"agent": None},
            {"agent_id": None},
            {"agent": None, "agent_id": None},
            {"agent": "best"},
            {"agent": " Best "},
            {"agent": "best", "agent_id": None},
        ):
            assert self.assign(staff_assistant, world, **arguments) is not None

    def test_nobody_is_a_word(self, staff_assistant, world):
        for arguments in ({"agent": "nobody"}, {"agent": "NOBODY", "agent_id": None}):
            assert self.assign(staff_assistant, world, **arguments) is None

    def test_an_id_is_given_by_either_name(self, staff_assistant, world):
        second = world.second_agent
        for arguments in (
            {"agent": second},
            {"agent": str(second)},
            {"agent_id": second},
            {"agent_id": str(second), "agent": None},
            {"agent": second, "agent_id": second},
        ):
            assert self.assign(staff_assistant, world, **arguments) == second

    def test_two_names_for_different_agents_are_refused(self, staff_assistant, world, everything):
        before = everything()
        both = {"visit_id": world.tour, "agent_id": world.second_agent, "confirm": True}
        for agent in ("best", "nobody", world.second_agent + 1):
            text = staff_assistant.refusal("agent_assign_visit", agent=agent, **both)
            assert "- agent_id: It names another choice than agent does. Give agent alone." in text
        assert everything() == before

    def test_other_words_are_refused(self, staff_assistant, world, everything):
        before = everything()
        for agent in ("none", "null", "", "Meera", -1, 0, 1.5, True, [], {}, 2**63):
            arguments = {"visit_id": world.tour, "agent": agent, "confirm": True}
            text = staff_assistant.refusal("agent_assign_visit", **arguments)
            assert '- agent: Give "best", "nobody" or an id from agent_candidates.' in text
        assert everything() == before

    def test_a_framework_that_sends_every_argument_takes_no_agent_off(self, staff_assistant, world):
        before = Visit.objects.get(pk=world.tour).agent_id
        arguments = {"agent": None, "agent_id": None, "reason": None, "dry_run": None, "confirm": True}
        staff_assistant.result("agent_assign_visit", {"visit_id": world.tour, **arguments})
        assert before is not None
        assert Visit.objects.get(pk=world.tour).agent_id is not None


class TestSchemas:
    def alternatives(self, schema):
        return schema.get("anyOf", [schema])

    def test_every_optional_argument_may_be_null(self, asha_assistant, staff_assistant):
        for tool in (*asha_assistant.tools().values(), *staff_assistant.tools().values()):
            schema = tool["inputSchema"]
            for name, part in schema.get("properties", {}).items():
                may_be_null = {"type": "null"} in self.alternatives(part)
                assert may_be_null == (name not in schema.get("required", [])), (tool["name"], name)
                assert part["description"]

    def test_lists_and_ids_say_what_else_they_may_be(self, asha_assistant, staff_assistant):
        status = asha_assistant.tools()["visits_list"]["inputSchema"]["properties"]["status"]
        one = {"type": "string", "enum": list(Visit.Status.values)}
        array, *others = status["anyOf"]
        assert array["type"] == "array"
        assert sorted(array["items"]["enum"]) == sorted(one["enum"])
        assert others[0] == array["items"]
        assert others[1]["type"] == "string"
        ids = asha_assistant.tools()["visits_get"]["inputSchema"]["properties"]["visit_id"]["anyOf"]
        assert [each["type"] for each in ids] == ["integer", "string"]
        assign = staff_assistant.tools()["agent_assign_visit"]["inputSchema"]
        assert assign["required"] == ["visit_id"]
        words = [each.get("enum") for each in assign["properties"]["agent"]["anyOf"][0]["anyOf"]]
        assert words[0] == ["best", "nobody"]
