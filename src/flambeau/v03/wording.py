"""The errors of 0.3 in its own words, which programs matched on: `invalid argument 2: out of range`.

An operation is checked once, by today's function; where 0.3 said otherwise, a row of `_WORDS` has both texts. Not kept
is what 0.3 put behind, the place in its C sources (` at .../TH/generic/THTensorMath.c:1416`).
"""

import re
from functools import update_wrapper

from .. import _core
from .faces import _array

_DIM = r"[Dd]imension out of range \(expected to be in range of (.+), but got (-?\d+)\)"
_APART = "Expected tensor {index}, src {self} and index {index} to have the same size apart from dimension {0}"
_MATRICES = "matrices expected, got {dims[0]}D, {dims[1]}D tensors"
_SQUARE = "invalid argument 1: A should be square"
_TWO = "invalid argument 1: A should be 2 dimensional"

# names of operations ("": all) -> [(today's text, a pattern; 0.3's)]. In 0.3's, {0}, {1}, ... are the groups of the
# pattern; {self} and {index} the sizes of the first two tensors; {sizes} and {dims} those of the factors of a product;
# {channels} the channels of the first tensor.
_WORDS = {
    "": [
        (_DIM, "dimension out of range (expected to be in range of {0}, but got {1})"),
        (r"(The expanded size of the tensor .* at non-singleton dimension \d+\.)  Target sizes.*", "{0}"),
        (r"(The size of tensor a .* at non-singleton dimension \d+): shapes .*", "{0}"),
    ],
    "spmm": [(r"mat1 and mat2 shapes cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)",
              "invalid argument 3: Expected dim 0 size {0}, got {1}")],
    "mm addmm matmul linear": [
        (r"mat1 and mat2 shapes cannot be multiplied \((.*) and (.*)\)", "size mismatch, m1: {0:x}, m2: {1:x}"),
        (r"(?:self|mat1|mat2|input) must be a matrix", _MATRICES),
    ],
    "mv addmv matmul": [
        (r"size mismatch, got input \(\d+\), mat \((.*)\), vec \((.*)\)", "size mismatch, {0:x}, {1:x}"),
        (r"vector \+ matrix @ vector expected", "matrix and vector expected, got {dims[0]}D, {dims[1]}D"),
    ],
    "bmm addbmm baddbmm": [
        (r"Expected size for first two dimensions of batch2 tensor to be: \[(\d+), (\d+)\] but got: \[(\1), (\d+)\]\.",
         "invalid argument 2: wrong matrix size, batch1: {factors[0]}, batch2: {factors[1]}"),
        (r"Expected size for first two dimensions of batch2 tensor to be: \[(\d+), \d+\] but got: \[(\d+), \d+\]\.",
         "invalid argument 2: equal number of batches expected, got {0}, {1}"),
        (r"batch1 must be a 3D tensor", "invalid argument 1: expected 3D tensor, got {dims[0]}D"),
        (r"batch2 must be a 3D tensor", "invalid argument 2: expected 3D tensor, got {dims[1]}D"),
    ],
    "ger addr": [
        (r".*Expected 1-D argument", "vector and vector expected, got {dims[0]}D, {dims[1]}D tensors"),
    ],
    "cat stack": [
        (r"Tensors must have same number of dimensions.*", "invalid argument 0: {match}"),
        (r"(Sizes of tensors must match except in dimension (\d+)\.) Expected size (\d+) but got size (\d+) for .*",
         "invalid argument 0: {0} Got {2} and {3} in dimension {differing}"),
    ],
    "view": [
        (r"shape '(.*)' is invalid for input of size (\d+)",
         "invalid argument 2: size '{0:x}' is invalid for input of with {1} elements"),
        (r"only one dimension can be inferred", "invalid argument 1: {match}"),
        (r"(view size is not compatible .* subspaces\)\.)",
         "invalid argument 2: {0} Call .contiguous() before .view()."),
    ],
    "expand": [(r".*(the number of sizes provided \(\d+\) must be greater or equal to .*)", "{0}")],
    "t": [(r"t\(\) expects a tensor with <= 2 dimensions, but self is (\d+)D",
              "t() expects a 2D tensor, but self is {0}D")],
    "permute": [
        (r"permute\(\): duplicate dims are not allowed\.", "repeated dim in permute"),
        (r"permute\(sparse_coo\): number of dimensions .*", "number of dims don't match in permute"),
    ],
    "narrow": [(r"start \(-?\d+\) \+ length|narrow: the length", "invalid argument 4: out of range"),
               (r"start out of range|.*start \(-?\d+\)", "invalid argument 3: out of range")],
    "select": [(r"select\(\): index", "invalid argument 3: out of range")],
    "__getitem__ __setitem__": [
        (r"index (-?\d+) is out of bounds for dimension (\d+) with size (\d+)",
         "index {0} is out of range for dimension {1} (of size {2})"),
    ],
    "__and__ __iand__": [(r'"bitwise_and" not implemented', "bitand is only supported for integer type tensors")],
    "__or__ __ior__": [(r'"bitwise_or" not implemented', "bitor is only supported for integer type tensors")],
    "__xor__ __ixor__": [(r'"bitwise_xor" not implemented', "bitxor is only supported for integer type tensors")],
    "index_select": [
        (r"index out of range in self", "index out of range"),
        (r"index_select\(\): Index is supposed to be a vector", "invalid argument 3: Index is supposed to be a vector"),
    ],
    "embedding": [
        (r"index out of range in self", "index out of range"),
        (r"Expected tensor for argument #1 'indices' to have .*; but got (.*) instead",
         "torch.index_select received an invalid combination of arguments - got (torch.FloatTensor, int, {0}), but "
         "expected (torch.FloatTensor source, int dim, torch.LongTensor index)"),
    ],
    "init": [(r"(Fan in and fan out can not be computed for tensor with) fewer (than 2 dimensions)", "{0} less {1}")],
    "glu": [(r"Halving dimension must be even, but dimension (-?\d+) is size (\d+)",
             "invalid argument 2: Halving dimension must be even. Dim {0} is size {1}")],
    "pad": [(r"Argument #(\d+): (Padding size should .* of input) \[(.*)\]", "invalid argument {0}: {1} {2:x}")],
    "grid_sample": [
        (r"grid_sampler\(\): expected grid to have size 2 in last dimension",
         "Need grid of dimension 4 and grid.size[3] == 2 but got grid to be of shape: {index}"),
        (r"grid_sampler\(\): expected grid and input to have same batch size, but got input with sizes \[(\d+),",
         "Need grid of dimension 4 and grid.size[0] == {0} but got grid to be of shape: {index}"),
    ],
    "pool": [
        (r"\w+_pool\dd: Expected (\dD or \dD) \(batch mode\) tensor .* but got:\[(.*)\]",
         "invalid argument 2: {0} input tensor expected but got: {1:x}"),
        (r"adaptive_\w+\(\): Expected (\dD or \dD) tensor, but got:? \[(.*)\]",
         "invalid argument 2: {0} (batch mode) tensor expected for input, but got: {1:x}"),
        (r"pad should be at most half of effective kernel size",
         "invalid argument 2: pad should be smaller than half of kernel size"),
        (r"Given input size: \((.*)\)\. Calculated output size: \((.*)\)\. Output size is too small",
         "Given input size: ({channels}x{0}). Calculated output size: ({channels}x{1}). Output size is too small"),
    ],
    "index_add index_copy index_fill": [
        (r"index out of range in self|index -?\d+ is out of bounds", "invalid argument 3: out of range"),
    ],
    "gather": [
        (r"index -?\d+ is out of bounds", "Invalid index in gather"),
        (r"Index tensor must have the same number of dimensions",
         "invalid argument 4: Index tensor must have same dimensions as input tensor"),
        (r"Size does not match at dimension \d+ expected index .* apart from dimension (\d+)", _APART),
    ],
    "scatter": [(r"index -?\d+ is out of bounds", "Invalid index in scatter")],
    "scatter_add": [(r"index -?\d+ is out of bounds", "Invalid index in scatterAdd")],
    "scatter scatter_add": [
        (r"Index tensor must have the same number of dimensions as (?:self|input) tensor",
         "invalid argument 3: Index tensor must have same dimensions as output tensor"),
        (r"Index tensor must have the same number of dimensions as src tensor",
         "invalid argument 4: Input tensor must have same dimensions as output tensor"),
    ],
    "masked_scatter masked_copy __setitem__": [
        (r"masked_scatter: the mask has", "Number of elements of src < number of ones in mask"),
    ],
    "take": [(r"out of range: tried to access index (-?\d+) on a tensor of (\d+) elements\.",
              "invalid argument 2: out of range: {0} out of {1}")],
    "topk": [(r"topk\(\): selected index k out of range", "invalid argument 3: k not in range for dimension")],
    "kthvalue": [(r"kthvalue\(\): selected number k out of range", "invalid argument 2: selected index out of range")],
    "diag": [(r"diag\(\): Supports 1D or 2D tensors", "invalid argument 1: matrix or a vector expected")],
    "trace tril triu": [(r"trace: expected a matrix|tri[lu]: input tensor must have at least 2 dimensions",
                                     "invalid argument 1: expected a matrix")],
    "cross": [
        (r"cross: no dimension of size 3 in (.*)", "no dimension of size 3 in a: {0:x}"),
        (r"linalg\.cross: inputs dimension (-?\d+) must have length 3",
         "invalid argument 3: dimension {0} does not have size 3"),
    ],
    "renorm": [(r"renorm: input needs (at least 2 dimensions, got \d+ dimensions)",
                        "invalid argument 1: need {0}")],
    "max min median": [(r"\w+\(\): Expected reduction dim to be specified for input\.numel\(\) == 0\..*",
                        "invalid argument 1: tensor must have one dimension")],
    "inverse": [(r"linalg\.inv: The diagonal element (\d+) is zero",
                 "Lapack Error getrf : U({0},{0}) is 0, U is singular")],
    "potrf": [(r".*the leading minor of order (\d+) is not positive.definite",
               "Lapack Error in potrf : the leading minor of order {0} is not positive definite")],
    "gesv": [
        (r"gesv: The solver failed because the input matrix is singular",
         "Lapack Error in gesv : U is zero at a place of its diagonal, singular U."),
        (r"gesv: Incompatible shapes", "invalid argument 1: A,b size incompatible"),
    ],
    "inverse symeig eig potrf potri gesv": [
        (r".*must be batches of square matrices", _SQUARE),
        (r".*the argument must be a square matrix", _SQUARE),
        (r".*must have at least 2 dimensions", _TWO),
    ],
    "svd qr geqrf gels": [(r".*must have at least 2 dimensions", _TWO)],
    "btrifact": [(r"btrifact: \(Batch element (\d+)\): U\[(\d+),",
                  "failed to factorize batch element {0} (info == {1})")],
    "multinomial": [
        (r"cannot sample n_sample > prob_dist\.size\(-1\) samples without replacement",
         "invalid argument 2: cannot sample n_sample > prob_dist:size(1) samples without replacement"),
        (r"invalid multinomial distribution.*", "invalid argument 2: {match}"),
    ],
    "bernoulli": [(r"Expected p_in >= 0 && p_in <= 1|bernoulli_? expects p",
                              "invalid argument 1: must be >= 0 and <= 1")],
    "backward": [
        (r"Trying to backward through the graph a second time",
         "Trying to backward through the graph a second time, but the buffers have already been freed. Specify "
         "retain_graph=True when calling backward the first time."),
        (r"(Function \w+ returned an invalid gradient at index \d+) - got (.*) but expected shape compatible with (.*)",
         "{0} - expected shape {2} but got {1}"),
    ],
    "nll_loss": [
        (r"size mismatch \(got input: \[(.*)\] , target: \[(.*)\]\)",
         "Assertion `input0 == target0 && input2 == target1 && input3 == target2' failed. size mismatch (got input: "
         "{0:dense}, target: {1:dense})"),
        (r"Target -?\d+ is out of bounds", "Assertion `cur_target >= 0 && cur_target < n_classes' failed. "),
        (r"Expected input batch_size \(\d+\) to match target batch_size",
         "Assertion `THIndexTensor_(size)(target, 0) == batch_size' failed. "),
    ],
    "rnn": [(r"(Expected hidden.* size .*), got \[(.*)\]", "{0}, got ({1})")],
    "cell lstm_cell": [(r"input has inconsistent input_size: got (\d+) expected (\d+)",
                        "input has inconsistent input_size: got {0}, expected {1}")],
    "cell": [(r"(Input batch size \d+ doesn't match |)hidden0 (.*)", "{0}hidden {1}")],
    "lstm_cell": [(r"(Input batch size \d+ doesn't match |)hidden(\d) (.*)", "{0}hidden[{1}] {2}")],
    "batch_norm": [(r"(Expected more than 1 value per channel .* size )torch\.Size\((.*)\)", "{0}{1}")],
    "conv": [
        (r"Given groups=(\d+), weight of size (.*), expected input(.*) to have (.*)",
         "Given groups={0}, weight{1}, so expected input{2} to have {3}"),
        (r"Given transposed=1, weight of size (.*), expected input(.*) to have (.*)",
         "Given transposed=1, weight{0}, so expected input{1} to have {2}"),
        (r"Input type \((.*)\) and (weight|bias) type \((.*)\) should be the same.*",
         "Input type ({0:aten}) and {1} type ({2:aten}) should be the same"),
    ],
}  # fmt: skip

_ROWS: dict[str, list] = {}  # name of an operation -> its compiled rows
for _names, _rows in _WORDS.items():
    for _name in _names.split() or [""]:
        _ROWS.setdefault(_name, []).extend((re.compile(pattern, re.DOTALL), text) for pattern, text in _rows)


def word_of(function):
    """The name under which the rows of a function of `nn.functional` are: those of pools have one, and convolutions."""
    if function.startswith("conv"):
        return "conv"
    return "pool" if "_pool" in function else function


def sizes_text(sizes):
    """sizes_text((2, 3)) -> "[2 x 3]", as 0.3 wrote sizes."""
    return f"[{' x '.join(map(str, sizes))}]"


class _Group(str):
    """What a group of a pattern matched; `{0:x}` writes the sizes in it as 0.3 did, `{0:dense}` as its kernels did, and
    `{0:aten}` the type torch.FloatTensor as its convolutions did."""

    def __format__(self, spec):
        if spec == "aten":
            return ("CUDA" if ".cuda." in self else "CPU") + self.rpartition(".")[2]
        sizes = re.findall(r"-?\d+", self) if spec else ()
        return {"x": sizes_text(sizes), "dense": "x".join(sizes)}.get(spec, str(self))


def said(error, name, tensors=()):
    """said(error, name, tensors=()) -> the error that 0.3 raised where today's operation `name` on `tensors` raises
    `error`: a RuntimeError, but for the IndexError of `x[i]` and the ValueError of a batch of one."""
    message = str(error)
    if not name.startswith("__"):
        name = name.rstrip("_")
    for pattern, text in (*_ROWS.get(name, ()), *_ROWS[""]):
        match = pattern.match(message)
        if match is not None:
            return _kind(error, name, text)(_filled(text, match, name, tensors))
    return _kind(error, name)(message) if isinstance(error, IndexError) else error


def _kind(error, name, text=""):
    if "received an invalid combination" in text:
        return TypeError
    if name == "init":
        return type(error)
    if isinstance(error, ValueError) and name == "batch_norm":
        return ValueError
    return IndexError if isinstance(error, IndexError) and name.endswith("item__") else RuntimeError


def _filled(text, match, name, tensors):
    shapes = [_array(t).shape or (1,) for t in tensors if isinstance(t, _core.TensorBase)]
    factors = shapes[1:] if len(shapes) > 2 and name.startswith("add") or name.startswith("badd") else shapes
    known: dict = {"match": match.group(), "dims": [len(s) for s in factors]}
    known["factors"] = ["x".join(map(str, s[1:])) for s in factors]
    if len(shapes) > 1:
        known.update(self=sizes_text(shapes[0]), index=sizes_text(shapes[1]))
    if "{channels}" in text:
        known["channels"] = shapes[0][-1 - match.group(1).count("x") - 1]
    if "{differing}" in text:
        known["differing"] = _differing(shapes, match)
    return text.format(*map(_Group, match.groups()), **known)


def _differing(shapes, match):
    """The dimension, beside that of the joint, in which tensors to be joined differ."""
    places = (d for d, sizes in enumerate(zip(*shapes, strict=False)) if len(set(sizes)) > 1)
    return next((d for d in places if str(d) != match.group(2)), None)


def in_03s_words(name, refusal=None, position=0):
    """Decorator of a function of tensors: its errors are what 0.3 said of the operation `name`.

    With a refusal, a function of a value, the argument at `position` must be a Variable: otherwise refusal(argument) is
    raised.
    """

    def decorate(function):
        return update_wrapper(_core.Worded(function, explain, refusal, position), function)

    def explain(error, args, kwargs):
        return said(error, name, [*args, *kwargs.values()])

    return decorate
