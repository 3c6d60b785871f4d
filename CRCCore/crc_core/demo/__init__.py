"""The whole work shown on a study: simulated readers and a simulated senior, everything else real."""
