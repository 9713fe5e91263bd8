"""Nested containers of tensors: taken apart into a list of leaves and a structure, and put together again.

Tuples, named tuples, lists, dicts and OrderedDicts are containers; everything else, None too, is a leaf.
"""

import collections


class Tree:
    """The structure of a nested container. `kind` is its class (None: a leaf), `keys` those of a dict."""

    __slots__ = ("children", "count", "keys", "kind")

    def __init__(self, kind=None, keys=None, children=()):
        self.kind, self.keys, self.children = kind, keys, list(children)
        self.count = sum(c.count for c in self.children) if kind else 1

    def __eq__(self, other):
        same = isinstance(other, Tree) and self.kind is other.kind and self.children == other.children
        return same and (
            self.keys == other.keys or (self.keys is not None and set(self.keys) == set(other.keys))
        )

    def __hash__(self):
        return hash((self.kind, self.count))

    def __repr__(self, indent=0):
        if self.kind is None:
            return "*"
        inner = indent + 2
        lines = [("" if i == 0 else " " * inner) + c.__repr__(inner) for i, c in enumerate(self.children)]
        context = self.keys if self.keys is None or self.kind is dict else repr(self.keys)
        return f"TreeSpec({self.kind.__name__}, {context}, [{f',{chr(10)}'.join(lines)}])"

    def build(self, leaves):
        """The container of this structure with these leaves, an iterator."""
        if self.kind is None:
            return next(leaves)
        children = [c.build(leaves) for c in self.children]
        if self.keys is not None:
            return self.kind(zip(self.keys, children, strict=True))
        return self.kind(*children) if hasattr(self.kind, "_fields") else self.kind(children)


LEAF = Tree()


def _parts(value):
    """(keys, children) of a container; None of a leaf."""
    kind = type(value)
    if kind is dict or kind is collections.OrderedDict:
        return list(value), list(value.values())
    if kind in (list, tuple) or (isinstance(value, tuple) and hasattr(kind, "_fields")):
        return None, list(value)
    return None


def flatten(value):
    """flatten(value) -> (list of leaves, Tree)"""
    parts = _parts(value)
    if parts is None:
        return [value], LEAF
    keys, children = parts
    leaves, trees = [], []
    for child in children:
        found, tree = flatten(child)
        leaves += found
        trees.append(tree)
    return leaves, Tree(type(value), keys, trees)


def unflatten(leaves, tree):
    """unflatten(leaves, tree) -> the container that flatten took apart, with other leaves."""
    return tree.build(iter(leaves))


def tree_map(function, value):
    """tree_map(function, value) -> the container with the function's result for each leaf in its place."""
    leaves, tree = flatten(value)
    return unflatten([function(leaf) for leaf in leaves], tree)


def broadcast_prefix(prefix, tree):
    """The leaves of `prefix` for each leaf of a container of structure `tree`: a leaf of the prefix stands for all that
    is below its place. None when the two do not fit."""
    parts = _parts(prefix)
    if parts is None:
        return [prefix] * tree.count
    keys, children = parts
    if tree.kind is not type(prefix) or len(children) != len(tree.children):
        return None
    if keys is not None:
        if set(keys) != set(tree.keys):
            return None
        children = [prefix[key] for key in tree.keys]
    found = []
    for child, below in zip(children, tree.children, strict=True):
        leaves = broadcast_prefix(child, below)
        if leaves is None:
            return None
        found += leaves
    return found
