"""Messages between two processes: `send`, `recv` and those that return at once."""

from .. import _core
from .arguments import Flat, check_tensor, member, rank_in
from .work import Work
from .world import get_rank


def _check_peer(group, rank, which):
    if rank == group.rank():
        raise ValueError(
            f"Invalid {which} rank: {which} rank should not be the same as the rank of the current process."
        )


def _check_tag(name, tag):
    if not isinstance(tag, int) or tag < 0:
        raise ValueError(f"{name}: a tag must be a number from 0 on, got {tag!r}")


class _Message(Work):
    """A message on its way."""

    def __init__(self, group, request, flat, tensor):
        super().__init__(None, [tensor])
        self._group, self._request, self._flat = group, request, flat

    def is_completed(self):
        """is_completed() -> bool: whether the message has come, or is on its way."""
        return self._done.is_set() or self._request.is_done()

    def is_success(self):
        """is_success() -> bool: whether it has, without an error."""
        return self.is_completed() and self.exception() is None

    def exception(self):
        """exception() -> the error that ended it, or None."""
        if not self._done.is_set() and self._request.is_done():
            try:
                self.wait()
            except RuntimeError:
                pass  # it is what is asked for
        return self._error

    def wait(self, timeout=None):
        """wait(timeout=None) -> True: waits until the message has come. DistBackendError when it does not in time (by
        default the group's)."""
        if not self._done.is_set():
            limit = self._group.timeout if timeout is None else timeout
            try:
                self._source = self._request.wait(limit.total_seconds())
                if self._flat is not None:
                    self._flat.put()
            except RuntimeError as error:
                self._request.cancel()
                self._error = error
            self._finish()
        return super().wait()

    synchronize = wait

    def source_rank(self):
        """source_rank() -> the global rank that a received message came from."""
        self.wait()
        return self._group.ranks[self._source]


def isend(tensor, dst=None, group=None, tag=0, group_dst=None):
    """isend(tensor, dst=None, group=None, tag=0, group_dst=None) -> Work: sends a tensor to the process dst, which
    receives it with the same tag."""
    check_tensor(tensor, "tensor")
    _check_tag("isend", tag)
    if (group := member("isend", group)) is None:
        return None
    to = rank_in(group, "isend", "dst", dst, "group_dst", group_dst)
    _check_peer(group, to, "destination")
    flat = Flat(tensor)
    request = group.post.send(flat.array, to, tag, group.timeout.total_seconds(), "send")
    return _Message(group, request, None, tensor)


def irecv(tensor, src=None, group=None, tag=0, group_src=None):
    """irecv(tensor, src=None, group=None, tag=0, group_src=None) -> Work: receives a tensor of the same size and dtype
    from the process src, or from any; the Work's source_rank() says from which."""
    check_tensor(tensor, "tensor")
    _check_tag("irecv", tag)
    if (group := member("irecv", group)) is None:
        return None
    root = None
    if src is not None or group_src is not None:
        root = rank_in(group, "irecv", "src", src, "group_src", group_src)
        _check_peer(group, root, "source")
    flat = Flat(tensor)
    _core.bump_version(tensor)
    request = group.post.receive(flat.array, root, tag, group.timeout.total_seconds(), "recv")
    return _Message(group, request, flat, tensor)


def send(tensor, dst=None, group=None, tag=0, group_dst=None):
    """send(tensor, dst=None, group=None, tag=0, group_dst=None): sends a tensor to the process dst. Returns when it is
    on its way."""
    work = isend(tensor, dst, group, tag, group_dst)
    if work is not None:
        work.wait()


def recv(tensor, src=None, group=None, tag=0, group_src=None):
    """recv(tensor, src=None, group=None, tag=0, group_src=None) -> int: receives a tensor of the same size and dtype
    from the process src, or from any. Returns the global rank of the sender; -1 on a process that is not in the
    group."""
    work = irecv(tensor, src, group, tag, group_src)
    return -1 if work is None else work.source_rank()


class P2POp:
    """P2POp(op, tensor, peer=None, group=None, tag=0, group_peer=None): an isend or irecv (op) for batch_isend_irecv.
    """

    def __init__(self, op, tensor, peer=None, group=None, tag=0, group_peer=None):
        if op not in (isend, irecv):
            raise ValueError(
                "Invalid ``op``. Expected ``op`` to be of type ``torch.distributed.isend`` or "
                "``torch.distributed.irecv``."
            )
        check_tensor(tensor, "tensor")
        self.op, self.tensor, self.peer, self.group, self.tag, self.group_peer = (
            op,
            tensor,
            peer,
            group,
            tag,
            group_peer,
        )

    def __repr__(self):
        return f"P2POp({self.op.__name__}, {tuple(self.tensor.shape)}, peer={self.peer}, rank={get_rank(self.group)})"


def batch_isend_irecv(p2p_op_list):
    """batch_isend_irecv(list of P2POp) -> list of Works: begins all of them."""
    if not p2p_op_list or not all(isinstance(op, P2POp) for op in p2p_op_list):
        raise ValueError(
            "Invalid ``p2p_op_list``. Each op is expected to be of type ``torch.distributed.P2POp``."
        )
    works = {}
    for wanted in (irecv, isend):  # memory to receive into before anything is sent
        for i, op in enumerate(p2p_op_list):
            if op.op is wanted:
                works[i] = op.op(op.tensor, op.peer, op.group, op.tag, op.group_peer)
    return [works[i] for i in range(len(p2p_op_list)) if works[i] is not None]
