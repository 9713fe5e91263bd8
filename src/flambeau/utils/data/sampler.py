"""Samplers: in which order a DataLoader asks for samples."""

import itertools

import flambeau as fb


class Sampler:
    """Yields indices (or lists of indices) at each iteration: subclasses define `__iter__`, and `__len__` if known."""

    def __init__(self, data_source=None):
        """data_source is there for older subclasses, and not used."""

    def __iter__(self):
        raise NotImplementedError("Subclasses of Sampler should implement __iter__.")

    def __class_getitem__(cls, item):
        return cls


class SequentialSampler(Sampler):
    """SequentialSampler(data_source): 0, 1, 2, ..."""

    def __init__(self, data_source):
        self.data_source = data_source

    def __iter__(self):
        return iter(range(len(self.data_source)))

    def __len__(self):
        return len(self.data_source)


def _fresh_generator():
    """A generator seeded from the default one."""
    return fb.Generator().manual_seed(int(fb.empty((), dtype=fb.int64).random_().item()))


class RandomSampler(Sampler):
    """RandomSampler(data_source, replacement=False, num_samples=None, generator=None): indices at random.

    num_samples: how many, by default as many as there are. Without replacement they are permutations one after the
    other. Without a generator, each iteration takes the seed of its own from the default one. The same seeds give the
    same indices as PyTorch. TypeError or ValueError for unusable arguments.
    """

    def __init__(self, data_source, replacement=False, num_samples=None, generator=None):
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if num_samples is not None and (not isinstance(num_samples, int) or num_samples <= 0):
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={num_samples}"
            )
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator

    @property
    def num_samples(self):
        """How many indices an iteration gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self):
        n, count = len(self.data_source), self.num_samples
        generator = _fresh_generator() if self.generator is None else self.generator
        if self.replacement:
            for start in range(0, count, 32):
                size = min(32, count - start)
                yield from fb.randint(n, (size,), dtype=fb.int64, generator=generator).tolist()
            return
        for _ in range(count // n if n else 0):
            yield from fb.randperm(n, generator=generator).tolist()
        yield from fb.randperm(n, generator=generator).tolist()[: count % n if n else 0]

    def __len__(self):
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """SubsetRandomSampler(indices, generator=None): the given indices in random order."""

    def __init__(self, indices, generator=None):
        self.indices = indices
        self.generator = generator

    def __iter__(self):
        for i in fb.randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[i]

    def __len__(self):
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """WeightedRandomSampler(weights, num_samples, replacement=True, generator=None): index i with a probability in
    proportion to weights[i]. ValueError for unusable arguments."""

    def __init__(self, weights, num_samples, replacement=True, generator=None):
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={num_samples}"
            )
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        weights = fb.as_tensor(weights, dtype=fb.float64)
        if weights.ndim != 1:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {tuple(weights.shape)}"
            )
        self.weights = weights
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self):
        drawn = fb.multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator)
        yield from iter(drawn.tolist())

    def __len__(self):
        return self.num_samples


class BatchSampler(Sampler):
    """BatchSampler(sampler, batch_size, drop_last): lists of batch_size indices of another sampler.

    drop_last: leave out a last batch that is smaller. ValueError for unusable arguments.
    """

    def __init__(self, sampler, batch_size, drop_last):
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(
                f"batch_size should be a positive integer value, but got batch_size={batch_size}"
            )
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self):
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield batch

    def __len__(self):
        return (len(self.sampler) + (0 if self.drop_last else self.batch_size - 1)) // self.batch_size
