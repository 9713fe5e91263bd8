"""Pictures of the autograd graph behind tensors.

    from flambeau.utils.viz import draw

    draw(loss, params=model).save("graph.svg")     # or .png, .pdf, .dot; in a notebook it shows itself
    print(draw(loss, params=model))                # the same as text

`draw` reads the graph into plain data (`Graph`), which keeps no tensor and no memory of the graph alive. The picture is
laid out by Graphviz where its Python package `graphviz` and its program `dot` are installed, and by `layout.py` else.
"""

from .graph import Edge, Graph, Node, Saved, TensorType
from .walk import draw, make_dot

__all__ = ["Edge", "Graph", "Node", "Saved", "TensorType", "draw", "make_dot"]
