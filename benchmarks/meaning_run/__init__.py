"""The parts of `benchmarks/meaning.py`."""
