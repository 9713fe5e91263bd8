"""Transformers (Vaswani et al., Attention is all you need, 2017)."""

import copy

import flambeau as fb

from . import functional as F
from . import init
from ._functional.attention import canonical_masks
from .containers import ModuleList
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .multihead import MultiheadAttention
from .normalization import LayerNorm


def _causal_mask(size, device=None, dtype=None):
    """(size, size): 0 up to the diagonal, -inf above."""
    dtype = fb.get_default_dtype() if dtype is None else dtype
    return fb.full((size, size), float("-inf"), dtype=dtype, device=device).triu(1)


def _is_causal(mask, is_causal, size):
    """Whether mask is the causal one of `size` steps: as the caller says, or, for None, found by looking."""
    if is_causal is not None or mask is None:
        return bool(is_causal)
    if tuple(mask.shape[-2:]) != (size, size):
        return False
    return bool(
        (mask == _causal_mask(size, mask.device, mask.dtype if mask.is_floating_point() else None)).all()
    )


def _steps(x, batch_first):
    """The number of steps of a batch (L, B, E), (B, L, E) with batch_first, or of a single sequence (L, E)."""
    return x.size(1 if batch_first and x.dim() == 3 else 0)


def _get_clones(module, n):
    return ModuleList([copy.deepcopy(module) for _ in range(n)])


def _get_activation_fn(activation):
    """The function that a name stands for."""
    if activation == "relu":
        return F.relu
    if activation == "gelu":
        return F.gelu
    if isinstance(activation, str):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return activation


class _Layer(Module):
    """What the layers of encoders and decoders share: two linear maps, the norms, and where these stand."""

    def _build(self, names, d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
               norm_first, bias, options):  # fmt: skip
        for name in names:
            attention = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, **options)
            setattr(self, name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, **options)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, **options)
        self.norm_first = norm_first
        n = len(names) + 1
        for i in range(1, n + 1):
            setattr(self, f"norm{i}", LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **options))
        for i in range(1, n + 1):
            setattr(self, f"dropout{i}", Dropout(dropout))
        self.activation = _get_activation_fn(activation)

    def _feed_forward(self, x):
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def _apply_part(self, i, x, part):
        """x plus the i-th part of the layer, normalised before or after."""
        norm, dropout = getattr(self, f"norm{i}"), getattr(self, f"dropout{i}")
        if self.norm_first:
            return x + dropout(part(norm(x)))
        return norm(x + dropout(part(x)))


def _attend(attention, x, source, mask, padding, is_causal):
    source = x if source is None else source
    options = dict(attn_mask=mask, key_padding_mask=padding, need_weights=False, is_causal=is_causal)
    return attention(x, source, source, **options)[0]


class TransformerEncoderLayer(_Layer):
    """TransformerEncoderLayer(d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=relu, ...)

    Self-attention and two linear maps, each added to its input and normalised after, or before with norm_first.

    src (L, B, d_model), (B, L, d_model) with batch_first, or (L, d_model) -> the same shape. src_mask (L, L) or
    (B nhead, L, L) and src_key_padding_mask (B, L): see MultiheadAttention. activation: relu, gelu or a function.
    """

    def __init__(self, d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=F.relu, layer_norm_eps=1e-5,
                 batch_first=False, norm_first=False, bias=True, device=None, dtype=None):  # fmt: skip
        super().__init__()
        self._build(["self_attn"], d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
                    norm_first, bias, {"device": device, "dtype": dtype})  # fmt: skip

    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        mask, padding = canonical_masks(src_mask, src_key_padding_mask, src.dtype, "src_key_padding_mask")
        x = self._apply_part(1, src, lambda x: _attend(self.self_attn, x, None, mask, padding, is_causal))
        return self._apply_part(2, x, self._feed_forward)


class TransformerDecoderLayer(_Layer):
    """TransformerDecoderLayer(d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=relu, ...)

    Self-attention, attention to the encoder's output, and two linear maps, each added to its input and normalised
    after, or before with norm_first.

    tgt (L, B, d_model) and memory (S, B, d_model), or batch_first, or without B -> tgt's shape. Masks: see
    MultiheadAttention; tgt_mask (L, L), memory_mask (L, S), tgt_key_padding_mask (B, L) and
    memory_key_padding_mask (B, S).
    """

    def __init__(self, d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=F.relu, layer_norm_eps=1e-5,
                 batch_first=False, norm_first=False, bias=True, device=None, dtype=None):  # fmt: skip
        super().__init__()
        names = ["self_attn", "multihead_attn"]
        self._build(names, d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
                    norm_first, bias, {"device": device, "dtype": dtype})  # fmt: skip

    def forward(self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None,
                memory_key_padding_mask=None, tgt_is_causal=False, memory_is_causal=False):  # fmt: skip
        own = tgt_mask, tgt_key_padding_mask, tgt_is_causal
        other = memory_mask, memory_key_padding_mask, memory_is_causal
        x = self._apply_part(1, tgt, lambda x: _attend(self.self_attn, x, None, *own))
        x = self._apply_part(2, x, lambda x: _attend(self.multihead_attn, x, memory, *other))
        return self._apply_part(3, x, self._feed_forward)


class TransformerEncoder(Module):
    """TransformerEncoder(encoder_layer, num_layers, norm=None, ...): num_layers copies of a layer, then norm

    src (L, B, E), (B, L, E) where the layers have batch_first, or (L, E) -> the same shape. is_causal: whether mask is
    the causal one; None finds out. enable_nested_tensor and mask_check are accepted and change nothing.
    """

    def __init__(self, encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True):
        super().__init__()
        self.layers = _get_clones(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
        batch_first = getattr(getattr(self.layers[0], "self_attn", None), "batch_first", False)
        is_causal = _is_causal(mask, is_causal, _steps(src, batch_first))
        mask, padding = canonical_masks(mask, src_key_padding_mask, src.dtype, "src_key_padding_mask")
        x = src
        for layer in self.layers:
            x = layer(x, src_mask=mask, src_key_padding_mask=padding, is_causal=is_causal)
        return x if self.norm is None else self.norm(x)


class TransformerDecoder(Module):
    """TransformerDecoder(decoder_layer, num_layers, norm=None): num_layers copies of a layer, then norm

    tgt (L, B, E) and memory (S, B, E), or batch_first, or without B -> tgt's shape. tgt_is_causal: whether tgt_mask is
    the causal one; None finds out.
    """

    def __init__(self, decoder_layer, num_layers, norm=None):
        super().__init__()
        self.layers = _get_clones(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None,
                memory_key_padding_mask=None, tgt_is_causal=None, memory_is_causal=False):  # fmt: skip
        batch_first = getattr(getattr(self.layers[0], "self_attn", None), "batch_first", False)
        options = dict(
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=_is_causal(tgt_mask, tgt_is_causal, _steps(tgt, batch_first)),
            memory_is_causal=memory_is_causal,
        )
        x = tgt
        for layer in self.layers:
            x = layer(x, memory, **options)
        return x if self.norm is None else self.norm(x)


class Transformer(Module):
    """Transformer(d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, ...)

    src (S, B, d_model) and tgt (T, B, d_model), (B, S, d_model) and (B, T, d_model) with batch_first, or without B ->
    tgt's shape: decoder(tgt, encoder(src)), each with a LayerNorm at its end. Masks: src_mask (S, S), tgt_mask (T, T),
    memory_mask (T, S), src_key_padding_mask and memory_key_padding_mask (B, S), tgt_key_padding_mask (B, T), as
    MultiheadAttention takes them. All matrices are drawn by Glorot's uniform initialisation.
    """

    def __init__(self, d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048,
                 dropout=0.1, activation=F.relu, custom_encoder=None, custom_decoder=None, layer_norm_eps=1e-5,
                 batch_first=False, norm_first=False, bias=True, device=None, dtype=None):  # fmt: skip
        super().__init__()
        options = {"device": device, "dtype": dtype}
        layer = (
            d_model,
            nhead,
            dim_feedforward,
            dropout,
            activation,
            layer_norm_eps,
            batch_first,
            norm_first,
            bias,
        )
        norm = dict(eps=layer_norm_eps, bias=bias, **options)
        if custom_encoder is not None:
            self.encoder = custom_encoder
        else:
            encoder_layer = TransformerEncoderLayer(*layer, **options)
            self.encoder = TransformerEncoder(encoder_layer, num_encoder_layers, LayerNorm(d_model, **norm))
        if custom_decoder is not None:
            self.decoder = custom_decoder
        else:
            decoder_layer = TransformerDecoderLayer(*layer, **options)
            self.decoder = TransformerDecoder(decoder_layer, num_decoder_layers, LayerNorm(d_model, **norm))
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self):
        for parameter in self.parameters():
            if parameter.dim() > 1:
                init.xavier_uniform_(parameter)

    def forward(self, src, tgt, src_mask=None, tgt_mask=None, memory_mask=None, src_key_padding_mask=None,
                tgt_key_padding_mask=None, memory_key_padding_mask=None, src_is_causal=None, tgt_is_causal=None,
                memory_is_causal=False):  # fmt: skip
        batch_dim = 0 if self.batch_first else 1
        if src.dim() == 3 and src.size(batch_dim) != tgt.size(batch_dim):
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.size(-1) != self.d_model or tgt.size(-1) != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz, device=None, dtype=None):
        """(sz, sz) of 0 up to the diagonal and -inf above: step i sees the steps up to i."""
        return _causal_mask(sz, device, dtype)
