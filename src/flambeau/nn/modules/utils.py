"""Numbers as tuples, under the names that scripts import."""

from itertools import repeat


def _ntuple(n):
    def parse(value):
        return tuple(value) if hasattr(value, "__iter__") else tuple(repeat(value, n))

    return parse


_single = _ntuple(1)
_pair = _ntuple(2)
_triple = _ntuple(3)
_quadruple = _ntuple(4)
