"""The `Store` protocol over HTTP: what a server's store answers, with bodies fetched into a verified cache."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from crc_core.dicom.cache import default_cache_folder
from crc_core.errors import CrcError
from crc_core.files.atomic import naming, write_bytes
from crc_core.files.canonical import canonical_bytes
from crc_core.files.file_lock import locked
from crc_core.files.records import from_document
from crc_core.files.sealed import MANIFEST_NAME, SealedFolder, open_as, read_manifest
from crc_core.files.whole_folder import whole_folder
from crc_core.identity import UnitId
from crc_core.store.protocol import PreparedUnit, Receipt, StoreInfo
from crc_core.store.remote.body_cache import FINALS, IMAGES, READINGS, BodyCache, in_use
from crc_core.store.remote.connection import Connection
from crc_core.store.remote.download import Wanted, fetch
from crc_core.store.remote.parcels import parcel_of_images, parcel_of_sealed
from crc_core.store.remote.upload import Parcel, send_parcel
from crc_core.store.remote.watching import Watch
from crc_core.vocabulary import Role
from crc_core.workflow.context import SYSTEM_ACTOR
from crc_core.workflow.events import Event, Kind, read_event
from crc_core.workflow.intents import Intent, Refusal, intent_document
from crc_core.workflow.listing import UnitLine, UnitLines
from crc_core.workflow.store_view import StoreView
from crc_core.workflow.views import PriorUnit, UnitView, WorkItem

Record = TypeVar("Record")
_ANSWER = Path("answer.json")
_PAGE = 1000


class RemoteStore:
    """The store of a server as one signed-in person reaches it; raises CrcError where it cannot be reached."""

    def __init__(
        self, connection: Connection, person: str, *, cache_folder: Path | None = None, watch: Watch | None = None
    ) -> None:
        self._line = connection
        self._person = person
        self._cache = BodyCache((cache_folder or default_cache_folder()) / "server")
        self._watch = watch or Watch()
        self._id: str | None = None

    @property
    def person(self) -> str:
        """Who signed in."""
        return self._person

    def info(self) -> StoreInfo:
        """What kind of store this is."""
        document = {**self._good(self._line.get("store")), "place": self._line.address.url}
        return from_document(StoreInfo, document, _ANSWER)

    def overview(self, viewer: str) -> StoreView:
        """What the viewer may know and do about the store as a whole."""
        self._require(viewer)
        return self._record(StoreView, self._line.get("overview"))

    def work_list(self, viewer: str) -> tuple[WorkItem, ...]:
        """What waits for the viewer, in their order of work."""
        self._require(viewer)
        return tuple(from_document(WorkItem, item, _ANSWER) for item in self._pages("work-list", "units", "offset"))

    def unit_lines(self, viewer: str) -> UnitLines:
        """All units the viewer may know, by code, as lines of the progress of all."""
        self._require(viewer)
        lines: list[UnitLine] = []
        while True:
            after = lines[-1].unit if lines else ""
            page = self._good(self._line.get("progress", {"after": after, "limit": str(_PAGE)}))
            lines += (from_document(UnitLine, item, _ANSWER) for item in page["units"])
            if not page["more"]:
                return UnitLines(tuple(lines), bool(page["shows_readers"]))

    def unit(self, unit: UnitId, viewer: str) -> UnitView:
        """What the viewer may know and do about a unit."""
        self._require(viewer)
        return self._record(UnitView, self._line.get(f"units/{unit}"))

    def prior_units(self, unit: UnitId, viewer: str) -> tuple[PriorUnit, ...]:
        """Earlier examinations of the same case whose images the viewer may look at beside, the latest first."""
        self._require(viewer)
        listed = self._good(self._line.get(f"units/{unit}/priors"))["units"]
        return tuple(from_document(PriorUnit, item, _ANSWER) for item in listed)

    def open_image(self, unit: UnitId, role: Role, viewer: str) -> tuple[Path, ...]:
        """The de-identified DICOM files of the unit's series for `role`, fetched and compared, in their order."""
        self._require(viewer)
        address = f"units/{unit}/images/{role.value}"
        listed = self._good(self._line.get(address))["files"]
        folder = self._folder / IMAGES / str(unit) / role.value
        wanted = [
            Wanted(f"{address}/{quote(name)}", int(item["bytes"]), str(item["sha256"]), folder / name)
            for item in listed
            if (name := _plain(item["name"]))
        ]
        self._watch.begin(sum(item.bytes for item in wanted))
        with in_use(folder.parent):
            self._cache.make_room(sum(item.bytes for item in wanted if not item.place.exists()))
            with naming(folder):
                folder.mkdir(parents=True, exist_ok=True)
            with locked(folder.with_name(f".{role.value}.lock")):
                found = tuple(fetch(self._line, item, self._watch) for item in wanted)
                _clear(folder, {path.name for path in found})
        return found

    def open_reading(self, reading: str, viewer: str) -> SealedFolder:
        """A sealed reading the viewer may see, compared with its manifest."""
        self._require(viewer)
        return self._sealed(f"readings/{quote(reading, safe='')}", {}, self._folder / READINGS)

    def open_final(self, unit: UnitId, viewer: str, final: str | None = None) -> SealedFolder:
        """The final in force, or the earlier one that is named, where the viewer may see it."""
        self._require(viewer)
        query = {} if final is None else {"final": final}
        return self._sealed(f"units/{unit}/final", query, self._folder / FINALS)

    def reserve_case(self, site: str, actor: str) -> str:
        """A new case code of a site; its serial is never given twice."""
        self._require(actor)
        return str(self._good(self._line.post("cases", {"site": site}, again=False))["case"])

    def admit(self, prepared: PreparedUnit, intent: Intent) -> Receipt | Refusal:
        """Take a prepared unit in: its images and its registration, whole or not at all."""
        self._require_kind(intent, Kind.UNIT_REGISTERED)
        if intent.unit != str(prepared.unit) or intent.payload != prepared.registration:
            raise CrcError("store.intent_differs")
        ask = {"intent": intent_document(intent), "uploads": {}}
        address = f"units/{prepared.unit}/registration"
        answer = self._try(address, ask)
        if answer is not None:
            return answer
        parcels = {code: parcel_of_images(folder) for code, folder in prepared.folders.items()}
        for parcel in parcels.values():
            send_parcel(self._line, parcel, self._watch)
        return self._outcome(
            self._line.post(address, {**ask, "uploads": {code: p.sha256 for code, p in parcels.items()}}, works=True)
        )

    def submit(self, sealed: SealedFolder, intent: Intent) -> Receipt | Refusal:
        """Take a sealed reading into its slot; the same reading again is harmless."""
        self._require_kind(intent, Kind.READING_SUBMITTED)
        return self._with_body(f"units/{intent.unit}/readings", parcel_of_sealed(sealed), intent, None)

    def act(self, intent: Intent, *, secret: str | None = None) -> Receipt | Refusal:
        """Decide on an intent with the newest state; signed kinds need the password again."""
        if intent.actor == SYSTEM_ACTOR:
            raise CrcError("store.system_only")
        self._require(intent.actor)
        document = {"intent": intent_document(intent), **({} if secret is None else {"secret": secret})}
        return self._outcome(self._line.post("intents", document, works=True))

    def sign_final(self, sealed: SealedFolder, intent: Intent, *, secret: str | None = None) -> Receipt | Refusal:
        """Take a sealed final that a senior signs."""
        self._require_kind(intent, Kind.FINAL_STORED)
        return self._with_body(f"units/{intent.unit}/finals", parcel_of_sealed(sealed), intent, secret)

    def chain_head(self, viewer: str) -> str:
        """The hash of the last event; only for who may sign."""
        self._require(viewer)
        return str(self._good(self._line.get("events/head"))["head"])

    def advance(self) -> Sequence[str]:
        """Ask the server to do what is due now; it also does so by itself."""
        return tuple(str(unit) for unit in self._good(self._line.post("advance", {}, works=True))["units"])

    def events_since(self, seq: int, viewer: str) -> tuple[Event, ...]:
        """The events after `seq`, each with a hash that fits, for administrators and data managers."""
        self._require(viewer)
        events: list[Event] = []
        while True:
            after = events[-1].seq if events else seq
            page = self._good(self._line.get("events", {"since": str(after), "limit": str(_PAGE)}))
            events += [read_event(canonical_bytes(item), _ANSWER) for item in page["events"]]
            if not page["more"]:
                return tuple(events)

    @property
    def _folder(self) -> Path:
        """The cache of this store and person: what one may see is not there for the next who signs in here."""
        if self._id is None:
            self._id = self.info().id
        who = hashlib.sha256(f"{self._id} {self._person}".encode()).hexdigest()[:32]
        return self._cache.folder / who

    def _require(self, person: str) -> None:
        if person != self._person:
            raise CrcError("server.other_person")

    def _require_kind(self, intent: Intent, kind: Kind) -> None:
        if intent.kind is not kind:
            raise ValueError(f"this takes an intent of the kind {kind}, not {intent.kind}")
        self._require(intent.actor)

    def _with_body(self, address: str, parcel: Parcel, intent: Intent, secret: str | None) -> Receipt | Refusal:
        ask = {"intent": intent_document(intent), "upload": parcel.sha256}
        if secret is not None:
            ask["secret"] = secret
        answer = self._try(address, ask)
        if answer is not None:
            return answer
        send_parcel(self._line, parcel, self._watch)
        return self._outcome(self._line.post(address, ask, works=True))

    def _try(self, address: str, ask: Any) -> Receipt | Refusal | None:
        """What the server says before the body is there; None where it wants the body."""
        try:
            return self._outcome(self._line.post(address, ask, works=True))
        except CrcError as error:
            if error.code != "server.upload_incomplete":
                raise
            return None

    def _sealed(self, address: str, query: dict[str, str], folder: Path) -> SealedFolder:
        answer = self._line.send("GET", address, params=query)
        self._line.require_good(answer)
        with answer:
            data = answer.content
        identity, manifest = hashlib.sha256(data).hexdigest(), read_manifest(data, _ANSWER)
        place = folder / identity
        with in_use(place):
            if place.exists():
                try:
                    return open_as(place, identity)
                except CrcError:
                    # A damaged copy is fetched anew.
                    shutil.rmtree(place, ignore_errors=True)
            needed = sum(entry.bytes for entry in manifest.files.values())
            self._cache.make_room(needed)
            self._watch.begin(needed)
            with whole_folder(place) as part:
                for name, entry in manifest.files.items():
                    asked = f"{address}/files/{quote(name)}" + (f"?final={identity}" if query else "")
                    fetch(self._line, Wanted(asked, entry.bytes, entry.sha256, part / name), self._watch)
                write_bytes(part / MANIFEST_NAME, data)
            return open_as(place, identity)

    def _pages(self, address: str, name: str, place: str) -> list[Any]:
        items: list[Any] = []
        while True:
            page = self._good(self._line.get(address, {place: str(len(items)), "limit": str(_PAGE)}))
            items += page[name]
            if not page["more"]:
                return items

    def _outcome(self, answer: Any) -> Receipt | Refusal:
        return answer if isinstance(answer, Refusal) else from_document(Receipt, answer, _ANSWER)

    def _record(self, kind: type[Record], answer: Any) -> Record:
        return from_document(kind, self._good(answer), _ANSWER)

    def _good(self, answer: Any) -> Any:
        if isinstance(answer, Refusal):
            raise answer.as_error()
        return answer


def _clear(folder: Path, wanted: set[str]) -> None:
    """Take out what does not belong to the series: parts of a download that was killed, files it had before."""
    with naming(folder):
        for path in folder.iterdir():
            if path.name not in wanted:
                path.unlink()


def _plain(name: str) -> str:
    """A file's name that leads nowhere else; raises CrcError for any other."""
    if not name or Path(name).name != name or name.startswith("."):
        raise CrcError("sealed.bad_name", path=_ANSWER)
    return name
