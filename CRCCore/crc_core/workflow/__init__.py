"""Who may know and do what: pure functions over events. Nothing else in the project compares states."""
