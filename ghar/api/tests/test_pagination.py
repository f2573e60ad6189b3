from datetime import UTC, datetime, timedelta

import django_filters
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F, FloatField, Value
from django.db.models.functions import Cast, Length
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import AllowAny

from ghar.accounts.models import User
from ghar.accounts.tests.factories import UserFactory
from ghar.api.filters import OrderingFilter
from ghar.api.pagination import OpenPagination
from ghar.api.query import takes_query
from ghar.api.routers import Router
from ghar.api.views import ApiViewSet

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

START = datetime(2026, 11, 25, 5, 30, 0, 123456, tzinfo=UTC)


class PersonFilter(django_filters.FilterSet):
    ordering = OrderingFilter(fields=["full_name", "created_at", "phone", "length"])
    staff = django_filters.BooleanFilter(field_name="is_staff")


class PersonSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id"]


class People(ListModelMixin, ApiViewSet[User]):
    permission_classes = [AllowAny]
    serializer_class = PersonSerializer
    resource = "people"
    filterset_class = PersonFilter

    def get_queryset(self):
        length = Cast(Length("full_name"), FloatField()) / Value(3.0)
        return User.objects.annotate(length=length).order_by("-created_at", "-id")


class Open(People):
    pagination_class = OpenPagination


class Unordered(People):
    def get_queryset(self):
        return User.objects.order_by("created_at")


class Nulls(People):
    filterset_class = None

    @takes_query("nulls")
    def list(self, request):
        return super().list(request)

    def get_queryset(self):
        order = {
            "first": F("phone").asc(nulls_first=True),
            "last": F("phone").desc(nulls_last=True),
        }[self.request.query_params["nulls"]]
        return User.objects.order_by(order, "pk")


router = Router()
router.register("people", People, basename="person")
router.register("open", Open, basename="open")
router.register("unordered", Unordered, basename="unordered")
router.register("others", People, basename="other")
router.register("nulls", Nulls, basename="nulls")
urlpatterns = router.urls


def walk(client, url):
    """Return the ids of all pages, in order."""
    ids, cursor = [], None
    while True:
        page = client.get(f"{url}&cursor={cursor}" if cursor else url).json()
        ids += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        assert page["has_more"] is bool(cursor)
        if not cursor:
            return ids


@pytest.fixture
def people():
    """Five users, with ties in every column and some NULLs."""
    rows = [("Bob", None, 0), ("Al", "+911", 0), ("Bob", "+912", 1), ("Al", None, 1), ("Cy", "+913", 1)]
    return [
        UserFactory(full_name=name, phone=phone, created_at=START + timedelta(seconds=age))
        for name, phone, age in rows
    ]


def test_a_page_has_the_envelope_of_the_contract(api, people):
    newest = sorted(people, key=lambda user: (user.created_at, user.pk), reverse=True)

    page = api().get("/people").json()

    assert page == {
        "items": [{"id": user.pk} for user in newest],
        "next_cursor": None,
        "has_more": False,
        "limit": 20,
        "total": None,
    }


@pytest.mark.parametrize(
    "query",
    [
        "",
        "ordering=created_at",
        "ordering=-created_at",
        "ordering=full_name,-created_at",
        "ordering=phone",
        "ordering=-phone",
        "ordering=length",
        "ordering=-length,phone",
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_pages_together_are_the_whole_list_in_its_order(api, people, query, limit):
    whole = walk(api(), f"/people?{query}&limit=100")

    assert sorted(whole) == [user.pk for user in people]
    assert walk(api(), f"/people?{query}&limit={limit}") == whole


@pytest.mark.parametrize("nulls", ["first", "last"])
def test_nulls_come_where_the_order_puts_them(api, people, nulls):
    whole = walk(api(), f"/nulls?nulls={nulls}&limit=100")
    without_phone = [people[0].pk, people[3].pk]

    assert (whole[:2] if nulls == "first" else whole[-2:]) == without_phone
    assert walk(api(), f"/nulls?nulls={nulls}&limit=1") == whole


def test_rows_added_and_deleted_between_pages_move_no_others(api, people):
    oldest = sorted(people, key=lambda user: (user.created_at, user.pk))
    first = api().get("/people?ordering=created_at&limit=2").json()
    oldest[0].delete()
    oldest[1].delete()
    UserFactory(created_at=START - timedelta(days=1))

    cursor = first["next_cursor"]
    second = api().get("/people", {"ordering": "created_at", "limit": 2, "cursor": cursor}).json()

    assert [item["id"] for item in second["items"]] == [oldest[2].pk, oldest[3].pk]


def test_a_page_needs_one_query_without_offset(api, people, django_assert_num_queries):
    client = api()
    cursor = client.get("/people?limit=2").json()["next_cursor"]

    with django_assert_num_queries(1) as queries:
        client.get("/people", {"limit": 2, "cursor": cursor})

    assert "OFFSET" not in queries[0]["sql"]


@pytest.mark.parametrize(
    ("limit", "used"),
    [("", 20), (" ", 20), ("1", 1), ("100", 100), ("101", 100), ("0099", 99), ("9" * 5_000, 100)],
)
def test_limit_is_clamped(api, limit, used):
    assert api().get("/people", {"limit": limit}).json()["limit"] == used


@pytest.mark.parametrize("limit", ["0", "-1", "ten", "1.5", "+5", "٣", "000", "1e2", "\0"])
def test_a_bad_limit_is_refused(api, limit):
    response = api().get("/people", {"limit": limit})

    assert response.status_code == 400
    assert response.json()["code"] == "validation_error"
    assert list(response.json()["errors"]) == ["limit"]


def test_the_total_counts_the_filtered_list_on_every_page(api, people):
    UserFactory(is_staff=True)
    first = api().get("/people?staff=false&include_total=true&limit=2").json()
    again = {"staff": "false", "include_total": "true", "limit": 2, "cursor": first["next_cursor"]}

    assert first["total"] == 5
    assert api().get("/people", again).json()["total"] == 5
    assert api().get("/people?include_total=false").json()["total"] is None
    assert api().get("/people?include_total=maybe").json()["errors"] == {
        "include_total": ["Enter true or false."]
    }


def test_a_cursor_of_a_public_list_survives_a_log_in(api, people, asha):
    cursor = api().get("/open?limit=2").json()["next_cursor"]
    own, others = (api(user).get("/open", {"limit": 2, "cursor": cursor}) for user in (None, asha))

    assert (others.status_code, others.json()["items"]) == (200, own.json()["items"])


def test_a_cursor_belongs_to_its_list_filters_order_and_user(api, people, asha, bala):
    cursor = api(asha).get("/people?staff=false&limit=1").json()["next_cursor"]

    def status(user, url, **query):
        return api(user).get(url, {"cursor": cursor, **query}).status_code

    assert status(asha, "/people", staff="false", limit=3) == 200
    assert status(asha, "/people/", staff="false", include_total="true") == 200
    assert status(bala, "/people", staff="false") == 400
    assert status(None, "/people", staff="false") == 400
    assert status(asha, "/people", staff="true") == 400
    assert status(asha, "/people") == 400
    assert status(asha, "/people", staff="false", ordering="created_at") == 400
    assert status(asha, "/others", staff="false") == 400


@pytest.mark.parametrize("cursor", ["junk", "a:b:c", "\0", "é", "x" * 10_000, "Null", "." * 50])
def test_an_unknown_cursor_is_refused(api, people, cursor):
    response = api().get("/people", {"cursor": cursor})

    assert response.status_code == 400
    assert response.json()["code"] == "invalid_cursor"
    assert "errors" not in response.json()


def test_a_modified_cursor_is_refused(api, people):
    cursor = api().get("/people?limit=1").json()["next_cursor"]

    response = api().get("/people", {"cursor": "A" + cursor[1:]})

    assert response.json()["code"] == "invalid_cursor"


@pytest.mark.parametrize("ordering", ["password", "-password", "full_name,nothing", "pk", "\0"])
def test_only_listed_columns_can_order_a_list(api, people, ordering):
    response = api().get("/people", {"ordering": ordering})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["ordering"]


def test_a_parameter_that_the_route_does_not_know_is_refused(api, people):
    response = api().get("/people?limit=2&colour=blue&offset=2")

    sentence = (
        "This route knows no such parameter. It takes: cursor, include_total, limit, ordering, page, staff."
    )
    assert response.status_code == 400
    assert response.json()["code"] == "validation_error"
    assert response.json()["errors"] == {"colour": [sentence], "offset": [sentence]}


def test_a_cursor_stays_valid_with_blank_parameters(api, people):
    cursor = api().get("/people?ordering=created_at&limit=2").json()["next_cursor"]
    url = f"/people?ordering=created_at&limit=2&cursor={cursor}"
    second = api().get(url).json()["items"]

    for query in ("staff=", "staff=%20&include_total=", "page=null"):
        assert api().get(f"{url}&{query}").json()["items"] == second


@pytest.mark.parametrize("value", ["null", "undefined", "", "%20", "%20null"])
@pytest.mark.parametrize("name", ["cursor", "limit", "include_total", "page"])
def test_what_javascript_writes_for_nothing_counts_as_absent(api, people, name, value):
    assert api().get(f"/people?{name}={value}").json() == api().get("/people").json()


def test_a_blank_parameter_counts_as_absent(api, people):
    plain = api().get("/people")

    assert api().get("/people?cursor=&limit=&include_total=&staff=&ordering=").json() == plain.json()
    assert api().get("/people?cursor=%20&limit=%20&include_total=%20").json() == plain.json()


def test_an_order_without_the_primary_key_raises(api):
    with pytest.raises(ImproperlyConfigured):
        api().get("/unordered")


class TestNumberedPages:
    def test_have_the_rows_twice_and_count_the_whole_list(self, api, people):
        oldest = sorted(people, key=lambda user: (user.created_at, user.pk))
        rows = [{"id": user.pk} for user in oldest[2:4]]

        page = api().get("/people?page=2&limit=2&ordering=created_at").json()

        assert page == {
            "items": rows,
            "people": rows,
            "page": 2,
            "limit": 2,
            "total": 5,
            "total_pages": 3,
        }

    def test_together_are_the_whole_list_in_its_order(self, api, people):
        pages = [api().get(f"/people?limit=2&page={page}").json()["items"] for page in (1, 2, 3, 4)]

        assert [row["id"] for page in pages for row in page] == walk(api(), "/people?limit=100")
        assert [len(page) for page in pages] == [2, 2, 1, 0]

    @pytest.mark.parametrize("total", [0, 4])
    def test_the_last_page_may_be_full_or_missing(self, api, people, total):
        User.objects.exclude(pk__in=[user.pk for user in people[:total]]).delete()

        page = api().get("/people?page=1&limit=2").json()

        assert (page["total"], page["total_pages"]) == (total, total // 2)

    @pytest.mark.parametrize("page", ["0", "-1", "101", "1.5", "two", "٣", "9" * 5_000, "\0"])
    def test_are_numbered_from_1_to_100(self, api, page):
        response = api().get("/people", {"page": page})

        assert response.status_code == 400
        assert response.json()["errors"] == {
            "page": ["Enter a page from 1 to 100. Longer lists are read with cursor."]
        }
        assert api().get("/people?page=100").json()["items"] == []

    def test_have_no_cursor(self, api, people):
        cursor = api().get("/people?limit=1").json()["next_cursor"]

        response = api().get("/people", {"page": 1, "cursor": cursor})

        assert response.json()["errors"] == {"page": ["Send either page or cursor."]}
