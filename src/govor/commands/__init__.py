"""One file for each command: it parses flags, calls the entry of a package and prints the summary."""
