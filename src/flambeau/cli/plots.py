"""Two small pictures, drawn with Pillow: a curve with axes, and a grid of captioned grey images."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SCALE = 3  # drawn this much larger and reduced at the end: smooth lines and letters
INK, GREY, FAINT, ACCENT, PALE = "#222222", "#666666", "#e4e4e4", "#b5471b", "#efc3ae"


class _Canvas:
    """A white picture in which all lengths are those of the picture that is saved."""

    def __init__(self, width: int, height: int):
        self.size = (width, height)
        self.image = Image.new("RGB", (width * SCALE, height * SCALE), "white")
        self.draw = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, size: int, anchor: str, colour: str = INK) -> None:
        font = ImageFont.load_default(size * SCALE)
        self.draw.text((x * SCALE, y * SCALE), text, fill=colour, font=font, anchor=anchor)

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float = 1) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.line(scaled, fill=colour, width=round(width * SCALE), joint="curve")

    def paste(self, pixels: np.ndarray, x: int, y: int, side: int) -> None:
        """Ink (1.0) on paper (0.0), as a square of sharp pixels with a frame."""
        grey = Image.fromarray(np.round(255 * (1 - np.clip(pixels, 0, 1))).astype(np.uint8))
        self.image.paste(
            grey.resize((side * SCALE, side * SCALE), Image.Resampling.NEAREST), (x * SCALE, y * SCALE)
        )
        self.line([(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)], GREY)

    def save(self, path: Path) -> None:
        self.image.resize(self.size, Image.Resampling.LANCZOS).save(path, optimize=True)


def _ticks(limit: float, count: int = 6) -> list[int]:
    """Round whole numbers from 0 to `limit`, about `count` of them."""
    rough = max(limit / count, 1)
    unit = 10 ** math.floor(math.log10(rough))
    step = int(next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough))
    return list(range(0, int(limit) + 1, step))


def _moving_average(values: np.ndarray, window: int) -> np.ndarray:
    sums = np.cumsum(np.concatenate([[0.0], values]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


def line_chart(path: Path, values: Sequence[float], title: str, x_label: str) -> None:
    """Draw positive values over 1..N on a logarithmic axis: each one pale, their moving average strong."""
    width, height, left, right, top, bottom = 720, 420, 64, 24, 56, 52
    each = np.maximum(np.asarray(values, dtype=np.float64), 1e-6)
    mean = _moving_average(each, max(1, len(each) // 20))
    low, high = math.floor(math.log10(each.min())), math.ceil(math.log10(each.max()))
    high = max(high, low + 1)

    def place(step: float, value: float) -> tuple[float, float]:
        x = left + (width - left - right) * (step - 1) / max(len(each) - 1, 1)
        y = height - bottom - (height - top - bottom) * (math.log10(value) - low) / (high - low)
        return x, y

    canvas = _Canvas(width, height)
    canvas.text(left, 26, title, 17, "lm")
    for power in range(low, high + 1):
        _, y = place(1, 10.0**power)
        canvas.line([(left, y), (width - right, y)], FAINT)
        canvas.text(left - 8, y, f"{10.0**power:g}", 12, "rm", GREY)
    for step in _ticks(len(each)):
        x, _ = place(max(step, 1), 1)
        canvas.line([(x, height - bottom), (x, height - bottom + 5)], GREY)
        canvas.text(x, height - bottom + 9, str(max(step, 1)), 12, "ma", GREY)
    canvas.text((left + width - right) / 2, height - 14, x_label, 13, "mm", GREY)
    canvas.line([place(i + 1, y) for i, y in enumerate(each)], PALE, 1)
    canvas.line([place(i + 1, y) for i, y in enumerate(mean)], ACCENT, 2)
    canvas.line([(left, top), (left, height - bottom), (width - right, height - bottom)], GREY)
    for x, colour, label in ((width - 286, PALE, "each step"), (width - 176, ACCENT, "moving average")):
        canvas.line([(x, 26), (x + 22, 26)], colour, 3)
        canvas.text(x + 30, 26, label, 12, "lm", GREY)
    canvas.save(path)


def image_grid(path: Path, images: Sequence[np.ndarray], captions: Sequence[str], title: str) -> None:
    """Draw grey images [H, W] with values in [0, 1], each above its caption, six in a row."""
    columns, side, gap, top, row_height = 6, 112, 40, 64, 156
    rows = math.ceil(len(images) / columns)
    width = gap + columns * (side + gap)
    canvas = _Canvas(width, top + rows * row_height if rows else top + 60)
    canvas.text(gap, 30, title, 17, "lm")
    for i, (image, caption) in enumerate(zip(images, captions, strict=True)):
        x = gap + (i % columns) * (side + gap)
        y = top + (i // columns) * row_height
        canvas.paste(image, x, y, side)
        canvas.text(x + side / 2, y + side + 16, caption, 12, "mm", GREY)
    if not images:
        canvas.text(gap, top + 20, "none", 14, "lm", GREY)
    canvas.save(path)
