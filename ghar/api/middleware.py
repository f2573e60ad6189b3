import re
from uuid import uuid4

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ghar.api.errors import PROBLEM_TYPE, code_for_status, problem_response
from ghar.logs import GetResponse, current_request_id

VALID_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
BODY_HEADERS = {"content-type", "content-length", "content-encoding", "etag", "last-modified"}


class RequestID:
    """Echo the caller's X-Request-ID, or make one. Log lines contain it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        id_ = request_id(request.headers.get("X-Request-ID", ""))
        before = current_request_id.set(id_)
        try:
            response = self.get_response(request)
        finally:
            current_request_id.reset(before)
        response["X-Request-ID"] = id_
        return response


def request_id(given: str) -> str:
    return given if VALID_ID.fullmatch(given) else uuid4().hex


class Problems:
    """Turn every error below /api/ into a problem, also those that Django itself answers."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code < 400 or not is_api(request.path_info):
            return response
        if response.get("Content-Type", "").startswith(PROBLEM_TYPE):
            return response
        return as_problem(response)


def is_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def as_problem(response: HttpResponseBase) -> HttpResponseBase:
    """Return the same error as a problem. The body is dropped: with DEBUG it shows internals."""
    status, code = response.status_code, code_for_status(response.status_code)
    headers = {name: value for name, value in response.items() if name.lower() not in BODY_HEADERS}
    problem = problem_response(status, code, headers=headers)
    problem.cookies = response.cookies
    # Django must not log the error a second time.
    vars(problem)["_has_been_logged"] = getattr(response, "_has_been_logged", False)
    return problem
