"""The pages: rendered here, made lively by htmx, complete without it."""
