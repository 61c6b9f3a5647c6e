"""Data sets, one a file, and the search for leaks between their parts."""
