"""The annotator's panel in Qt: it draws a state and passes on what a person does; it decides nothing."""
