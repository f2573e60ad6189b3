from ghar.api import docs
from ghar.api.routers import endpoint

urlpatterns = [
    endpoint("schema", docs.OpenAPI.as_view(), "schema"),
    endpoint("docs", docs.docs_page, "docs"),
]
