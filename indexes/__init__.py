"""Fingerprints to candidates: the index directory, and the only code that writes to it."""
