"""The signatures of 0.3's methods (see `signatures.py` for how to read them).

`[float]`: only tensors of floats have the method; `[byte]`: only ByteTensors. `[inplace]`: the form with a trailing
underscore exists too. `[function]`: `torch.<name>` exists too; `[scaled]`: and may be given beta before the tensor.
Method and function differ in their later lines for one face: the last declaration of a name counts.
"""

POINTWISE = """
abs neg sign [inplace] [function]: ()
acos asin atan ceil cos cosh erf erfinv exp floor frac lgamma log log1p reciprocal rsqrt sigmoid sin sinh sqrt
    tan tanh trunc [float] [inplace] [function]: ()
round [float] [inplace] [function]: () => rounded()
add [inplace] [function] [broadcast]: (real value) | (Tensor other) | (real value, Tensor other) => other, alpha=value
sub [inplace] [broadcast]: (real value) | (Tensor other) | (real value, Tensor other) => other, alpha=value
mul [inplace] [function] [broadcast]: (real value) | (Tensor other)
div [inplace] [function] [broadcast]: (real value) => divided(value) | (Tensor other) => divided(other)
fmod [inplace] [function] [broadcast]: (real value) | (Tensor other)
remainder [inplace] [function] [broadcast]: (real value) => left_over(value) | (Tensor other) => left_over(other)
pow [inplace] [broadcast]: (real exponent) | (Tensor exponent)
atan2 [float] [inplace] [function] [broadcast]: (Tensor other)
lerp [float] [inplace] [function] [broadcast]: (Tensor end, real weight)
addcmul [inplace] [function] [broadcast]: (Tensor tensor1, Tensor tensor2)
    | (real value, Tensor tensor1, Tensor tensor2) => tensor1, tensor2, value=value
addcdiv [inplace] [function] [broadcast]: (Tensor tensor1, Tensor tensor2) => quotient_added(tensor1, tensor2, 1)
    | (real value, Tensor tensor1, Tensor tensor2) => quotient_added(tensor1, tensor2, value)
clamp [inplace] [function]: (real min, real max) => bounded(min, max) | (real min) => bounded(min, None)
    | (real max) => bounded(None, max)
eq ne lt le gt ge [inplace] [function] [broadcast]: (real value) | (Tensor other)
equal [function]: (Tensor other)
__and__ __iand__ [broadcast]: (real value) => bitwise_and(value) | (Tensor other) => bitwise_and(other)
__or__ __ior__ [broadcast]: (real value) => bitwise_or(value) | (Tensor other) => bitwise_or(other)
__xor__ __ixor__ [broadcast]: (real value) => bitwise_xor(value) | (Tensor other) => bitwise_xor(other)
__lshift__ __ilshift__ [broadcast]: (real value) => shifted_left(value) | (Tensor other) => shifted_left(other)
__rshift__ __irshift__ [broadcast]: (real value) => shifted_right(value) | (Tensor other) => shifted_right(other)
"""

REDUCTIONS = """
sum [function]: () -> number => whole_sum() | (int dim, bool keepdim=False) => kept_sum(dim, keepdim)
prod [function]: () -> number => whole_prod() | (int dim, bool keepdim=False) => kept_prod(dim, keepdim)
mean [float] [function]: () -> number => whole_mean() | (int dim, bool keepdim=False)
max [function] [broadcast]: () -> number => whole_max() | (Tensor other) => larger(other)
    | (int dim, bool keepdim=False)
min [function] [broadcast]: () -> number => whole_min() | (Tensor other) => smaller(other)
    | (int dim, bool keepdim=False)
std [float] [function]: (bool unbiased=True) -> number => whole_std(unbiased=unbiased)
    | (int dim, bool unbiased=True, bool keepdim=False) => std_along(dim, unbiased, keepdim)
var [float] [function]: (bool unbiased=True) -> number => whole_var(unbiased=unbiased)
    | (int dim, bool unbiased=True, bool keepdim=False) => var_along(dim, unbiased, keepdim)
norm [float] [function]: (double p=2) -> number => whole_norm(p)
    | (double p=2, int dim, bool keepdim=False) => p, dim, keepdim
dist [float] [function] [broadcast]: (Tensor other, double p=2) -> number => whole_dist(other, p)
dot [function]: (Tensor tensor) -> number
trace [function]: () -> number => whole_trace()
median [function]: () -> number => whole_median() | (int dim, bool keepdim=False)
mode [function]: (int dim=-1, bool keepdim=False)
kthvalue [function]: (int k, int dim=-1, bool keepdim=False)
all [byte]: () -> number => truth_all() | (int dim, bool keepdim=False)
any [byte]: () -> number => truth_any() | (int dim, bool keepdim=False)
cumsum [function]: (int dim) => kept_cumsum(dim)
cumprod [function]: (int dim) => kept_cumprod(dim)
histc [float] [function]: (int bins=100, double min=0, double max=0)
sort [function]: (int dim=-1, bool descending=False)
topk [function]: (int k, int dim=-1, bool largest=True, bool sorted=True) => highest(k, dim, largest, sorted)
nonzero [function]: ()
"""

SHAPES = """
view: (ints size) => viewed(size)
expand: (ints sizes) => expanded(sizes)
repeat permute: (ints sizes)
expand_as view_as: (EitherTensor tensor)
t [inplace] [function]: () => transposed()
transpose [inplace] [function]: (int dim0, int dim1)
squeeze [inplace] [function]: () | (int dim)
unsqueeze [inplace] [function]: (int dim) => unsqueezed(dim)
narrow: (int dimension, int start, int length) => narrowed(dimension, start, length)
select: (int dim, int index) => selected(dim, index)
chunk [function]: (int n_chunks, int dim=0) | (int chunks, int dim=0)
split [function]: (int split_size, int dim=0) | (Size split_size, int dim=0)
unfold: (int dim, int size, int step)
unbind [function]: (int dim=0) => unbound(dim)
diag [function]: (int diagonal=0)
tril triu [inplace] [function]: (int k=0) | (int diagonal=0)
"""

VIEWS = frozenset(
    "view expand permute expand_as view_as t transpose squeeze unsqueeze narrow select chunk split unfold unbind "
    "resize resize_as".split()
)  # whose results share the memory of self

INDEXING = """
index_select [function]: (int dim, LongTensor index)
index_add_ index_copy_: (int dim, LongTensor index, Tensor source)
index_fill_: (int dim, LongTensor index, real value)
gather [function]: (int dim, LongTensor index)
scatter_: (int dim, LongTensor index, Tensor src) | (int dim, LongTensor index, real value)
scatter_add_: (int dim, LongTensor index, Tensor src)
masked_select [function] [broadcast]: (ByteTensor mask) => masked_selected(mask)
masked_fill_ [broadcast]: (ByteTensor mask, real value) => masked_filled_(mask, value)
masked_scatter_ masked_copy_: (ByteTensor mask, Tensor source) => masked_scattered_(mask, source)
take [function]: (LongTensor index)
put_: (LongTensor index, Tensor source, bool accumulate=False)
"""

MATRICES = """
mm bmm [function]: (Tensor mat2)
mv [function]: (Tensor vec)
ger [function]: (Tensor vec2)
matmul [function]: (Tensor other) => multiplied(other)
addmm [inplace] [function] [scaled]: (Tensor mat1, Tensor mat2, real beta=1, real alpha=1)
    => mat1, mat2, beta=beta, alpha=alpha
    | (real beta, Tensor mat1, Tensor mat2) => mat1, mat2, beta=beta
    | (real beta, real alpha, Tensor mat1, Tensor mat2) => mat1, mat2, beta=beta, alpha=alpha
addmv [inplace] [function] [scaled]: (Tensor mat, Tensor vec, real beta=1, real alpha=1)
    => mat, vec, beta=beta, alpha=alpha
    | (real beta, Tensor mat, Tensor vec) => mat, vec, beta=beta
    | (real beta, real alpha, Tensor mat, Tensor vec) => mat, vec, beta=beta, alpha=alpha
addr [inplace] [function] [scaled]: (Tensor vec1, Tensor vec2, real beta=1, real alpha=1)
    => vec1, vec2, beta=beta, alpha=alpha
    | (real beta, Tensor vec1, Tensor vec2) => vec1, vec2, beta=beta
    | (real beta, real alpha, Tensor vec1, Tensor vec2) => vec1, vec2, beta=beta, alpha=alpha
addbmm baddbmm [inplace] [function] [scaled]: (Tensor batch1, Tensor batch2, real beta=1, real alpha=1)
    => batch1, batch2, beta=beta, alpha=alpha
    | (real beta, Tensor batch1, Tensor batch2) => batch1, batch2, beta=beta
    | (real beta, real alpha, Tensor batch1, Tensor batch2) => batch1, batch2, beta=beta, alpha=alpha
cross [function]: (Tensor other, int dim=-1) => crossed(other, dim)
renorm [float] [inplace] [function]: (double p, int dim, double maxnorm)
inverse [float] [function]: ()
svd [float] [function]: (bool some=True) => singular_values(some)
symeig [float] [function]: (bool eigenvectors=False, bool upper=True) => eigen_symmetric(eigenvectors, upper)
eig [float] [function]: (bool eigenvectors=False) => eigen(eigenvectors)
qr geqrf [float] [function]: ()
gels [float] [function]: (Tensor A) => least_squares(A)
gesv [float] [function]: (Tensor A) => solved(A)
btrifact [float] [function]: (IntTensor info=None, bool pivot=True)
btrisolve [float] [function]: (Tensor LU_data, AnyTensor LU_pivots)
potrf [float] [function]: (bool upper=True)
potri [float] [function]: (bool upper=True)
potrs [float] [function]: (Tensor input2, bool upper=True) => solved_by_factor(input2, upper)
pstrf [float] [function]: (bool upper=True, double tol=-1)
trtrs [float] [function]: (Tensor A, bool upper=True, bool transpose=False, bool unitriangular=False)
    => solved_by_triangle(A, upper, transpose, unitriangular)
orgqr [float] [function]: (Tensor input2)
ormqr [float] [function]: (Tensor input2, Tensor input3, bool left=True, bool transpose=False)
"""

FILLING = """
fill_: (real value) => filled_(value)
zero_: () => zeroed_()
copy_: (any src, bool async=False, bool broadcast=True) => copied_(src, broadcast)
uniform_ [float]: (double _from=0, double to=1, Generator generator=None) => _from, to, generator=generator
normal_ [float]: (double mean=0, double std=1, Generator generator=None) => mean, std, generator=generator
geometric_: (double p, Generator generator=None) => p, generator=generator
exponential_ [float]: (double lambd=1, Generator generator=None) => lambd, generator=generator
cauchy_ [float]: (double median=0, double sigma=1, Generator generator=None) => median, sigma, generator=generator
log_normal_ [float]: (double mean=1, double std=2, Generator generator=None) => mean, std, generator=generator
random_: (Generator generator=None) => generator=generator
    | (int to, Generator generator=None) => to, generator=generator
    | (int _from, int to, Generator generator=None) => _from, to, generator=generator
bernoulli_: (double p=0.5, Generator generator=None) => p, generator=generator
    | (AnyTensor p, Generator generator=None) => p, generator=generator
bernoulli [float] [function]: (Generator generator=None) => generator=generator
multinomial [float] [function]: (int num_samples, bool replacement=False, Generator generator=None)
    => num_samples, replacement, generator=generator
"""

ALL = POINTWISE + REDUCTIONS + SHAPES + INDEXING + MATRICES + FILLING

# What Variables have otherwise, or alone: their factors may be named after the tensors.
VARIABLES = """
add sub add_ sub_ [broadcast]: (real value) | (Tensor other, real alpha=1) => other, alpha=alpha
    | (real value, Tensor other) => other, alpha=value
addcmul addcmul_ [broadcast]: (Tensor tensor1, Tensor tensor2, real value=1) => tensor1, tensor2, value=value
    | (real value, Tensor tensor1, Tensor tensor2) => tensor1, tensor2, value=value
addcdiv addcdiv_ [broadcast]: (Tensor tensor1, Tensor tensor2, real value=1) => quotient_added(tensor1, tensor2, value)
    | (real value, Tensor tensor1, Tensor tensor2) => quotient_added(tensor1, tensor2, value)
std: (bool unbiased=True) => whole_std(unbiased=unbiased)
    | (int dim, bool keepdim=False, bool unbiased=True) => std_along(dim, unbiased, keepdim)
var: (bool unbiased=True) => whole_var(unbiased=unbiased)
    | (int dim, bool keepdim=False, bool unbiased=True) => var_along(dim, unbiased, keepdim)
index_add index_copy: (int dim, LongTensor index, Tensor source)
index_fill: (int dim, LongTensor index, real value)
scatter: (int dim, LongTensor index, Tensor source) | (int dim, LongTensor index, real value)
scatter_add: (int dim, LongTensor index, Tensor source)
masked_fill [broadcast]: (ByteTensor mask, real value) => masked_filled(mask, value)
masked_scatter masked_copy [broadcast]: (ByteTensor mask, Tensor source) => masked_scattered(mask, source)
resize: (ints sizes) => reshape(sizes)
resize_as: (AnyTensor variable) => resize_as(variable)
"""

# Those that plain tensors lack, and those that Variables lack.
OF_VARIABLES = """
index_add index_copy index_fill masked_copy masked_fill masked_scatter scatter scatter_add resize resize_as
"""
OF_PLAIN = "numpy tolist storage storage_type apply_ map_ map2_"

# Those that are today's.
UNCHANGED = frozenset(
    "contiguous data data_ptr grad_fn is_contiguous is_leaf is_pinned is_set_to is_shared is_sparse nelement "
    "numel output_nr pin_memory record_stream reinforce resize_ resize_as_ retain_grad set_ share_memory_ "
    "storage_offset volatile".split()
)
