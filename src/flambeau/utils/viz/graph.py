"""The autograd graph as plain data."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

FORMATS = ("svg", "png", "pdf", "dot")


class TensorType(NamedTuple):
    """What is known of a tensor: shape, the name of the dtype, bytes of its elements."""

    shape: tuple[int, ...]
    dtype: str
    nbytes: int

    def __str__(self):
        return f"{self.shape} {self.dtype}"


class Saved(NamedTuple):
    """A tensor that a node keeps for backward. A leaf would be in memory anyway: its bytes do not count."""

    type: TensorType
    name: str
    is_leaf: bool
    is_output: bool


@dataclass(frozen=True, slots=True)
class Node:
    """A box of the picture: an operation, a leaf, an output, a saved tensor or "so many more nodes".

    kind: one of `style.KINDS`. title: the name shown. name: what `grad_fn.name()` gives, for leaves their full name.
    outputs: the types of the results. notes: further lines, such as "view". saved: what is kept for backward, in
    saved_bytes bytes without leaves; freed: it was released by a backward pass.
    """

    kind: str
    title: str
    name: str = ""
    outputs: tuple[TensorType, ...] = ()
    notes: tuple[str, ...] = ()
    saved: tuple[Saved, ...] = ()
    saved_bytes: int = 0
    freed: bool = False


class Edge(NamedTuple):
    """Output number `output` of node `source` goes into node `target`; both are positions in `Graph.nodes`."""

    source: int
    target: int
    output: int = 0


@dataclass(frozen=True, slots=True)
class Graph:
    """The graph behind some tensors, as `draw` found it.

    nodes, edges: in the direction of the computation, from leaves to outputs. size: how many operations and leaves the
    whole graph has; left_out: how many of them are not among the nodes, because of max_nodes. saved_bytes: the memory
    that the nodes keep for backward, each storage counted once and leaves not at all.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    size: int
    left_out: int = 0
    saved_bytes: int = 0

    def to_dot(self):
        """to_dot() -> str: the graph in the DOT language of Graphviz."""
        from .dot import source

        return source(self)

    def to_svg(self, engine=None):
        """to_svg(engine=None) -> str: the picture as an SVG document.

        engine: "graphviz", "builtin", or None for Graphviz where it is installed.
        """
        from . import dot, picture

        if dot.use(engine):
            return dot.render(self, "svg").decode()
        return picture.svg(self)

    def save(self, path, engine=None):
        """save(path, engine=None) -> Path: writes the picture; the ending says as what: .svg, .png, .pdf or .dot.

        ValueError for another ending. Without Graphviz, the picture in a .pdf is made of pixels.
        """
        from . import dot, picture

        path = Path(path)
        ending = path.suffix.lower().lstrip(".")
        if ending not in FORMATS:
            known = ", ".join(f".{f}" for f in FORMATS)
            raise ValueError(f"Graph.save: cannot write {path.name!r}; the name has to end in one of {known}")
        if ending == "dot":
            path.write_text(self.to_dot(), encoding="utf-8")
        elif dot.use(engine):
            path.write_bytes(dot.render(self, ending))
        elif ending == "svg":
            path.write_text(picture.svg(self), encoding="utf-8")
        else:
            picture.pixels(self).save(path, ending.upper(), resolution=144)
        return path

    def _repr_svg_(self):
        return self.to_svg()

    def __repr__(self):
        return f"<Graph of {len(self.nodes)} nodes and {len(self.edges)} edges>"

    def __str__(self):
        from .text import tree

        return tree(self)
