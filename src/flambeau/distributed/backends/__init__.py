"""What carries the data of a group: `shared_memory`, `messages` or `mpi`. A backend works on flat NumPy arrays and
has these:

    rank, size                                      of this process in the group, and of the group
    all_reduce(array, op)                           in place
    reduce(array, dst, op)                          in place on dst; the others' arrays stay
    broadcast(array, src)
    all_gather(outs, array)                         outs: an array for each rank
    gather(outs, array, dst)                        outs: None but on dst
    scatter(array, parts, src)                      parts: None but on src
    reduce_scatter(out, parts, op)                  parts: an array for each rank
    all_to_all(outs, parts)
    barrier()
    set_timeout(seconds)                            how long the calls that follow wait for the others
    close()                                         the group is given up
"""
