"""The pictures of `flambeau.utils.viz`: SVG, pixels, DOT and text."""

import re
import shutil
import sys
import types
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import flambeau as fb
from flambeau import nn
from flambeau.utils.viz import Graph, Node, TensorType, draw, make_dot
from flambeau.utils.viz import dot as viz_dot
from flambeau.utils.viz.picture import Picture
from flambeau.utils.viz.style import bytes_text, headline, text_width, title

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "<b>&\"quoted'\\ \x00\x1b]--> \u00e9 {0}"


@pytest.fixture(autouse=True)
def no_graphviz(request, monkeypatch):
    """Pictures come from the built-in layout, whatever is installed here."""
    if "with_graphviz" not in request.fixturenames:
        monkeypatch.setitem(sys.modules, "graphviz", None)


@pytest.fixture
def with_graphviz():
    package = pytest.importorskip("graphviz", reason="draws with Graphviz, an optional dependency")
    if shutil.which("dot") is None:
        pytest.skip("draws with Graphviz, whose program dot is not installed")
    return package


@pytest.fixture(scope="module")
def residual():
    model = nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU())
    x = fb.ones(1, 2, 4, 4, requires_grad=True)
    loss = (model(x) + x).mean()
    return draw({"loss": loss}, {**dict(model.named_parameters()), "x": x}, show_saved=True)


def svg_of(graph):
    return ElementTree.fromstring(graph.to_svg())


def texts_of(root):
    return [t.text for t in root.iter(f"{SVG}text")]


# --------------------------------------------------------------------------------------------------------------- SVG


def test_svg(residual):
    root = svg_of(residual)
    texts = texts_of(root)
    for text in (
        "Convolution",
        "NativeBatchNorm",
        "Relu",
        "Add",
        "Mean",
        "loss",
        "0.weight",
        "x",
        "(2, 2, 3, 3) float32",
    ):
        assert text in texts
    assert texts[0] == headline(residual)


def test_legend_shows_the_kinds_that_occur(residual):
    texts = texts_of(svg_of(residual))
    for text in (
        "parameter",
        "input",
        "pointwise",
        "convolution, pooling, norm",
        "output",
        "kept for backward",
    ):
        assert text in texts
    assert "random" not in texts and "user Function" not in texts


def test_all_is_inside_the_canvas(residual):
    root = svg_of(residual)
    width, height = float(root.get("width")), float(root.get("height"))
    for rect in list(root.iter(f"{SVG}rect"))[1:]:
        x, y, w, h = (float(rect.get(k)) for k in ("x", "y", "width", "height"))
        assert x > 0 and y > 0 and x + w < width and y + h < height
    for text in root.iter(f"{SVG}text"):
        assert 0 < float(text.get("x")) < width and 0 < float(text.get("y")) < height


def test_boxes_are_wide_enough_for_their_text(residual):
    from PIL import ImageFont

    small, large = ImageFont.load_default(11), ImageFont.load_default(13)
    for _, _, _, w, h, head, lines in Picture(residual).boxes():
        assert large.getlength(head) < w - 12
        assert all(small.getlength(line) < w - 12 for line in lines)
        assert h >= 13 + 15 * len(lines)


def test_text_width_grows():
    assert (
        text_width("weight", 11) < text_width("weight", 11, bold=True) < text_width("weight", 13, bold=True)
    )
    assert text_width("il", 10) < text_width("mm", 10)


@pytest.mark.parametrize("what", ["svg", "dot", "text"])
def test_text_is_escaped(what):
    x = fb.ones(2, requires_grad=True)
    graph = draw({NASTY: x.sin()}, {NASTY: x})
    if what == "svg":
        assert any(t.startswith("<b>&\"quoted'\\ ") for t in texts_of(svg_of(graph)))
    elif what == "dot":
        labels = re.findall(r"label=<(.*)>,", graph.to_dot())
        assert len(labels) == 4
        assert all(ElementTree.fromstring(f"<x>{label}</x>") is not None for label in labels)
        assert r'tooltip="<b>&\"quoted' in graph.to_dot() and "\x00" not in graph.to_dot()
    else:
        assert "<b>&" in str(graph)


def test_long_names_are_shortened_and_whole_in_the_tooltip():
    x = fb.ones(2, requires_grad=True)
    name = ".".join(["encoder"] * 30)
    graph = draw(x.sin(), {name: x})
    assert name in [t.text for t in svg_of(graph).iter(f"{SVG}title")]
    assert max(len(t) for t in texts_of(svg_of(graph)) if t.startswith("encoder")) <= 65


def test_output_numbers_and_multiplicities():
    x = fb.ones(4, 2, requires_grad=True)
    first, second = x.split(2)
    texts = texts_of(svg_of(draw(first * second + first * first)))
    assert {"#0, #1", "#0 x2"} <= set(texts)


def test_notebooks_show_the_picture():
    graph = draw(fb.ones(2, requires_grad=True) * 2)
    assert graph._repr_svg_() == graph.to_svg()
    assert "<style" not in graph._repr_svg_()  # it would apply to the whole notebook


def test_a_large_graph():
    w, h = fb.ones(3, 3, requires_grad=True), fb.ones(1, 3)
    for _ in range(600):
        h = (h @ w).tanh() + w[0]
    graph = draw(h.sum())
    root = svg_of(graph)
    assert len(list(root.iter(f"{SVG}g"))) == len(graph.nodes) + 1 == 2003


# ------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("ending", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("dot", b"digraph")]
)
def test_save(residual, tmp_path, ending, start):
    path = residual.save(tmp_path / f"graph.{ending}")
    assert path.read_bytes().startswith(start)
    assert residual.save(str(path)) == path


def test_save_refuses_other_endings(residual, tmp_path):
    with pytest.raises(
        ValueError, match=r"cannot write 'graph.gif'; the name has to end in one of \.svg, \.png"
    ):
        residual.save(tmp_path / "graph.gif")
    assert not list(tmp_path.iterdir())


def test_png_has_the_picture(residual, tmp_path):
    from PIL import Image

    picture = Picture(residual)
    image = Image.open(residual.save(tmp_path / "graph.png"))
    assert image.size == (round(2 * picture.width), round(2 * picture.height))
    for node, x, y, w, h, *_ in picture.boxes():
        fill = image.getpixel((round(2 * (x + w / 2)), round(2 * (y + h - 3))))
        assert "#{:02x}{:02x}{:02x}".format(*fill) == viz_dot.KINDS[node.kind].fill


def test_pixels_of_a_huge_graph_are_refused(monkeypatch):
    x = fb.ones(2, requires_grad=True)
    graph = draw(sum((x * i for i in range(5)), x))
    monkeypatch.setattr("flambeau.utils.viz.picture.MAX_PIXELS", 1000)
    with pytest.raises(ValueError, match="save it as .svg"):
        graph.save("never.png")


def test_pixels_without_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="pip install pillow"):
        draw(fb.ones(2)).save("never.png")


# ---------------------------------------------------------------------------------------------------------- Graphviz


class FakeSource:
    """Stands for graphviz.Source."""

    def __init__(self, source):
        self.source = source

    def pipe(self, format):
        return f"{format} of {len(self.source)}".encode()


@pytest.fixture
def fake_graphviz(monkeypatch):
    package = types.SimpleNamespace(Source=FakeSource, Digraph=lambda body: body)
    monkeypatch.setitem(sys.modules, "graphviz", package)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")


def test_graphviz_draws_where_it_is(fake_graphviz, tmp_path):
    graph = draw(fb.ones(2, requires_grad=True) * 2)
    made = f"of {len(graph.to_dot())}"
    assert graph.to_svg() == graph.to_svg(engine="graphviz") == f"svg {made}"
    assert graph.save(tmp_path / "a.pdf").read_text() == f"pdf {made}"
    assert graph.to_svg(engine="builtin").startswith("<svg")


def test_graphviz_without_its_program(fake_graphviz, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    graph = draw(fb.ones(2, requires_grad=True) * 2)
    assert graph.to_svg().startswith("<svg")
    with pytest.raises(ImportError, match=r"pip install flambeau\[viz\]"):
        graph.to_svg(engine="graphviz")


def test_unknown_engine():
    with pytest.raises(ValueError, match='engine must be "graphviz", "builtin" or None'):
        draw(fb.ones(2)).to_svg(engine="neato")


def test_make_dot_without_graphviz():
    model = nn.Linear(2, 2)
    graph = make_dot(
        model(fb.ones(1, 2)), params=dict(model.named_parameters()), show_attrs=True, show_saved=True
    )
    assert isinstance(graph, Graph)
    assert any(n.title == "weight" for n in graph.nodes) and any(n.kind == "saved" for n in graph.nodes)


def test_make_dot_with_graphviz(fake_graphviz):
    x = fb.ones(2, requires_grad=True)
    assert any("Mul" in line for line in make_dot(x * 2, {"x": x}))


def test_dot_source(residual):
    source = residual.to_dot()
    assert source.startswith("digraph {\n") and source.endswith("}\n")
    assert len(re.findall(r"^\tn\d+ \[", source, re.MULTILINE)) == len(residual.nodes)
    assert len(re.findall(r"^\tn\d+ -> n\d+", source, re.MULTILINE)) == len({e[:2] for e in residual.edges})


def test_graphviz_reads_it(with_graphviz, tmp_path):
    x = fb.ones(2, requires_grad=True)
    graph = draw({NASTY: x.sin()}, {NASTY: x}, show_saved=True)
    svg = ElementTree.fromstring(graph.to_svg(engine="graphviz"))
    assert "Sin" in texts_of(svg) and any(t.startswith("<b>&\"quoted'") for t in texts_of(svg))
    assert graph.save(tmp_path / "a.png", engine="graphviz").read_bytes().startswith(b"\x89PNG")
    digraph = make_dot(x.sin(), {"x": x})
    assert isinstance(digraph, with_graphviz.Digraph) and b"Sin" in digraph.pipe(format="svg")


# -------------------------------------------------------------------------------------------------------------- text


def test_tree():
    w, b = fb.ones(3, 2, requires_grad=True), fb.ones(3, requires_grad=True)
    y = nn.functional.linear(fb.ones(4, 2), w, b).relu()
    assert str(draw({"y": y}, {"w": w, "b": b})).splitlines() == [
        "2 operations, 2 leaves, 80 B kept for backward",
        "y: (4, 3) float32",
        "Relu (pointwise): (4, 3) float32, keeps 48 B",
        "Addmm (matrix): (4, 3) float32, keeps 32 B",
        "├─ w (parameter): (3, 2) float32, 24 B".replace("parameter", "input"),
        "└─ b (input): (3,) float32, 12 B",
    ]


def test_tree_refers_to_what_was_shown():
    x = fb.ones(2, requires_grad=True)
    h = x.exp()
    assert str(draw(h.sin() + h.cos().tan(), {"x": x})).splitlines() == [
        "5 operations, 1 leaf, 16 B kept for backward",
        "output: (2,) float32",
        "Add (pointwise): (2,) float32",
        "├─ Sin (pointwise): (2,) float32, keeps 8 B",
        "│  Exp [1] (pointwise): (2,) float32, keeps 8 B",
        "│  └─ x (input): (2,) float32, 8 B",
        "Tan (pointwise): (2,) float32, keeps 8 B",
        "Cos (pointwise): (2,) float32, keeps 8 B",
        "Exp [1], see above",
    ]


def test_tree_of_a_deep_graph_is_not_indented():
    x = y = fb.ones(1, requires_grad=True)
    for i in range(1000):
        y = y * 2 if i % 2 else y + x
    assert max(len(line) for line in str(draw(y)).splitlines()) < 80


def test_the_page_about_it_is_right(tmp_path, monkeypatch, capsys):
    page = (Path(__file__).parents[2] / "docs" / "visualisation.md").read_text(encoding="utf-8")
    codes = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    printed = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    assert len(codes) == len(printed) == 2  # of graphs and of models
    sizes = re.compile(r"[\d.]+ K?B")  # what operations keep may change
    for code, text in zip(codes, printed, strict=True):
        exec(code, {})
        assert sizes.sub("", capsys.readouterr().out) == sizes.sub("", text)
    assert (tmp_path / "graph.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("n", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KB"), (1536, "1.5 KB"), (200 * 1024, "200 KB"), (1024**2 - 1, "1.0 MB"),
     (5 * 2**30, "5.0 GB"), (3 * 2**50, "3072 TB")],
)  # fmt: skip
def test_bytes_text(n, text):
    assert bytes_text(n) == text


def test_titles_are_one_line():
    assert title(Node("input", "a\n b")) == "a b"
    assert str(TensorType((2, 3), "float32", 24)) == "(2, 3) float32"
