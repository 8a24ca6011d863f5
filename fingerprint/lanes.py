"""Steps of the kernel over many bytes or permutations at once, in LLVM's own vector types.

numba compiles scalar loops and leaves the rest to LLVM, which does not see through these. The
vectors are wider than most registers on purpose: LLVM cuts them to the machine's, be it
AVX-512, AVX2 or NEON, and the results are the same on all.

Whoever changes this file must touch kernel.py as well: numba's cache on disk watches the file of
the function that it compiled, not those of the functions in it.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from promptlog.blocks.words import place

LANES = 64  # bytes that `fold_ascii` takes at a time
TILE = 64  # permutations that `lower_tile` keeps in registers

_BYTE, _INT, _LONG = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_BYTES, _INTS = ir.VectorType(_BYTE, LANES), ir.VectorType(_INT, TILE)


@intrinsic
def fold_ascii(_: Any, data: Any, at: Any, out: Any) -> Any:
    """fold_ascii(data, at, out): fold data[at:at + LANES] into out[:LANES].

    Returns two uint64 masks, bit i for byte i: word characters, and bytes that are not plain,
    which are those of other scripts and the control characters that are no white space.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def all_of(byte: int) -> Any:
            return ir.Constant(_BYTES, [byte] * LANES)

        def within(first: int, last: int, of: Any) -> Any:
            return builder.icmp_unsigned("<=", builder.sub(of, all_of(first)), all_of(last - first))

        def mask(bits: Any) -> Any:
            return builder.bitcast(bits, _LONG)

        address = place(context, builder, signature.args[0], args[0], args[1])
        text = builder.load(builder.bitcast(address, _BYTES.as_pointer()), align=1)
        lower = builder.or_(text, all_of(0x20))
        letter = within(0x61, 0x7A, lower)
        digit, underscore = within(0x30, 0x39, text), within(0x5F, 0x5F, text)
        white = builder.or_(within(0x09, 0x0D, text), within(0x1C, 0x1F, text))
        plain = builder.or_(white, within(0x20, 0x7E, text))
        target = place(context, builder, signature.args[2], args[2], ir.Constant(_LONG, 0))
        folded = builder.select(letter, lower, text)
        builder.store(folded, builder.bitcast(target, _BYTES.as_pointer()), align=1)
        word = builder.or_(letter, builder.or_(digit, underscore))
        return context.make_tuple(builder, signature.return_type, [mask(word), mask(builder.not_(plain))])

    return types.UniTuple(types.uint64, 2)(data, types.int64, out), generate


@intrinsic
def lower_tile(_: Any, hashes: Any, count: Any, a: Any, b: Any, row: Any, first: Any) -> Any:
    """lower_tile(hashes, count, a, b, row, first): for the TILE places k from `first` on, lower
    row[k] to the least of a[k] * h + b[k] mod 2^32 over hashes[:count]; all uint32.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> None:
        def tile(number: int) -> Any:
            address = place(context, builder, signature.args[number], args[number], args[5])
            return builder.bitcast(address, _INTS.as_pointer())

        factors, offsets = (builder.load(tile(number), align=4) for number in (2, 3))
        least = cgutils.alloca_once_value(builder, builder.load(tile(4), align=4))
        with cgutils.for_range(builder, args[1]) as loop:
            address = place(context, builder, signature.args[0], args[0], loop.index)
            one = builder.insert_element(
                ir.Constant(_INTS, ir.Undefined), builder.load(address), ir.Constant(_INT, 0)
            )
            each = builder.shuffle_vector(one, one, ir.Constant(_INTS, [0] * TILE))
            value = builder.add(builder.mul(factors, each), offsets)
            before = builder.load(least)
            builder.store(builder.select(builder.icmp_unsigned("<", value, before), value, before), least)
        builder.store(builder.load(least), tile(4), align=4)

    return types.void(hashes, types.int64, a, b, row, types.int64), generate
