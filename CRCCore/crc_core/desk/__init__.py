"""A reader's desk: the local work on one unit from opening it to handing it in, before anything reaches the store."""
