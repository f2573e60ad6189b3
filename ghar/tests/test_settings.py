"""Bad settings stop the start by name, and checks and help start no database."""

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from agents.models import Agent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PUBLIC_URL", "ghar.example"),
        ("DATABASE_URL", "mysql://host/ghar"),
        ("GHAR_EVENTS_DATABASE_URL", "mysql://host/ghar"),
        ("GHAR_STREAMS", "0"),
        ("GHAR_REQUEST_BODY_SECONDS", "-1"),
        ("GHAR_THREADS", "0"),
        ("GHAR_TOKEN_DAYS", "soon"),
        ("GHAR_MCP_REFRESH_GRACE_SECONDS", "-1"),
        ("GHAR_OFFICE_TIME_ZONE", "Mars/Base"),
        ("GHAR_OFFICE_TIME_ZONE", "../etc"),
        ("VISIT_TOUR_MINUTES", "5"),
        ("VISIT_AGENT_TYPE_BANDS", "[1"),
        ("VISIT_AGENT_TYPE_BANDS", "{}"),
        ("VISIT_AGENT_TYPE_BANDS", "[[]]"),
        ("VISIT_AGENT_TYPE_BANDS", '[{"price": 1}]'),
        ("VISIT_AGENT_TYPE_BANDS", '[{"price_from": 1}]'),
        ("VISIT_AGENT_TYPE_BANDS", '[{"price_from": 1, "order": ["senior"], "to": 2}]'),
        ("VISIT_AGENT_TYPE_BANDS", '[{"price_from": "1", "order": ["senior"]}]'),
        ("VISIT_AGENT_TYPE_BANDS", '[{"price_from": true, "order": ["senior"]}]'),
        ("VISIT_AGENT_TYPE_BANDS", '[{"price_from": -1, "order": ["senior"]}]'),
        ("VISIT_AGENT_TYPE_BANDS", '[{"price_from": NaN, "order": ["senior"]}]'),
        ("VISIT_AGENT_TYPE_BANDS", '[{"price_from": 1, "order": "senior"}]'),
        ("VISIT_AGENT_TYPE_BANDS", '[{"price_from": 1, "order": ["expert"]}]'),
        ("VISIT_AGENT_TYPE_BANDS", '[{"price_from": 1, "order": [["senior"]]}]'),
        ("VISIT_AGENT_TYPE_BANDS", '[{"price_from": 1, "order": ["senior", "senior"]}]'),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_variable(load_settings, name, value):
    with pytest.raises(ImproperlyConfigured, match=f"^{name} must be"):
        load_settings(**{name: value})


def test_a_refused_value_ends_the_command(manage):
    done = manage("check", PORT="eighty")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "django.core.exceptions.ImproperlyConfigured: PORT must be a whole number from 1, not 'eighty'"
    )


def test_valid_bands_of_agent_types_are_accepted(load_settings):
    assert tuple(Agent.Type.values) == settings.AGENT_TYPES
    bands = '[{"price_from": 0, "order": []}, {"price_from": 1e5, "order": ["senior", "specialist"]}]'
    assert load_settings(VISIT_AGENT_TYPE_BANDS=bands)["AGENT_TYPE_BANDS"] == [
        {"price_from": 0, "order": []},
        {"price_from": 100_000.0, "order": ["senior", "specialist"]},
    ]


def test_without_debug_a_missing_secret_is_an_error(load_settings):
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY must be set when DEBUG=0$"):
        load_settings(DEBUG="0")


def test_with_debug_a_secret_is_created_once_and_kept(load_settings, tmp_path):
    secret = load_settings()["SECRET_KEY"]
    assert len(secret) >= 50
    assert (tmp_path / "data/secret_key").read_text() == secret
    assert load_settings()["SECRET_KEY"] == secret


@pytest.mark.parametrize("arguments", [("check",), ("--help",), ("serve", "--help")])
def test_checks_and_help_start_no_database(manage, tmp_path, arguments):
    assert manage(*arguments).returncode == 0
    assert not (tmp_path / "data/postgres").exists()
