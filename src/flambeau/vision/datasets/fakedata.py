"""Noise in the form of a data set."""

import flambeau as fb

from ..transforms.functional import to_pil_image
from .vision import VisionDataset


class FakeData(VisionDataset):
    """FakeData(size=1000, image_size=(3, 224, 224), num_classes=10, transform=None, target_transform=None,
    random_offset=0): (image, label), a PIL image of noise and an int, the same ones at every call.

    Image i is drawn with the seed i + random_offset, as torchvision draws it; the default generator stays as it was.
    """

    def __init__(
        self, size=1000, image_size=(3, 224, 224), num_classes=10, transform=None, target_transform=None,
        random_offset=0,
    ):  # fmt: skip
        super().__init__(transform=transform, target_transform=target_transform)
        self.size, self.num_classes = size, num_classes
        self.image_size, self.random_offset = image_size, random_offset

    def __getitem__(self, index):
        if not 0 <= index < self.size:
            raise IndexError(f"{type(self).__name__} index out of range")
        generator = fb.Generator().manual_seed(index + self.random_offset)
        image = fb.randn(*self.image_size, generator=generator)
        target = fb.randint(0, self.num_classes, (1,), generator=generator).item()
        return self._transformed(to_pil_image(image), target)

    def __len__(self):
        return self.size
