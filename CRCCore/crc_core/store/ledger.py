"""Minting: decide on the newest state, append, and start over where another writer was first."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter

from crc_core.errors import CrcError
from crc_core.store.clock import Clock
from crc_core.store.parts import Chain
from crc_core.store.protocol import Receipt
from crc_core.workflow.context import Context, Policy, build_context
from crc_core.workflow.decide import signing_role
from crc_core.workflow.events import Draft, Event, Signature, mint
from crc_core.workflow.intents import Intent, Refusal
from crc_core.workflow.store_rules import units_named

Decide = Callable[[Sequence[Event], Context, Intent, datetime], tuple[Draft, ...] | Refusal]
Build = Callable[[Sequence[Event], Policy], Context]
"""What store-wide events add up to."""

_ATTEMPTS = 400
_LONGEST_PAUSE_S = 0.1


class Ledger:
    """The chain of one store together with the rules that may add to it."""

    def __init__(
        self, chain: Chain, policy: Policy, clock: Clock, decide: Decide, build: Build = build_context
    ) -> None:
        self._chain = chain
        self._policy = policy
        self._clock = clock
        self._decide = decide
        self._build = build
        self._context: tuple[int, Context] | None = None

    @property
    def chain(self) -> Chain:
        """The chain as it was at the last refresh."""
        return self._chain

    @property
    def policy(self) -> Policy:
        """The numbers of the workflow."""
        return self._policy

    @property
    def now(self) -> datetime:
        """The store's time: the clock's, but never before the last event, so that a clock set back does no harm."""
        moment, last = self._clock(), self._chain.last_at
        return moment if last is None or moment > last else last

    @property
    def context(self) -> Context:
        """People, clearances, samples and policy as the chain has them."""
        known = len(self._chain.store_wide)
        if self._context is None or self._context[0] != known:
            self._context = (known, self._build(self._chain.store_wide, self._policy))
        return self._context[1]

    def preview(self, intent: Intent) -> Receipt | Refusal | None:
        """What `commit` would answer without writing; None where it would mint events now."""
        self._chain.refresh()
        seen = self._repeated(intent)
        if seen is not None:
            return seen
        outcome = self._outcome(intent, self.now)
        if isinstance(outcome, Refusal):
            return outcome
        return None if outcome else Receipt(intent.id, repeated=True)

    def commit(self, intent: Intent) -> Receipt | Refusal:
        """Mint what `intent` brings about on the newest state; the same intent again changes nothing.

        Raises CrcError where the disk refuses or where other writers were faster every time.
        """
        for attempt in range(_ATTEMPTS):
            with self._chain.exclusive():
                answer = self._try(intent)
            if answer is not None:
                return answer
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE_S, 0.001 * 2 ** min(attempt, 10))))
        raise CrcError("store.busy")

    def _try(self, intent: Intent) -> Receipt | Refusal | None:
        """One attempt; None where another writer was first."""
        self._chain.refresh()
        seen = self._repeated(intent)
        if seen is not None:
            return seen
        now = self.now
        outcome = self._outcome(intent, now)
        if isinstance(outcome, Refusal):
            return outcome
        if not outcome:
            return Receipt(intent.id, repeated=True)
        return Receipt(intent.id, repeated=False) if self._chain.append(self._mint(intent, outcome, now)) else None

    def _repeated(self, intent: Intent) -> Receipt | None:
        seen = self._chain.by_intent(intent.id)
        if seen is None:
            return None
        if (seen.actor, seen.kind, seen.unit) != (intent.actor, intent.kind, intent.unit):
            raise CrcError("store.intent_reused")
        return Receipt(intent.id, repeated=True)

    def _outcome(self, intent: Intent, now: datetime) -> tuple[Draft, ...] | Refusal:
        return self._decide(self._about(intent), self.context, intent, now)

    def _about(self, intent: Intent) -> Sequence[Event]:
        """The events that the rules ask for: the unit's, or the whole store's with those of the units named."""
        if intent.unit is not None:
            return self._chain.of_unit(intent.unit)
        named = units_named(intent, self.context)
        if not named:
            return self._chain.store_wide
        own = (event for unit in named for event in self._chain.of_unit(unit))
        return sorted((*self._chain.store_wide, *own), key=attrgetter("seq"))

    def _mint(self, intent: Intent, drafts: Sequence[Draft], now: datetime) -> tuple[Event, ...]:
        context = self.context
        person = context.people[intent.actor]
        role = signing_role(intent, context)
        signature = Signature(person.id, role, person.title, now, intent.id, self._policy.version)
        events: list[Event] = []
        prev = self._chain.head
        for draft in drafts:
            events.append(mint(draft, signature, self._chain.next_seq + len(events), prev))
            prev = events[-1].hash
        return tuple(events)
