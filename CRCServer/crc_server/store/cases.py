"""Case codes in the database."""

from __future__ import annotations

from datetime import datetime

from crc_core.identity import mint_case_code
from django.db import transaction
from django.db.models import Max

from crc_server.models import CaseRow
from crc_server.store.chain import store_row


class CaseTable:
    """The reserved codes; given out under the store's lock, so that no serial is given twice."""

    def reserve(self, site: str, actor: str, now: datetime) -> str:
        """A new case code of the site."""
        with transaction.atomic():
            store_row(lock=True)
            last = CaseRow.objects.filter(site=site).aggregate(last=Max("serial"))["last"] or 0
            code = mint_case_code(site, last + 1)
            CaseRow.objects.create(code=code, site=site, serial=last + 1, actor=actor, at=now)
        return code

    def is_reserved(self, code: str) -> bool:
        """Whether the code was given out."""
        return CaseRow.objects.filter(code=code).exists()
