"""One file per command. What takes long to import is imported when a command runs."""
