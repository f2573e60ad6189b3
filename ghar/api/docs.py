"""The routes /schema and /docs: the OpenAPI document, and a page to try it out."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ghar.api.openapi import Generator, operation
from ghar.api.query import takes_query
from ghar.api.renderers import JSONRenderer
from ghar.api.views import ApiView


class YAMLRenderer(OpenApiYamlRenderer):
    media_type = "application/yaml"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if (renderer_context or {})["response"].status_code >= 400:
            return JSONRenderer().render(data)
        text: bytes = super().render(data, accepted_media_type, renderer_context)  # type: ignore[no-untyped-call]
        return text


class OpenAPI(ApiView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer, YAMLRenderer)

    def get_renderers(self) -> list[BaseRenderer]:
        renderers = super().get_renderers()
        return renderers[::-1] if self.request.GET.get("format") == "yaml" else renderers

    @operation(  # type: ignore[untyped-decorator]  # spectacular is not typed
        "Get this document",
        description="Returns JSON, or YAML for `Accept: application/yaml` or `format=yaml`.",
        parameters=[OpenApiParameter("format", str, enum=["json", "yaml"])],
        responses={
            (200, "application/json"): {"type": "object"},
            (200, "application/yaml"): {"type": "object"},
        },
    )
    @takes_query("format")
    def get(self, request: Request) -> Response:
        return Response(document())


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document, which is the same for everyone: in English, and made only once."""
    with translation.override("en"):
        found: dict[str, Any] = Generator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return found


@require_safe
def docs_page(request: HttpRequest) -> HttpResponse:
    return render(request, "docs.html")
