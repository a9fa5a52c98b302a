"""Many Avro datums at once: one step of the schema for all of them, then the next.

For records of single values, optional or not, and records inside them; whatever else a datum holds (arrays, maps,
broken bytes) is left to `datum`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from penstock.core import types as t
from penstock.formats.avro.schema import AvroRecord, AvroUnion, Node, Primitive
from penstock.formats.batch import Leaf

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.formats.batch import Path
    from penstock.formats.block import Block, Ints, Mask, Words

__all__ = ["Walk", "is_flat"]

_U = np.uint64
_ONE = _U(1)
_HIGH = _U(0x8080808080808080)
_GROUPS = [(_U(0x7F << 8 * k), _U(k)) for k in range(8)]
_TAKES = {
    t.Boolean: ("boolean",),
    t.Float: ("int", "long", "float"),
    t.Double: ("int", "long", "float", "double"),
    t.Char: ("string", "bytes"),
    t.Varchar: ("string", "bytes"),
    t.Binary: ("string", "bytes"),
    t.Varbinary: ("string", "bytes"),
    t.Date: ("int",),
    t.Time: ("int",),
    t.Timestamp: ("int", "long"),
    t.TimestampLtz: ("int", "long"),
    t.Decimal: ("string", "bytes"),
}


def is_flat(node: Node, type_: t.DataType | None) -> bool:
    """Whether a `Walk` can read the node as the type."""
    match node:
        case Primitive(name=name):
            if type_ is None:
                return True
            if name == "null":
                return type_.nullable
            if isinstance(type_, t.Integer):
                return name in (("int", "long") if type_.bits == 64 else ("int",))
            return name in _TAKES.get(type(type_), ())
        case AvroUnion(branches=(Primitive(name="null"), other) | (other, Primitive(name="null"))):
            return not isinstance(other, AvroUnion) and is_flat(other, type_)
        case AvroRecord(fields=fields) if type_ is None or isinstance(type_, t.Row):
            types = {f.name: f.type for f in type_.fields} if type_ else {}
            there = {name for name, _ in fields}
            complete = type_ is None or all(f.name in there or f.type.nullable for f in type_.fields)
            return complete and all(is_flat(n, types.get(name)) for name, n in fields)
    return False


@dataclass(slots=True)
class Walk:
    """Reads datums that begin at `at` and end before `end`; `ok` tells for which all was well."""

    block: Block
    at: Ints
    end: Ints
    ok: Mask
    leaves: dict[Path, Leaf] = field(default_factory=dict)
    present: dict[Path, Mask] = field(default_factory=dict)

    def record(self, node: AvroRecord, type_: t.Row | None, path: Path) -> None:
        """Read a record; its fields become `leaves` under their paths."""
        types = {f.name: f.type for f in type_.fields} if type_ else {}
        for name, child in node.fields:
            self._node(child, types.get(name), (*path, name))
        self.ok &= self.at <= self.end

    def _node(self, node: Node, type_: t.DataType | None, path: Path) -> None:
        if isinstance(node, AvroUnion):
            self._optional(node, type_, path)
        elif isinstance(node, AvroRecord):
            self.present[path] = np.ones(len(self.at), bool)
            self.record(node, type_ if isinstance(type_, t.Row) else None, path)
        elif isinstance(node, Primitive) and node.name != "null":
            leaf = self._value(node.name, type_)
            if leaf is not None:
                self.leaves[path] = leaf

    def _optional(self, node: AvroUnion, type_: t.DataType | None, path: Path) -> None:
        null = 0 if node.branches[0] == Primitive("null") else 1
        branch = self._long()
        there = branch == 1 - null
        self.ok &= there | (branch == null)
        if type_ is not None and not type_.nullable:
            self.ok &= there
        if there.all():
            self._node(node.branches[1 - null], type_, path)
            return
        rows = np.flatnonzero(there)
        some = Walk(self.block, self.at[rows], self.end[rows], self.ok[rows])
        some._node(node.branches[1 - null], type_, path)
        self.at[rows], self.ok[rows] = some.at, some.ok
        for where, leaf in some.leaves.items():
            self.leaves[where] = leaf.spread(rows, len(self.at))
        for where, mask in some.present.items():
            whole = np.zeros(len(self.at), bool)
            whole[rows] = mask
            self.present[where] = whole

    def _value(self, name: str, type_: t.DataType | None) -> Leaf | None:
        """Past one value; the value as the type, if it is wanted."""
        if name in {"bytes", "string"}:
            return self._bytes(type_)
        values: NDArray[Any]
        if name in {"int", "long"}:
            values = self._long(5 if name == "int" else 10)
        else:
            size = {"boolean": 1, "float": 4, "double": 8}[name]
            here = np.minimum(self.at, self.end)
            word = self.block.word(here)
            self._move(size)
            if name == "boolean":
                values = (word & _U(0xFF)) == _ONE
            else:
                values = word.view(np.float64) if size == 8 else word.astype(np.uint32).view(np.float32)
        return None if type_ is None else Leaf(self._physical(values, type_), None, None, None)

    def _physical(self, values: NDArray[Any], type_: t.DataType) -> NDArray[Any]:
        match type_:
            case t.Integer(bits=bits):
                return values.astype(f"int{bits}")
            case t.Float():
                return values.astype(np.float32)
            case t.Double():
                return values.astype(np.float64)
            case t.Date():
                return values.astype(np.int32)
            case t.Time():
                self.ok &= (values >= 0) & (values < 86_400_000)
                return values * 1_000_000
        return values

    def _bytes(self, type_: t.DataType | None) -> Leaf | None:
        size = self._long()
        self.ok &= (size >= 0) & (size <= self.end - self.at)
        start = np.minimum(self.at, self.end)
        end = np.clip(start + np.clip(size, 0, len(self.block.raw)), start, self.end)
        self.at = end
        if isinstance(type_, t.Decimal):
            return self._decimals(start, end, type_)
        return None if type_ is None else Leaf(None, start, end, None)

    def _decimals(self, start: Ints, end: Ints, type_: t.Decimal) -> Leaf:
        """Big-endian numbers of 1 to 8 bytes; longer ones are not `ok` here."""
        size = end - start
        self.ok &= (size > 0) & (size <= 8)
        shift = (64 - 8 * np.clip(size, 1, 8)).astype(np.int64)
        low = (self.block.word(end - 8).byteswap().view(np.int64) << shift) >> shift
        limit = 10 ** min(type_.precision, 18)
        fits = (low > -limit) & (low < limit) if type_.precision < 19 else np.ones(len(low), bool)
        return Leaf(np.stack((low, low >> 63), axis=1).view(_U), None, None, None if fits.all() else fits)

    def _move(self, size: int) -> None:
        self.at = self.at + size
        self.ok &= self.at <= self.end

    def _long(self, most: int = 10) -> Ints:
        """Past a zig-zag varint of at most `most` bytes: 10 hold a long, 5 an int."""
        here = np.minimum(self.at, self.end)
        words = self.block.words(here)
        last = ~words[:, 0] & _HIGH
        lowest = last & (~last + _ONE)
        size = (np.bitwise_count(lowest - _ONE) >> np.uint8(3)).astype(np.int64) + 1
        value = _joined(words[:, 0] & (lowest | (lowest - _ONE)))
        long = np.flatnonzero(size > 8)
        if long.size:
            value[long], size[long] = _tail(value[long], words[long, 1])
        self.ok &= size <= most
        if most == 5:
            value &= _U(0xFFFFFFFF)
        self.at = here + np.minimum(size, 10)
        self.ok &= self.at <= self.end
        return ((value >> _ONE) ^ (~(value & _ONE) + _ONE)).view(np.int64)


def _joined(words: Words) -> Words:
    """The low seven bits of each byte, pushed together."""
    value = words & _GROUPS[0][0]
    for mask, shift in _GROUPS[1:]:
        value |= (words & mask) >> shift
    return value


def _tail(value: Words, word: Words) -> tuple[Words, Ints]:
    """Varints of nine and ten bytes, whose last are in the second word; longer ones have size 11."""
    ninth, tenth = word & _U(0xFF), (word >> _U(8)) & _U(0xFF)
    ends = ninth < _U(0x80)
    value = value | ((ninth & _U(0x7F)) << _U(56))
    size = np.where(ends, 9, np.where(tenth < _U(0x80), 10, 11))
    return np.where(ends, value, value | ((tenth & _ONE) << _U(63))), size
