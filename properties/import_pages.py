"""The page of the admin that imports listings: upload, preview with a mapping, result.

Nothing is kept on the server between its steps. The file goes back to the browser, packed and signed for this
user and an hour, and comes again with the next form.
"""

import base64
import csv
import io
import zlib
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghar.accounts.admin import staff_user
from ghar.accounts.models import User
from ghar.admin import ExtraViewsMixin
from ghar.exports import BOM, cell
from properties import importing
from properties.import_forms import MappingForm, UploadForm
from properties.importing.drafts import Entry
from properties.importing.errors import ImportRefused
from properties.importing.headers import REFUSAL_COLUMNS
from properties.importing.mapping import ColumnMapping, find_missing, make_plan
from properties.importing.preview import Preview
from properties.importing.reading import open_table
from properties.importing.running import Report, run
from properties.models import Property

MAX_ROWS = 3_000
MAX_SHOWN = 100
# In characters: the server takes two megabytes of a form.
MAX_PACKED = 1_900_000
MAX_AGE = 3_600
TITLE = gettext_lazy("Import listings")


class ImportMixin(ExtraViewsMixin[Property]):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_view)
        return [path("import/", view, name="properties_property_import"), *super().get_urls()]

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Show the step for which the request has the data: each later step brings the packed file along."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        try:
            if "refused" in request.POST:
                return download(unpack(request.POST["refused"], request, "refused"))
            if "content" in request.POST:
                owner, name, content = split_upload(unpack(request.POST["content"], request, "upload"))
                return self.show_mapping(request, owner, name, content, request.POST)
            return self.upload(request)
        except signing.BadSignature:
            self.message_user(request, _("This upload has expired. Upload the file again."), messages.ERROR)
        except ImportRefused as error:
            self.message_user(request, str(error), messages.ERROR)
        return HttpResponseRedirect(reverse("admin:properties_property_import"))

    def upload(self, request: HttpRequest) -> HttpResponse:
        is_sent = request.method == "POST"
        form = UploadForm(request.POST, request.FILES) if is_sent else UploadForm()
        if not form.is_valid():
            return self.render_page(
                request, "admin/properties/property/import.html", str(TITLE), form=form, step="upload"
            )
        file = form.cleaned_data["file"]
        owner, name = form.cleaned_data["owner"], file.name.replace("\0", "")
        return self.show_mapping(request, owner, name, file.read(), None)

    def show_mapping(
        self, request: HttpRequest, owner: int | None, name: str, content: bytes, data: Any
    ) -> HttpResponse:
        """Show the mapping and what would become of the rows; if it is confirmed, import them."""
        table = open_table(io.BytesIO(content))
        form = MappingForm(
            data, header=table.header, samples=[row.cells for row in importing.take_samples(table)]
        )
        if sum(1 for _row in table.rows) > MAX_ROWS:
            raise ImportRefused(
                _("The file has more than %(limit)s rows. Split it, or use manage.py import_listings.")
                % {"limit": MAX_ROWS}
            )
        context: dict[str, Any] = {}
        if not form.is_bound or form.is_valid():
            mapping = form.mapping()
            try:
                if missing := find_missing(make_plan(table.header, mapping)):
                    context["problem"] = _(
                        "Every listing needs: %(fields)s. Choose a column, or a value for all rows."
                    ) % {"fields": ", ".join(missing)}
                elif "confirmed" in request.POST:
                    return self.import_all(request, owner, name, content, mapping)
                else:
                    context |= preview_of(content, mapping)
            except ImportRefused as error:
                context["problem"] = str(error)
        packed = pack(f"{owner or ''}\n{name}".encode() + b"\0" + content, request, "upload")
        return self.render_page(
            request,
            "admin/properties/property/import.html",
            str(TITLE),
            form=form,
            step="mapping",
            content=packed,
            file_name=name,
            **context,
        )

    def import_all(
        self, request: HttpRequest, owner: int | None, name: str, content: bytes, mapping: ColumnMapping
    ) -> HttpResponse:
        opened = importing.open_import(io.BytesIO(content), mapping)
        report = Report()
        refused: list[Entry] = []
        user = User.objects.filter(pk=owner).first() if owner else None
        for entries in run(opened.entries(), report, owner=user):
            refused += entries
        LogEntry.objects.create(
            user=staff_user(request),
            content_type=ContentType.objects.get_for_model(Property),
            object_repr=name[:200],
            action_flag=ADDITION,
            change_message=str(report),
        )
        packed = pack(refused_rows(opened.table.header, refused), request, "refused") if refused else ""
        return self.render_page(
            request,
            "admin/properties/property/import_result.html",
            str(TITLE),
            report=report,
            refused=[(entry.line, entry.reason()) for entry in refused[:MAX_SHOWN]],
            more=max(len(refused) - MAX_SHOWN, 0),
            warnings=opened.warnings(),
            packed=packed if len(packed) < MAX_PACKED else "",
        )


def preview_of(content: bytes, mapping: ColumnMapping) -> dict[str, Any]:
    """Return the context that shows what a mapping makes of a file. It changes nothing."""
    opened = importing.open_import(io.BytesIO(content), mapping)
    preview, report = Preview(opened.plan), Report()
    for _refused in run(preview.watch(opened.entries()), report, owner=None, dry_run=True):
        pass
    return {"preview": preview, "report": report, "warnings": opened.warnings()}


def refused_rows(header: Sequence[str], refused: Sequence[Entry]) -> bytes:
    """Return the refused rows as a CSV file, with their lines and reasons in the first columns."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*REFUSAL_COLUMNS, *header])
    for entry in refused:
        writer.writerow([entry.line, entry.reason(), *map(cell, entry.cells)])
    return (BOM + text.getvalue()).encode()


def download(content: bytes) -> HttpResponse:
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="refused.csv"'},
    )


def pack(content: bytes, request: HttpRequest, purpose: str) -> str:
    """Return bytes as a signed text for a hidden field of this user's next form."""
    return signer(request, purpose).sign(base64.urlsafe_b64encode(zlib.compress(content)).decode())


def unpack(text: str, request: HttpRequest, purpose: str) -> bytes:
    """Return what was packed. Raises BadSignature when it is for another user or purpose, or too old."""
    packed = signer(request, purpose).unsign(text, max_age=MAX_AGE)
    # Nobody else can sign: what is unpacked is what was packed, and no larger.
    return zlib.decompress(base64.urlsafe_b64decode(packed))


def signer(request: HttpRequest, purpose: str) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"properties.import.{purpose}.{request.user.pk}")


def split_upload(content: bytes) -> tuple[int | None, str, bytes]:
    """Return the id of the owner, the name and the content of an upload."""
    head, _zero, rest = content.partition(b"\0")
    owner, _end, name = head.decode().partition("\n")
    return int(owner) if owner else None, name, rest
