"""Eight bytes at a time, for compiled loops: what Numba has no words for.

Whoever changes this file must touch the files that use it as well: Numba's cache on disk watches the
file of the function that it compiled, not those of the functions in it.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_LONG = ir.IntType(64)


def place(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Return the address of array[index]; there is no bounds check and no index from the end."""
    is_pointer = isinstance(kind, types.CPointer)
    return builder.gep(
        array if is_pointer else context.make_array(kind)(context, builder, array).data, [index]
    )


@intrinsic
def pointer(_: Any, array: Any) -> Any:
    """pointer(array): where its items are. Functions that are handed arrays count references to them,
    which can take longer than what they do; so small ones are handed this. The array must outlive it:
    Numba lets go of a local one where it is named for the last time, so this is for arguments only."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, args[0]).data

    return types.CPointer(array.dtype)(array), generate


@intrinsic
def load64(_: Any, data: Any, at: Any) -> Any:
    """load64(data, at): data[at:at + 8] as one uint64, the first byte lowest."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = place(context, builder, signature.args[0], *args)
        return builder.load(builder.bitcast(address, _LONG.as_pointer()), align=1)

    return types.uint64(data, types.int64), generate


@intrinsic
def store64(_: Any, data: Any, at: Any, word: Any) -> Any:
    """store64(data, at, word): what load64(data, at) will return."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> None:
        address = place(context, builder, signature.args[0], args[0], args[1])
        builder.store(args[2], builder.bitcast(address, _LONG.as_pointer()), align=1)

    return types.void(data, types.int64, types.uint64), generate


@intrinsic
def trailing_zeros(_: Any, mask: Any) -> Any:
    """trailing_zeros(mask): how many low bits of a uint64 are zero; 64 if all are."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate
