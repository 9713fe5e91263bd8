"""What an image is; and Pillow, which is imported when it is needed."""

import importlib
import sys
from typing import Any

import flambeau as fb


def pil_image() -> Any:
    """The module PIL.Image. ImportError names the extra when Pillow is not installed."""
    try:
        return importlib.import_module("PIL.Image")
    except ImportError:
        raise ImportError("images need Pillow: pip install 'flambeau[vision]'") from None


def is_pil(img):
    """Whether an object is an image of Pillow. Does not import it."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(img, module.Image)


def is_tensor(img):
    """Whether an object is a tensor of any face."""
    return isinstance(img, fb.Tensor)
