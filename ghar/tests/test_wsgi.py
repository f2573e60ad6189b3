import io

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory

from ghar.wsgi import application


@pytest.fixture(autouse=True)
def _keep_connection():
    """Keep the test's connection open after a request, as Django's test client does."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def post(content_type, body):
    answers = []
    environ = RequestFactory()._base_environ(
        PATH_INFO="/api/v1/auth/login",
        REQUEST_METHOD="POST",
        QUERY_STRING="",
        CONTENT_TYPE=content_type,
        CONTENT_LENGTH=str(len(body)),
        SERVER_NAME="localhost",
        **{"wsgi.input": io.BytesIO(body)},
    )
    response = application(environ, lambda status, headers: answers.append(status))
    return answers[0], b"".join(response), environ["CONTENT_TYPE"]


@pytest.mark.parametrize(
    "charset", ["charset*=foo''bar", "charset=rot13", "charset=idna", "charset=utf-16", ";;=", "a*0*=x"]
)
def test_malformed_parameters_of_a_content_type_are_ignored(charset):
    status, body, _ = post(f"application/json; {charset}", b'{"identifier": "a"}')

    assert status == "400 Bad Request"
    assert b'"errors":{"password":["This field is required."]}' in body


@pytest.mark.parametrize("given", ["boundary=abc", 'charset=rot13; Boundary="abc"', "boundary=abc; a=b"])
def test_the_boundary_of_a_form_is_kept(given):
    status, _, content_type = post(f"multipart/form-data; {given}", b"")

    assert content_type == "multipart/form-data; boundary=abc"
    assert status == "400 Bad Request"
