"""What notebooks show of tensors."""

import base64
import io
import re
import sys
from html.parser import HTMLParser

import pytest

import flambeau as fb


class Reader(HTMLParser):
    """Checks that tags are closed in order, and collects cells, captions and pictures."""

    def __init__(self, text):
        super().__init__()
        self.open, self.cells, self.caption, self.pictures = [], [], "", []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.pictures.append(dict(attributes)["src"])
            return
        self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "td" in self.open:
            self.cells[-1] += data
        elif "caption" in self.open:
            self.caption += data


def test_a_matrix():
    shown = Reader(fb.tensor([[1.5, 2.0], [3.0, float("nan")]])._repr_html_())
    assert shown.cells == ["1.5000", "2.0000", "3.0000", "nan"] and not shown.pictures
    assert shown.caption == "Tensor: shape (2, 2), torch.float32, cpu"


def test_gradients_in_the_caption():
    x = fb.ones(2, requires_grad=True)
    assert Reader(x._repr_html_()).caption.endswith("cpu, requires_grad")
    assert Reader((x * 2)._repr_html_()).caption.endswith("grad_fn <MulBackward0>")


@pytest.mark.parametrize(
    "t,cells",
    [(fb.tensor(3), ["3"]), (fb.zeros(0, 2), ["no elements"]), (fb.tensor([True, False]), ["True", "False"]),
     (fb.tensor([1 + 2j]), ["1.+2.j"]), (fb.tensor([1.0], dtype=fb.bfloat16), ["1."])],
)  # fmt: skip
def test_shapes_and_dtypes(t, cells):
    assert Reader(t._repr_html_()).cells == cells


def test_large_tensors_are_cut():
    shown = Reader(fb.arange(10000).reshape(4, 50, 50)._repr_html_())
    assert len(shown.cells) == 13 * 13 and shown.cells[6] == "\u2026" and shown.cells[-1] == "2499"
    assert "(the first of 4 matrices)" in shown.caption and len(shown.cells[0]) == 1


def picture(t):
    from PIL import Image

    (source,) = Reader(t._repr_html_()).pictures
    return Image.open(io.BytesIO(base64.b64decode(re.fullmatch(r"data:image/png;base64,(.*)", source)[1])))


def test_pictures():
    pytest.importorskip("PIL")
    assert picture(fb.ones(3, 20, 10)).size == (10, 20) and picture(fb.ones(20, 10, 3)).mode == "RGB"
    gray = picture(fb.linspace(0, 1, 400).reshape(20, 20))
    assert gray.mode == "L" and gray.getpixel((0, 0)) == 0 and gray.getpixel((19, 19)) == 255
    assert max(picture(fb.zeros(500, 300, dtype=fb.uint8)).size) == 128
    assert picture(fb.ones(1, 9, 9)).mode == "L"


@pytest.mark.parametrize(
    "t",
    [fb.zeros(2, 2), fb.full((9, 9), 1.5), fb.full((9, 9), fb.nan), fb.zeros(9, 9).long(), fb.zeros(5, 9, 9)],
)
def test_no_picture(t):
    assert not Reader(t._repr_html_()).pictures


def test_without_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert "Pillow" in fb.zeros(9, 9)._repr_html_()


def test_names_are_escaped():
    kind = type("A<b>", (fb.Tensor,), {})
    assert Reader(fb.zeros(1).as_subclass(kind)._repr_html_()).caption.startswith("A<b>: ")
