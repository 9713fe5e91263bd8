"""Attention (Vaswani et al., Attention is all you need, 2017)."""

import math
import warnings

import flambeau as fb
from flambeau.ops.autocast import install

from .primitives import op

# ---- scaled dot products


def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False
):
    """softmax(scale Q K^T + mask) V: query (*, L, E), key (*, S, E), value (*, S, Ev) -> (*, L, Ev)

    attn_mask: broadcastable to (*, L, S); bool, True where a key counts, or a number added to each score. Queries for
    which no key counts get zeros. is_causal: query i sees the keys up to i only. scale: 1 / sqrt(E) by default.
    dropout_p: the probability with which a weight is dropped - also outside of training, there is no module to ask.
    enable_gqa: key and value have fewer heads (dimension -3), each for a group of those of query (Ainslie et al. 2023).
    Raises RuntimeError when dtypes or sizes do not fit.
    """
    _check_attention(query, key, value, attn_mask, dropout_p)
    if enable_gqa:
        key, value = _heads_of_groups(query, key, value)
    scale = 1 / math.sqrt(query.size(-1)) if scale is None else scale
    scores = op.matmul(query * scale, key.transpose(-2, -1))
    mask = _with_causal(attn_mask, scores) if is_causal else attn_mask
    if mask is None:
        return op.matmul(op.dropout(scores.softmax(-1), dropout_p, dropout_p > 0), value)
    without = (
        ~mask.any(-1, keepdim=True) if mask.dtype is fb.bool else (mask == -math.inf).all(-1, keepdim=True)
    )
    if mask.dtype is fb.bool:
        scores = scores.masked_fill(~(mask | without), -math.inf)
    else:
        scores = scores + mask.masked_fill(without, 0)
    weights = op.dropout(scores.softmax(-1), dropout_p, dropout_p > 0)
    result = op.matmul(weights, value)
    return result if attn_mask is None else result.masked_fill(without, 0)


def _check_attention(query, key, value, attn_mask, dropout_p):
    if not query.dtype is key.dtype is value.dtype:
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{query.dtype.name} key.dtype: {key.dtype.name} and value.dtype: {value.dtype.name} instead."
        )
    if min(query.dim(), key.dim(), value.dim()) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{query.dim()} key.dim: {key.dim()} and value.dim: {value.dim()} instead."
        )
    if attn_mask is not None and attn_mask.dtype not in (fb.bool, fb.float32, query.dtype):
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{attn_mask.dtype.name} and  query.dtype: {query.dtype.name} instead."
        )
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")


def _heads_of_groups(query, key, value):
    """key and value with each head repeated for the queries of its group."""
    if min(query.dim(), key.dim(), value.dim()) < 3:
        raise RuntimeError(
            "scaled_dot_product_attention: enable_gqa needs a dimension of heads, the last but two"
        )
    heads, of_key, of_value = (t.size(-3) for t in (query, key, value))
    if not of_key or not of_value or heads % of_key or heads % of_value:
        raise RuntimeError(
            "Number of heads in key and value must divide the number of heads in query, but got "
            f"{of_key}, {of_value} and {heads}"
        )
    return key.repeat_interleave(heads // of_key, -3), value.repeat_interleave(heads // of_value, -3)


def _with_causal(mask, scores):
    """mask (or None) and the keys up to the query's own position."""
    causal = fb.ones(scores.shape[-2:], dtype=fb.bool, device=scores.device).tril()
    if mask is None:
        return causal
    return mask & causal if mask.dtype is fb.bool else mask.masked_fill(~causal, -math.inf)


# ---- several heads


def multi_head_attention_forward(
    query,
    key,
    value,
    embed_dim_to_check,
    num_heads,
    in_proj_weight,
    in_proj_bias,
    bias_k,
    bias_v,
    add_zero_attn,
    dropout_p,
    out_proj_weight,
    out_proj_bias,
    training=True,
    key_padding_mask=None,
    need_weights=True,
    attn_mask=None,
    use_separate_proj_weight=False,
    q_proj_weight=None,
    k_proj_weight=None,
    v_proj_weight=None,
    static_k=None,
    static_v=None,
    average_attn_weights=True,
    is_causal=False,
):
    """What `nn.MultiheadAttention` computes: query (L, B, E), key (S, B, Ek), value (S, B, Ev), or without B ->
    (output (L, B, E), weights (B, L, S), or (B, H, L, S) unless average_attn_weights, or None unless need_weights).

    in_proj_weight (3E, E), or q_proj_weight (E, E), k_proj_weight (E, Ek) and v_proj_weight (E, Ev) with
    use_separate_proj_weight; in_proj_bias (3E,); bias_k and bias_v (1, 1, E): one more key and value; add_zero_attn:
    one more, of zeros; static_k and static_v (B H, S, E / H): projected keys and values.
    """
    batched = _check_dims(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = _unsqueezed(query, key, value)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, embed_dim = query.shape
    sources = key.size(0)
    _check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    attn_mask, key_padding_mask = canonical_masks(attn_mask, key_padding_mask, query.dtype)
    if is_causal and key_padding_mask is None and not need_weights and bias_k is None and not add_zero_attn:
        attn_mask = None  # the hint says the same
    else:
        is_causal = False
        attn_mask = _checked_mask(attn_mask, batch * num_heads, length, sources)
    if key_padding_mask is not None:
        _check_padding(key_padding_mask, batch, sources)
    weights = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else in_proj_weight
    q, k, v = _projected(query, key, value, weights, in_proj_bias)
    if bias_k is not None:
        k, v = (op.cat([t, b.repeat(1, batch, 1)]) for t, b in ((k, bias_k), (v, bias_v)))
        attn_mask, key_padding_mask = _one_more(attn_mask), _one_more(key_padding_mask)
    heads = batch, num_heads, embed_dim // num_heads
    q = _of_heads(q, *heads)
    k, v = (_of_heads(t, *heads) if s is None else s for t, s in ((k, static_k), (v, static_v)))
    if add_zero_attn:
        k, v = (op.cat([t, t.new_zeros((t.size(0), 1, t.size(2)))], 1) for t in (k, v))
        attn_mask, key_padding_mask = _one_more(attn_mask), _one_more(key_padding_mask)
    mask = _merged(attn_mask, key_padding_mask, batch, num_heads)
    dropout_p = dropout_p if training else 0.0
    if need_weights:
        output, weights = _attend(q, k, v, mask, dropout_p)
        weights = weights.reshape(batch, num_heads, length, k.size(1))
        weights = weights.mean(1) if average_attn_weights else weights
    else:
        output, weights = scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal), None
    output = output.transpose(0, 1).reshape(length, batch, embed_dim)
    output = op.linear(output, out_proj_weight, out_proj_bias)
    if batched:
        return output, weights
    return output.squeeze(1), None if weights is None else weights.squeeze(0)


def _unsqueezed(query, key, value):
    """The three with a batch of one; tensors that were one stay one."""
    q = query.unsqueeze(1)
    k = q if key is query else key.unsqueeze(1)
    return q, k, k if value is key else value.unsqueeze(1)


def _attend(q, k, v, mask, dropout_p):
    """Attention and its weights."""
    q = q * math.sqrt(1.0 / q.size(-1))
    k = k.transpose(-2, -1)
    scores = op.bmm(q, k) if mask is None else op.baddbmm(mask, q, k)
    weights = op.dropout(scores.softmax(-1), dropout_p, dropout_p > 0)
    return op.bmm(weights, v), weights


def _projected(query, key, value, weights, bias):
    """Linear maps of the three; in one product those that are of one tensor."""
    embed_dim = query.size(-1)
    if isinstance(weights, tuple):
        biases = (None,) * 3 if bias is None else bias.chunk(3)
        return [op.linear(t, w, b) for t, w, b in zip((query, key, value), weights, biases, strict=True)]
    if query is key and key is value:
        return op.linear(query, weights, bias).split(embed_dim, -1)
    if key is not value:
        return _projected(query, key, value, weights.chunk(3), bias)
    w_q, w_kv = weights.split([embed_dim, 2 * embed_dim])
    b_q, b_kv = (None, None) if bias is None else bias.split([embed_dim, 2 * embed_dim])
    return op.linear(query, w_q, b_q), *op.linear(key, w_kv, b_kv).split(embed_dim, -1)


def _of_heads(t, batch, heads, width):
    """(S, B, H E) as (B H, S, E)."""
    return t.reshape(t.size(0), batch * heads, width).transpose(0, 1)


def _one_more(mask):
    """A mask for one more key, which counts."""
    return None if mask is None else op.pad(mask, (0, 1))


def _merged(attn_mask, key_padding_mask, batch, heads):
    """The sum of the masks, for (B H, L, S)."""
    if key_padding_mask is None:
        return attn_mask
    sources = key_padding_mask.size(1)
    padding = key_padding_mask.reshape(batch, 1, 1, sources).expand(batch, heads, 1, sources)
    padding = padding.reshape(batch * heads, 1, sources)
    return padding if attn_mask is None else attn_mask + padding


def as_float_mask(mask, name, dtype):
    """A bool mask, True where a key does not count, as numbers to add to scores; None and float masks as they are."""
    if mask is None or mask.is_floating_point():
        return mask
    if mask.dtype is not fb.bool:
        raise AssertionError(f"only bool and floating types of {name} are supported")
    return op.zeros_like(mask, dtype=dtype).masked_fill_(mask, -math.inf)


def canonical_masks(attn_mask, key_padding_mask, dtype, padding_name="key_padding_mask"):
    """Both masks as numbers to add to scores. Warns when one is bool and the other is not."""
    if (
        attn_mask is not None
        and key_padding_mask is not None
        and attn_mask.dtype is not key_padding_mask.dtype
    ):
        warnings.warn(
            f"Support for mismatched {padding_name} and attn_mask is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    padding = as_float_mask(key_padding_mask, padding_name, dtype)
    return as_float_mask(attn_mask, "attn_mask", dtype), padding


def _require(condition, message):
    if not condition:
        raise AssertionError(message)


def _check_dims(query, key, value, key_padding_mask, attn_mask, num_heads):
    """Whether there is a batch; AssertionError when numbers of dimensions do not fit together."""
    n = query.dim()
    _require(
        n in (2, 3), f"query should be unbatched 2D or batched 3D tensor but received {n}-D query tensor"
    )
    kind = "batched (3-D)" if n == 3 else "unbatched (2-D)"
    _require(
        key.dim() == n and value.dim() == n,
        f"For {kind} `query`, expected `key` and `value` to be {n}-D but found {key.dim()}-D and {value.dim()}-D "
        "tensors respectively",
    )
    if key_padding_mask is not None:
        _require(
            key_padding_mask.dim() == n - 1,
            f"For {kind} `query`, expected `key_padding_mask` to be `None` or {n - 1}-D but found "
            f"{key_padding_mask.dim()}-D tensor instead",
        )
    if attn_mask is not None:
        _require(
            attn_mask.dim() in (2, 3),
            f"For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.dim()}-D "
            "tensor instead",
        )
        if n == 2 and attn_mask.dim() == 3:
            expected = num_heads, query.shape[0], key.shape[0]
            _require(
                tuple(attn_mask.shape) == expected,
                f"Expected `attn_mask` shape to be {expected} but got {attn_mask.shape}",
            )
    return n == 3


def _check_sizes(query, key, value, embed_dim_to_check, num_heads, separate):
    embed_dim = query.size(-1)
    _require(
        embed_dim == embed_dim_to_check,
        f"was expecting embedding dimension of {embed_dim_to_check}, but got {embed_dim}",
    )
    _require(embed_dim % num_heads == 0, f"embed_dim {embed_dim} not divisible by num_heads {num_heads}")
    if separate:
        _require(
            key.shape[:2] == value.shape[:2],
            f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}",
        )
    else:
        _require(key.shape == value.shape, f"key shape {key.shape} does not match value shape {value.shape}")


def _checked_mask(mask, rows, length, sources):
    """mask (L, S) as (1, L, S), or (B H, L, S) as it is; RuntimeError for another shape."""
    if mask is None:
        return None
    expected = (length, sources) if mask.dim() == 2 else (rows, length, sources)
    if tuple(mask.shape) != expected:
        raise RuntimeError(
            f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but should be {expected}."
        )
    return mask.unsqueeze(0) if mask.dim() == 2 else mask


def _check_padding(mask, batch, sources):
    for i, size in enumerate((batch, sources)):
        _require(
            mask.shape[i] == size,
            f"Expected key_padded_mask.shape[{i}] to be {size}, but got {mask.shape[i]}",
        )


install("nn.functional", globals())
