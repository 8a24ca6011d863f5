"""Compiled ways of reading whole blocks of lines at once. They take what is ordinary and leave the rest
to `LogFormat.parse_line`; imported only where a log is long, as loading them takes half a second."""
