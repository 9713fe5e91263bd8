"""The picture of a graph, laid out by `layout`: as SVG, or drawn in pixels with Pillow (imported on first use)."""

from functools import cache
from html import escape
from typing import Any

from .layout import layout
from .style import GREY, INK, KINDS, LINE, arrows, details, headline, legend, text_width, title, tooltip

MARGIN, PAD, RADIUS = 24.0, 12.0, 6.0
TITLE, SMALL = 13.0, 11.0  # sizes of text
LEADING = 15.0
ARROW = 7.0
MAX_PIXELS = 40_000_000


class Picture:
    """A graph with places for all that is drawn; `graph_at` is where the layout's corner goes."""

    def __init__(self, graph):
        self.graph = graph
        self.texts = [(title(n), details(n)) for n in graph.nodes]
        self.sizes = [self._size(*t) for t in self.texts]
        self.arrows = arrows(graph)
        light = [i for i, n in enumerate(graph.nodes) if n.kind in ("parameter", "input", "saved", "more")]
        self.layout = layout(self.sizes, [a[:2] for a in self.arrows], light)
        self.headline = headline(graph)
        least = text_width(self.headline, TITLE, bold=True)
        self.width = max(self.layout.width, least, 360.0) + 2 * MARGIN
        self.legend, head = self._legend()
        self.graph_at = (self.width - self.layout.width) / 2, head
        self.height = head + self.layout.height + MARGIN

    @staticmethod
    def _size(head, lines):
        widths = [text_width(head, TITLE, bold=True), *(text_width(line, SMALL) for line in lines)]
        return max(64.0, max(widths) + 2 * PAD), 2 * 8.0 + TITLE + LEADING * len(lines)

    def _legend(self):
        """[(x, y of the swatch's corner, kind)], and the y below."""
        x, y = MARGIN, MARGIN + TITLE + 14
        placed: list[tuple[float, float, str]] = []
        for kind in legend(self.graph):
            wide = 20 + text_width(KINDS[kind].legend, SMALL) + 12
            if placed and x + wide > self.width - MARGIN:
                x, y = MARGIN, y + 20
            placed.append((x, y, kind))
            x += wide
        return placed, y + 12 + 24

    def boxes(self):
        """(node, x, y of the corner, width, height, title, further lines)."""
        dx, dy = self.graph_at
        for i, node in enumerate(self.graph.nodes):
            w, h = self.sizes[i]
            yield node, self.layout.x[i] + dx - w / 2, self.layout.y[i] + dy - h / 2, w, h, *self.texts[i]

    def curves(self):
        """(points, arrow, dashed, label): points are start, end of the straight part, its other end, end."""
        dx, dy = self.graph_at
        for x1, y1, y2, x2, y3, y4, source, edge in self.layout.curves:
            points = (x1 + dx, y1 + dy), (x1 + dx, y2 + dy), (x2 + dx, y3 + dy), (x2 + dx, y4 + dy)
            arrow = None if edge is None else self.arrows[edge]
            dashed = arrow.dashed if arrow else self.graph.nodes[source].kind in ("saved", "more")
            yield points, arrow is not None, dashed, arrow.label if arrow else ""


# --------------------------------------------------------------------------------------------------------------- SVG


def svg(graph):
    """svg(graph) -> str: an SVG document that needs no style sheet, so that notebooks can contain several."""
    picture = Picture(graph)
    w, h = round(picture.width), round(picture.height)
    font = 'font-family="Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"'
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" {font}>',
        f'<rect width="{w}" height="{h}" fill="#ffffff"/>',
        _svg_text(MARGIN, MARGIN + TITLE - 2, picture.headline, TITLE, INK, 'font-weight="bold"'),
    ]
    for x, y, kind in picture.legend:
        out.append(_svg_rect(x, y, 12, 12, KINDS[kind], 3))
        out.append(_svg_text(x + 18, y + 10, KINDS[kind].legend, SMALL, GREY))
    out.append(f'<g fill="none" stroke="{LINE}" stroke-width="1.3">')
    labels = []
    for points, arrow, dashed, label in picture.curves():
        out.append(_svg_curve(points, arrow, dashed))
        if label:
            x, y = points[3]
            labels.append(_svg_text(x + 6, y - 5, label, SMALL - 1, GREY))
    out.append("</g>")
    out += labels
    for node, x, y, w, h, head, lines in picture.boxes():
        middle = x + w / 2
        anchor = 'text-anchor="middle"'
        out.append(
            f"<g><title>{escape(tooltip(node))}</title>{_svg_rect(x, y, w, h, KINDS[node.kind], RADIUS)}"
        )
        out.append(_svg_text(middle, y + 8 + TITLE - 2, head, TITLE, INK, f'{anchor} font-weight="bold"'))
        for i, line in enumerate(lines, 1):
            out.append(_svg_text(middle, y + 8 + TITLE - 2 + LEADING * i, line, SMALL, GREY, anchor))
        out.append("</g>")
    out.append("</svg>")
    return "\n".join(out) + "\n"


def _svg_text(x, y, text, size, colour, more=""):
    more = f" {more}" if more else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}"{more}>{escape(text)}</text>'


def _svg_rect(x, y, w, h, look, radius):
    dash = ' stroke-dasharray="4 3"' if look.dashed else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{radius:g}" fill="{look.fill}" '
        f'stroke="{look.border}" stroke-width="1.2"{dash}/>'
    )


def _svg_curve(points, arrow, dashed):
    (x1, y1), (_, y2), (x2, y3), (_, y4) = points
    end = y4 - ARROW if arrow else y4
    y3 = min(y3, end)
    middle = (y2 + y3) / 2
    curve = f"M{x1:.1f} {y1:.1f}"
    if abs(x1 - x2) > 0.1:
        curve += f"V{y2:.1f}C{x1:.1f} {middle:.1f} {x2:.1f} {middle:.1f} {x2:.1f} {y3:.1f}"
    curve += f"V{end:.1f}"
    path = f'<path d="{curve}"' + (' stroke-dasharray="4 3"' if dashed else "") + "/>"
    if arrow:
        head = f"M{x2:.1f} {y4:.1f}l-3.5 -{ARROW:g}h7z"
        path += f'<path d="{head}" fill="{LINE}" stroke="none"/>'
    return path


# ------------------------------------------------------------------------------------------------------------ pixels


@cache
def _font(size):
    from PIL import ImageFont

    return ImageFont.load_default(size)


def pixels(graph) -> Any:
    """pixels(graph) -> PIL.Image.Image: two pixels per point of the SVG, fewer where that would be a huge picture.

    ImportError without Pillow, ValueError for a graph so large that its text could not be read.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "drawing in pixels needs Pillow: pip install pillow, or save the graph as .svg"
        ) from error

    picture = Picture(graph)
    scale = min(2.0, (MAX_PIXELS / (picture.width * picture.height)) ** 0.5)
    if scale < 0.5:
        raise ValueError(
            f"the picture of {len(graph.nodes):,} nodes would be {picture.width:.0f} by {picture.height:.0f} points, "
            "too large to be drawn in pixels; save it as .svg, or draw less of it with a smaller max_nodes"
        )
    fine = 2 if picture.width * picture.height * scale * scale * 4 <= MAX_PIXELS else 1
    size = round(picture.width * scale), round(picture.height * scale)
    image = Image.new("RGB", (size[0] * fine, size[1] * fine), "white")
    _paint(image, picture, scale * fine)
    return image if fine == 1 else image.resize(size, Image.Resampling.BOX)


def _paint(image, picture, s):
    from PIL import ImageDraw

    draw = ImageDraw.Draw(image)

    def text(x, y, what, size, colour, anchor="ls", bold=False):
        draw.text((x * s, y * s), what, colour, _font(size * s), anchor, stroke_width=bold * size * s * 0.02)

    def rect(x, y, w, h, look, radius):
        line = max(1, round(1.2 * s))
        draw.rounded_rectangle(
            (x * s, y * s, (x + w) * s, (y + h) * s), radius * s, look.fill, look.border, line
        )

    text(MARGIN, MARGIN + TITLE - 2, picture.headline, TITLE, INK, bold=True)
    for x, y, kind in picture.legend:
        rect(x, y, 12, 12, KINDS[kind], 3)
        text(x + 18, y + 10, KINDS[kind].legend, SMALL, GREY)
    for points, arrow, _, label in picture.curves():
        (x, y), *_ = points[::-1]
        draw.line([(a * s, b * s) for a, b in _flat(points, arrow)], LINE, max(1, round(1.3 * s)), "curve")
        if arrow:
            draw.polygon(
                [(a * s, b * s) for a, b in ((x, y), (x - 3.5, y - ARROW), (x + 3.5, y - ARROW))], LINE
            )
        text(x + 6, y - 5, label, SMALL - 1, GREY)
    for node, x, y, w, h, head, lines in picture.boxes():
        rect(x, y, w, h, KINDS[node.kind], RADIUS)
        text(x + w / 2, y + 8 + TITLE - 2, head, TITLE, INK, "ms", bold=True)
        for i, line in enumerate(lines, 1):
            text(x + w / 2, y + 8 + TITLE - 2 + LEADING * i, line, SMALL, GREY, "ms")


def _flat(points, arrow):
    """The curve of `_svg_curve` as a polyline."""
    (x1, y1), (_, y2), (x2, y3), (_, y4) = points
    end = y4 - ARROW if arrow else y4
    y3 = min(y3, end)
    line = [(x1, y1)]
    steps = 1 if abs(x1 - x2) < 0.1 else 24
    for i in range(steps + 1):
        t = i / steps
        swing = t * t * (3 - 2 * t)
        line.append((x1 + (x2 - x1) * swing, y2 + (y3 - y2) * (1.5 * t * (1 - t) + t * t * t)))
    return [*line, (x2, end)]
