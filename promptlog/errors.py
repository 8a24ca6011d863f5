"""Errors that a user can mend. Only the command line prints them.

    PromptprintError
    └── LogError        a log that cannot be opened, or whose format is not known

A bad line is never an error: it is data, a SkippedLine with its reason.
"""


class PromptprintError(Exception):
    """The one base of everything a user can mend; its text says how."""


class LogError(PromptprintError):
    """A log that cannot be read at all."""
