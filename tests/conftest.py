"""Settings that every test shares."""

from hypothesis import settings

# The first example of a property may compile a kernel, and cores are shared: no example has a deadline.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
