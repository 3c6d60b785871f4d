"""Between crc_core and Slicer's MRML nodes: images, segmentations, calipers and density samples.

Everything takes the scene or the nodes it works on. Nothing here knows Qt or asks for the application,
so that it runs in Slicer and on the MRML library alone.
"""
