"""Protection of a site that strangers can reach."""

import re

import pytest
from corsheaders.checks import check_settings
from django.core.exceptions import ImproperlyConfigured

DEPLOYED = {
    "DEBUG": "0",
    "SECRET_KEY": "x9" * 15 + "abcdefghijklmnopqrst-uvw",
    "PUBLIC_URL": "https://ghar.example",
    "GHAR_TRUSTED_PROXIES": "127.0.0.1",
}
HTTPS_SETTINGS = (
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "SECURE_HSTS_SECONDS",
    "SECURE_SSL_REDIRECT",
)


def test_the_deployment_checks_find_nothing(manage):
    done = manage("check", "--deploy", "--fail-level", "WARNING", **DEPLOYED)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_documented_minimum_of_settings_is_fit_for_strangers(manage, settings):
    text = (settings.BASE_DIR / "docs/operations.md").read_text().partition("set at least ")[2]
    assert re.findall(r"`([A-Z_]+)(?:=0)?`", text.partition(" and run\n")[0]) == list(DEPLOYED)
    found = "from ghar import doctor; print(*(one.seen for one in doctor.settings_findings()), sep='; ')"
    assert manage("shell", "-v0", "-c", found, **DEPLOYED).stdout == "fit for strangers\n"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, [False, False, 0, False]),
        (DEPLOYED, [True, True, 31_536_000, True]),
        # Without a trusted proxy every request looks like http, and the redirect would loop.
        ({**DEPLOYED, "GHAR_TRUSTED_PROXIES": ""}, [True, True, 31_536_000, False]),
        ({**DEPLOYED, "GHAR_SSL_REDIRECT": "0", "GHAR_HSTS_SECONDS": "60"}, [True, True, 60, False]),
    ],
)
def test_cookies_and_redirects_depend_on_https(load_settings, env, expected):
    loaded = load_settings(**env)
    assert [loaded[name] for name in HTTPS_SETTINGS] == expected


def test_http_is_redirected_to_https_except_health_checks(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/admin/").status_code == 301
    assert client.get("/admin/", secure=True).status_code == 302
    assert client.get("/healthz").status_code == 200


def policy(answer):
    parts = answer["Content-Security-Policy"].split("; ")
    return {name: rest for name, _, rest in (part.partition(" ") for part in parts)}


@pytest.mark.parametrize("path", ["/", "/admin/login/", "/api/v1/docs"])
def test_nothing_inline_may_run_on_a_page(client, path):
    answer = client.get(path)
    found, text = policy(answer), answer.content.decode()
    assert answer.status_code == 200
    assert (found["script-src"], found["style-src"], found["object-src"]) == ("'self'", "'self'", "'none'")
    assert (found["frame-ancestors"], found["base-uri"]) == ("'none'", "'none'")
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\son\w+=|javascript:", text)
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.django_db
def test_responses_that_are_no_pages_may_load_nothing(client):
    for path in ("/api/v1/properties", "/api/v1/nothing", "/healthz"):
        assert policy(client.get(path)) == {"default-src": "'none'", "frame-ancestors": "'none'"}


def test_the_home_page_links_to_the_other_pages(client):
    text = client.get("/").content.decode()
    assert set(re.findall(r'href="(/(?!static)[^"]*)"', text)) == {
        "/admin/",
        "/api/v1/docs",
        "/api/v1/schema",
        "/events/",
    }


@pytest.mark.django_db
def test_only_the_origins_that_are_named_may_read_the_api(client, settings):
    origin = {"Origin": "https://app.example"}
    preflight = {
        **origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "if-match",
    }
    assert "Access-Control-Allow-Origin" not in client.get("/api/v1/properties", headers=origin)
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    answer = client.get("/api/v1/properties", headers=origin)
    assert answer["Access-Control-Allow-Origin"] == "https://app.example"
    assert "X-Request-ID" in answer["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer
    asked = client.options("/api/v1/visits", headers=preflight)
    assert (asked.status_code, asked["Access-Control-Allow-Origin"]) == (200, "https://app.example")
    assert "if-match" in asked["Access-Control-Allow-Headers"]
    other = client.get("/api/v1/properties", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other
    assert "Access-Control-Allow-Origin" not in client.get("/admin/login/", headers=origin)


@pytest.mark.django_db
@pytest.mark.parametrize("origin", ["capacitor://localhost", "tauri://localhost", "ionic://app.example:81"])
def test_an_app_in_a_web_view_may_read_the_api_under_its_own_scheme(client, settings, load_settings, origin):
    named = load_settings(GHAR_CORS_ORIGINS=f"https://app.example, {origin}")["CORS_ALLOWED_ORIGINS"]
    assert named == ["https://app.example", origin]
    settings.CORS_ALLOWED_ORIGINS = named
    assert check_settings() == []
    answer = client.get("/api/v1/properties", headers={"Origin": origin})
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (200, origin)
    for other in (f"{origin}.evil.example", "evil://localhost", "null"):
        answer = client.get("/api/v1/properties", headers={"Origin": other})
        assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.parametrize(
    "origin",
    [
        "capacitor:localhost",
        "capacitor://",
        "tauri://localhost/",
        "ionic://localhost?x",
        "*",
        "null",
        "https://[::1",
    ],
)
def test_what_no_browser_sends_as_origin_is_refused(load_settings, origin):
    with pytest.raises(ImproperlyConfigured, match="^GHAR_CORS_ORIGINS must be"):
        load_settings(GHAR_CORS_ORIGINS=f"https://app.example,{origin}")


@pytest.mark.parametrize(
    ("name", "value"),
    [("GHAR_CORS_ORIGINS", "app.example"), ("GHAR_LOG_LEVEL", "loud"), ("GHAR_SSL_REDIRECT", "x")],
)
def test_a_bad_value_is_refused_by_name(load_settings, name, value):
    with pytest.raises(ImproperlyConfigured, match=f"^{name} must be"):
        load_settings(**{name: value})
