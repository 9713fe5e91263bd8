"""`torch.utils.data.dataset` of 0.3, and what 0.3.1 added: `random_split`."""

from ....utils.data import ConcatDataset, Dataset, Subset, random_split

__all__ = ["ConcatDataset", "Dataset", "Subset", "TensorDataset", "random_split"]


class TensorDataset(Dataset):
    """TensorDataset(data_tensor, target_tensor): sample i is the pair of their i-th elements along dimension 0.

    Elements of a tensor of one dimension are Python numbers. It takes any number of tensors.
    """

    def __init__(self, data_tensor, *target_tensors, target_tensor=None):
        self.tensors = (data_tensor, *target_tensors) + (() if target_tensor is None else (target_tensor,))
        sizes = [t.size(0) for t in self.tensors]
        if len(set(sizes)) > 1:
            raise AssertionError(f"Size mismatch between tensors: the sizes of dimension 0 are {sizes}")

    @property
    def data_tensor(self):
        """The first tensor."""
        return self.tensors[0]

    @property
    def target_tensor(self):
        """The second tensor."""
        return self.tensors[1]

    def __getitem__(self, index):
        return tuple(t[index] for t in self.tensors)

    def __len__(self):
        return self.tensors[0].size(0)
