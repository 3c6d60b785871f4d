"""Reading DICOM: finding files, grouping them into stacks, opening their voxels."""
