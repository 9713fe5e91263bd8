"""`torch.backends.cudnn` of 0.3: cuDNN's functions by ctypes, on a stand-in for the library, and on it where it is."""

import ctypes
import gc
import pickle

import pytest

import flambeau.v03 as torch
from flambeau.v03.backends import cudnn
from flambeau.v03.backends.cudnn import interface
from tests.cuda import virtual_gpus


class Library:
    """What stands for libcudnn: it notes the calls, and takes only arguments that fit the declared classes."""

    STATES = 24  # bytes that dropout needs

    def __init__(self, lacks=()):
        self.calls, self.status, self.lacks = [], 0, lacks

    def __getattr__(self, name):
        if not name.startswith("cudnn") or name in self.lacks:
            raise AttributeError(name)

        def function(*given):
            for cls, value in zip(interface.arguments(name), given, strict=True):
                cls.from_param(value)
            self.calls.append((name, *map(self.shown, given)))
            if name.startswith("cudnnCreate"):
                given[0]._obj.value = 100 + len(self.calls)
            if name == "cudnnDropoutGetStatesSize":
                given[1]._obj.value = self.STATES
            return self.status

        return function

    @staticmethod
    def shown(value):
        value = getattr(value, "_as_parameter_", value)
        return [*value] if isinstance(value, ctypes.Array) else getattr(value, "value", value)

    def cudnnGetErrorString(self, status):
        return b"CUDNN_STATUS_%d" % status

    def cudnnGetVersion(self):
        return 7003

    def called(self, name):
        return [call[1:] for call in self.calls if call[0] == name]


@pytest.fixture
def library(monkeypatch):
    made = Library()
    monkeypatch.setattr(interface, "found", lambda: made)
    monkeypatch.setattr(interface, "_handles", {})
    return made


@pytest.fixture
def nothing(monkeypatch):
    monkeypatch.setattr(interface, "found", lambda: None)


def test_what_needs_no_library(nothing):
    assert cudnn.lib is None and cudnn.version() is None and not torch.has_cudnn
    array = cudnn.int_array(torch.Size([2, 3]))
    assert isinstance(array, ctypes.c_int * 2) and [*array] == [2, 3]
    assert cudnn.c_type(torch.DoubleTensor(1)) is ctypes.c_double
    assert cudnn.c_type(torch.FloatTensor(1)) is cudnn.c_type(torch.HalfTensor(1)) is ctypes.c_float
    with pytest.raises(ValueError, match="unknown type 'torch.LongTensor'"):
        cudnn.c_type(torch.LongTensor(1))
    error = cudnn.CuDNNError(3)
    assert isinstance(error, RuntimeError) and error.status == 3 and str(error) == "3: cuDNN not available"
    assert pickle.loads(pickle.dumps(error)).status == 3


@pytest.mark.parametrize("name, args", [
    ("get_handle", ()), ("CuDNNHandle", ()), ("TensorDescriptor", ()), ("TensorDescriptorArray", (2,)),
    ("FilterDescriptor", ()), ("DropoutDescriptor", (None, 0.5, 1)), ("RNNDescriptor", (None, 2, 1, None, 0, 0, 2, 0)),
    ("descriptor", (torch.ones(2),)), ("descriptor_sequence", (torch.ones(2), [1])), ("add_tensor", ()),
])  # fmt: skip
def test_what_needs_the_library_names_the_remedy(nothing, name, args):
    with pytest.raises(RuntimeError, match="cuDNN not available: .* `pip install nvidia-cudnn-cu12`"):
        getattr(cudnn, name)(*args)


def test_versions_and_errors(library):
    assert cudnn.lib is library and cudnn.version() == 7003 and torch.has_cudnn
    assert cudnn.get_error_string(9) == "CUDNN_STATUS_9" and cudnn.check_error(0) is None
    with pytest.raises(cudnn.CuDNNError, match="9: CUDNN_STATUS_9") as caught:
        cudnn.check_error(9)
    assert caught.value.status == 9
    library.status = 4
    with pytest.raises(cudnn.CuDNNError, match="4: CUDNN_STATUS_4"):
        cudnn.TensorDescriptor()


def test_a_descriptor_of_a_tensor(library):
    x = torch.DoubleTensor(2, 3, 4).transpose(0, 1)
    made = cudnn.descriptor(x)
    assert library.calls[1:] == [("cudnnSetTensorNdDescriptor", 101, 1, 3, [3, 2, 4], [4, 12, 1])]
    assert made.as_tuple() == ("torch.DoubleTensor", (3, 2, 4), (4, 12, 1))
    del made
    gc.collect()
    assert library.calls[-1] == ("cudnnDestroyTensorDescriptor", 101)


def test_a_description_that_is_refused_leaves_the_one_before(library):
    made = cudnn.descriptor(torch.ones(2, 3))
    library.status = 3
    with pytest.raises(cudnn.CuDNNError):
        made.set(torch.ones(4))
    with pytest.raises(ValueError, match=r"unknown type 'torch.IntTensor'"):
        made.set(torch.IntTensor(2))
    assert made.as_tuple()[1] == (2, 3)


def test_descriptors_of_sequences(library):
    many = cudnn.descriptor(torch.HalfTensor(2, 5), 3)
    assert len(many) == 3 and [many[i] for i in range(3)] == [*many.ptrs] == [101, 102, 103]
    assert library.called("cudnnSetTensorNdDescriptor") == [(p, 2, 2, [2, 5], [5, 1]) for p in many.ptrs]
    del library.calls[:]
    steps = cudnn.descriptor_sequence(torch.FloatTensor(4, 6, 1), [4, 2, 1])
    sizes = [[4, 6, 1], [2, 6, 1], [1, 6, 1]]
    expected = [(p, 0, 3, size, [6, 1, 1]) for p, size in zip(steps.ptrs, sizes, strict=True)]
    assert library.called("cudnnSetTensorNdDescriptor") == expected
    del many, steps
    gc.collect()
    assert len(library.called("cudnnDestroyTensorDescriptor")) == 6


def test_a_descriptor_of_a_weight(library):
    made = cudnn.FilterDescriptor()
    made.set(torch.FloatTensor(8, 3, 5, 5))
    assert library.calls[-1] == ("cudnnSetFilterNdDescriptor", 101, 0, cudnn.CUDNN_TENSOR_NCHW, 4, [8, 3, 5, 5])
    assert made.as_tuple() == (8, 3, 5, 5)


def test_handles_belong_to_gpus_and_work_in_the_current_stream(library):
    with virtual_gpus(2):
        first = cudnn.get_handle()
        with torch.cuda.device(1), torch.cuda.stream(torch.cuda.Stream(1)) as _:
            stream, second = torch.cuda.current_stream().cuda_stream, cudnn.get_handle()
        assert cudnn.get_handle() is first is not second
    assert library.called("cudnnSetStream") == [(101, 0), (second._as_parameter_.value, stream), (101, 0)]


def test_dropout(library):
    with virtual_gpus(1):
        handle = cudnn.CuDNNHandle()
        made = cudnn.DropoutDescriptor(handle, 0, 5)
        assert made.state is None and library.called("cudnnSetDropoutDescriptor") == [(102, 101, 0, None, 0, 5)]
        made.set_dropout(0, 6)
        made.set_dropout(0.5, 7)
        assert type(made.state) is torch.cuda.ByteTensor and made.state.size() == (24,) and made.dropout == 0.5
        place = made.state.data_ptr()
        made.set_dropout(0.25, 8)
        assert library.called("cudnnSetDropoutDescriptor")[1:] == [
            (102, 101, 0.5, place, 24, 7), (102, 101, 0.25, place, 24, 8)
        ]  # fmt: skip


def rnn(datatype, **options):
    dropout = cudnn.TensorDescriptor()  # any object of the library
    return cudnn.RNNDescriptor(None, 7, 2, dropout, cudnn.CUDNN_SKIP_INPUT, 1, cudnn.CUDNN_GRU, datatype, **options)


def test_rnn_until_cudnn_8(library):
    made = rnn(cudnn.CUDNN_DATA_HALF)
    assert library.calls[2:] == [
        ("cudnnSetRNNDescriptor_v6", None, 102, 7, 2, 101, 1, 1, 3, 0, 2),
        ("cudnnSetRNNMatrixMathType", made._as_parameter_.value, cudnn.CUDNN_TENSOR_OP_MATH),
    ]
    library.lacks = ("cudnnSetRNNMatrixMathType",)  # of version 6
    del library.calls[:]
    rnn(cudnn.CUDNN_DATA_FLOAT)
    assert [call[0] for call in library.calls][:3] == [
        "cudnnCreateTensorDescriptor", "cudnnCreateRNNDescriptor", "cudnnSetRNNDescriptor_v6"
    ]  # fmt: skip


def test_rnn_from_cudnn_9_on(library):
    library.lacks = ("cudnnSetRNNDescriptor_v6", "cudnnSetRNNMatrixMathType")
    made = rnn(cudnn.CUDNN_DATA_DOUBLE, input_size=5), rnn(cudnn.CUDNN_DATA_HALF)
    first, second = library.called("cudnnSetRNNDescriptor_v8")
    assert first == (102, 0, 3, 2, 1, 1, 1, 1, 0, 5, 7, 7, 2, 101, 0)
    assert second[6:10] == (2, 2, cudnn.CUDNN_TENSOR_OP_MATH, 7)
    assert first[0] == made[0]._as_parameter_.value


def test_add_tensor(library):
    a, c = cudnn.descriptor(torch.ones(1, 3)), cudnn.descriptor(torch.ones(2, 3))
    one = ctypes.byref(ctypes.c_float(1))
    cudnn.add_tensor(cudnn.CuDNNHandle(), one, a, ctypes.c_void_p(16), one, c, ctypes.c_void_p(32))
    (called,) = library.called("cudnnAddTensor")
    assert called[2:4] == (101, 16) and called[5:] == (103, 32)


def test_is_acceptable(library):
    with virtual_gpus(1):
        x = torch.ones(2).cuda()
        assert cudnn.is_acceptable(x) and not cudnn.is_acceptable(x.cpu()) and not cudnn.is_acceptable(x.long())
        with cudnn.flags(enabled=False):
            assert not cudnn.is_acceptable(x)


# ---- libcudnn itself, whose descriptors need no GPU


def test_real_descriptors():
    if cudnn.version() is None:
        pytest.skip("libcudnn is not installed")
    made = cudnn.descriptor(torch.DoubleTensor(2, 3, 4).transpose(0, 1))
    kind, ndim, size, stride = ctypes.c_int(), ctypes.c_int(), cudnn.int_array([0] * 8), cudnn.int_array([0] * 8)
    read = cudnn.lib.cudnnGetTensorNdDescriptor
    cudnn.check_error(read(made, 8, ctypes.byref(kind), ctypes.byref(ndim), size, stride))
    assert (kind.value, ndim.value, size[:3], stride[:3]) == (1, 3, [3, 2, 4], [4, 12, 1])
    weight = cudnn.FilterDescriptor()
    weight.set(torch.FloatTensor(8, 3, 5, 5))
    form, read = ctypes.c_int(), cudnn.lib.cudnnGetFilterNdDescriptor
    cudnn.check_error(read(weight, 8, ctypes.byref(kind), ctypes.byref(form), ctypes.byref(ndim), size))
    assert (kind.value, form.value, ndim.value, size[:4]) == (0, 0, 4, [8, 3, 5, 5])
    with pytest.raises(cudnn.CuDNNError, match="BAD_PARAM|NOT_SUPPORTED"):
        cudnn.descriptor(torch.ones(*[1] * 9))
