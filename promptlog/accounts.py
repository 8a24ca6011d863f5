"""Which field says who asked.

Where several are set, the most specific person-level one wins: user before team, team
before organisation, organisation before key. The choice is recorded with the record, and
`--map account=…` replaces it. A session or an address is never taken for an account: the
first would make a crowd of one person, the second one person of a crowd.
"""

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from operator import itemgetter
from typing import NamedTuple

from promptlog import strict
from promptlog.fields import account as account_text
from promptlog.fields import member
from promptlog.reasons import Skip

_PACKED = re.compile(r"user_([0-9a-fA-F]+)_account_([^_]*)_session_(.*)")


class Level(IntEnum):
    """How exactly a field says who asked, the most exact first."""

    PERSON = 0
    TEAM = 1
    ORGANISATION = 2
    KEY = 3


Candidate = tuple[Level, str, object]
"""A field that may hold the account: its level, its path in the entry, its value."""

# Names of tags, without case and punctuation, that customers use for who asked.
_TAGS: dict[str, Level] = {
    "userid": Level.PERSON,
    "user": Level.PERSON,
    "enduserid": Level.PERSON,
    "enduser": Level.PERSON,
    "useremail": Level.PERSON,
    "username": Level.PERSON,
    "customerid": Level.PERSON,
    "customer": Level.PERSON,
    "accountid": Level.PERSON,
    "account": Level.PERSON,
    "teamid": Level.TEAM,
    "team": Level.TEAM,
    "tenantid": Level.ORGANISATION,
    "tenant": Level.ORGANISATION,
    "organizationid": Level.ORGANISATION,
    "organization": Level.ORGANISATION,
    "orgid": Level.ORGANISATION,
    "org": Level.ORGANISATION,
}
_PUNCTUATION = str.maketrans("", "", "_-. ")


class Account(NamedTuple):
    """An account, the field it came from, and the session packed into it, if any."""

    name: str = ""
    field: str = ""
    session: str = ""


def best(candidates: Iterable[Candidate]) -> Account:
    """Return the most exact candidate that has a value, of equals the first. Raises Skip as `first`."""
    given = [each for each in candidates if each[2] is not None and each[2] != ""]
    if len(given) > 1:
        given.sort(key=itemgetter(0))
    return first([(field, value) for _, field, value in given])


def first(candidates: Iterable[tuple[str, object]]) -> Account:
    """Return the first of (field, value) that has a value. Raises Skip when that is not text."""
    for field, value in candidates:
        if name := account_text(value):
            return unpack(name, field)
    return Account()


def in_tags(tags: object, field: str) -> Iterator[Candidate]:
    """Yield who asked according to tags that a customer chose, `field` being the tags' path.

    >>> list(in_tags({"env": "prod", "User-Id": 7}, "metadata"))
    [(<Level.PERSON: 0>, 'metadata.User-Id', 7)]
    """
    if not isinstance(tags, dict):
        return
    plain = {name.translate(_PUNCTUATION).lower(): name for name in tags}
    for tag, level in _TAGS.items():
        if tag in plain and isinstance(value := tags[plain[tag]], str | int):
            yield level, f"{field}.{plain[tag]}", value


def unpack(name: str, field: str) -> Account:
    """Split what Claude Code packs into one id, lest every session look like a new account.

    >>> unpack("user_0a_account_11-22_session_33-44", "metadata.user_id")
    Account(name='11-22', field='metadata.user_id#account', session='33-44')
    """
    if not name.startswith(("user_", "{")):
        return Account(name, field)
    if packed := _PACKED.fullmatch(name):
        device, account, session = packed.groups()
    elif name.startswith("{") and "session_id" in name:
        device, account, session = _unpack_json(name)
    else:
        return Account(name, field)
    if account:
        return Account(account, f"{field}#account", session)
    return Account(device, f"{field}#device", session) if device else Account(name, field)


def _unpack_json(name: str) -> tuple[str, str, str]:
    try:
        packed = strict.decode_text(name)
    except Skip:
        return "", "", ""
    device, account, session = (
        account_text(member(packed, key)) for key in ("device_id", "account_uuid", "session_id")
    )
    return device, account, session
