"""Candidates to findings: near copies, template families, accounts, campaigns. Pure."""
