"""The folder store: the `Store` protocol over files, for one trusted team; blinding and titles are not enforced."""

from __future__ import annotations

from pathlib import Path

from crc_core.dicom.cache import default_cache_folder
from crc_core.errors import CrcError
from crc_core.store.clock import Clock, utc_now
from crc_core.store.folder.bodies import FolderBodies
from crc_core.store.folder.cache import EventCache
from crc_core.store.folder.cases import CaseFiles
from crc_core.store.folder.chain import Chain
from crc_core.store.folder.layout import Layout, StoreFile
from crc_core.store.folder.people import PERSON_ID, People, PinPolicy, load_pin_policy
from crc_core.store.ledger import Decide, Ledger
from crc_core.store.protocol import StoreInfo
from crc_core.store.ruled import Parts, RuledStore
from crc_core.workflow.context import SYSTEM_ACTOR, Policy, load_policy
from crc_core.workflow.decide import decide as decide_by_rule
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal, new_intent
from crc_core.workflow.payloads import PersonSet


class FolderStore(RuledStore):
    """A store in the folder `root`; raises CrcError where the folder is no store.

    `clock` and `decide` are the store's time and rules; `cache_folder` is where this machine keeps its copy of the
    chain (the person's cache folder by default), never on the share.
    """

    def __init__(
        self,
        root: Path,
        *,
        clock: Clock = utc_now,
        decide: Decide = decide_by_rule,
        cache_folder: Path | None = None,
        pin_policy: PinPolicy | None = None,
    ) -> None:
        self._layout = Layout(root)
        self._file = self._layout.read()
        self._cache = EventCache(cache_folder or default_cache_folder(), self._file.id, self._layout.events)
        self._people = People(self._layout.people, clock, pin_policy or load_pin_policy())
        chain, policy = Chain(self._cache), self._file.policy
        cases = CaseFiles(self._layout.cases, chain)
        self._bodies = FolderBodies(self._layout)
        parts = Parts(self._bodies, cases, self._people, policy, enforces=False)
        super().__init__(Ledger(chain, policy, clock, decide), parts)

    @classmethod
    def create(
        cls,
        root: Path,
        administrator: PersonSet,
        *,
        name: str,
        policy: Policy | None = None,
        clock: Clock = utc_now,
        decide: Decide = decide_by_rule,
        cache_folder: Path | None = None,
        pin_policy: PinPolicy | None = None,
    ) -> FolderStore:
        """Make a new store in an empty folder with its first administrator.

        Raises CrcError for a folder that holds anything; one that was cut off while being made is finished.
        """
        layout = Layout(root)
        if not PERSON_ID.fullmatch(administrator.person):
            raise CrcError("store.bad_person", person=administrator.person)
        if not layout.store_file.is_file():
            layout.make(policy or load_policy(), clock())
        store = cls(root, clock=clock, decide=decide, cache_folder=cache_folder, pin_policy=pin_policy)
        store.chain.refresh()
        if store.chain.last_at is not None:
            raise CrcError("store.not_empty", path=root)
        first = new_intent(Kind.PERSON_SET, None, SYSTEM_ACTOR, clock(), administrator)
        outcome = store.ledger.commit(first)
        if isinstance(outcome, Refusal):
            raise outcome.as_error(root)
        store.people.set_name(administrator.person, name)
        return store

    @property
    def layout(self) -> Layout:
        """Where things lie."""
        return self._layout

    @property
    def file(self) -> StoreFile:
        """The store's identity and policy."""
        return self._file

    @property
    def cache(self) -> EventCache:
        """This machine's copy of the chain."""
        return self._cache

    @property
    def people(self) -> People:
        """Names and PINs."""
        return self._people

    @property
    def bodies(self) -> FolderBodies:
        """Images, readings and finals."""
        return self._bodies

    def info(self) -> StoreInfo:
        """What kind of store this is."""
        return StoreInfo(self._file.id, str(self._layout.root), False, self._file.policy.version)
