"""`crcdb audit`: every link of a server's chain, every record, and the index against a fresh replay of the events."""

from __future__ import annotations

import argparse

from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.text import Lang, say

from crc_server.cli.ready import add_data, configured, set_up

_MOST_NAMED = 20


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the arguments."""
    add_data(parser, lang)
    parser.add_argument("--mend", action="store_true", help=say("audit.help.mend", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Check while the server goes on; raises CrcError where the chain itself does not hold."""
    configured(arguments)
    set_up(console)
    from crc_server.clinical import check_records
    from crc_server.store.opening import open_store
    from crc_server.store.reindexing import check_index, make_index

    store = open_store()
    head = store.whole_chain()
    broken = check_records()
    if broken is not None:
        raise CrcError("audit.record_broken", case=broken)

    def tell(done: int, total: int) -> None:
        console.progress(done, total, "audit.progress")

    wrong = check_index(store.ledger.policy, tell)
    if wrong and arguments.mend:
        make_index(store.ledger.policy, tell)
    console.say("audit.chain_holds", events=store.chain.next_seq - 1)
    console.say("store.head", head=head)
    if wrong:
        named = ", ".join(wrong[:_MOST_NAMED])
        console.say("audit.mended" if arguments.mend else "audit.differs", count=len(wrong), units=named)
    else:
        console.say("audit.index_same")
    events, is_mended = store.chain.next_seq - 1, bool(wrong) and arguments.mend
    console.document({"head": head, "events": events, "differing": list(wrong), "mended": is_mended})
    return Exit.ANSWER_NO if wrong and not arguments.mend else Exit.DONE
