"""Which field says who asked.

Where several are set, the most specific person-level one wins: user before team, team
before organisation, organisation before key. The choice is recorded with the record.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from promptlog import strict
from promptlog.fields import account as account_text
from promptlog.fields import member
from promptlog.reasons import Skip

_PACKED = re.compile(r"user_([0-9a-fA-F]+)_account_([^_]*)_session_(.*)")


class Account(NamedTuple):
    """An account, the field it came from, and the session packed into it, if any."""

    name: str = ""
    field: str = ""
    session: str = ""


def first(candidates: Iterable[tuple[str, object]]) -> Account:
    """Return the first of (field, value) that has a value. Raises Skip when that is not text."""
    for field, value in candidates:
        if name := account_text(value):
            return unpack(name, field)
    return Account()


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
