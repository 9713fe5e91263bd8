"""What `flambeau.utils.viz.draw` finds in graphs."""

import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest

import flambeau as fb
from flambeau import _core, nn
from flambeau.autograd import Function
from flambeau.ops.op import FUNCTIONS, Pointwise
from flambeau.utils.viz import Edge, TensorType, draw
from flambeau.utils.viz import walk as viz_walk
from flambeau.utils.viz.style import KINDS


class Twice(Function):
    """Today's form."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.factor = 2
        return 2 * x

    @staticmethod
    def backward(ctx, grad):
        return 2 * grad


class OldTwice(Function):
    """The form of 0.3."""

    def forward(self, x):
        self.save_for_backward(x)
        self.copy = x.clone()
        return 2 * x

    def backward(self, grad):
        return 2 * grad


def leaf(*shape, **options):
    return fb.ones(*shape, requires_grad=True, **options)


def titled(graph, title):
    """The only node with this title."""
    (node,) = [n for n in graph.nodes if n.title == title]
    return node


def links(graph):
    """The edges by titles."""
    return sorted((graph.nodes[e.source].title, graph.nodes[e.target].title) for e in graph.edges)


@pytest.fixture
def mlp():
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))


# ------------------------------------------------------------------------------------------------------- structure


def test_small_graph():
    x, y = leaf(3), leaf(3)
    graph = draw((x * y).sum(), {"x": x, "y": y})
    assert links(graph) == [("Mul", "Sum"), ("Sum", "output"), ("x", "Mul"), ("y", "Mul")]
    assert graph.size == 4 and graph.left_out == 0
    assert repr(graph) == "<Graph of 5 nodes and 4 edges>"


def test_edges_lead_from_earlier_to_later_nodes_once_per_argument():
    x = leaf(3)
    graph = draw(x * x)
    kinds = [n.kind for n in graph.nodes]
    mul, x_at, end = kinds.index("pointwise"), kinds.index("input"), kinds.index("output")
    assert sorted(graph.edges) == sorted([Edge(x_at, mul), Edge(x_at, mul), Edge(mul, end)])


def test_parameters_are_named_by_the_module(mlp):
    graph = draw(mlp(fb.ones(2, 4)), mlp)
    assert {n.title for n in graph.nodes if n.kind == "parameter"} == {
        "0.weight",
        "0.bias",
        "2.weight",
        "2.bias",
    }


def test_parameters_are_named_by_a_dict(mlp):
    graph = draw(mlp(fb.ones(2, 4)), dict(mlp.named_parameters()))
    assert titled(graph, "2.weight").outputs == (TensorType((3, 5), "float32", 60),)


def test_a_parameter_without_a_name_is_still_one(mlp):
    kinds = [n.kind for n in draw(mlp(fb.ones(2, 4))).nodes]
    assert kinds.count("parameter") == 4 and kinds.count("input") == 0


def test_a_shared_parameter_is_one_node():
    w, h = leaf(3, 3), fb.ones(2, 3)
    for _ in range(4):
        h = h @ w
    graph = draw(h, {"w": w})
    assert links(graph).count(("w", "Mm")) == 4
    assert titled(graph, "w").kind == "input"


def test_two_names_of_one_tensor():
    w = leaf(3)
    assert titled(draw(w * 2, {"encoder": w, "decoder": w}), "encoder = decoder").kind == "input"


def test_names_of_results():
    x = leaf(3)
    hidden = x.exp()
    graph = draw(hidden.sum(), {"hidden": hidden})
    assert titled(graph, "Exp").notes == ("= hidden",)


def test_names_of_outputs():
    x = leaf(3)
    assert links(draw({"loss": x.sum(), "x": x}))[-1] == ("input", "x")
    assert [n.title for n in draw([x.sum(), x.sin()]).nodes if n.kind == "output"] == ["output 0", "output 1"]


def test_several_outputs():
    x = leaf(3, 4)
    values, indices = x.max(1)
    graph = draw(values.sum())
    node = titled(graph, "Max")
    assert node.outputs == (TensorType((3,), "float32", 12), TensorType((3,), "int64", 24))
    assert node.kind == "reduction"


def test_edges_know_the_output():
    x = leaf(4, 2)
    first, second = x.split(2)
    graph = draw(second.sum() + first.sum())
    numbers = [e.output for e in graph.edges if graph.nodes[e.source].title == "Split"]
    assert sorted(numbers) == [0, 1]


def test_a_tensor_that_is_not_in_a_graph():
    (node,) = draw(fb.ones(2)).nodes
    assert node.kind == "output" and node.notes == ("requires no gradient",)
    assert node.outputs == (TensorType((2,), "float32", 8),)


def test_a_leaf():
    x = leaf(2)
    assert links(draw(x, {"x": x})) == [("x", "output")]


def test_views_say_so():
    x = leaf(2, 3)
    graph = draw(x.t())
    node = graph.nodes[0]
    assert node.kind == "shape" and "view" in node.notes
    assert graph.nodes[-1].notes == ("view",)


def test_in_place_change_of_a_view():
    x, w = leaf(4), leaf(2)
    y = x * 1
    y[1:3].mul_(w)
    graph = draw(y, {"x": x, "w": w})
    node = titled(graph, "CopySlices")
    assert node.kind == "inplace" and node.notes == ("Mul in place on a view (2,)",)
    assert node.saved_bytes == 8  # the part as it was; w is a leaf
    assert links(graph) == [
        ("CopySlices", "output"),
        ("Mul", "CopySlices"),
        ("w", "CopySlices"),
        ("x", "Mul"),
    ]
    y.sum().backward()
    assert titled(draw(y), "CopySlices").freed


@pytest.mark.parametrize("form", [Twice.apply, lambda x: OldTwice()(x)], ids=["today", "0.3"])
def test_functions(form):
    x = leaf(3)
    graph = draw(form(x * 1))
    node = next(n for n in graph.nodes if n.kind == "function")
    assert node.title in ("Twice", "OldTwice")
    assert node.outputs == (TensorType((3,), "float32", 12),)
    assert node.saved_bytes == (12 if node.title == "Twice" else 24)  # with the copy on self


def test_sparse_tensors():
    values = leaf(2)
    s = fb.sparse_coo_tensor(fb.tensor([[0, 1], [1, 0]]), values, (5, 7))
    graph = draw(s, {"values": values})
    assert graph.nodes[-1].outputs == (TensorType((5, 7), "float32", 8),)
    assert titled(graph, "values").kind == "input"


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16", "complex64"])
def test_dtypes(dtype):
    x = leaf(3, dtype=getattr(fb, dtype))
    node = draw(x * x).nodes[0]
    assert node.outputs[0].dtype == node.saved[0].type.dtype == dtype


def test_attributes():
    x = leaf(3, 4)
    assert "dim = (1,)" in titled(draw(x.sum(1), show_attrs=True), "Sum").notes
    assert titled(draw(Twice.apply(x), show_attrs=True), "Twice").notes == ("factor = 2",)
    assert titled(draw(Twice.apply(x)), "Twice").notes == ()
    notes = titled(draw(x.sum(1), show_attrs=True, max_attr_chars=5), "Sum").notes
    assert notes and all(len(n) <= 8 for n in notes)


def test_attributes_that_are_called_like_methods():
    class Named(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.name = "a\nname"
            return x + 1

        @staticmethod
        def backward(ctx, grad):
            return grad

    graph = draw(Named.apply(leaf(2)), show_attrs=True)
    assert titled(graph, "Named").notes == (r"name = 'a\nname'",)


def test_under_no_grad():
    x = leaf(3)
    y = x.exp()
    with fb.no_grad():
        assert links(draw([y, x])) == links(draw([y, x])) and len(draw([y, x]).edges) == 3


# ---------------------------------------------------------------------------------------------------------- memory


def test_saved_bytes():
    x = leaf(10, 4)
    graph = draw(x.exp().sum())
    assert titled(graph, "Exp").saved_bytes == graph.saved_bytes == 160
    (saved,) = titled(graph, "Exp").saved
    assert saved.is_output and saved.type == TensorType((10, 4), "float32", 160)


def test_leaves_do_not_count():
    w = leaf(4, 4)
    x = fb.ones(2, 4)
    node = titled(draw(x @ w, {"w": w}), "Mm")
    assert {s.type.shape for s in node.saved if not s.is_leaf} <= {(2, 4)}
    assert node.saved_bytes == 32
    assert titled(draw(w @ w), "Mm").saved_bytes == 0


def test_memory_that_two_nodes_keep_counts_once():
    x = leaf(100)
    h = x + 1
    graph = draw((h * h).sum() + h.sin().sum())
    assert titled(graph, "Mul").saved_bytes == titled(graph, "Sin").saved_bytes == 400
    assert graph.saved_bytes == 400


def test_after_backward():
    x = leaf(3)
    y = (x + 1).exp().sum()
    y.backward()
    graph = draw(y)
    assert titled(graph, "Exp").freed and not titled(graph, "Add").freed
    assert graph.saved_bytes == 0
    assert "freed" in str(graph) and "freed" in graph.to_svg(engine="builtin")


def test_after_backward_that_retains():
    x = leaf(3)
    y = x.exp().sum()
    y.backward(retain_graph=True)
    assert not any(n.freed for n in draw(y).nodes)


def test_drawing_does_not_disturb_backward():
    x = leaf(3)
    y = (x.exp() * x).sum()
    draw(y, show_saved=True, show_attrs=True).to_svg(engine="builtin")
    y.backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.e * np.ones(3), rtol=1e-6)


def test_the_graph_keeps_nothing_alive():
    x = leaf(3)
    y = x.exp().sin()
    dead = [weakref.ref(y), weakref.ref(y.grad_fn), weakref.ref(x)]
    graph = draw(y, {"x": x}, show_saved=True, show_attrs=True)
    del x, y
    gc.collect()
    assert [r() for r in dead] == [None, None, None]
    assert len(graph.nodes) >= 4


def test_show_saved():
    x = leaf(3)
    graph = draw((x + 1).exp().sin(), show_saved=True)
    assert ("Exp", "saved output") in links(graph) and ("saved", "Sin") in links(graph)
    assert sum(n.kind == "saved" for n in graph.nodes) == 2
    assert not any(n.kind == "saved" for n in draw(x.exp()).nodes)


def test_show_saved_names_inputs():
    w, x = leaf(3), fb.ones(3)
    graph = draw((w + 1) * x, {"x": x}, show_saved=True)
    assert titled(graph, "Mul").saved[0].name == "x"
    h = (w + 1).sin()
    assert [n.title for n in draw(h, show_saved=True).nodes if n.kind == "saved"] == ["saved"]


# ------------------------------------------------------------------------------------------------------ large graphs


def test_deep_graph():
    x = leaf(1)
    y = x
    for _ in range(100_000):
        y = y + 1
    graph = draw(y, max_nodes=50)
    assert graph.size == 100_001 and graph.left_out == 99_951
    assert titled(graph, "99,951 more nodes").notes == ("beyond max_nodes=50",)
    assert "99,951 of 100,001 nodes left out" in str(graph)
    assert len(graph.nodes) == 52


def test_the_nodes_next_to_the_outputs_are_drawn():
    x = leaf(1)
    graph = draw(x.exp().sin().cos(), max_nodes=2)
    assert links(graph) == [("2 more nodes", "Sin"), ("Cos", "output"), ("Sin", "Cos")]


def test_more_outputs_than_nodes():
    x = leaf(1)
    graph = draw([x * i for i in range(6)], max_nodes=2)
    assert links(graph).count(("5 more nodes", "output 5")) == 1
    assert graph.to_svg(engine="builtin").count("more nodes") >= 1


# ------------------------------------------------------------------------------------------------------------- kinds


def kind(tensor):
    return viz_walk.kind_of(tensor.grad_fn)


def test_kinds():
    x = leaf(2, 2)
    image = leaf(1, 1, 4, 4)
    assert kind(x.exp()) == kind(x + x) == kind(x.relu()) == "pointwise"
    assert (
        kind(x.sum())
        == kind(x.logsumexp(1))
        == kind(x.max())
        == kind(nn.functional.mse_loss(x, x * 0))
        == "reduction"
    )
    assert kind(x @ x) == kind(fb.linalg.inv(x + fb.eye(2))) == "matrix"
    assert kind(nn.functional.conv2d(image, image)) == kind(nn.functional.max_pool2d(image, 2)) == "network"
    assert kind(x.t()) == kind(x[0]) == kind(fb.cat([x, x])) == kind(x.clone()) == "shape"
    assert kind(fb.bernoulli(x)) == "random"
    assert kind(Twice.apply(x)) == "function"


def test_every_op_has_a_kind():
    classes = [getattr(f, "op", None) for f in FUNCTIONS.values()]
    classes += [getattr(n, "op_class", None) for n in _core.Node.__subclasses__()]
    ours = {c for c in classes if c is not None and c.__module__.startswith("flambeau.ops.")}
    assert len(ours) > 300
    homeless = {
        c.__module__
        for c in ours
        if c.backward is not None
        and not issubclass(c, Pointwise)
        and c.__module__.rpartition(".")[2] not in viz_walk._FAMILY_OF_MODULE
    }
    assert not homeless


def test_kinds_have_looks():
    assert set(viz_walk.FAMILIES) < set(KINDS)


# ------------------------------------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3,), TypeError, "draw: expected a Tensor, or a sequence or dict of them, got int"),
        (([fb.ones(1), 2],), TypeError, "draw: output 1 must be a Tensor, got int"),
        (([],), ValueError, "draw: there is no tensor"),
        ((fb.ones(1), [1]), TypeError, "draw: params must be a Module or a dict of named tensors, got list"),
        ((fb.ones(1), {"a": 1}), TypeError, r"draw: params\['a'\] must be a Tensor, got int"),
    ],
)
def test_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        draw(*arguments)


def test_max_nodes_must_be_positive():
    with pytest.raises(ValueError, match="draw: max_nodes must be positive, got 0"):
        draw(fb.ones(1), max_nodes=0)


def test_imported_on_first_use():
    code = (
        "import sys, flambeau as fb; assert 'flambeau.utils' not in sys.modules; "
        "graph = fb.utils.viz.draw(fb.ones(2, requires_grad=True) * 2); graph.to_svg(engine='builtin'); "
        "assert 'PIL' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
