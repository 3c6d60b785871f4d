"""The store in a database: chain, bodies, case codes and passwords."""
