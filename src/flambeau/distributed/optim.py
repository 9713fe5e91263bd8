"""`ZeroRedundancyOptimizer`: an optimizer whose state is spread over the processes."""

import copy
from typing import Any

import flambeau as fb

from ..optim import Optimizer
from . import broadcast, get_rank, get_world_size
from .objects import gather_object

__all__ = ["ZeroRedundancyOptimizer"]


class ZeroRedundancyOptimizer(Optimizer):
    """ZeroRedundancyOptimizer(params, optimizer_class, process_group=None, parameters_as_bucket_view=False,
    overlap_with_ddp=False, **defaults)

    Each process keeps the optimizer's state of a part of the parameters and steps these; then it sends them to the
    others (Rajbhandari et al., 2020, "ZeRO: Memory optimizations toward training trillion parameter models", stage 1).
    The steps are those of optimizer_class(params, **defaults) in each process, whose gradients must be the same
    everywhere, as DistributedDataParallel makes them. The parts are about equal in elements.

    parameters_as_bucket_view is accepted and changes nothing; overlap_with_ddp=True is not there.
    """

    def __init__(
        self,
        params,
        optimizer_class,
        process_group=None,
        parameters_as_bucket_view=False,
        overlap_with_ddp=False,
        **defaults,
    ):
        if overlap_with_ddp:
            raise NotImplementedError("ZeroRedundancyOptimizer: overlap_with_ddp=True is not there; leave it out")
        self.process_group = process_group
        self.optimizer_class = optimizer_class
        self._consolidated = None  # by rank, the state dictionaries of `optim`
        self.rank, self.world_size = get_rank(process_group), get_world_size(process_group)
        self.optim: Any = None
        super().__init__(params, defaults)
        self._owners = self._partition()
        self._make_local({})

    def _partition(self):
        """parameter -> the rank that steps it: the largest first, each to who has the fewest elements."""
        loads, owners = [0] * self.world_size, {}
        params = [p for group in self.param_groups for p in group["params"]]
        for p in sorted(params, key=lambda p: -p.numel()):
            owners[p] = rank = loads.index(min(loads))
            loads[rank] += p.numel()
        return owners

    def _make_local(self, before):
        """The optimizer of this process's parameters; `before`: what states there were."""
        groups = [
            {**group, "params": [p for p in group["params"] if self._owners[p] == self.rank]}
            for group in self.param_groups
        ]
        self.optim = self.optimizer_class(groups, **self.defaults)
        self.optim.state.update(before)
        for group, local in zip(self.param_groups, self.optim.param_groups, strict=True):
            for key, value in local.items():
                group.setdefault(key, value)

    def add_param_group(self, param_group):
        """See Optimizer."""
        super().add_param_group(param_group)
        if self.optim is not None:
            self._owners.update({p: r for p, r in self._partition().items() if p not in self._owners})
            self._make_local(self.optim.state)

    def _copy_options(self, source, target):
        """Options such as lr, which schedulers change, from one list of groups to another."""
        for one, other in zip(source, target, strict=True):
            other.update({key: value for key, value in one.items() if key != "params"})

    def step(self, closure=None, **kwargs):
        """step(closure=None) -> loss of closure, if given: all processes call it."""
        self._copy_options(self.param_groups, self.optim.param_groups)
        loss = self.optim.step(closure, **kwargs) if closure is not None else self.optim.step(**kwargs)
        self._copy_options(self.optim.param_groups, self.param_groups)
        self._share()
        return loss

    def _share(self):
        """Each process sends its parameters to all others."""
        with fb.no_grad():
            for rank in range(self.world_size):
                kinds: dict = {}
                for p, owner in self._owners.items():
                    if owner == rank:
                        kinds.setdefault(p.dtype, []).append(p)
                for params in kinds.values():
                    flat = fb.cat([p.detach().reshape(-1) for p in params])
                    broadcast(flat, group=self.process_group, group_src=rank)
                    if rank != self.rank:
                        for p, part in zip(params, flat.split([p.numel() for p in params]), strict=True):
                            p.detach().copy_(part.view(p.shape))

    # ---- state

    def consolidate_state_dict(self, to=0):
        """consolidate_state_dict(to=0): brings the states of all processes to the rank `to` of the group, where
        state_dict() can be called then. All processes call it."""
        everyones = [None] * self.world_size if self.rank == to else None
        gather_object(self.optim.state_dict(), everyones, group=self.process_group, group_dst=to)
        self._consolidated = everyones

    def _numbers(self):
        """The number of each parameter in a state dictionary of all, and for each rank, in the order of its own."""
        params = [p for group in self.param_groups for p in group["params"]]
        number = {p: i for i, p in enumerate(params)}
        return [[number[p] for p in params if self._owners[p] == rank] for rank in range(self.world_size)]

    def state_dict(self):
        """state_dict() -> that of an optimizer_class of all parameters. RuntimeError before consolidate_state_dict, and
        on the ranks that it did not name."""
        if self._consolidated is None:
            raise RuntimeError(
                "Optimizer state has not been consolidated on this rank. Please call `consolidate_state_dict(to="
                f"{self.rank})` on all ranks beforehand if you meant to save the global state."
            )
        numbers, state, groups = self._numbers(), {}, []
        for of_rank, local in zip(numbers, self._consolidated, strict=True):
            state.update({of_rank[i]: value for i, value in local["state"].items()})
        start = 0
        for group in self.param_groups:
            options = {key: value for key, value in group.items() if key != "params"}
            groups.append({**options, "params": list(range(start, start + len(group["params"])))})
            start += len(group["params"])
        return {"state": {key: state[key] for key in sorted(state)}, "param_groups": groups}

    def load_state_dict(self, state_dict):
        """load_state_dict(state_dict): of all parameters; each process keeps its part. All processes call it."""
        mine = self._numbers()[self.rank]
        place = {number: i for i, number in enumerate(mine)}
        local = copy.copy(self.optim.state_dict())
        local["state"] = {place[n]: value for n, value in state_dict["state"].items() if n in place}
        for group, given in zip(local["param_groups"], state_dict["param_groups"], strict=True):
            group.update({key: value for key, value in given.items() if key != "params"})
        self.optim.load_state_dict(local)
        self._copy_options(self.optim.param_groups, self.param_groups)
