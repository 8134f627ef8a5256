# SPDX-License-Identifier: Apache-2.0
"""What Numba does not say itself: sixteen numbers at once, half precision, and fetching ahead. For use inside kernels.

`Lanes` are sixteen `float32` side by side: one register of AVX-512, two of AVX2, four of NEON. A kernel that names
eight of them keeps eight registers, where a loop over an array would keep memory. Halves are IEEE 754 binary16, kept as
`uint16`: 11 bits of mantissa.
"""

from functools import partial

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

__all__ = [
    "AHEAD",
    "LANES",
    "bits",
    "counted",
    "exceeds",
    "fma",
    "from_bits",
    "load",
    "load_halves",
    "lowest",
    "minus",
    "narrow",
    "over",
    "plus",
    "prefetch",
    "reaches",
    "splat",
    "store",
    "times",
    "total",
    "transpose",
]

LANES = 16
AHEAD = 12
"""How many rows ahead a gathering loop asks for."""

_WORD = ir.IntType(32)
_SINGLES = ir.VectorType(ir.FloatType(), LANES)


class _Lanes(types.Type):
    def __init__(self):
        super().__init__("lanes")


_lanes = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _SINGLES)


def _place(context, builder, kind, array, row, column):
    made = context.make_array(kind)(context, builder, array)
    return cgutils.get_item_pointer(context, builder, kind, made, [row, column])


def _read(context, builder, kind, array, row, column):
    there = builder.bitcast(_place(context, builder, kind, array, row, column), _SINGLES.as_pointer())
    value = builder.load(there)
    value.align = 4
    return value


def _write(context, builder, kind, array, row, column, value):
    there = builder.bitcast(_place(context, builder, kind, array, row, column), _SINGLES.as_pointer())
    builder.store(value, there).align = 4


def _called(builder, name, result, arguments):
    shape = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, shape, name), arguments)


def _numbers(values):
    return ir.Constant(ir.VectorType(_WORD, LANES), list(values))


@intrinsic
def load(typing, array, row, column):
    """Read sixteen of a row of `float32[·, ·]`, from a column on."""

    def made(context, builder, signature, args):
        return _read(context, builder, signature.args[0], *args)

    return _lanes(array, types.intp, types.intp), made


@intrinsic
def load_halves(typing, array, row, column):
    """Read sixteen halves of a row of `uint16[·, ·]`, from a column on."""

    def made(context, builder, signature, args):
        halves = ir.VectorType(ir.HalfType(), LANES)
        there = builder.bitcast(_place(context, builder, signature.args[0], *args), halves.as_pointer())
        value = builder.load(there)
        value.align = 2
        return builder.fpext(value, _SINGLES)

    return _lanes(array, types.intp, types.intp), made


@intrinsic
def store(typing, array, row, column, value):
    """Write sixteen into a row of `float32[·, ·]`, from a column on."""

    def made(context, builder, signature, args):
        _write(context, builder, signature.args[0], *args)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, value), made


@intrinsic
def splat(typing, single):
    """Return one number in all lanes."""

    def made(context, builder, signature, args):
        nothing = ir.Constant(_SINGLES, ir.Undefined)
        first = builder.insert_element(nothing, args[0], ir.Constant(_WORD, 0))
        return builder.shuffle_vector(first, nothing, _numbers([0] * LANES))

    return _lanes(types.float32), made


@intrinsic
def fma(typing, one, other, added):
    """Return `one · other + added`, rounded once."""

    def made(context, builder, signature, args):
        return _called(builder, "llvm.fma.v16f32", _SINGLES, args)

    return _lanes(one, other, added), made


@intrinsic
def times(typing, one, other):
    """Return `one · other`."""

    def made(context, builder, signature, args):
        return builder.fmul(*args)

    return _lanes(one, other), made


@intrinsic
def over(typing, one, other):
    """Return `one / other`."""

    def made(context, builder, signature, args):
        return builder.fdiv(*args)

    return _lanes(one, other), made


@intrinsic
def plus(typing, one, other):
    """Return `one + other`."""

    def made(context, builder, signature, args):
        return builder.fadd(*args)

    return _lanes(one, other), made


@intrinsic
def minus(typing, one, other):
    """Return `one - other`."""

    def made(context, builder, signature, args):
        return builder.fsub(*args)

    return _lanes(one, other), made


@intrinsic
def total(typing, value):
    """Return the sum of all lanes, by halves."""

    def made(context, builder, signature, args):
        (value,) = args
        nothing = ir.Constant(_SINGLES, ir.Undefined)
        for distance in (8, 4, 2, 1):
            moved = builder.shuffle_vector(value, nothing, _numbers((k + distance) % LANES for k in range(LANES)))
            value = builder.fadd(value, moved)
        return builder.extract_element(value, ir.Constant(_WORD, 0))

    return types.float32(value), made


@intrinsic
def reaches(typing, value, least):
    """Return which lanes are as great as `least` has them, a bit for each, the first lane lowest. NaN is not."""
    return types.uint16(value, least), partial(_compared, ">=")


@intrinsic
def exceeds(typing, value, least):
    """Return which lanes are greater than `least` has them, a bit for each, the first lane lowest. NaN is not."""
    return types.uint16(value, least), partial(_compared, ">")


def _compared(comparison, context, builder, signature, args):
    return builder.bitcast(builder.fcmp_ordered(comparison, *args), ir.IntType(LANES))


@intrinsic
def lowest(typing, lanes):
    """Return the place of the lowest bit that is set; some must be."""

    def made(context, builder, signature, args):
        return builder.zext(builder.cttz(args[0], ir.Constant(ir.IntType(1), 1)), ir.IntType(64))

    return types.int64(types.uint16), made


@intrinsic
def counted(typing, lanes):
    """Return how many bits are set."""

    def made(context, builder, signature, args):
        return builder.zext(builder.ctpop(args[0]), ir.IntType(64))

    return types.int64(types.uint16), made


@intrinsic
def transpose(typing, source, row, column, target, to_row, to_column):
    """Copy sixteen rows of sixteen of one `float32[·, ·]` as the columns of another."""

    def made(context, builder, signature, args):
        array, row, column, target, to_row, to_column = args
        step = [ir.Constant(row.type, k) for k in range(LANES)]
        rows = [_read(context, builder, signature.args[0], array, builder.add(row, k), column) for k in step]
        for distance in (8, 4, 2, 1):  # blocks of this size change places across the diagonal
            upper = _numbers(k if not k & distance else LANES + k - distance for k in range(LANES))
            lower = _numbers(LANES + k if k & distance else k + distance for k in range(LANES))
            for k in range(LANES):
                if not k & distance:
                    pair = rows[k], rows[k + distance]
                    rows[k] = builder.shuffle_vector(*pair, upper)
                    rows[k + distance] = builder.shuffle_vector(*pair, lower)
        for k, value in zip(step, rows, strict=True):
            _write(context, builder, signature.args[3], target, builder.add(to_row, k), to_column, value)
        return context.get_dummy_value()

    whole = types.intp
    return types.void(source, whole, whole, target, whole, whole), made


@intrinsic
def prefetch(typing, array, row, column):
    """Ask for the cache line of `array[row, column]`."""

    def made(context, builder, signature, args):
        there = builder.bitcast(_place(context, builder, signature.args[0], *args), ir.IntType(8).as_pointer())
        read, all_levels, data = (ir.Constant(_WORD, value) for value in (0, 3, 1))
        _called(builder, "llvm.prefetch.p0", ir.VoidType(), [there, read, all_levels, data])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp), made


@intrinsic
def narrow(typing, single):
    """Return the half nearest to a `float32`."""

    def made(context, builder, signature, args):
        return builder.bitcast(builder.fptrunc(args[0], ir.HalfType()), ir.IntType(16))

    return types.uint16(types.float32), made


@intrinsic
def bits(typing, single):
    """Return the 32 bits of a `float32` as a number."""

    def made(context, builder, signature, args):
        return builder.bitcast(args[0], _WORD)

    return types.uint32(types.float32), made


@intrinsic
def from_bits(typing, number):
    """Return the `float32` of these 32 bits."""

    def made(context, builder, signature, args):
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.uint32), made
