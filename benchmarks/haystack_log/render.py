"""Rows into JSON lines: one pass over the rows, words copied from tables.

Every text is drawn anew from its number by SplitMix64 (Steele, Lea, Flood 2014), so a retry or
a shared text repeats to the byte and no text is ever kept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from haystack_log.lexicon import WIDTH, Lexicon
from haystack_log.rows import HOUR_MS, Accounts, Rows
from haystack_log.scribe import Blob, address, blob, copy, decimal, finish, hexadecimal, mix, part
from haystack_log.templates import Pieces

START_MS = 1_776_816_000_000
"""22 April 2026, 00:00 UTC."""

AGENTS = (
    "python-requests/2.32.3", "OpenAI/Python 1.91.0", "AsyncOpenAI/Python 1.91.0", "openai-node/5.8.2",
    "axios/1.9.0", "okhttp/4.12.0", "Go-http-client/2.0", "curl/8.9.1", "LangChain/0.3", "node-fetch/3.3",
)  # fmt: skip
MODELS = ("halcyon-2-large", "halcyon-3-large")
NAME_DIGITS = 12  # of account names, in hexadecimal
ID_DIGITS = 24  # of request ids
_LINE = (
    '{"id":"chatcmpl-', '","trace_id":"', '","call_type":"acompletion","status":"success","startTime":',
    ',"model":"', '","model_group":"', '","model_map_information":{},"metadata":{"user_api_key_hash":"',
    '","user_api_key_user_id":"user-', '","user_api_key_team_id":',
    '},"end_user":"","requester_ip_address":"', '","user_agent":"', '","messages":[', "]}\n",
    '{"role":"system","content":"', '{"role":"user","content":"', '{"role":"assistant","content":"',
    '"},', '"}', "null", '"team-', '"',
)  # fmt: skip
(
    _ID, _TRACE, _TIME, _MODEL, _GROUP, _KEY, _USER, _TEAM, _IP, _AGENT, _MESSAGES, _END,
    _SYSTEM, _ASKED, _REPLIED, _NEXT, _LAST, _NULL, _TEAM_NAME, _QUOTE,
) = range(len(_LINE))  # fmt: skip
_MOST_LATER = 40  # words of a later question
_REPLY_WORDS = 24
_ENVELOPE = 900  # bytes a line may take besides its prompt


class Tables(NamedTuple):
    """Everything that lines are made of, besides rows and accounts."""

    lexicon: Lexicon
    templates: Pieces
    line: Blob
    agents: Blob
    models: Blob


def tables(lexicon: Lexicon, templates: Pieces, apps: int) -> Tables:
    """Return the renderer's tables; apps have a client program each, after AGENTS."""
    own = tuple(f"app-{number}/1.{number % 10}" for number in range(apps))
    return Tables(lexicon, templates, blob(_LINE), blob(AGENTS + own), blob(MODELS))


def render(rows: Rows, first: int, accounts: Accounts, tables: Tables, seed: int) -> memoryview:
    """Return the lines of some rows; `first` is the number of the first in the log."""
    later = np.where(rows["turn"] > 0, _MOST_LATER + _REPLY_WORDS, 0)
    words = int(rows["words"].sum(dtype=np.int64) + later.sum())
    size = len(rows) * _ENVELOPE + words * (WIDTH + 4) + int(tables.templates.fixed[rows["template"]].sum())
    out = np.empty(size, dtype=np.uint8)
    return memoryview(out)[: _lines(out, rows, first, accounts, tables, np.uint64(seed))]


def request_ids(numbers: NDArray[np.int64], seed: int) -> list[str]:
    """Return the ids of the requests at some places in the log."""
    return [f"chatcmpl-{name}" for name in _names(numbers.astype(np.uint64), np.uint64(seed), 1, ID_DIGITS)]


def account_names(numbers: NDArray[np.uint32], seed: int) -> list[str]:
    """Return the names of accounts."""
    return [f"user-{name}" for name in _names(numbers.astype(np.uint64), np.uint64(seed), 2, NAME_DIGITS)]


def _names(numbers: NDArray[np.uint64], seed: np.uint64, purpose: int, digits: int) -> list[str]:
    out = np.empty((len(numbers), digits), dtype=np.uint8)
    _hex_of(out, numbers, seed, purpose)
    return out.view(f"S{digits}")[:, 0].astype(str).tolist()


@njit(nogil=True, cache=True)
def _hex_of(out, numbers, seed, purpose):  # type: ignore[no-untyped-def]
    for i in range(len(numbers)):
        hexadecimal(out[i], 0, mix(seed, purpose, numbers[i]), out.shape[1])


@njit(nogil=True, cache=True)
def _lines(out, rows, first, accounts, tables, seed):  # type: ignore[no-untyped-def]
    """Write the rows' lines and return how many bytes they take."""
    line, at = tables.line, 0
    for i in range(len(rows)):
        row, number = rows[i], first + i
        account = accounts[row.account]
        at = part(out, at, line, _ID)
        at = hexadecimal(out, at, mix(seed, 1, number), ID_DIGITS)
        at = part(out, at, line, _TRACE)
        conversation = mix(seed, 3, np.uint64(row.account) << np.uint64(32) | np.uint64(row.text))
        at = hexadecimal(out, at, conversation, 16)
        at = part(out, at, line, _TIME)
        now = START_MS + np.int64(row.time)
        at = decimal(out, at, now // 1000, 10)
        out[at] = 46
        at = decimal(out, at + 1, now % 1000, 3)
        model = 1 if row.time >= account.adopts else 0
        at = part(out, at, line, _MODEL)
        at = part(out, at, tables.models, model)
        at = part(out, at, line, _GROUP)
        at = part(out, at, tables.models, model)
        at = part(out, at, line, _KEY)
        at = hexadecimal(out, at, mix(seed, 4, row.account), 16)
        at = part(out, at, line, _USER)
        at = hexadecimal(out, at, mix(seed, 2, row.account), NAME_DIGITS)
        at = part(out, at, line, _TEAM)
        if account.team:
            at = part(out, at, line, _TEAM_NAME)
            at = decimal(out, at, np.int64(account.team), 5)
            at = part(out, at, line, _QUOTE)
        else:
            at = part(out, at, line, _NULL)
        at = part(out, at, line, _IP)
        # Somebody keeps an address for some hours.
        sitting = np.uint64(row.time) // np.uint64(6 * HOUR_MS)
        which = mix(seed, 5, np.uint64(row.account) + sitting * np.uint64(0x9E3779B9)) % np.uint64(
            account.addresses
        )
        at = address(out, at, mix(seed, 6, np.uint64(row.account) * np.uint64(64) + which))
        at = part(out, at, line, _AGENT)
        at = part(out, at, tables.agents, account.agent)
        at = part(out, at, line, _MESSAGES)
        at = _messages(out, at, row, account.tongue, tables, seed)
        at = part(out, at, line, _END)
    return at


@njit(nogil=True, cache=True)
def _messages(out, at, row, tongue, tables, seed):  # type: ignore[no-untyped-def]
    """Write the messages: system prompt, first question, and a reply and question for a later turn."""
    line, pieces = tables.line, tables.templates
    system = pieces.system[row.template]
    if system[1] > system[0]:
        at = part(out, at, line, _SYSTEM)
        at = copy(out, at, pieces.blob, system[0], system[1])
        at = part(out, at, line, _NEXT)
    at = part(out, at, line, _ASKED)
    text = mix(seed, 7, row.text)
    first, last = pieces.pieces[row.template]
    for j in range(first, last):
        at = copy(out, at, pieces.blob, pieces.piece[j, 0], pieces.piece[j, 1])
        if pieces.share[j] > 0:
            words = max(1, int(row.words * pieces.share[j] + 0.5))
            at = _prose(out, at, mix(text, 8, j - first), words, tongue, tables.lexicon)
    if row.turn:
        later = mix(text, 9, row.turn)
        at = part(out, at, line, _NEXT)
        at = part(out, at, line, _REPLIED)
        at = _prose(out, at, later, _REPLY_WORDS, tongue, tables.lexicon)
        at = part(out, at, line, _NEXT)
        at = part(out, at, line, _ASKED)
        words = 3 + int(later % np.uint64(_MOST_LATER - 3))
        at = _prose(out, at, mix(text, 10, row.turn), words, tongue, tables.lexicon)
    return part(out, at, line, _LAST)


@njit(nogil=True, cache=True)
def _prose(out, at, seed, words, tongue, lexicon):  # type: ignore[no-untyped-def]
    """Write running text: words, a number now and then, sentences, lines."""
    spaced = lexicon.spaced[tongue]
    x = seed
    for i in range(words):
        x += np.uint64(0x9E3779B97F4A7C15)
        bits = finish(x)
        if bits >> np.uint64(58) == 0:
            at = decimal(out, at, np.int64(bits >> np.uint64(20) & np.uint64(0x3FF)), 3)
        else:
            side = 1 if bits >> np.uint64(32) & np.uint64(0xFF) < 85 else 0
            word = lexicon.urn[tongue, side, bits & np.uint64(0xFFFF)]
            for b in range(WIDTH):
                out[at + b] = lexicon.word[word, b]
            at += np.int64(lexicon.length[word])
        if i == words - 1:
            break
        stop = bits >> np.uint64(40) & np.uint64(0x7F)
        if stop < 9:
            out[at] = 46  # a full stop, or a line's end
            at += 1
            if stop == 0:
                out[at], out[at + 1] = 92, 110
                at += 2
                continue
        if spaced:
            out[at] = 32
            at += 1
    return at
