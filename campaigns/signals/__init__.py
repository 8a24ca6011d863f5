"""What speaks for a campaign and what speaks against it: one file per signal."""
