"""`DistributedDataParallel`: copies of a model in several processes that stay the same."""

import contextlib

import flambeau as fb

from ..module import Module
from .data_parallel import _index
from .distributed_reducer import Reducer
from .scatter_gather import scatter_kwargs

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module):
    """DistributedDataParallel(module, device_ids=None, output_device=None, dim=0, broadcast_buffers=True,
    init_sync=True, process_group=None, bucket_cap_mb=25, find_unused_parameters=False, check_reduction=False,
    gradient_as_bucket_view=False, static_graph=False)

    Each process has a copy of module and gives it a part of the batch. Parameters and buffers become those of rank 0
    here; during each backward the gradients become their mean over all processes, in buckets of bucket_cap_mb megabytes
    that travel while backward goes on; the optimizers then do the same everywhere. When the parts of a batch are of one
    size and the loss is a mean, the steps are those of a single process with the whole batch.

    Args:
        device_ids: a list with the GPU of this process, where inputs are moved; None on the CPU.
        broadcast_buffers: before each forward in training the buffers become those of rank 0.
        find_unused_parameters: parameters that the outputs of forward do not depend on count as ready. Without it all
            must get a gradient in each backward. static_graph=True does the same.
        gradient_as_bucket_view: gradients are parts of the buckets: no copies of them.

    All processes must make the same calls of forward and backward in the same order; see no_sync and join.
    RuntimeError for a module without parameters that require gradients, or that is not the same everywhere.
    """

    def __init__(
        self,
        module,
        device_ids=None,
        output_device=None,
        dim=0,
        broadcast_buffers=True,
        init_sync=True,
        process_group=None,
        bucket_cap_mb=None,
        find_unused_parameters=False,
        check_reduction=False,
        gradient_as_bucket_view=False,
        static_graph=False,
    ):
        super().__init__()
        group = fb.distributed.group.WORLD if process_group is None else process_group
        if group is None:
            fb.distributed.get_rank()  # raises: there is no group
        ignored = set(getattr(module, "_ddp_params_and_buffers_to_ignore", ()))
        named = [
            (name, p) for name, p in module.named_parameters() if p.requires_grad and name not in ignored
        ]
        if not named:
            raise RuntimeError(
                "DistributedDataParallel is not needed when a module doesn't have any parameter that requires a "
                "gradient."
            )
        self._check_devices(module, device_ids, output_device)
        cap = 25 if bucket_cap_mb is None else bucket_cap_mb
        if cap <= 0:
            raise ValueError(f"DistributedDataParallel: bucket_cap_mb must be positive, got {cap}")
        self.module = module
        self.process_group = group
        self.device_ids = None if not device_ids else [_index(d) for d in device_ids]
        self.output_device, self.dim = output_device, dim
        self.broadcast_buffers = bool(broadcast_buffers)
        self.find_unused_parameters = bool(find_unused_parameters) or bool(static_graph)
        self.gradient_as_bucket_view = bool(gradient_as_bucket_view)
        self.static_graph = bool(static_graph)
        self.parameters_to_ignore = ignored
        self.require_backward_grad_sync = True
        self.require_forward_param_sync = True
        self._joining = None
        if init_sync:
            self._check_same_model()
            self._broadcast(self._state(), 0)
        names, params = zip(*named, strict=True)
        object.__setattr__(self, "reducer", Reducer(
            list(params), list(names), group, int(cap * 2**20), self.find_unused_parameters,
            self.gradient_as_bucket_view,
        ))  # fmt: skip

    @staticmethod
    def _check_devices(module, device_ids, output_device):
        types = {p.device.type for p in module.parameters()}
        if (device_ids or output_device is not None) and types == {"cpu"}:
            raise ValueError(
                "DistributedDataParallel device_ids and output_device arguments only work with "
                f"single-device/multiple-device GPU modules or CPU modules, but got device_ids {device_ids}, "
                f"output_device {output_device}, and module parameters on the CPU; leave them out"
            )
        if device_ids and len(device_ids) > 1:
            raise ValueError("device_ids can only be None or contain a single element.")

    # ---- models of all processes become the same

    def _check_same_model(self):
        shapes = [(name, tuple(p.shape), str(p.dtype)) for name, p in self.module.named_parameters()]
        dist, group = fb.distributed, self.process_group
        everyones: list = [None] * group.size()
        dist.all_gather_object(everyones, shapes, group)
        for rank, others in enumerate(everyones):
            if len(others) != len(everyones[0]):
                raise RuntimeError(
                    f"DDP expects same model across all ranks, but Rank {group.ranks[0]} has {len(everyones[0])} "
                    f"params, while rank {group.ranks[rank]} has inconsistent {len(others)} params."
                )
            for one, other in zip(everyones[0], others, strict=True):
                if one != other:
                    raise RuntimeError(
                        f"DDP expects same model across all ranks, but on rank {group.ranks[rank]} parameter "
                        f"{other[0]} of sizes {list(other[1])} and {other[2]} does not match {one[0]} of sizes "
                        f"{list(one[1])} and {one[2]} on rank {group.ranks[0]}"
                    )

    def _state(self):
        """Parameters and buffers."""
        return [
            p for name, p in self.module.named_parameters() if name not in self.parameters_to_ignore
        ] + self._buffers_of()

    def _buffers_of(self):
        return [b for name, b in self.module.named_buffers() if name not in self.parameters_to_ignore]

    def _broadcast(self, tensors, source):
        """Tensors become those of a rank of the group: all of one dtype in one message."""
        kinds: dict = {}
        for t in tensors:
            kinds.setdefault((t.dtype, t.device), []).append(t)
        with fb.no_grad():
            for alike in kinds.values():
                flat = fb.cat([t.detach().reshape(-1) for t in alike])
                fb.distributed.broadcast(flat, group=self.process_group, group_src=source)
                if self.process_group.rank() != source:
                    for t, part in zip(alike, flat.split([t.numel() for t in alike]), strict=True):
                        t.detach().copy_(part.view(t.shape))

    # ---- forward

    def forward(self, *inputs, **kwargs):
        recording = fb.is_grad_enabled()
        syncs = recording and self.require_backward_grad_sync
        if recording:
            self.reducer.check_finished()
        source = 0 if self._joining is None else self._joining.forward(syncs)
        if self.require_forward_param_sync and self.broadcast_buffers:
            self._broadcast(self._buffers_of(), source)
        if self.device_ids and (inputs or kwargs):
            moved, moved_by_name = scatter_kwargs(inputs, kwargs, self.device_ids, self.dim)
            inputs, kwargs = moved[0], moved_by_name[0]
        outputs = self.module(*inputs, **kwargs)
        self.require_forward_param_sync = syncs
        if syncs:
            self.reducer.prepare(outputs)
        else:
            self.reducer.expecting = False
        return outputs

    @contextlib.contextmanager
    def no_sync(self):
        """with no_sync(): backward of what is computed here leaves the gradients to this process. They accumulate, and
        the next backward outside reduces the sums."""
        before = self.require_backward_grad_sync
        self.require_backward_grad_sync = False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before

    def register_comm_hook(self, state, hook):
        """register_comm_hook(state, hook): hook(state, GradBucket) -> futures.Future of the reduced flat tensor takes
        the place of the mean. See distributed.algorithms.ddp_comm_hooks."""
        if not callable(hook):
            raise TypeError("Communication hook must be callable.")
        if self.reducer.hook is not None:
            raise RuntimeError("register_comm_hook or register_builtin_comm_hook can only be called once.")
        self.reducer.hook = state, hook

    # ---- uneven inputs

    @contextlib.contextmanager
    def join(self, divide_by_initial_world_size=True, enable=True, throw_on_early_termination=False):
        """with join(divide_by_initial_world_size=True, enable=True, throw_on_early_termination=False): processes may
        have different numbers of batches.

        One that is through takes part in the others' calls, with gradients of 0, until all are; in the end all have the
        parameters of one that was last. divide_by_initial_world_size=False: means are over those that still train.
        throw_on_early_termination: RuntimeError on all as soon as one is through.
        """
        if not enable:
            yield
            return
        self._joining = joining = _Joining(self, divide_by_initial_world_size, throw_on_early_termination)
        try:
            yield
            joining.follow()
        finally:
            self._joining = None
            self.reducer.divisor = None

    # ---- copies and state

    def __getstate__(self):
        state = self.__dict__.copy()
        del state["process_group"], state["reducer"]
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        named = [(n, p) for n, p in self.module.named_parameters()
                 if p.requires_grad and n not in self.parameters_to_ignore]  # fmt: skip
        names, params = zip(*named, strict=True)
        self.process_group = fb.distributed.group.WORLD
        object.__setattr__(self, "reducer", Reducer(
            list(params), list(names), self.process_group, 25 * 2**20, self.find_unused_parameters,
            self.gradient_as_bucket_view,
        ))  # fmt: skip


class _Joining:
    """What processes tell each other before each forward inside `join`."""

    def __init__(self, model, by_initial_size, throws):
        self.model = model
        self.by_initial_size = by_initial_size
        self.throws = throws
        self.last_active = list(range(model.process_group.size()))

    def _tell(self, is_active, syncs):
        """All call it: the ranks that are active, and whether their backward will be reduced."""
        size, rank = self.model.process_group.size(), self.model.process_group.rank()
        flags = fb.zeros(size + 1, dtype=fb.int64)
        flags[rank], flags[size] = int(is_active), int(syncs)
        fb.distributed.all_reduce(flags, group=self.model.process_group)
        *active, syncing = flags.tolist()
        active = [r for r, flag in enumerate(active) if flag]
        if self.throws and len(active) < size:
            raise RuntimeError(
                f"Detected at least one rank that exhausted inputs (still active: {active}): throwing on all ranks."
            )
        if not self.by_initial_size and active:
            self.model.reducer.divisor = len(active)
        return active, syncing > 0

    def forward(self, syncs):
        """A process that has a batch; the rank that buffers come from."""
        self.last_active, _ = self._tell(True, syncs)
        return self.last_active[0]

    def follow(self):
        """A process that is through does its part of what the others do, until all are through."""
        model, reducer = self.model, self.model.reducer
        while True:
            active, syncs = self._tell(False, False)
            if not active:
                break
            self.last_active = active
            if model.require_forward_param_sync and model.broadcast_buffers:
                model._broadcast(model._buffers_of(), active[0])
            model.require_forward_param_sync = syncs
            if syncs:
                self._shadow(reducer)
        model._broadcast(model._state(), self.last_active[-1])

    @staticmethod
    def _shadow(reducer):
        for bucket in reducer.buckets:
            bucket.flat.zero_()
            reducer.launch(bucket)
        if reducer.find_unused:
            reducer.used_by_any([False] * len(reducer.params))
        for bucket in reducer.buckets:
            reducer.wait_for(bucket)
            bucket.work = None
