from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from ghar.api.errors import problem_response


@csrf_exempt
def unknown_url(request: HttpRequest, *args: Any) -> HttpResponse:
    return problem_response(404, "not_found")
