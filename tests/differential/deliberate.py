"""Where the two libraries differ on purpose. Each entry: the reason, and what it applies to."""

import numpy as np

from .case import Input

DELIBERATE = []


def difference(reason, where="error"):
    """Registers a predicate of (case, our outcome, their outcome) under its reason. `where`: what may differ, of
    "error", "result" and "gradient"."""

    def register(applies):
        DELIBERATE.append((where.split(), reason, applies))
        return applies

    return register


def deliberate(what, case, ours, theirs):
    """The reason why a difference of this kind in this case is meant to be, or None."""
    reasons = (r for where, r, applies in DELIBERATE if what in where and applies(case, ours, theirs))
    return next(reasons, None)


def raised(error, *texts):
    return error is not None and any(text in str(error) for text in texts)


def empty(case):
    """Whether some tensor of the call has no elements."""
    return any(not i.values.size for i in case.inputs())


# What PyTorch has not written, or is wrong about ---------------------------------------------------------------------


@difference("more dtypes than PyTorch's kernels have")
def _more_dtypes(case, ours, theirs):
    texts = (
        "not implemented for '",
        "Found dtype",
        "Autograd not support dtype",
        "may not be a boolean tensor",
    )
    return ours.error is None and raised(theirs.error, *texts)


@difference(
    "a tensor without elements is refused for its dtype, index or shape like any other, in PyTorch not always"
)
def _empty(case, ours, theirs):
    return ours.error is not None and theirs.error is None and empty(case)


@difference("a defect of PyTorch: an error of its own making", "error gradient")
def _internal(case, ours, theirs):
    texts = (
        "INTERNAL ASSERT", "MKL FFT error", "view size is not compatible with input tensor", "ZeroDivisionError",
        "setStorage: sizes", "Expected isFloatingType(grad.scalar_type())", "tensor does not have a device",
        "undefined Tensor in C++", "doesn't match the broadcast shape", "match the size of tensor b",
        "returned an invalid gradient at index", "Value of groups:0", "a leaf Variable that requires grad",
        "linalg.vector_norm cannot compute", "result type Float can't be cast",
        "result type ComplexDouble can't be cast", "Number of zero sized dimensions",
        "which is output 0 of LinalgInvEx", "_backward(): Expected grad_output to have",
    )  # fmt: skip
    return raised(theirs.gradient_error, *texts) or (ours.error is None and raised(theirs.error, *texts))


@difference(
    "a defect of PyTorch: block_diag's gradient with a vector of no elements is that of other places",
    "gradient",
)
def _block_diag(case, ours, theirs):
    return case.name == "block_diag" and empty(case)


@difference("a defect of PyTorch: in-place logical operations let gradients through", "gradient")
def _logical(case, ours, theirs):
    return case.name.startswith("Tensor.logical_")


@difference("a defect of PyTorch: gradients of scattered products of complex numbers are not conjugated", "gradient")
def _scattered_products(case, ours, theirs):
    return "_reduce" in case.name and any(i.dtype.startswith("complex") for i in case.inputs())


@difference("a defect of PyTorch: differences of complex numbers are NaN where infinities meet zeros", "result")
def _complex_differences(case, ours, theirs):
    return case.name == "diff" and any(
        i.dtype.startswith("complex") and not np.isfinite(i.values).all() for i in case.inputs()
    )


@difference("a defect of PyTorch: zeta's gradient is right to 1e-7", "gradient")
def _inexact_zeta(case, ours, theirs):
    return case.name == "special.zeta"


@difference("a defect of PyTorch: the gradient of igamma of float32 and float64 is that of float32 in part", "gradient")
def _mixed_incomplete_gamma(case, ours, theirs):
    names = ("igamma", "igammac", "gammainc", "gammaincc")
    return case.name.rpartition(".")[2] in names and len({i.dtype for i in case.inputs()}) > 1


@difference("a defect of PyTorch: ldexp's gradient counts 2 to a negative int as 0", "gradient")
def _negative_exponents(case, ours, theirs):
    return case.name == "ldexp" and any(i.dtype.startswith("int") and (i.values < 0).any() for i in case.inputs())


@difference("a defect of PyTorch: all and any cast their input to the uint8 of out=, 0.5 and 256 to 0", "result")
def _cast_to_bytes(case, ours, theirs):
    return case.name in ("all", "any") and "out" in case.kwargs and case.kwargs["out"].dtype == "uint8"


@difference("a defect of PyTorch: cumprod of complex numbers cast to real ones has the gradient of those", "gradient")
def _cast_products(case, ours, theirs):
    return case.name == "cumprod" and "dtype" in case.kwargs and case.inputs()[0].dtype.startswith("complex")


@difference("a defect of PyTorch: a number divided by complex or low-precision numbers is rounded twice", "result")
def _reciprocal(case, ours, theirs):
    dtypes = [i.dtype for i in case.inputs()]
    number_first = case.name == "operator.truediv" and not isinstance(case.args[0], Input)
    return number_first and dtypes[0] in ("float16", "bfloat16", "complex64", "complex128")


@difference("a defect of PyTorch: hardsigmoid's gradient has a sixth in float32", "gradient")
def _sixth(case, ours, theirs):
    return case.name.endswith("hardsigmoid")


@difference(
    "a defect of PyTorch: trigamma is right to 1e-9, Bessel functions to 1e-11, airy_ai to 1e-5",
    "gradient result",
)
def _inexact(case, ours, theirs):
    names = ("digamma", "special.digamma", "special.psi", "special.polygamma", "special.airy_ai")
    return case.name in names or case.name.startswith(("special.bessel_", "special.modified_bessel_"))


@difference("a defect of PyTorch: i0 and gelu in low precision and zeta are NaN at infinity", "result")
def _at_infinity(case, ours, theirs):
    extreme = any(
        i.dtype not in ("bool",) and not (abs(i.values.astype(complex)) < 1e20).all() for i in case.inputs()
    )
    return case.name in ("special.i0", "i0", "special.i1", "special.zeta", "nn.functional.gelu") and extreme


@difference(
    "a defect of PyTorch: weights of group_norm have the gradient NaN where there are no elements", "gradient"
)
def _group_norm(case, ours, theirs):
    return case.name.endswith("group_norm") and empty(case)


@difference("a defect of PyTorch: addmv of a matrix without rows or columns does not broadcast", "result")
def _addmv(case, ours, theirs):
    return "addmv" in case.name and empty(case)


@difference(
    "a defect of PyTorch: bincount of nothing is int64 whatever the weights; pixel_unshuffle of nothing does nothing",
    "result",
)
def _nothing(case, ours, theirs):
    return case.name in ("bincount", "nn.functional.pixel_unshuffle") and empty(case)


@difference("a defect of PyTorch: amax counts an element that is left out", "gradient")
def _left_out(case, ours, theirs):
    return "scatter_reduce" in case.name and case.kwargs.get("include_self") is False


@difference("a float factor of ints is refused, by PyTorch not always")
def _float_factor(case, ours, theirs):
    return theirs.error is None and raised(ours.error, "must not be a floating point number")


@difference("out= is never of a narrower category than the result; PyTorch's reductions compute in its dtype")
def _narrow_out(case, ours, theirs):
    return (
        "out" in case.kwargs
        and theirs.error is None
        and raised(ours.error, "can't be cast to the desired output")
    )


@difference("out= of a wider category gets the result as it is; PyTorch's mean of nothing has two NaNs", "result")
def _wide_mean(case, ours, theirs):
    return "out" in case.kwargs and case.name == "mean" and empty(case)


@difference("out= must not require grad; PyTorch overwrites what has a history where the function has no gradient")
def _tracked_out(case, ours, theirs):
    return "out" in case.kwargs and theirs.error is None and raised(ours.error, "don't support automatic")


# What is a superset on purpose ---------------------------------------------------------------------------------------


@difference("every binary op takes a Python number on either side; in PyTorch only some do")
def _numbers(case, ours, theirs):
    return raised(theirs.error, "must be Tensor, not") and isinstance(theirs.error, TypeError)


@difference("gradients for complex numbers and of constant functions too")
def _more_derivatives(case, ours, theirs):
    return ours.error is None and raised(theirs.error, "does not support automatic differentiation")


@difference("functions that are constant but for steps have the gradient 0", "gradient")
def _steps(case, ours, theirs):
    return ours.gradient_error is None and raised(theirs.gradient_error, "is not implemented")


@difference("out= of every dtype that the result can be cast to")
def _wide_out(case, ours, theirs):
    texts = (
        "only supports bool",
        "non-boolean outputs",
        "Expected out tensor to have dtype",
        "Expected the dtype for input and out",
        "is not yet implemented for",
    )
    return "out" in case.kwargs and ours.error is None and raised(theirs.error, *texts)


@difference("out= over memory of another library is given other memory where it must grow")
def _foreign_out(case, ours, theirs):
    return "out" in case.kwargs and raised(theirs.error, "resize storage that is not resizable")


@difference("adaptive mean pooling of volumes without channels, as of lines and planes")
def _no_channels(case, ours, theirs):
    return "adaptive_avg_pool3d" in case.name and ours.error is None and raised(theirs.error, "dimension 1 being")


@difference("mean pooling of volumes that fit with their padding")
def _small_volumes(case, ours, theirs):
    return (
        "avg_pool3d" in case.name and ours.error is None and raised(theirs.error, "smaller than kernel size")
    )


@difference("assignment casts: the value need not have the dtype of the tensor")
def _assignment(case, ours, theirs):
    if case.name != "setitem":
        return False
    is_complex = case.inputs()[-1].dtype.startswith("complex")
    return raised(theirs.error, "dtypes match", *["without overflow"] * is_complex)


@difference("cov of ints with weights of another float dtype")
def _weights(case, ours, theirs):
    return case.name == "cov" and ours.error is None and raised(theirs.error, "to have the same dtype")


@difference(
    "products of matrices and vectors are of one dtype, not of bools; in PyTorch not those of vectors"
)
def _vectors(case, ours, theirs):
    return theirs.error is None and raised(ours.error, "same dtype", "for 'Bool'")


@difference("a transposed convolution must have output elements")
def _no_output(case, ours, theirs):
    return theirs.error is None and raised(
        ours.error, "Output size is too small", "output padding must be smaller"
    )


@difference("out-of-range indices of take_along_dim are refused; PyTorch takes them modulo the size")
def _modulo(case, ours, theirs):
    return case.name == "take_along_dim" and (isinstance(ours.error, IndexError) or case.kwargs == {})


@difference("complex numbers become no bools in tensor()")
def _complex_bools(case, ours, theirs):
    return case.name in ("tensor", "as_tensor") and raised(
        ours.error, "can't convert complex numbers to bool"
    )


@difference("no padding to nothing: what is left must have elements")
def _cropped(case, ours, theirs):
    return (
        case.name.endswith("pad")
        and theirs.error is None
        and raised(ours.error, "is too small. Calculated output")
    )


@difference("low precision is refused by all of linalg; PyTorch's matrix_exp takes small halves")
def _low_precision(case, ours, theirs):
    return theirs.error is None and raised(ours.error, "Low precision dtypes")


@difference("abs_ of complex numbers leaves their absolute values")
def _complex_abs(case, ours, theirs):
    return ours.error is None and raised(theirs.error, "In-place abs is not supported for complex")


@difference("complex variances without degrees of freedom are infinite in one of their parts", "result")
def _complex_variance(case, ours, theirs):
    names = ("var", "std", "var_mean", "std_mean")
    return (
        case.name in names
        and case.inputs()[0].dtype.startswith("complex")
        and not ours.results[0].isfinite().all()
    )


@difference("a single slice given to index_add and its like may be without its dimension")
def _bare_slice(case, ours, theirs):
    return (
        "index_" in case.name
        and ours.error is None
        and raised(theirs.error, "source tensor shape must match")
    )


@difference("tensor(None) is a RuntimeError whatever the dtype")
def _none(case, ours, theirs):
    return case.args == (None,) and raised(ours.error, "Could not infer dtype")


@difference("byte masks, as in 0.3")
def _byte_masks(case, ours, theirs):
    return raised(theirs.error, "boolean masks", "expected BoolTensor for mask")


@difference("int32 indices wherever int64 ones are taken", "error gradient")
def _narrow_indices(case, ours, theirs):
    texts = ("should be Long", "Expected a long tensor for index", "Expected dtype int64 for index")
    return ours.error is None and (raised(theirs.error, *texts) or raised(theirs.gradient_error, *texts))


@difference("out= for more functions than in PyTorch")
def _more_out(case, ours, theirs):
    return "out" in case.kwargs and raised(theirs.error, "unexpected keyword argument 'out'")


@difference("Bessel functions and polynomials have gradients", "gradient")
def _more_gradients(case, ours, theirs):
    return case.name.startswith("special.") and (
        all(g is None for g in theirs.gradients) or raised(theirs.gradient_error, "not implemented")
    )


@difference("there is no complex32: float16 with a complex number is complex64", "error result gradient")
def _complex_half(case, ours, theirs):
    made = any(str(getattr(r, "dtype", r)) == "torch.complex32" for r in theirs.results)
    return made or raised(theirs.error, "ComplexHalf") or raised(theirs.gradient_error, "ComplexHalf")


# What is unspecified -------------------------------------------------------------------------------------------------


@difference("an index out of range is an IndexError, in PyTorch of several kinds")
def _out_of_range(case, ours, theirs):
    return (
        isinstance(ours.error, IndexError) and isinstance(theirs.error, RuntimeError) and "ind" in case.name
    )


@difference("a dimension that is not there is refused where nothing is to be done in it, too")
def _no_dimension(case, ours, theirs):
    return case.name == "diff" and case.kwargs.get("n") == 0 and isinstance(ours.error, IndexError)


@difference("circular padding of a cropped dimension never goes round more than once")
def _circular(case, ours, theirs):
    return case.kwargs.get("mode") == "circular" and min(case.args[1]) < 0 and ours.error is not None


@difference("powers of 0 with complex exponents, and that overflow", "result gradient")
def _complex_powers(case, ours, theirs):
    bases = [b for b in case.args[:1] if isinstance(b, Input)]
    extreme = not bases or any((i.values == 0).any() or not (abs(i.values.astype(complex)) < 1e20).all() for i in bases)
    return "pow" in case.name and any(t.is_complex() for t in ours.tensors) and extreme


@difference("casts of negative fractions to uint8")
def _negative_bytes(case, ours, theirs):
    first = [i.dtype for i in case.inputs()[:1]] + [getattr(case.kwargs.get("dtype"), "name", "")]
    return "uint8" in first and ours.error is None and raised(theirs.error, "without overflow")


@difference("an index out of range is refused where other indices select nothing, too")
def _nothing_selected(case, ours, theirs):
    return case.name in ("getitem", "setitem") and isinstance(ours.error, IndexError) and theirs.error is None


@difference("bincount refuses complex weights; PyTorch drops their imaginary parts")
def _complex_weights(case, ours, theirs):
    return case.name == "bincount" and raised(ours.error, "complex128", "complex64")


@difference("two things are wrong: which is noticed first")
def _two_errors(case, ours, theirs):
    texts = (
        "Dimension out of range",
        "to have non-zero size",
        "could not infer output dtype",
        "only support floating point",
        "Expected more than 1 value per channel",
        "Dimension specified as",
        "dimensionality must match",
        "When source is scalar",
        "without overflow",
        "Expected a floating point or complex tensor",
        "Expected dtype int64 for index",
        "dtype of indices should be Long",
        "Order 3 not supported",
        "Low precision dtypes not supported",
        "must have at least 2 dimensions",
        "does not support bool input",
    )
    both = ours.error is not None and theirs.error is not None
    return both and ("out" in case.kwargs or raised(theirs.error, *texts))


@difference("a defect of PyTorch: filtered images of one column get wrong weights", "result gradient")
def _one_column(case, ours, theirs):
    if case.name != "nn.functional.interpolate" or len(case.inputs()[0].shape) != 4:
        return False
    filtered = case.kwargs.get("antialias") or case.inputs()[0].dtype == "uint8"
    return bool(filtered) and 1 in (ours.results[0].shape[-1], case.inputs()[0].shape[-1])


@difference(
    "a defect of PyTorch: where its kernels read the nearest element from a table (not for images of up to 128 rows "
    "and columns), the gradient may go to another element than the one that was read",
    "gradient",
)
def _nearest(case, ours, theirs):
    if case.name != "nn.functional.interpolate" or not case.kwargs["mode"].startswith("nearest"):
        return False
    shape = ours.results[0].shape
    return len(shape) != 4 or sum(shape[2:]) > 128


@difference(
    "sgn of infinite complex numbers, and abs's gradient, is their direction where they have one, in PyTorch NaN",
    "result gradient",
)
def _infinite_direction(case, ours, theirs):
    values = case.inputs()[0].values if case.inputs() else 0
    return case.name.rpartition(".")[2] in ("sgn", "abs") and bool(np.iscomplexobj(values) and np.isinf(values).any())


@difference("a quantile's gradient goes to one of equal elements", "gradient")
def _equal_elements(case, ours, theirs):
    return "quantile" in case.name and len(np.unique(case.inputs()[0].values)) < case.inputs()[0].values.size


@difference("igamma and igammac of NaN are NaN; in PyTorch not where the other argument is 0 or infinite", "result")
def _incomplete_gamma(case, ours, theirs):
    return case.name.rpartition(".")[2] in ("igamma", "igammac", "gammainc", "gammaincc") and any(
        i.dtype not in ("bool", "bfloat16") and np.isnan(i.values).any() for i in case.inputs()
    )


@difference("no gradient is defined where the function itself is NaN", "gradient")
def _outside(case, ours, theirs):
    names = (
        *("acosh", "amax", "amin", "aminmax", "max", "min", "nanmean", "prod"),
        *("std", "var", "std_mean", "var_mean", "selu", "celu", "quantile", "nanquantile"),
    )
    return (case.name in names or case.name.startswith("nn.functional.")) and any(
        not r.isfinite().all() for r in ours.results
    )


@difference("the gradient of a deviation that is 0 but for rounding is rounding", "gradient")
def _no_deviation(case, ours, theirs):
    return case.name in ("std", "std_mean") and bool((ours.results[0] < 1e-12).any())


@difference("log_ndtr's gradient at -inf is infinite, the limit of -x, in PyTorch NaN", "gradient")
def _log_ndtr(case, ours, theirs):
    return case.name.endswith("log_ndtr") and bool(np.isneginf(case.inputs()[0].values).any())


@difference("whether rounding leaves a pivot of a singular matrix at 0")
def _singular(case, ours, theirs):
    if "matrix_power" not in case.name or not (raised(theirs.error, "singular") or raised(ours.error, "singular")):
        return False
    matrix = np.asarray(ours.tensors[0].detach())
    return bool(np.isfinite(matrix).all() and (np.linalg.matrix_rank(matrix) < matrix.shape[-1]).any())


@difference("infinities as ints", "result")
def _infinite_ints(case, ours, theirs):
    dtype = getattr(case.kwargs.get("dtype"), "name", "")
    return case.name == "nansum" and "int" in dtype and bool(np.isinf(case.inputs()[0].values).any())
