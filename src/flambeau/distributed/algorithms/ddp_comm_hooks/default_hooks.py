"""The mean of gradients, as it is, and in half precision on the way. The state of each is a process group, or None."""

import flambeau as fb

from ... import ReduceOp, all_reduce, get_world_size

__all__ = ["allreduce_hook", "bf16_compress_hook", "bf16_compress_wrapper", "fp16_compress_hook",
           "fp16_compress_wrapper"]  # fmt: skip


def allreduce_hook(process_group, bucket):
    """allreduce_hook(process_group, bucket) -> Future of the mean: what is done without a hook."""
    work = all_reduce(bucket.buffer(), ReduceOp.AVG, process_group, async_op=True)
    return work.get_future().then(lambda future: future.value()[0])


def _compressed(dtype, process_group, bucket):
    buffer = bucket.buffer()
    small = buffer.to(dtype).div_(get_world_size(process_group))
    work = all_reduce(small, group=process_group, async_op=True)
    return work.get_future().then(lambda future: buffer.copy_(future.value()[0]))


def fp16_compress_hook(process_group, bucket):
    """fp16_compress_hook(process_group, bucket) -> Future of the mean of the gradients as float16."""
    return _compressed(fb.float16, process_group, bucket)


def bf16_compress_hook(process_group, bucket):
    """bf16_compress_hook(process_group, bucket) -> Future of the mean of the gradients as bfloat16."""
    return _compressed(fb.bfloat16, process_group, bucket)


def _wrapper(dtype, hook):
    def wrapped(state, bucket):
        buffer = bucket.buffer()
        bucket.set_buffer(buffer.to(dtype))

        def widened(future):
            value = future.value()
            return buffer.copy_(value[0] if isinstance(value, (list, tuple)) else value)

        return hook(state, bucket).then(widened)

    return wrapped


def fp16_compress_wrapper(hook):
    """fp16_compress_wrapper(hook) -> hook that gets the gradients as float16."""
    return _wrapper(fb.float16, hook)


def bf16_compress_wrapper(hook):
    """bf16_compress_wrapper(hook) -> hook that gets the gradients as bfloat16."""
    return _wrapper(fb.bfloat16, hook)
