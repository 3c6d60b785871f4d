"""The parts of the module: presenter, view, scene."""
