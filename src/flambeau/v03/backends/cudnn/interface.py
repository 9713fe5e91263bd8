"""cuDNN's functions by ctypes, as 0.3's programs called them: handles, descriptors, status codes.

    handle = cudnn.get_handle()
    description = cudnn.descriptor(x)
    cudnn.check_error(cudnn.lib.cudnnSomething(handle, description, ctypes.c_void_p(x.data_ptr())))

Works with cuDNN 6 to 9. `RNNDescriptor` calls cudnnSetRNNDescriptor_v6 where there is one, which 9 took away, and
cudnnSetRNNDescriptor_v8 elsewhere; all else is the same in these versions. A program that calls other functions by
`lib` needs a version that has them. Names and arguments: NVIDIA cuDNN API reference.
"""

import ctypes
import functools
import weakref

from ....cuda import current_device, current_stream
from ...faces import CUDA_TYPES
from ...libraries import opened

# cuDNN's own numbers
CUDNN_DATA_FLOAT, CUDNN_DATA_DOUBLE, CUDNN_DATA_HALF = range(3)
CUDNN_TENSOR_NCHW, CUDNN_TENSOR_NHWC = range(2)
CUDNN_RNN_RELU, CUDNN_RNN_TANH, CUDNN_LSTM, CUDNN_GRU = range(4)
CUDNN_LINEAR_INPUT, CUDNN_SKIP_INPUT = range(2)
CUDNN_RNN_ALGO_STANDARD, CUDNN_RNN_ALGO_PERSIST_STATIC, CUDNN_RNN_ALGO_PERSIST_DYNAMIC = range(3)
CUDNN_DEFAULT_MATH, CUDNN_TENSOR_OP_MATH = range(2)
_DOUBLE_BIAS = 2  # CUDNN_RNN_DOUBLE_BIAS: two bias vectors for each gate

CUDNN_TENSOR_TYPES = {"torch.cuda.HalfTensor", "torch.cuda.FloatTensor", "torch.cuda.DoubleTensor"}

_DATA_TYPES = {"Half": CUDNN_DATA_HALF, "Float": CUDNN_DATA_FLOAT, "Double": CUDNN_DATA_DOUBLE}

# ---- the library

_KINDS = {"p": ctypes.c_void_p, "i": ctypes.c_int, "u": ctypes.c_uint32, "f": ctypes.c_float, "z": ctypes.c_size_t,
          "U": ctypes.c_ulonglong}  # fmt: skip
PROTOTYPES = {  # function -> the kinds of its arguments; all of these return a status
    "cudnnCreate": "p", "cudnnDestroy": "p", "cudnnSetStream": "pp",
    "cudnnCreateTensorDescriptor": "p", "cudnnDestroyTensorDescriptor": "p", "cudnnSetTensorNdDescriptor": "piipp",
    "cudnnCreateFilterDescriptor": "p", "cudnnDestroyFilterDescriptor": "p", "cudnnSetFilterNdDescriptor": "piiip",
    "cudnnCreateDropoutDescriptor": "p", "cudnnDestroyDropoutDescriptor": "p", "cudnnDropoutGetStatesSize": "pp",
    "cudnnSetDropoutDescriptor": "ppfpzU",
    "cudnnCreateRNNDescriptor": "p", "cudnnDestroyRNNDescriptor": "p", "cudnnSetRNNDescriptor_v6": "ppiipiiiii",
    "cudnnSetRNNDescriptor_v8": "piiiiiiiiiiiipu", "cudnnSetRNNMatrixMathType": "pi",
    "cudnnAddTensor": "ppppppp",
}  # fmt: skip


def arguments(name):
    """arguments("cudnnCreate") -> the ctypes classes of a function's arguments."""
    return [_KINDS[kind] for kind in PROTOTYPES[name]]


@functools.cache
def found():
    """found() -> libcudnn as ctypes opens it; None where it is not installed."""
    library = opened("cudnn", "cudnn")
    if library is None:
        return None
    library.cudnnGetVersion.restype = ctypes.c_size_t
    library.cudnnGetErrorString.restype = ctypes.c_char_p
    for name in PROTOTYPES:
        if hasattr(library, name):
            getattr(library, name).argtypes = arguments(name)
    return library


def _library():
    library = found()
    if library is None:
        raise RuntimeError(
            "cuDNN not available: libcudnn was not found; install it with `pip install nvidia-cudnn-cu12` (-cu13 for "
            "CUDA 13), or where the system looks for libraries"
        )
    return library


def version():
    """version() -> the version of the libcudnn that is installed as an int, such as 8907 or 90100; None without it."""
    library = found()
    return None if library is None else library.cudnnGetVersion()


# ---- errors


class CuDNNError(RuntimeError):
    """CuDNNError(status): a function of cuDNN returned `status`, not 0."""

    def __init__(self, status):
        self.status = status
        super().__init__(f"{status}: {get_error_string(status)}")

    def __reduce__(self):
        return CuDNNError, (self.status,)


def get_error_string(status):
    """get_error_string(status) -> str: cuDNN's name of a status; "cuDNN not available" where it is not installed."""
    library = found()
    return "cuDNN not available" if library is None else library.cudnnGetErrorString(status).decode()


def check_error(status):
    """check_error(status): raises CuDNNError unless the status is 0."""
    if status != 0:
        raise CuDNNError(status)


# ---- arguments of its functions


def _data_type(tensor):
    """cuDNN's number for the elements of a tensor."""
    found = _DATA_TYPES.get(tensor.type().rpartition(".")[2].removesuffix("Tensor"))
    if found is None:
        raise ValueError(f"unknown type '{tensor.type()}': cuDNN takes Half, Float and Double tensors")
    return found


def c_type(tensor):
    """c_type(tensor) -> the ctypes class of the factors alpha and beta for a tensor: c_double for doubles, or c_float.
    ValueError for a tensor that is not of floats."""
    return ctypes.c_double if _data_type(tensor) == CUDNN_DATA_DOUBLE else ctypes.c_float


def int_array(itr):
    """int_array(sequence of ints) -> ctypes array of them."""
    return (ctypes.c_int * len(itr))(*itr)


# ---- objects of the library


class _Owned:
    """An object that cuDNN makes and destroys by the functions of these names; functions of `lib` take it as it is."""

    _create = _destroy = ""

    def __init__(self):
        library, pointer = _library(), ctypes.c_void_p()
        check_error(getattr(library, self._create)(ctypes.byref(pointer)))
        self._as_parameter_ = pointer
        # not at the end of the process, when the driver may have ended before
        weakref.finalize(self, getattr(library, self._destroy), pointer).atexit = False


class CuDNNHandle(_Owned):
    """CuDNNHandle(): cuDNN's state for the current GPU. CuDNNError without a GPU."""

    _create, _destroy = "cudnnCreate", "cudnnDestroy"


_handles: dict[int, CuDNNHandle] = {}  # by GPU


def get_handle():
    """get_handle() -> the CuDNNHandle of the current GPU, whose work goes to the current stream from now on."""
    library, device = _library(), current_device()
    handle = _handles.get(device)
    if handle is None:
        handle = _handles[device] = CuDNNHandle()
    check_error(library.cudnnSetStream(handle, current_stream().cuda_stream))
    return handle


class TensorDescriptor(_Owned):
    """TensorDescriptor(): what cuDNN knows of a tensor, once it is `set`: type, size and strides. It needs no GPU."""

    _create, _destroy = "cudnnCreateTensorDescriptor", "cudnnDestroyTensorDescriptor"

    def set(self, tensor):
        """set(tensor): describes a tensor. CuDNNError for a number of dimensions that cuDNN does not take."""
        self.set_raw(_data_type(tensor), tensor.dim(), int_array(tensor.size()), int_array(tensor.stride()))
        self._type, self._size, self._stride = tensor.type(), tensor.size(), tensor.stride()

    def set_raw(self, _type, _ndim, _size, _stride):
        """set_raw(type, dimensions, sizes, strides): the same by cuDNN's number of the type and arrays of ints."""
        check_error(_library().cudnnSetTensorNdDescriptor(self, _type, _ndim, _size, _stride))

    def as_tuple(self):
        """as_tuple() -> (type, size, stride) of the tensor."""
        return self._type, tuple(self._size), tuple(self._stride)


class TensorDescriptorArray:
    """TensorDescriptorArray(N): N descriptors of tensors, as functions for sequences take them."""

    def __init__(self, N):
        self._descriptors = [TensorDescriptor() for _ in range(N)]
        self.ptrs = self._as_parameter_ = (ctypes.c_void_p * N)(*[d._as_parameter_ for d in self._descriptors])

    def __getitem__(self, key):
        return self.ptrs[key]

    def __len__(self):
        return len(self.ptrs)

    def set_all(self, tensor):
        """set_all(tensor): all of them describe this tensor."""
        for one in self._descriptors:
            one.set(tensor)

    def set_raw(self, i, _type, _ndim, _size, _stride):
        """set_raw(i, type, dimensions, sizes, strides): what TensorDescriptor.set_raw does, for descriptor i."""
        self._descriptors[i].set_raw(_type, _ndim, _size, _stride)


class FilterDescriptor(_Owned):
    """FilterDescriptor(): what cuDNN knows of the weight of a convolution or RNN, once it is `set`. It needs no GPU."""

    _create, _destroy = "cudnnCreateFilterDescriptor", "cudnnDestroyFilterDescriptor"

    def set(self, weight):
        """set(weight): describes a contiguous weight of size (outputs, inputs, ...)."""
        sizes = int_array(weight.size())
        kind = _data_type(weight)
        check_error(_library().cudnnSetFilterNdDescriptor(self, kind, CUDNN_TENSOR_NCHW, len(sizes), sizes))
        self._size = weight.size()

    def as_tuple(self):
        """as_tuple() -> the size of the weight."""
        return tuple(self._size)


class DropoutDescriptor(_Owned):
    """DropoutDescriptor(handle, dropout, seed): dropout with a probability, and the state of its random numbers, a
    ByteTensor `state` on the GPU, which there is when the probability is not 0."""

    _create, _destroy = "cudnnCreateDropoutDescriptor", "cudnnDestroyDropoutDescriptor"

    def __init__(self, handle, dropout, seed):
        super().__init__()
        self.handle, self.state = handle, None
        self._set(dropout, seed)

    def set_dropout(self, dropout, seed):
        """set_dropout(dropout, seed): another probability; when it is the same the random numbers go on."""
        if dropout != self.dropout:
            self._set(dropout, seed)

    def _set(self, dropout, seed):
        library = _library()
        if self.state is None and dropout > 0:
            nbytes = ctypes.c_size_t()
            check_error(library.cudnnDropoutGetStatesSize(self.handle, ctypes.byref(nbytes)))
            self.state = CUDA_TYPES["ByteTensor"](nbytes.value)
        place, size = (None, 0) if self.state is None else (self.state.data_ptr(), self.state.numel())
        check_error(library.cudnnSetDropoutDescriptor(self, self.handle, dropout, place, size, seed))
        self.dropout = dropout


class RNNDescriptor(_Owned):
    """RNNDescriptor(handle, hidden_size, num_layers, dropout_desc, input_mode, bidirectional, mode, datatype,
    input_size=None): an RNN.

    input_mode: CUDNN_LINEAR_INPUT or CUDNN_SKIP_INPUT; bidirectional: 0 or 1; mode: CUDNN_RNN_RELU, CUDNN_RNN_TANH,
    CUDNN_LSTM, CUDNN_GRU; datatype: CUDNN_DATA_FLOAT, ... (halves use tensor cores). input_size: elements of an input,
    which cuDNN 9 wants to know here (hidden_size unless given); before, it reads them from the descriptors of inputs.
    """

    _create, _destroy = "cudnnCreateRNNDescriptor", "cudnnDestroyRNNDescriptor"

    def __init__(self, handle, hidden_size, num_layers, dropout_desc, input_mode, bidirectional, mode, datatype,
                 input_size=None):  # fmt: skip
        super().__init__()
        library = _library()
        math = CUDNN_TENSOR_OP_MATH if datatype == CUDNN_DATA_HALF else CUDNN_DEFAULT_MATH
        self._dropout = dropout_desc  # it must live as long
        if hasattr(library, "cudnnSetRNNDescriptor_v6"):
            check_error(library.cudnnSetRNNDescriptor_v6(
                handle, self, hidden_size, num_layers, dropout_desc, input_mode, bidirectional, mode,
                CUDNN_RNN_ALGO_STANDARD, datatype,
            ))  # fmt: skip
            if hasattr(library, "cudnnSetRNNMatrixMathType"):  # from cuDNN 7 on
                check_error(library.cudnnSetRNNMatrixMathType(self, math))
            return
        check_error(library.cudnnSetRNNDescriptor_v8(
            self, CUDNN_RNN_ALGO_STANDARD, mode, _DOUBLE_BIAS, bidirectional, input_mode, datatype, datatype, math,
            input_size or hidden_size, hidden_size, hidden_size, num_layers, dropout_desc, 0,
        ))  # fmt: skip


# ---- functions


def descriptor(tensor, N=None):
    """descriptor(tensor) -> TensorDescriptor of a tensor;  descriptor(tensor, N) -> TensorDescriptorArray with N of
    them."""
    if N is None:
        made = TensorDescriptor()
        made.set(tensor)
        return made
    many = TensorDescriptorArray(N)
    many.set_all(tensor)
    return many


def descriptor_sequence(tensor, batch_sizes):
    """descriptor_sequence(tensor, batch_sizes) -> TensorDescriptorArray with one descriptor for each step of a packed
    sequence: as the tensor, but with batch_sizes[i] as its first size."""
    many = TensorDescriptorArray(len(batch_sizes))
    kind, sizes, strides = _data_type(tensor), int_array(tensor.size()), int_array(tensor.stride())
    for i, batch_size in enumerate(batch_sizes):
        sizes[0] = batch_size
        many.set_raw(i, kind, tensor.dim(), sizes, strides)
    return many


def add_tensor(*args):
    """add_tensor(handle, alpha, a_descriptor, a, beta, c_descriptor, c): c = alpha * a + beta * c; a is broadcast.

    alpha and beta: ctypes.byref of a number of `c_type`; a and c: addresses of memory on the GPU (`data_ptr()`).
    """
    check_error(_library().cudnnAddTensor(*args))
