"""Running a haystack: every stage in a process of its own, measured from outside."""
