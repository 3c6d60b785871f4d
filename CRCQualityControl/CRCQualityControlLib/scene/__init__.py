"""The unit on the desk in the running Slicer: nodes from crc_mrml, the application's views, the editor."""
