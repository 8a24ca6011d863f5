"""The table of likelihoods as it is kept: TOML that a reader can check by eye."""

from collections.abc import Iterable, Sequence

from campaigns.likelihoods import Likelihoods

HEAD = """\
# What signals count: log10 of what a finding multiplies the odds of a campaign by, against a crowd and
# against one party, at the given strengths; `absent` is what it counts that a signal finds nothing.
# How to read it: likelihoods.py. Made by benchmarks/likelihoods.py from {source}; do not edit.
"""


def text(
    source: str,
    *,
    with_metadata: Likelihoods,
    without_metadata: Likelihoods,
    scores: Sequence[float],
    per_100_000: Sequence[float],
) -> str:
    """Return the table; per_100_000: honest groups that reach each score."""
    lines = [HEAD.format(source=source), "[look_alikes]"]
    lines += [_row("score", scores), _row("per_100_000", [round(x, 2) for x in per_100_000])]
    for name, model in (("with_metadata", with_metadata), ("without_metadata", without_metadata)):
        lines += ["", f"[{name}.prior]", f"crowd = {model.prior[0]:g}", f"party = {model.prior[1]:g}"]
        for signal, curve in model.curves.items():
            lines += ["", f"[{name}.signals.{signal}]", _row("strength", curve.strength)]
            lines += [_row("crowd", curve.crowd), _row("party", curve.party), _row("absent", curve.absent)]
    return "\n".join(lines) + "\n"


def _row(name: str, values: Iterable[float]) -> str:
    return f"{name} = [{', '.join(f'{value:g}' for value in values)}]"
