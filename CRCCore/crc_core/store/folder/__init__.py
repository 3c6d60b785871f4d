"""A store that is a folder on a local or shared disk, for one team that trusts each other."""

from crc_core.store.folder.store import FolderStore

__all__ = ["FolderStore"]
