"""The domain of the colorectal-cancer CT database: rules, formats and decisions, without a screen or a server."""

__version__ = "0.1.0"
