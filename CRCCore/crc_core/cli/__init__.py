"""The command line `crcdb`: thin commands over the library, one module each."""
