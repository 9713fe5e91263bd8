"""`torch.contrib._graph_vis` of 0.3: draws the graph behind a Variable."""

from ...utils import viz

__all__ = ["make_dot"]


def make_dot(var, params):
    """make_dot(var, params) -> graphviz.Digraph of what var was computed by, or a Graph with `save(path)` where the
    package graphviz is not installed

    params: pairs of names and Variables, such as model.named_parameters(), or a dict of them.
    """
    return viz.make_dot(var, dict(params))
