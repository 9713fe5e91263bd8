"""Programs imported names by the path of the module that had them; they are the same objects as at the short path."""

import importlib
import pickle

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable

PATHS = """
nn.modules.conv: Conv2d _ConvNd
nn.modules.module: Module
nn.modules.utils: _single _pair _triple _quadruple _ntuple
nn.modules.linear: Linear Bilinear
nn.modules.batchnorm: _BatchNorm BatchNorm2d
nn.modules.rnn: RNNBase LSTM LSTMCell RNNCellBase
nn.modules.loss: _Loss _WeightedLoss _assert_no_grad CrossEntropyLoss
nn.modules.activation: ReLU Softmax
nn.modules.container: Sequential ModuleList ParameterList Container
nn.modules.pooling: MaxPool2d _MaxPoolNd
nn.modules.dropout: Dropout _DropoutNd
nn.modules.sparse: Embedding EmbeddingBag
nn.modules.distance: PairwiseDistance CosineSimilarity
nn.modules.instancenorm: InstanceNorm2d
nn.modules.padding: ReflectionPad2d
nn.modules.pixelshuffle: PixelShuffle
nn.modules.normalization:
nn.parameter: Parameter
autograd.variable: Variable
autograd.function: Function InplaceFunction once_differentiable NestedIOFunction traceable _iter_tensors
_iter_variables
autograd.gradcheck: gradcheck gradgradcheck iter_variables get_numerical_jacobian get_analytical_jacobian
make_jacobian zero_gradients
autograd.stochastic_function: StochasticFunction
nn._functions.dropout: Dropout FeatureDropout InplaceFunction
nn._functions.padding: ConstantPadNd
nn._functions.rnn: RNNReLUCell RNNTanhCell LSTMCell GRUCell
nn.backends.thnn: backend
nn.backends.backend: FunctionBackend
nn.functional: conv2d
nn.utils.rnn: pack_padded_sequence
nn.utils.clip_grad: clip_grad_norm
nn.utils.convert_parameters: parameters_to_vector
nn.parallel.data_parallel: DataParallel data_parallel
nn.parallel.scatter_gather: scatter gather scatter_kwargs
nn.parallel.replicate: replicate
nn.parallel.parallel_apply: parallel_apply get_a_var
nn.parallel._functions: Broadcast Scatter Gather ReduceAddCoalesced
optim.optimizer: Optimizer required
optim.sgd: SGD
optim.adam: Adam
optim.lr_scheduler: StepLR _LRScheduler
optim.rmsprop: RMSprop
optim.lbfgs: LBFGS
optim.adagrad: Adagrad
optim.adadelta: Adadelta
optim.adamax: Adamax
optim.asgd: ASGD
optim.rprop: Rprop
optim.sparse_adam: SparseAdam
tensor: _TensorBase
storage: _StorageBase
_utils: _rebuild_tensor _range _accumulate _flatten_tensors _flatten_dense_tensors _take_tensors
_import_dotted_name _unflatten_dense_tensors _unflatten_tensors
_six: string_classes int_classes inf nan
_C:
_tensor_str: set_printoptions
utils.data.dataloader: DataLoader default_collate DataLoaderIter ExceptionWrapper
utils.data.sampler: Sampler RandomSampler
utils.data.dataset: Dataset TensorDataset ConcatDataset
utils.data.distributed: DistributedSampler
utils.hooks: RemovableHandle
utils.model_zoo: load_url
utils.ffi: create_extension
utils.serialization: load_lua
utils.serialization.read_lua_file: T7Reader
utils.trainer: Trainer
utils.trainer.plugins: Plugin Logger
utils.backcompat: broadcast_warning
utils.dlpack: from_dlpack
multiprocessing: Process Queue Pool SimpleQueue get_context set_start_method
multiprocessing.queue: Queue SimpleQueue
multiprocessing.pool: Pool
legacy: nn
legacy.nn: Module Linear
legacy.optim: sgd adam
cuda.comm: broadcast
cuda.streams: Stream
cuda.random:
cuda.sparse:
sparse: FloatTensor
backends.cudnn: version
distributed:
distributed.remote_types: FloatTensor
serialization: load save
random: manual_seed
distributions: Normal
functional: split chunk stack unbind btriunpack matmul
version: __version__"""


def _parsed():
    path = None
    for line in PATHS.strip().splitlines():
        before, colon, names = line.rpartition(":")
        path = before if colon else path
        yield pytest.param(path, names.split(), id=f"{path} {names.strip()[:20]}")


@pytest.mark.parametrize("path, names", [*_parsed()])
def test_names_by_path(path, names):
    module = importlib.import_module(f"flambeau.v03.{path}")
    shorter = importlib.import_module(f"flambeau.v03.{path.rpartition('.')[0]}".rstrip("."))
    for name in names:
        short = getattr(shorter, name, None)
        own = name == path.rpartition(".")[2] or name in ("RNNCellBase", "Queue", "SimpleQueue", "Pool", "FloatTensor",
                                                          "backend", "nn", "__version__")  # fmt: skip
        assert own or short is None or short is getattr(module, name), name


def test_optimizers_by_path_are_those_of_03():
    from flambeau.v03.optim.sgd import SGD

    assert SGD is torch.optim.SGD
    with pytest.raises(ValueError, match="required optimization parameter lr"):
        SGD([nn.Parameter(torch.ones(1))])


def test_rebuilding_tensors():
    """The lines by which programs of 0.3 read the files of 0.4."""
    storage = torch.FloatTensor([1, 2, 3, 4, 5, 6]).storage()
    x = torch._utils._rebuild_tensor(storage, 1, (2, 2), (2, 1))
    assert x.equal(torch.Tensor([[2, 3], [4, 5]])) and type(x) is torch.FloatTensor
    x.fill_(0)
    assert storage.tolist() == [1, 0, 0, 0, 0, 6]


def test_taking_tensors():
    tensors = [torch.ones(2), torch.ones(3).double(), torch.ones(1), torch.ones(5)]
    groups = [[t.numel() for t in group] for group in torch._utils._take_tensors(tensors, 16)]
    assert groups == [[2, 1], [5], [3]]
    dense = torch._utils._flatten_dense_tensors([torch.ones(2), torch.zeros(1)])
    assert dense.tolist() == [1, 1, 0]


def test_own_cells():
    """A cell as programs wrote them: the base class has no arguments, the backend the function."""

    class Cell(nn.modules.rnn.RNNCellBase):
        def __init__(self, input_size, hidden_size):
            super().__init__()
            self.input_size, self.hidden_size = input_size, hidden_size
            self.weight_ih = nn.Parameter(torch.ones(4 * hidden_size, input_size))
            self.weight_hh = nn.Parameter(torch.ones(4 * hidden_size, hidden_size))

        def forward(self, input, hx):
            self.check_forward_input(input)
            self.check_forward_hidden(input, hx[0], "[0]")
            return self._backend.LSTMCell(input, hx, self.weight_ih, self.weight_hh)

    cell, x, zeros = Cell(3, 2), Variable(torch.ones(5, 3)), Variable(torch.zeros(5, 2))
    h, c = cell(x, (zeros, zeros))
    theirs = nn.LSTMCell(3, 2, bias=False)
    for p in theirs.parameters():
        p.data.fill_(1)
    assert h.data.equal(theirs(x, (zeros, zeros))[0].data) and c.size() == (5, 2)
    with pytest.raises(RuntimeError, match="inconsistent input_size: got 4, expected 3"):
        cell(Variable(torch.ones(5, 4)), (zeros, zeros))
    with pytest.raises(RuntimeError, match=r"hidden\[0\] has inconsistent hidden_size: got 3, expected 2"):
        cell(x, (Variable(torch.zeros(5, 3)), zeros))
    with pytest.raises(RuntimeError, match=r"batch size 5 doesn't match hidden\[0\] batch size 4"):
        cell(x, (Variable(torch.zeros(4, 2)), zeros))
    with pytest.raises(NotImplementedError, match="no function Conv9d"):
        cell._backend.Conv9d  # noqa: B018
    assert type(pickle.loads(pickle.dumps(nn.Linear(1, 1)))._backend) is type(cell._backend)


def test_backends():
    backend = nn.backends.backend.FunctionBackend()
    backend.register_function("F", int)
    assert backend.F is int
    with pytest.raises(RuntimeError, match="second function under name F"):
        backend.register_function("F", int)
    x = Variable(torch.ones(2, 2))
    assert nn.backends.thnn.backend.Dropout.apply(x, 0.5, False).data.equal(x.data)
    rows, indices = Variable(torch.arange(0, 6).view(3, 2), requires_grad=True), Variable(torch.LongTensor([2, 0]))
    found = nn.Embedding(3, 2)._backend.Embedding.apply(indices, rows, 0, None, 2, False, False)
    found.sum().backward()
    assert found.data.tolist() == [[4, 5], [0, 1]] and rows.grad.data.tolist() == [[0, 0], [0, 0], [1, 1]]


def test_zero_gradients():
    from flambeau.v03.autograd.gradcheck import iter_variables, make_jacobian, zero_gradients

    x, y = (Variable(torch.ones(3), requires_grad=True) for _ in range(2))
    (x.sum() * 2).backward()
    grad = x.grad
    zero_gradients((x, [y, Variable(torch.ones(1))]))
    assert x.grad is grad and grad.data.equal(torch.zeros(3)) and y.grad is None
    (g, data), nothing = iter_variables([x, (y,)])
    assert g is grad.data and data is x.data and nothing == (None, None)
    assert make_jacobian((x, Variable(torch.ones(2))), 4)[0].equal(torch.zeros(3, 4))
    assert make_jacobian([Variable(torch.ones(2))], 4) is None


def test_copies_over_devices_as_functions():
    from flambeau.v03.nn.parallel.parallel_apply import get_a_var

    from flambeau.v03.nn.parallel import _functions

    x = Variable(torch.Tensor([[1], [2]]), requires_grad=True)
    parts = _functions.Scatter.apply([-1, -1], None, 0, x)
    _functions.Gather.apply(-1, 0, *parts).sum().backward()
    assert [p.data.tolist() for p in parts] == [[[1]], [[2]]] and x.grad.data.tolist() == [[1], [1]]
    assert len(_functions.Broadcast.apply([-1, -1], x, x)) == 4
    assert _functions.ReduceAddCoalesced.apply(-1, 1, x, x)[0].data.tolist() == [[2], [4]]
    assert get_a_var({"a": [3, (x,)]}) is x and get_a_var([1]) is None


def test_walking_nested_values():
    from flambeau.v03.autograd.function import _iter_tensors, _iter_variables

    v, t = Variable(torch.ones(1)), torch.ones(2)
    assert list(map(id, _iter_variables([1, {"a": (v, t)}]))) == [id(v)]
    assert list(map(id, _iter_tensors([1, {"a": (v, t)}]))) == [id(v.data), id(t)]


def test_ffi_says_why():
    with pytest.raises(RuntimeError, match="0.3's headers"):
        torch.utils.ffi.create_extension("lib", ["lib.h"], ["lib.c"])
