"""What can go wrong with a model."""

from __future__ import annotations

from promptlog.errors import PromptprintError


class EncoderError(PromptprintError):
    """A model that is missing, is not the one expected, or cannot be loaded safely."""
