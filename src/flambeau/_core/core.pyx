# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: c_api_binop_methods=True, always_allow_keywords=True
"""The hot path: tensor base class, dispatch of ops, graph nodes, backward engine.

One extension module, so that the parts call each other without a function pointer; each part has its file:

    imports.pxi    C declarations, thread-local modes
    array.pxi      creating NumPy arrays over the library's allocator; dtype codes; promotion
    layout.pxi     the order of dimensions in memory of results
    tensor.pxi     TensorBase: fields, cheap properties, operator slots, version counters
    modes.pxi      anomaly mode, saved-tensor hooks, tensors that interpret ops
    node.pxi       Node: saved values, edges, metadata, hooks
    function.pxi   OpFunction: the callable behind every op; the general path of a call
    autocast.pxi   functions that cast their arguments
    fast.pxi       the short path of pointwise ops on small plain tensors
    views.pxi      the short path of views
    create.pxi     the short paths of factories
    face.pxi       the short paths of 0.3's tensors
    inplace.pxi    in-place and out= forms, the history of changed views
    reduce.pxi     reductions of arrays by the native kernel
    engine.pxi     backward
    profile.pxi    what the profiler records
    trace.pxi      calls go to a tracer, which records them as a graph
"""
include "imports.pxi"
include "array.pxi"
include "layout.pxi"
include "tensor.pxi"
include "modes.pxi"
include "node.pxi"
include "function.pxi"
include "autocast.pxi"
include "fast.pxi"
include "views.pxi"
include "create.pxi"
include "face.pxi"
include "inplace.pxi"
include "reduce.pxi"
include "engine.pxi"
include "profile.pxi"
include "trace.pxi"
include "module.pxi"
