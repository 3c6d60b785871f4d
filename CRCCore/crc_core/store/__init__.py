"""Where units, readings, finals and the chain of events are kept: one protocol, several kinds of store."""
