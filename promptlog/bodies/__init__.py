"""Request bodies → prompts: one file per API dialect."""
