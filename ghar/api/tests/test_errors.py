"""Every error, wherever it comes from, is a problem of the contract."""

import json

import pytest
from django.core.exceptions import DisallowedHost, PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpResponse, StreamingHttpResponse, UnreadablePostError
from django.urls import path, re_path
from rest_framework import exceptions
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from flatmates.errors import NoActiveMatch
from ghar import errors
from ghar.api.errors import problem_body
from ghar.api.permissions import StaffPermission
from ghar.api.views import unknown_url
from ghar.transactions import TransactionContention
from properties.errors import PropertyUnavailable
from visits.scheduling.errors import AgentNotEligible, InvalidTransition, VisitConflict

pytestmark = pytest.mark.urls(__name__)

SECRET = "host=10.0.0.7 password=hunter2"
FREE = [{"start": "2026-11-25T05:30:00Z", "end": "2026-11-25T06:00:00Z"}]
NESTED = {
    "full_name": ["Too long."],
    "working_hours": [{}, {"opens": ["Not a time."], "closes": ["Not a time.", "Too early."]}],
    "languages": {0: ["Not a code."]},
}

raised = Exception()


class Raises(APIView):
    permission_classes = [AllowAny]

    def get(self, request):
        raise raised

    def post(self, request):
        return Response(request.data)


class Members(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({})


class Desk(Members):
    permission_classes = [StaffPermission.requiring("visits.assign_agent")]


def fails(request):
    raise raised


def answers(request, status):
    return HttpResponse(SECRET, status=status, headers={"Allow": "GET", "Retry-After": "9", "ETag": "x"})


urlpatterns = [
    path("api/v1/raises", Raises.as_view()),
    path("api/v1/members", Members.as_view()),
    path("api/v1/desk", Desk.as_view()),
    path("api/v1/fails", fails),
    path("api/v1/answers/<int:status>", answers),
    path("api/v1/streams", lambda request: StreamingHttpResponse([b"x"], status=502)),
    path("fails", fails),
    re_path("^api(/.*)?$", unknown_url),
]


@pytest.fixture
def client():
    return APIClient(raise_request_exception=False)


@pytest.fixture
def get_raising(client):
    def get(exception, url="/api/v1/raises"):
        global raised
        raised = exception
        return client.get(url)

    return get


def assert_problem(response, status, code):
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    problem = json.loads(response.content)
    assert (problem["type"], problem["status"], problem["code"]) == ("about:blank", status, code)
    assert problem["title"]
    assert problem["detail"].endswith((".", "!"))
    assert SECRET not in response.content.decode()
    return problem


@pytest.mark.parametrize(
    ("exception", "status", "code", "rest"),
    [
        (errors.Invalid("Choose."), 400, "validation_error", {"detail": "Choose."}),
        (
            errors.Invalid(city="Unknown."),
            400,
            "validation_error",
            {"detail": "Unknown.", "errors": {"city": ["Unknown."]}},
        ),
        (errors.NotAllowed("Not yours."), 403, "permission_denied", {"detail": "Not yours."}),
        (errors.NotFound("No visit."), 404, "not_found", {"detail": "No visit."}),
        (errors.Outdated("Now 7."), 412, "precondition_failed", {"detail": "Now 7."}),
        (VisitConflict("Taken.", alternatives=FREE), 409, "visit_conflict", {"alternatives": FREE}),
        (InvalidTransition("Over."), 409, "invalid_transition", {"detail": "Over."}),
        (AgentNotEligible("No.", reasons=["busy"]), 409, "agent_not_eligible", {"reasons": ["busy"]}),
        (PropertyUnavailable("Sold."), 409, "property_unavailable", {"detail": "Sold."}),
        (NoActiveMatch("No match."), 409, "no_active_match", {"detail": "No match."}),
        (exceptions.ValidationError("Odd."), 400, "validation_error", {"detail": "Odd."}),
        (
            exceptions.ValidationError({"non_field_errors": ["Odd."]}),
            400,
            "validation_error",
            {"detail": "Odd."},
        ),
        (
            exceptions.ValidationError(NESTED),
            400,
            "validation_error",
            {
                "detail": "Too long.",
                "errors": {
                    "full_name": ["Too long."],
                    "working_hours.1.opens": ["Not a time."],
                    "working_hours.1.closes": ["Not a time.", "Too early."],
                    "languages.0": ["Not a code."],
                },
            },
        ),
        (
            exceptions.ValidationError({"a": {"non_field_errors": ["Odd."]}, "non_field_errors": ["All."]}),
            400,
            "validation_error",
            {"detail": "All.", "errors": {"a": ["Odd."]}},
        ),
        (DjangoValidationError("Odd."), 400, "validation_error", {"detail": "Odd."}),
        (DjangoValidationError({"city": ["Odd."]}), 400, "validation_error", {"errors": {"city": ["Odd."]}}),
        (DjangoValidationError({"__all__": ["Odd."]}), 400, "validation_error", {"detail": "Odd."}),
        (exceptions.ParseError("Broken."), 400, "parse_error", {"detail": "Broken."}),
        (UnreadablePostError(SECRET), 400, "parse_error", {}),
        (RequestDataTooBig(SECRET), 413, "payload_too_large", {}),
        (DataError(SECRET), 500, "internal_error", {}),
        (Http404(SECRET), 404, "not_found", {}),
        (exceptions.NotFound(SECRET), 404, "not_found", {}),
        (PermissionDenied(SECRET), 403, "permission_denied", {}),
        (exceptions.PermissionDenied("Not you."), 403, "permission_denied", {"detail": "Not you."}),
        (exceptions.NotAuthenticated(SECRET), 401, "not_authenticated", {}),
        (exceptions.AuthenticationFailed(SECRET), 401, "not_authenticated", {}),
        (exceptions.UnsupportedMediaType(SECRET), 415, "unsupported_media_type", {}),
        (exceptions.Throttled(7.2), 429, "throttled", {"detail": "Too many requests. Try again in 8 s."}),
        (OperationalError(SECRET), 503, "unavailable", {}),
        (InterfaceError(SECRET), 503, "unavailable", {}),
        (TransactionContention(SECRET), 503, "unavailable", {}),
        (exceptions.APIException(SECRET), 500, "internal_error", {}),
        (DisallowedHost(SECRET), 400, "validation_error", {}),
        (IntegrityError(SECRET), 500, "internal_error", {}),
        (ZeroDivisionError(SECRET), 500, "internal_error", {}),
    ],
)
@pytest.mark.parametrize("debug", [True, False])
def test_each_exception_becomes_its_problem(get_raising, settings, exception, status, code, rest, debug):
    settings.DEBUG = debug

    problem = assert_problem(get_raising(exception), status, code)

    assert {key: problem[key] for key in rest} == rest
    assert ("errors" in problem) == ("errors" in rest)


@pytest.mark.parametrize(
    ("exception", "header", "value"),
    [
        (exceptions.NotAuthenticated(), "WWW-Authenticate", "Bearer"),
        (exceptions.Throttled(7.2), "Retry-After", "8"),
        (exceptions.Throttled(), "Retry-After", "1"),
        (OperationalError(), "Retry-After", "2"),
    ],
)
def test_errors_send_the_headers_of_their_status(get_raising, exception, header, value):
    assert get_raising(exception)[header] == value


@pytest.mark.parametrize("debug", [True, False])
def test_errors_outside_of_rest_framework_become_problems_below_api_only(get_raising, settings, debug):
    settings.DEBUG = debug

    assert_problem(get_raising(ZeroDivisionError(SECRET), "/api/v1/fails"), 500, "internal_error")
    assert_problem(get_raising(Http404(SECRET), "/api/v1/fails"), 404, "not_found")
    page = get_raising(ZeroDivisionError(SECRET), "/fails")
    assert (page.status_code, page["Content-Type"].partition(";")[0]) == (500, "text/html")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "validation_error"),
        (401, "not_authenticated"),
        (403, "permission_denied"),
        (405, "method_not_allowed"),
        (408, "request_timeout"),
        (413, "payload_too_large"),
        (418, "validation_error"),
        (429, "throttled"),
        (499, "validation_error"),
        (502, "internal_error"),
        (503, "unavailable"),
    ],
)
def test_another_error_response_becomes_a_problem_and_keeps_its_headers(client, status, code):
    response = client.get(f"/api/v1/answers/{status}")

    assert_problem(response, status, code)
    assert (response["Allow"], response["Retry-After"]) == ("GET", "9")
    assert "ETag" not in response
    assert int(response["Content-Length"]) == len(response.content)


def test_a_failed_stream_becomes_a_problem(client):
    assert_problem(client.get("/api/v1/streams"), 502, "internal_error")


@pytest.mark.parametrize(
    "url", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/", "/api/%00/é"]
)
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_an_unknown_url_is_404_for_every_method(client, url, method):
    assert_problem(getattr(client, method)(url), 404, "not_found")


def test_an_unknown_host_is_a_problem(client):
    assert_problem(client.get("/api/v1/nothing", headers={"Host": "evil.example"}), 400, "validation_error")
    assert_problem(client.get("/api/v1/nothing", headers={"Host": "a b\0"}), 400, "validation_error")


def test_head_has_no_body_and_options_lists_the_methods(client):
    head = client.head("/api/v1/members")
    options = client.options("/api/v1/raises")

    assert (head.status_code, head.content) == (401, b"")
    assert (options.status_code, options.json()) == (200, {"methods": ["GET", "POST", "HEAD", "OPTIONS"]})
    assert_problem(client.options("/api/v1/members"), 401, "not_authenticated")


def test_a_method_that_is_not_allowed_names_the_others(client):
    response = client.delete("/api/v1/raises")

    assert_problem(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET, POST, HEAD, OPTIONS"


@pytest.mark.parametrize("given", ["abc-123", "A.b_c:d/e+f=", "x" * 128])
def test_a_valid_request_id_is_echoed(client, given):
    assert client.get("/api/v1/x", headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\nb", "<script>", "\xff", "'; --"])
def test_an_invalid_request_id_is_replaced(client, given):
    answered = client.get("/api/v1/x", headers={"X-Request-ID": given})["X-Request-ID"]

    assert answered != given
    assert len(answered) == 32


@pytest.mark.django_db
def test_only_staff_with_the_permission_are_admitted(api, asha, ops):
    asha.is_superuser = True
    other = type(ops).objects.create_user("x", email="other@example.com", full_name="O", is_staff=True)

    assert api(ops).get("/api/v1/desk").status_code == 200
    assert_problem(api(asha).get("/api/v1/desk"), 403, "permission_denied")
    assert_problem(api(other).get("/api/v1/desk"), 403, "permission_denied")
    assert_problem(api().get("/api/v1/desk"), 401, "not_authenticated")


def test_a_problem_with_an_unknown_status_has_a_general_title():
    assert problem_body(499, "x", "Odd.", a=1) == {
        "type": "about:blank",
        "title": "Error",
        "status": 499,
        "detail": "Odd.",
        "code": "x",
        "a": 1,
    }
