"""Units, their images, readings and finals, as one person may know them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crc_core.errors import CrcError
from crc_core.files.records import to_document
from crc_core.files.sealed import MANIFEST_NAME, SealedFile, SealedFolder
from crc_core.store.looking_back import unit_at
from crc_core.store.protocol import StoreInfo
from crc_core.vocabulary import Role
from crc_core.workflow.views import PriorUnit, UnitView, WorkItem
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from crc_server.api.base import StoreView, unit_of
from crc_server.api.describing import describe
from crc_server.api.files import file_response
from crc_server.api.problems import language
from crc_server.api.schemas import listed, schema_of
from crc_server.leaving_out import by_grant_alone, without_words
from crc_server.taking import What, archive_of, note_taken

_USUAL_LINES, _MOST_LINES = 200, 1000


@dataclass(frozen=True)
class FileLine:
    """A file to be fetched."""

    name: str
    bytes: int
    sha256: str


class StoreInfoView(StoreView):
    """What this is; the one thing that is told before signing in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @describe("What kind of store this is", answer=schema_of(StoreInfo))
    def get(self, request: Request) -> Response:
        """Its identity and policy."""
        return Response(to_document(self.store.info()))


class WorkListView(StoreView):
    """The work list."""

    @describe("My work list", answer=listed("units", WorkItem), query=("offset", "limit"))
    def get(self, request: Request) -> Response:
        """What waits for the person, in their order of work; `more` says whether lines follow those shown."""
        offset, limit = number(request, "offset", 0, 10**9), number(request, "limit", _USUAL_LINES, _MOST_LINES)
        shown, more = self.store.work_page(self.person, offset, limit)
        return Response({"units": [to_document(item) for item in shown], "more": more})


class UnitDetailView(StoreView):
    """One unit."""

    @describe("A unit as I may know it, now or as it was at a moment", answer=schema_of(UnitView), query=("at",))
    def get(self, request: Request, unit: str) -> Response:
        """All the person may know and do about it; with `at` (ISO 8601 with a zone) what there was to know then."""
        at = request.query_params.get("at")
        if at is not None:
            return Response(to_document(unit_at(self.store, unit_of(unit), self.person, _moment(at))))
        return Response(to_document(self.store.unit(unit_of(unit), self.person)))


class PriorUnitsView(StoreView):
    """Earlier examinations of the same case."""

    @describe("Earlier examinations whose images I may look at", answer=listed("units", PriorUnit))
    def get(self, request: Request, unit: str) -> Response:
        """The latest first."""
        return Response({"units": [to_document(item) for item in self.store.prior_units(unit_of(unit), self.person)]})


class TakingView(StoreView):
    """What the views share from which a data user takes things away, which stands in the audit."""

    def note_granted(self, what: What, unit: str) -> None:
        """Note what somebody took who has it by a grant alone."""
        person = self.store.ledger.context.person(self.person)
        if person is not None and by_grant_alone(person):
            note_taken(person.id, what, self.store.ledger.now, unit)


class ImageFiles(TakingView):
    """What the views on images share."""

    def files_of(self, unit: str, role: str) -> dict[str, tuple[str, SealedFile]]:
        """Each file's place in the storage and its entry, by a name unique in the role."""
        code = unit_of(unit)
        found = [record for record in self.store.series(code, self.person) if record.role.value == role]
        if role not in list(Role) or not found:
            raise CrcError("store.no_series", unit=unit, role=role)
        files = {}
        for record in found:
            key, _ = self.store.bodies.series_key(unit, record)
            for name, entry in sorted(self.store.bodies.manifest(key).files.items()):
                files[f"{record.code}-{name}" if len(found) > 1 else name] = (f"{key}/{name}", entry)
        return files


class ImagesView(ImageFiles):
    """The images of a unit in one role."""

    @describe("The files of a series", name="list_images", answer=listed("files", FileLine))
    def get(self, request: Request, unit: str, role: str) -> Response:
        """Names, sizes and hashes, in the order they came in."""
        files = self.files_of(unit, role)
        lines = [FileLine(name, entry.bytes, entry.sha256) for name, (_, entry) in files.items()]
        self.note_granted(What.IMAGES, unit)
        return Response({"files": [to_document(line) for line in lines]})


class ImageView(ImageFiles):
    """One image file."""

    @describe("An image file, whole or a range of it", binary=True, problems=(416,))
    def get(self, request: Request, unit: str, role: str, name: str) -> HttpResponseBase:
        """Its bytes."""
        files = self.files_of(unit, role)
        if name not in files:
            raise CrcError("server.not_found")
        place, entry = files[name]
        return file_response(request, self.store.bodies, place, entry)


class ReadingView(StoreView):
    """A sealed reading."""

    @describe("The manifest of a sealed reading", answer={"type": "object"})
    def get(self, request: Request, reading: str) -> HttpResponseBase:
        """Its manifest, byte for byte, so that its hash is the reading's name."""
        return _member(self.store.open_reading(reading, self.person), MANIFEST_NAME)


class ReadingFileView(StoreView):
    """A file of a sealed reading."""

    @describe("A file of a sealed reading", binary=True)
    def get(self, request: Request, reading: str, name: str) -> HttpResponseBase:
        """Its bytes."""
        return _member(self.store.open_reading(reading, self.person), name)


class FinalDetailView(TakingView):
    """The final of a unit."""

    @describe("The manifest of the final in force", answer={"type": "object"}, query=("final",))
    def get(self, request: Request, unit: str) -> HttpResponseBase:
        """Its manifest, byte for byte; of an earlier final where `final` names it."""
        wanted = request.query_params.get("final")
        sealed = self.store.open_final(unit_of(unit), self.person, wanted)
        self.note_granted(What.FINAL, unit)
        return _member(sealed, MANIFEST_NAME)


class FinalFileView(StoreView):
    """A file of a final."""

    @describe("A file of the final in force", binary=True, query=("final",))
    def get(self, request: Request, unit: str, name: str) -> HttpResponseBase:
        """Its bytes."""
        wanted = request.query_params.get("final")
        sealed = self.store.open_final(unit_of(unit), self.person, wanted)
        if by_grant_alone(self.store.ledger.context.person(self.person)) and name in without_words(sealed):
            raise CrcError("access.words", name=name)
        return _member(sealed, name)


class ArchiveView(StoreView):
    """The final of a unit with its images, in one file."""

    @describe("The final in force with report and images as a ZIP file", binary=True)
    def get(self, request: Request, unit: str) -> HttpResponseBase:
        """Made while it is sent; every file in it is compared with its hash."""
        code, store = unit_of(unit), self.store
        pieces = archive_of(store, code, self.person, language(request))
        note_taken(self.person, What.ARCHIVE, store.ledger.now, str(code))
        return StreamingHttpResponse(pieces, content_type="application/octet-stream")


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text[:40])
    except ValueError as error:
        raise CrcError("access.no_moment", text=text[:40]) from error
    if found.tzinfo is None:
        raise CrcError("access.no_moment", text=text[:40])
    return found


def number(request: Request, name: str, usual: int, most: int) -> int:
    """A number in the query; raises CrcError for anything else."""
    text = request.query_params.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= most):
        raise CrcError("server.bad_number", name=name, most=most)
    return int(text)


def _member(sealed: SealedFolder, name: str) -> HttpResponseBase:
    if name != MANIFEST_NAME and name not in sealed.manifest.files:
        raise CrcError("server.not_found")
    response = FileResponse((sealed.folder / name).open("rb"), content_type="application/octet-stream")
    response["X-Sealed-Sha256"] = sealed.sha256
    return response
