"""Fitting the likelihoods: multinomial logistic regression on piecewise linear curves.

Three kinds of groups: campaigns, crowds, and one party's accounts. What is fitted are the log10 odds of a
campaign against either of the others, as in `campaigns.likelihoods`. Against a crowd the curves may only
rise with a signal's strength; against one party, whose accounts are interchangeable too, they may
do anything. An honest group weighs as much as it has accounts, up to a point: to accuse the five
hundred users of an app is worse than to accuse a company of twenty keys. The penalty is on the steps
from knot to knot, so that a curve without data is level. That a signal found nothing, for want of
requests, is no strength of 0: it counts what it counts, unless what a signal looks for is then not there.
For want of fields, nothing can be said: absent addresses are average addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from campaigns.likelihoods import Curve, Likelihoods
from worlds.scoring import HELD, PURE

QUANTILES = (0.02, 0.15, 0.5, 0.85, 0.98)
"""Where knots lie, among all groups and among campaigns."""
APART = 0.1  # of knots; closer together they would make steps of what is a slope
PENALTY = 2.0
MIXED = 0.3  # with less of campaigns' accounts, a candidate counts as honest
USUAL, MOST = 40, 10  # accounts of an honest group that weighs 1, and what one weighs at most
CAMPAIGN, CROWD, PARTY = 0, 1, 2
SOUGHT = ("co_use", "techniques", "obfuscation", "padding", "succession", "client")
"""Signals that are silent where what they look for is not there: a strength of 0."""
_LN10 = np.log(10)

Group = dict[str, Any]
"""One candidate, as `gathering` describes it."""


def kind(group: Group) -> int:
    """Return what a candidate is."""
    if group["purity"] >= PURE:
        return CAMPAIGN
    return PARTY if group["one_party"] else CROWD


def found(group: Group) -> bool:
    """Return whether a candidate is a campaign, most of it."""
    return bool(group["purity"] >= PURE and group["held"] >= HELD)


def clear(group: Group) -> bool:
    """Return whether a candidate can teach: neither a mixture nor a splinter of a campaign."""
    return bool(group["purity"] < MIXED or found(group))


def weight(group: Group) -> float:
    """Return how much a group counts in the fit."""
    return 1.0 if kind(group) == CAMPAIGN else min(MOST, group["accounts"] / USUAL)


@dataclass(frozen=True)
class Basis:
    """Curves as columns. Of each signal: whether it could say nothing, then, for each knot but the last, how
    far its strength has come from there to the next, 0 to 1. fields: signals of which silence says nothing.
    """

    knots: dict[str, NDArray[np.float64]]
    fields: frozenset[str]

    @classmethod
    def of(cls, groups: list[Group], signals: list[str], fields: frozenset[str]) -> Basis:
        """Choose the knots, among what the signals found."""
        planted = np.array([kind(g) == CAMPAIGN for g in groups])
        knots = {}
        for name in signals:
            x = _strengths(groups, name)
            there = ~np.isnan(x)
            quantiles = [np.quantile(x[some], QUANTILES) for some in (there, there & planted) if some.any()]
            knots[name] = _spaced(np.unique(np.concatenate(quantiles).round(2)))
            if len(knots[name]) < 2:  # found rarely, or always alike
                knots[name] = np.unique([0.0, *x[there]]).round(2)[[0, -1]]
        return cls(knots, fields)

    def columns(self, groups: list[Group]) -> NDArray[np.float64]:
        """Return (groups, columns)."""
        return np.concatenate([self._of_signal(groups, name) for name in self.knots], axis=1)

    def _of_signal(self, groups: list[Group], name: str) -> NDArray[np.float64]:
        x, k = _strengths(groups, name)[:, None], self.knots[name]
        come, silent = np.clip((x - k[:-1]) / np.diff(k), 0, 1), np.isnan(x)
        if name in self.fields:
            come = np.where(silent, np.nanmean(come, axis=0), come)
            silent = np.zeros_like(silent)
        return np.concatenate([silent, np.nan_to_num(come)], axis=1)

    @property
    def rising(self) -> NDArray[np.bool_]:
        """(columns,) which ones are steps up a curve."""
        return np.concatenate([np.arange(len(k)) > 0 for k in self.knots.values()])


def fit(
    groups: list[Group], signals: list[str], prior: float, fields: frozenset[str] = frozenset()
) -> Likelihoods:
    """Return the likelihoods that groups teach.

    prior: log10, added to both odds. fields: signals that rest on fields a log may lack.
    """
    basis = Basis.of(groups, signals, fields - set(SOUGHT))
    columns = basis.columns(groups)
    kinds, weights = np.array([kind(g) for g in groups]), np.array([weight(g) for g in groups])
    both = _coefficients(columns, basis.rising, kinds, weights)
    curves, odds, at = {}, [float(v[0]) + prior for v in both], 0
    for name, knots in basis.knots.items():
        mine = slice(at, at := at + len(knots))
        mean, levels, silent = columns[:, mine].mean(axis=0), [], []
        for side, v in enumerate(both):
            centre = float(mean @ v[1:][mine])
            odds[side] += centre
            level = np.cumsum([0.0, *v[1:][mine][1:]]) - centre
            levels.append(tuple(level.round(3).tolist()))
            silent.append(float(v[1:][mine][0]) - centre)
            if name in SOUGHT:
                silent[-1] = float(np.interp(0.0, knots, level))
            elif name in fields:
                silent[-1] = 0.0
        crowd, party = (round(value, 3) for value in silent)
        curves[name] = Curve(tuple(knots.tolist()), *levels, absent=(crowd, party))
    return Likelihoods((round(odds[0], 3), round(odds[1], 3)), curves)


def _spaced(knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ascending knots without those that lie close above another; the last one stays."""
    kept = [knots[-1]]
    for knot in knots[-2::-1]:
        if kept[-1] - knot >= APART:
            kept.append(knot)
    return np.array(kept[::-1])


def _coefficients(
    columns: NDArray[np.float64],
    rising: NDArray[np.bool_],
    kind: NDArray[np.int64],
    weight: NDArray[np.float64],
) -> tuple[NDArray[np.float64], ...]:
    """Return (1 + columns,) coefficients of the odds against a crowd, and against one party."""
    count = columns.shape[1] + 1

    def loss(v: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        crowd, party = v[:count], v[count:]
        z = np.stack([np.zeros(len(kind)), -crowd[0] - columns @ crowd[1:], -party[0] - columns @ party[1:]])
        z = _LN10 * (z - z.max(axis=0))
        share = np.exp(z) / np.exp(z).sum(axis=0)
        likely = weight @ np.log(share[kind, np.arange(len(kind))] + 1e-300)
        pull = [_LN10 * weight * ((kind == side) - share[side]) for side in (CROWD, PARTY)]
        slope = [np.concatenate([[p.sum()], columns.T @ p + 2 * PENALTY * w[1:]])
                 for p, w in zip(pull, (crowd, party), strict=True)]  # fmt: skip
        size = float((crowd[1:] ** 2).sum() + (party[1:] ** 2).sum())
        return PENALTY * size - likely, np.concatenate(slope)

    free = (None, None)
    against_crowd = [free, *((0.0, None) if up else free for up in rising)]
    found = minimize(
        loss, np.zeros(2 * count), jac=True, method="L-BFGS-B",
        bounds=against_crowd + [free] * count, options={"maxiter": 1000},
    )  # fmt: skip
    return found.x[:count], found.x[count:]


def _strengths(groups: list[Group], name: str) -> NDArray[np.float64]:
    """Return (groups,) what a signal found, NaN where it could say nothing."""
    return np.array([g["x"].get(name, 0.0 if name in SOUGHT else np.nan) for g in groups])
