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


def _reverse_repeat_tuple(t, n):
    """Each element n times, the last one first: padding as F.pad takes it."""
    return tuple([x for x in reversed(t) for _ in range(n)])


def _list_with_default(out_size, defaults):
    """The sizes, those that are None taken from the end of defaults; a single int as it is."""
    if isinstance(out_size, int):
        return out_size
    if len(defaults) <= len(out_size):
        raise ValueError(f"Input dimension should be at least {len(out_size) + 1}")
    pairs = zip(out_size, defaults[-len(out_size) :], strict=True)
    return [d if size is None else size for size, d in pairs]


def consume_prefix_in_state_dict_if_present(state_dict, prefix):
    """consume_prefix_in_state_dict_if_present(state_dict, prefix): takes the prefix, such as "module.", from the names
    in a state dictionary, in place"""
    for key in [k for k in state_dict if k.startswith(prefix)]:
        state_dict[key[len(prefix) :]] = state_dict.pop(key)
    metadata = getattr(state_dict, "_metadata", None)
    if metadata is None:
        return
    for key in list(metadata):
        if key.startswith(prefix) or key == prefix.rstrip("."):
            metadata[key[len(prefix) :]] = metadata.pop(key)
