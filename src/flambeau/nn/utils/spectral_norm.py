"""Spectral normalisation by a hook before forward; `nn.utils.parametrizations.spectral_norm` is the newer form."""

import flambeau as fb

from .. import functional as F
from ..parameter import Parameter


def default_dim(module):
    """The dimension of a layer's weight that counts its outputs."""
    from ..conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d

    return 1 if isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)) else 0


def as_matrix(weight, dim):
    """The weight as a matrix whose rows are the entries of dimension `dim`."""
    return weight.movedim(dim, 0).reshape(weight.size(dim), -1)


class SpectralNorm:
    """The hook that sets the attribute `name` of a module to its weight over the weight's largest singular value.

    The state dictionary has the version of the hook's entries under "spectral_norm" in the module's metadata.
    """

    _version = 1

    def __init__(self, name="weight", n_power_iterations=1, dim=0, eps=1e-12):
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.name = name
        self.dim = dim
        self.n_power_iterations = n_power_iterations
        self.eps = eps

    def reshape_weight_to_matrix(self, weight):
        """The weight as a matrix whose rows are the entries of dimension `dim`."""
        return as_matrix(weight, self.dim)

    def compute_weight(self, module, do_power_iteration):
        """W / (u^T W v) (recorded through W), after a few steps of the power method on u and v where wanted."""
        weight, u, v = (getattr(module, self.name + suffix) for suffix in ("_orig", "_u", "_v"))
        matrix = self.reshape_weight_to_matrix(weight)
        if do_power_iteration:
            with fb.no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(fb.mv(matrix.t(), u), dim=0, eps=self.eps))
                    u.copy_(F.normalize(fb.mv(matrix, v), dim=0, eps=self.eps))
                # Copies: the next forward changes the buffers before the backward of this one may have run.
                u, v = u.clone(), v.clone()
        return weight / fb.dot(u, fb.mv(matrix, v))

    def remove(self, module):
        """Make a parameter of the module's weight again."""
        with fb.no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        delattr(module, self.name)
        for suffix in ("_u", "_v", "_orig"):
            delattr(module, self.name + suffix)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module, inputs):
        setattr(module, self.name, self.compute_weight(module, do_power_iteration=module.training))

    def _solve_v_and_rescale(self, matrix, u, target_sigma):
        """The v with u^T W v = target_sigma that W^T W v ~ W^T u gives."""
        v = ((matrix.t() @ matrix).pinverse() @ (matrix.t() @ u.unsqueeze(1))).squeeze(1)
        return v.mul_(target_sigma / fb.dot(u, fb.mv(matrix, v)))

    @staticmethod
    def apply(module, name, n_power_iterations, dim, eps):
        """Put a hook on the parameter `name` of module; see `spectral_norm`. Returns the hook."""
        if _find(module._forward_pre_hooks, name) is not None:
            raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
        hook = SpectralNorm(name, n_power_iterations, dim, eps)
        weight = module._parameters[name]
        with fb.no_grad():
            rows, columns = hook.reshape_weight_to_matrix(weight).size()
            u = F.normalize(weight.new_empty(rows).normal_(0, 1), dim=0, eps=eps)
            v = F.normalize(weight.new_empty(columns).normal_(0, 1), dim=0, eps=eps)
        del module._parameters[name]
        module.register_parameter(name + "_orig", weight)
        # A plain attribute for those who look at it before the first forward; the hook replaces it.
        setattr(module, name, weight.data)
        module.register_buffer(name + "_u", u)
        module.register_buffer(name + "_v", v)
        module.register_forward_pre_hook(hook)
        module._register_state_dict_hook(SpectralNormStateDictHook(hook))
        module._register_load_state_dict_pre_hook(SpectralNormLoadStateDictPreHook(hook))
        return hook


class SpectralNormLoadStateDictPreHook:
    """Lets entries that were written before version 1 load: they have the normalised weight in place of v."""

    def __init__(self, fn):
        self.fn = fn

    def __call__(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
        fn = self.fn
        version = local_metadata.get("spectral_norm", {}).get(fn.name + ".version")
        if version is not None and version >= 1:
            return
        key = prefix + fn.name
        absent = [key + suffix for suffix in ("_orig", "", "_u") if key + suffix not in state_dict]
        if key + "_v" in state_dict and key not in state_dict:
            return  # complete, only the metadata is lost
        if absent:
            if strict:
                missing_keys.extend(absent)
            return
        with fb.no_grad():
            original, weight, u = state_dict[key + "_orig"], state_dict.pop(key), state_dict[key + "_u"]
            sigma = (original / weight).mean()
            matrix = fn.reshape_weight_to_matrix(original)
            state_dict[key + "_v"] = fn._solve_v_and_rescale(matrix, u, sigma)


class SpectralNormStateDictHook:
    """Writes the version of a hook's entries into the metadata."""

    def __init__(self, fn):
        self.fn = fn

    def __call__(self, module, state_dict, prefix, local_metadata):
        versions = local_metadata.setdefault("spectral_norm", {})
        key = self.fn.name + ".version"
        if key in versions:
            raise RuntimeError(f"Unexpected key in metadata['spectral_norm']: {key}")
        versions[key] = self.fn._version


def _find(hooks, name):
    """The key of the hook for `name` among `hooks`, or None."""
    for key, hook in hooks.items():
        found = getattr(hook, "hook", hook)
        found = getattr(found, "fn", found)
        if isinstance(found, SpectralNorm) and found.name == name:
            return key
    return None


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None) -> module

    Divides the parameter `name` W by its largest singular value before each forward: W / (u^T W v), where
    `n_power_iterations` steps of the power method in training move u and v on (Miyato et al., 2018). The parameter
    becomes `name`_orig; u and v, drawn from the normal distribution, are the buffers `name`_u and `name`_v. W is taken
    for a matrix with the entries of dimension `dim` as rows (None: 1 for transposed convolutions, else 0).

    Raises KeyError for an unknown parameter, ValueError for n_power_iterations < 1, RuntimeError when the parameter has
    a spectral norm already.
    """
    SpectralNorm.apply(module, name, n_power_iterations, default_dim(module) if dim is None else dim, eps)
    return module


def remove_spectral_norm(module, name="weight"):
    """remove_spectral_norm(module, name="weight") -> module, with the parameter `name` of before, normalised.

    Raises ValueError when there is no spectral norm on it.
    """
    key = _find(module._forward_pre_hooks, name)
    if key is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    module._forward_pre_hooks.pop(key).remove(module)
    for hooks in (module._state_dict_hooks, module._load_state_dict_pre_hooks):
        key = _find(hooks, name)
        if key is not None:
            del hooks[key]
    return module
