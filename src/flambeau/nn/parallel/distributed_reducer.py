"""Gradients of all processes become their mean while backward still runs: the buckets of DistributedDataParallel."""

import flambeau as fb
from flambeau import _core

_FIRST = 1 << 20  # bytes of the first bucket: it is on its way early


class Bucket:
    """Parameters of one dtype and device whose gradients travel together, in one flat tensor."""

    def __init__(self, index, params):
        self.index = index
        self.params = params  # [(number, parameter)]
        _, first = params[0]
        sizes = [p.numel() for _, p in params]
        self.flat = fb.zeros(sum(sizes), dtype=first.dtype, device=first.device)
        self.views = [part.view(p.shape) for part, (_, p) in zip(self.flat.split(sizes), params, strict=True)]
        self.reset()

    def reset(self):
        """Nothing has arrived."""
        self.left = len(self.params)
        self.work = None


class GradBucket:
    """What a communication hook gets: the gradients of a bucket."""

    def __init__(self, bucket, count):
        self._bucket = bucket
        self._count = count
        self._buffer = bucket.flat

    def index(self):
        """index() -> int: which bucket it is; buckets travel in order."""
        return self._bucket.index

    def buffer(self):
        """buffer() -> the flat tensor of all gradients of the bucket."""
        return self._buffer

    def set_buffer(self, buffer):
        """set_buffer(tensor): another flat tensor in its place."""
        self._buffer = buffer

    def gradients(self):
        """gradients() -> list of the gradients as parts of the buffer."""
        sizes = [p.numel() for p in self.parameters()]
        return [g.view(p.shape) for g, p in zip(self._buffer.split(sizes), self.parameters(), strict=True)]

    def parameters(self):
        """parameters() -> list of the parameters."""
        return [p for _, p in self._bucket.params]

    def is_last(self):
        """is_last() -> bool: whether it is the last bucket of this backward."""
        return self._bucket.index == self._count - 1


def make_buckets(params, cap):
    """make_buckets(params, cap) -> list of Buckets of up to `cap` bytes, the last parameters first, as backward reaches
    them."""
    open_ones: dict = {}  # (dtype, device) -> parameters, and their bytes
    closed: list = []
    for number, p in reversed(list(enumerate(params))):
        kind = p.dtype, p.device
        members, size = open_ones.pop(kind, ([], 0))
        members.append((number, p))
        size += p.numel() * p.element_size()
        if size >= (cap if closed else min(cap, _FIRST)):
            closed.append(members)
        else:
            open_ones[kind] = members, size
    closed += [members for members, _ in open_ones.values()]
    return [Bucket(i, members) for i, members in enumerate(closed)]


class Reducer:
    """Reducer(params, names, group, cap, find_unused, as_views): reduces the gradients of `params` on each backward
    that `prepare` announces. Its hooks at the parameters count what has arrived."""

    def __init__(self, params, names, group, cap, find_unused, as_views):
        self.params, self.names, self.group = params, names, group
        self.find_unused, self.as_views = find_unused, as_views
        self.buckets = make_buckets(params, cap)
        self.place = {
            number: (bucket, i) for bucket in self.buckets for i, (number, _) in enumerate(bucket.params)
        }
        self.hook = None
        self.divisor = None  # what sums are divided by; None: the number of processes
        self.expecting = False
        self.unused = (
            None  # numbers of parameters without a gradient in this backward; None once they are counted
        )
        self.ready = set()
        self.handles = [
            p.register_post_accumulate_grad_hook(lambda _, number=number: self._arrived(number))
            for number, p in enumerate(params)
        ]

    def remove_hooks(self):
        """The parameters forget it."""
        for handle in self.handles:
            handle.remove()

    # ---- before backward

    def check_finished(self):
        """RuntimeError when the last backward did not give all gradients."""
        if not self.expecting or not self.ready:
            return
        missing = [number for number in range(len(self.params)) if number not in self.ready]
        self.expecting = False
        raise RuntimeError(
            "Expected to have finished reduction in the prior iteration before starting a new one. This error "
            "indicates that your module has parameters that were not used in producing loss. You can enable unused "
            "parameter detection by passing the keyword argument `find_unused_parameters=True` to "
            "`torch.nn.parallel.DistributedDataParallel`, and by making sure all `forward` function outputs "
            "participate in calculating loss. Parameters without a gradient: "
            f"{', '.join(self.names[n] for n in missing)}"
        )

    def prepare(self, outputs):
        """A forward is done; the backward that follows is reduced."""
        for bucket in self.buckets:
            bucket.reset()
        self.ready = set()
        self.launched = 0
        self.expecting = True
        self.unused = self._unreached(outputs) if self.find_unused else []

    def _unreached(self, outputs):
        """The numbers of the parameters that no tensor in nested outputs was computed from."""
        stack = [node for t in _tensors(outputs) if (node := _core.gradient_node(t)) is not None]
        seen, reached = set(stack), set()
        while stack:
            node = stack.pop()
            variable = getattr(node, "variable", None)
            if variable is not None:
                reached.add(id(variable))
            for following, _ in node.next_functions:
                if following is not None and following not in seen:
                    seen.add(following)
                    stack.append(following)
        return [number for number, p in enumerate(self.params) if id(p) not in reached]

    # ---- in backward

    def _arrived(self, number):
        if not self.expecting:
            return
        if self.unused is not None:
            unused, self.unused = self.unused, None
            self.found_unused = frozenset(unused)
            for other in unused:
                if other != number:
                    self._mark(other)
        self._mark(number)

    def _mark(self, number):
        if number in self.ready:
            raise RuntimeError(
                f"Expected to mark a variable ready only once: parameter {self.names[number]} got a gradient twice "
                "in one backward. Parameters that several checkpoints or forward passes share need "
                "use_reentrant=False, or no_sync() for all backward passes but the last"
            )
        self.ready.add(number)
        bucket, i = self.place[number]
        grad = self.params[number].grad
        with fb.no_grad():
            if grad is None:
                bucket.views[i].zero_()
            elif grad.is_sparse:
                raise RuntimeError(
                    f"DistributedDataParallel: parameter {self.names[number]} has a sparse gradient; make its layer "
                    "with sparse=False"
                )
            elif not (self.as_views and grad is bucket.views[i]):
                bucket.views[i].copy_(grad)
        bucket.left -= 1
        while self.launched < len(self.buckets) and self.buckets[self.launched].left == 0:
            self.launch(self.buckets[self.launched])
            self.launched += 1
        if self.launched == len(self.buckets):
            self._finish()

    def launch(self, bucket):
        """Begins to reduce a bucket; the last one, which nothing goes on beside, is reduced at once."""
        dist = fb.distributed
        if self.hook is not None:
            state, hook = self.hook
            bucket.work = hook(state, GradBucket(bucket, len(self.buckets)))
            return
        op = dist.ReduceOp.AVG if self.divisor is None else dist.ReduceOp.SUM
        is_last = bucket.index == len(self.buckets) - 1
        bucket.work = dist.all_reduce(bucket.flat, op, self.group, async_op=not is_last)

    @staticmethod
    def wait_for(bucket):
        """Waits until a bucket is reduced."""
        if bucket.work is not None:
            bucket.work.wait()

    def used_by_any(self, used):
        """Which parameters some process used: `used` is a list of bools of this one. All processes call it."""
        counts = fb.tensor(used, dtype=fb.int32)
        fb.distributed.all_reduce(counts, group=self.group)
        return [count > 0 for count in counts.tolist()]

    def _finish(self):
        """All buckets are on their way: the gradients become what comes back."""
        self.expecting = False
        unused = self.found_unused
        used = None
        if self.find_unused:
            used = self.used_by_any([number not in unused for number in range(len(self.params))])
        with fb.no_grad():
            for bucket in self.buckets:
                self._take(bucket)
                for i, (number, p) in enumerate(bucket.params):
                    if used is None or used[number]:
                        self._set(p, bucket.views[i])

    def _take(self, bucket):
        """Waits for a bucket; its flat tensor has the result."""
        if self.hook is not None:
            result = bucket.work.wait()
            result = result[0] if isinstance(result, (list, tuple)) else result
            if result is not bucket.flat:
                bucket.flat.copy_(result.view(-1))
        else:
            self.wait_for(bucket)
            if self.divisor is not None:
                bucket.flat.div_(self.divisor)
        bucket.work = None

    def _set(self, p, view):
        grad = p.grad
        if self.as_views:
            if grad is not view:
                p.grad = view
        elif grad is None:
            p.grad = view.clone()
        else:
            grad.copy_(view)


def _tensors(value):
    if isinstance(value, fb.Tensor):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _tensors(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _tensors(inner)
    elif hasattr(value, "__dataclass_fields__"):
        yield from _tensors(vars(value))
