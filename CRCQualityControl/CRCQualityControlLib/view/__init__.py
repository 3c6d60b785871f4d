"""The panel of quality control in Qt: it draws a state and passes on what a person does; it decides nothing."""
