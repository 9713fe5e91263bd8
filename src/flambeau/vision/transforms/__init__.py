"""Transforms of images, with the names, the arguments and the random draws of torchvision.

A transform is called with a PIL image or a tensor [..., C, H, W] and gives another one. The random ones draw from the
default generator of the library what torchvision's draw from PyTorch's, in the same order: the same seed gives the
same images. Images of Pillow need Pillow: `pip install 'flambeau[vision]'`.
"""

from . import functional, transforms
from .transforms import *
