"""Commands the server adds to `crcdb`."""
