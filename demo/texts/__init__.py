"""Texts written for the demo. None is taken from a data set or a published prompt."""
