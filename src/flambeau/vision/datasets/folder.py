"""Data sets of one's own files: a folder per class."""

import os

from .._images import pil_image
from .vision import VisionDataset

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def has_file_allowed_extension(filename, extensions):
    """has_file_allowed_extension(filename, extensions) -> whether it ends in one of them, in any case."""
    return filename.lower().endswith(extensions if isinstance(extensions, str) else tuple(extensions))


def is_image_file(filename):
    """is_image_file(filename) -> whether its extension is one of IMG_EXTENSIONS."""
    return has_file_allowed_extension(filename, IMG_EXTENSIONS)


def find_classes(directory):
    """find_classes(directory) -> (names of the folders in it, sorted; name -> index). FileNotFoundError without any."""
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
    return classes, {name: i for i, name in enumerate(classes)}


def make_dataset(directory, class_to_idx=None, extensions=None, is_valid_file=None, allow_empty=False):
    """make_dataset(directory, class_to_idx=None, extensions=None, is_valid_file=None, allow_empty=False) -> samples

    A list of (path, index of the class) of the files below the folders of the classes, sorted: those with one of the
    extensions, or for which is_valid_file(path). ValueError unless one of the two is given; FileNotFoundError for a
    class without files, unless allow_empty.
    """
    directory = os.path.expanduser(directory)
    if class_to_idx is None:
        _, class_to_idx = find_classes(directory)
    elif not class_to_idx:
        raise ValueError("'class_to_index' must have at least one entry to collect any samples.")
    if (extensions is None) == (is_valid_file is None):
        raise ValueError("Both extensions and is_valid_file cannot be None or not None at the same time")

    def fits(path):
        return is_valid_file(path) if extensions is None else has_file_allowed_extension(path, extensions)

    samples: list = []
    empty = []
    for name in sorted(class_to_idx):
        before = len(samples)
        for folder, _, files in sorted(os.walk(os.path.join(directory, name), followlinks=True)):
            paths = (os.path.join(folder, file) for file in sorted(files))
            samples += [(path, class_to_idx[name]) for path in paths if fits(path)]
        if len(samples) == before:
            empty.append(name)
    if empty and not allow_empty:
        message = f"Found no valid file for the classes {', '.join(empty)}."
        if extensions is not None:
            shown = extensions if isinstance(extensions, str) else ", ".join(extensions)
            message += f" Supported extensions are: {shown}"
        raise FileNotFoundError(message)
    return samples


class DatasetFolder(VisionDataset):
    """DatasetFolder(root, loader, extensions=None, transform=None, target_transform=None, is_valid_file=None,
    allow_empty=False): (sample, class) of the files root/class/...; loader(path) reads one.

    `classes`, `class_to_idx`, `samples` (paths and classes) and `targets` tell what was found. See make_dataset.
    """

    def __init__(
        self, root, loader, extensions=None, transform=None, target_transform=None, is_valid_file=None,
        allow_empty=False,
    ):  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.classes, self.class_to_idx = self.find_classes(self.root)
        self.loader, self.extensions = loader, extensions
        self.samples = self.make_dataset(self.root, self.class_to_idx, extensions, is_valid_file, allow_empty)
        self.targets = [target for _, target in self.samples]

    @staticmethod
    def make_dataset(directory, class_to_idx, extensions=None, is_valid_file=None, allow_empty=False):
        """make_dataset of this module, with classes. ValueError without them."""
        if class_to_idx is None:
            raise ValueError("The class_to_idx parameter cannot be None.")
        return make_dataset(directory, class_to_idx, extensions, is_valid_file, allow_empty)

    def find_classes(self, directory):
        """find_classes of this module; a subclass may find others."""
        return find_classes(directory)

    def __getitem__(self, index):
        path, target = self.samples[index]
        return self._transformed(self.loader(path), target)

    def __len__(self):
        return len(self.samples)


def pil_loader(path):
    """pil_loader(path) -> the PIL image in a file, as RGB."""
    with open(path, "rb") as file, pil_image().open(file) as image:
        return image.convert("RGB")


def default_loader(path):
    """default_loader(path) -> the image in a file: pil_loader."""
    return pil_loader(path)


class ImageFolder(DatasetFolder):
    """ImageFolder(root, transform=None, target_transform=None, loader=default_loader, is_valid_file=None,
    allow_empty=False): (image, class) of the images root/class/..., as PIL images in RGB. See DatasetFolder.

    `imgs` are its samples.
    """

    def __init__(
        self, root, transform=None, target_transform=None, loader=default_loader, is_valid_file=None, allow_empty=False
    ):  # fmt: skip
        extensions = IMG_EXTENSIONS if is_valid_file is None else None
        super().__init__(root, loader, extensions, transform, target_transform, is_valid_file, allow_empty)
        self.imgs = self.samples
