"""Flatten and Unflatten."""

from .module import Module


class Flatten(Module):
    """Flatten(start_dim=1, end_dim=-1): merge the dimensions start_dim..end_dim into one

    (N, *) -> (N, S) with S the product of the other sizes, for the defaults.
    """

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input):
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self):
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Unflatten(dim, unflattened_size): split dimension `dim` into `unflattened_size` (one entry may be -1)

    (*, S, *) with S at `dim` -> (*, *unflattened_size, *).
    """

    def __init__(self, dim, unflattened_size):
        super().__init__()
        if isinstance(dim, str) or not isinstance(dim, int):
            raise TypeError(f"Unflatten(): dim must be an int, got {type(dim).__name__}")
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(
                f"unflattened_size must be a tuple of ints, but found type {type(unflattened_size).__name__}"
            )
        for i, size in enumerate(unflattened_size):
            if not isinstance(size, int):
                raise TypeError(
                    "unflattened_size must be tuple of ints, "
                    f"but found element of type {type(size).__name__} at pos {i}"
                )
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input):
        total = input.size(self.dim)
        dim = self.dim % input.dim()
        shape = tuple(input.shape)
        return input.reshape(*shape[:dim], *self._sizes(total, dim), *shape[dim + 1 :])

    def _sizes(self, total, dim):
        """The sizes with -1 worked out: reshape sees only one unknown, and must not spread it over other dims."""
        known = 1
        for size in self.unflattened_size:
            if size != -1:
                known *= size
        unknown = self.unflattened_size.count(-1)
        fits = known == total if unknown == 0 else unknown == 1 and known and total % known == 0
        if not fits:
            raise RuntimeError(
                f"unflatten: Provided sizes {list(self.unflattened_size)} don't multiply up to the size of dim "
                f"{dim} ({total}) in the input tensor"
            )
        return [total // known if size == -1 else size for size in self.unflattened_size]

    def extra_repr(self):
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
