"""Pseudonyms: accounts under names that only who has the case's key can lead back.

A name is HMAC-SHA256 of the account under the key, cut to 64 bits. A plain hash would be no secret, as
accounts can be guessed. Prompts, addresses and request ids stay as they are.
"""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from promptlog.errors import PromptprintError

if TYPE_CHECKING:
    from indexes.snapshot import Snapshot

Shown = TypeVar("Shown")
_LEAST_KEY = 16
_PREFIX = "p-"


class Pseudonyms:
    """What accounts are called in the output. Without a key they keep their names."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key

    @classmethod
    def of(cls, path: Path | None, index: Path) -> Pseudonyms:
        """Return those of a key file. Raises PromptprintError where it is no key, or lies in the index."""
        if path is None:
            return cls(None)
        if path.resolve().is_relative_to(index.resolve()):
            raise PromptprintError(
                f"{path} lies in the index: keep the key apart, or pseudonyms hide nothing"
            )
        try:
            key = path.read_bytes().strip()
        except OSError as error:
            raise PromptprintError(f"{path}: cannot be read ({error.strerror})") from None
        if len(key) < _LEAST_KEY:
            raise PromptprintError(
                f"{path} holds no key of {_LEAST_KEY} bytes or more; make one: openssl rand -hex 32 > {path}"
            )
        return cls(key)

    def name(self, account: str) -> str:
        """Return the pseudonym of an account; "" where the log names none."""
        if self._key is None or not account:
            return account
        return _PREFIX + hmac.digest(self._key, account.encode(), "sha256").hex()[:16]

    def account(self, name: str, snapshot: Snapshot) -> str:
        """Return the account that a pseudonym stands for; any other name as it is."""
        if self._key is None or not name.startswith(_PREFIX):
            return name
        accounts = {
            account
            for segment in snapshot.segments
            for account in segment.requests(["account"]).column(0).unique().to_pylist()
        }
        return next((account for account in accounts if self.name(account) == name), name)

    def instead(self, shown: Shown) -> Shown:
        """Return what is shown with pseudonyms instead of accounts, lists of them sorted anew."""
        import msgspec

        if self._key is None:
            return shown
        if isinstance(shown, tuple | list):
            return type(shown)(map(self.instead, shown))
        if not isinstance(shown, msgspec.Struct):
            return shown
        fields = {name: self.instead(getattr(shown, name)) for name in shown.__struct_fields__}
        if isinstance(fields.get("account"), str):
            fields["account"] = self.name(fields["account"])
        if isinstance(fields.get("accounts"), tuple):
            fields["accounts"] = tuple(sorted(map(self.name, fields["accounts"])))
        return msgspec.structs.replace(shown, **fields)
