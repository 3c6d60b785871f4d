"""The backend of the database: one more kind of store, over HTTP; asks `crc_core` for every rule."""

__version__ = "0.1.0"
