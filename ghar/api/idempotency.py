"""Idempotency-Key: a write that is sent again gets its first answer again, and is not made a second time.

The first request with a key holds an advisory lock for the length of one transaction, in which the change is
made and its answer stored: both are committed, or neither. A refusal undoes the change by a savepoint and is
stored by the same transaction. The lock belongs to the transaction, so a process that is killed leaves none.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import RequestDataTooBig
from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ghar import clock
from ghar.api.errors import Problem, to_problem
from ghar.errors import DomainError, Invalid
from ghar.models import StoredAnswer

if TYPE_CHECKING:
    # The name that the stubs give to the model in AUTH_USER_MODEL: this package imports no app.
    from django.contrib.auth.models import _User as User

KEY_HEADER, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_FOR = timedelta(hours=24)
# The others tell of a log-in, of the moment or of an accident: the next try may end differently.
STORED_REFUSALS = {400, 403, 404, 409, 412, 422}
STORED_HEADERS = ("Content-Type", "ETag")
RETRY_SECONDS = 1
BOUNDARY = re.compile(r'boundary="?([^";,\s]+)')


class KeyInFlight(DomainError):
    """The first request with this key is still running."""

    code = "idempotency_in_flight"


class KeyReused(DomainError):
    """The key was used for another request."""

    code = "idempotency_key_reused"


@to_problem.register
def _in_flight(exc: KeyInFlight) -> Problem:
    return Problem(exc.code, exc.detail, headers={"Retry-After": str(RETRY_SECONDS)})


class Replay(Exception):
    """Raised in place of running a view whose answer is stored."""

    def __init__(self, answer: StoredAnswer) -> None:
        super().__init__()
        self.answer = answer

    def to_response(self) -> HttpResponse:
        headers = {**self.answer.headers, REPLAYED: "true"}
        response = HttpResponse(bytes(self.answer.body), status=self.answer.status, headers=headers)
        if "Content-Type" not in headers:
            del response["Content-Type"]
        return response


@dataclass(frozen=True)
class KeyedRequest:
    """A request with a key, known by digests: `digest` of user, method, path and key, `content` of the rest.

    The digests are keyed with SECRET_KEY, since a body may hold a password.
    """

    user: "User"
    digest: str
    content: str

    @classmethod
    def read(cls, request: HttpRequest, user: "User", key: str) -> "KeyedRequest":
        # Every path works with and without a slash at its end.
        scope = [str(user.pk), str(request.method), request.path_info.rstrip("/"), key]
        content = b"\n".join([request.META.get("QUERY_STRING", "").encode(), body_without_boundary(request)])
        return cls(user, digest_of("\n".join(scope).encode()), digest_of(content))

    def find_answer(self) -> StoredAnswer | None:
        """Return the stored answer, or None after locking the key until the end of the transaction.

        Raises KeyInFlight and KeyReused.
        """
        # Looked for before the lock as well: answers that are there can be read by many at a time.
        if (answer := self.stored_answer()) or (try_lock(self.digest) and (answer := self.stored_answer())):
            return answer
        return None

    def stored_answer(self) -> StoredAnswer | None:
        answer = StoredAnswer.objects.filter(pk=self.digest, answered_at__gt=clock.now() - KEPT_FOR).first()
        if answer and answer.content != self.content:
            raise KeyReused(
                _("This Idempotency-Key was used for another request. Send a new key with a new request.")
            )
        return answer

    def store(self, response: HttpResponse) -> None:
        # Without the lock, two would store their answers here: the second is undone by the primary key.
        expired().filter(pk=self.digest).delete()
        StoredAnswer.objects.create(
            digest=self.digest,
            user_id=self.user.pk,
            content=self.content,
            status=response.status_code,
            headers={name: response[name] for name in STORED_HEADERS if name in response},
            body=response.content,
        )


def digest_of(value: bytes) -> str:
    return salted_hmac("ghar.api.idempotency", value, algorithm="sha256").hexdigest()


def body_without_boundary(request: HttpRequest) -> bytes:
    """Return the body; without the boundary of a multipart one, which clients draw anew for each try."""
    boundary = BOUNDARY.search(request.META.get("CONTENT_TYPE", ""))
    return request.body.replace(boundary[1].encode(), b"") if boundary else request.body


def try_lock(digest: str) -> bool:
    """Lock the key until the transaction ends. Raises KeyInFlight when another request holds it."""
    with connection.cursor() as cursor:
        number = int.from_bytes(bytes.fromhex(digest[:16]), signed=True)
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise KeyInFlight(_("The first request with this Idempotency-Key is still running. Try again."))
    return True


def delete_expired() -> int:
    """Delete the answers that are too old to be given again, and return their number."""
    return expired().delete()[0]


def expired() -> QuerySet[StoredAnswer]:
    return StoredAnswer.objects.filter(answered_at__lte=clock.now() - KEPT_FOR)


class IdempotentView(APIView):
    """A view whose writes heed Idempotency-Key. For requests without a log-in the header does not count."""

    # False where an answer must not be kept, such as one with a secret.
    heeds_keys = True
    # What `dispatch` has found instead of a first request: a stored answer, or a refusal.
    instead: Exception | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        keyed = self.read_key(request)
        if keyed is None:
            return super().dispatch(request, *args, **kwargs)
        with transaction.atomic():
            try:
                if answer := keyed.find_answer():
                    self.instead = Replay(answer)
            except DomainError as refusal:
                self.instead = refusal
            if self.instead is None:
                return self.dispatch_first(keyed, request, *args, **kwargs)
        return super().dispatch(request, *args, **kwargs)

    def dispatch_first(
        self, keyed: KeyedRequest, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        # A savepoint: a refusal undoes the change and keeps the lock, until the refusal is stored.
        with transaction.atomic():
            response = super().dispatch(request, *args, **kwargs)
            if isinstance(response, Response):
                response.render()
            is_refused = response.status_code >= 400
            if is_refused:
                transaction.set_rollback(True)
        if isinstance(response, HttpResponse) and (not is_refused or response.status_code in STORED_REFUSALS):
            keyed.store(response)
        return response

    def read_key(self, request: HttpRequest) -> KeyedRequest | None:
        """Return the request with its key; None where no key counts, and where the view has to refuse."""
        key = request.headers.get(KEY_HEADER)
        if key is None or request.method in SAFE_METHODS or not self.heeds_keys:
            return None
        try:
            # The body comes first: an authentication may look for a CSRF token in it.
            _body, user = request.body, self.initialize_request(request).user
        except (RequestDataTooBig, UnreadablePostError, APIException):
            return None
        if not user.is_authenticated:
            return None
        if not KEY.fullmatch(key):
            self.instead = Invalid(
                _("An Idempotency-Key has 1 to 255 visible ASCII characters. Send a UUID, for example.")
            )
            return None
        return KeyedRequest.read(request, user, key)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if self.instead is None:
            super().initial(request, *args, **kwargs)
        else:
            self.check_throttles(request)
            raise self.instead

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Replay):
            return exc.to_response()  # type: ignore[return-value]  # any HttpResponse will do
        return super().handle_exception(exc)
