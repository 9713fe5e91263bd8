#!/usr/bin/env python
"""Says which names of PyTorch exist here, by area, and why the others do not.

    python tools/coverage.py [NAMES.json] [--brief]

NAMES.json holds the names of 0.3.0: an object that gives a list of names per area ("torch", "torch.Tensor methods",
...). Where PyTorch is installed, the public names of its `torch`, `Tensor`, `linalg`, `fft`, `special` and `nn`
follow. Names that are no part of a tensor library on a CPU (other devices, quantised types, the compiler's internals,
modules that it imports) are listed apart and do not count. --brief leaves out the names.
"""

import argparse
import importlib.util
import json
import operator
import re
import sys
import types
from dataclasses import dataclass, field

import flambeau as fb

AREAS = {  # of 0.3.0: where its names are looked for
    "torch": lambda: fb,
    "torch.Tensor methods": lambda: fb.Tensor,
    "torch.Tensor operators": lambda: fb.Tensor,
    "torch.Storage methods": lambda: fb.Storage,
    "torch.Generator methods": lambda: fb.Generator,
    "torch.sparse": lambda: fb.sparse,
    "torch.random": lambda: fb.random,
}
OLD = {  # areas whose names may live in the namespace of 0.3.0 alone
    "torch": lambda v03: v03,
    "torch.Tensor methods": lambda v03: v03.Tensor,
    "torch.Tensor operators": lambda v03: v03.Tensor,
}
TODAY = ("torch", "Tensor", "linalg", "fft", "special", "nn", "nn.functional", "nn.init", "nn.parameter")

# Names that do not count, by a pattern of the whole name: what they belong to.
OUTSIDE = {
    r"(get_|set_|is_|clear_)?autocast.*|(get|set|is)_autocast.*|GradScaler": "autocast: mixed precision of GPUs",
    r".*(quantize|quantized|qparams|fbgemm|fake_quant).*|q(u?int|scheme).*|Q(U?Int).*|q_.*|int_repr|per_(channel|tensor)_.*|"
    r"quint.*|is_quantized": "quantised tensors",
    r"(cudnn|miopen|mkldnn|mps|xpu|mtia|ipu|vulkan|hip)(_.*)?|.*_(cudnn|mkldnn|vulkan|xla|ipu|mtia|maia)|"
    r"is_vulkan_available|record_stream|.*cudagraph.*|get_device_module|Stream.*|Event|AcceleratorError|"
    r"OutOfMemoryError": "other devices and their libraries",
    r"sym_.*|Sym.*": "symbolic sizes of the compiler",
    r"(compile|cond|while_loop|fork|wait|parse_.*|import_ir_.*|unify_type_list|merge_type_.*|freeze|script.*|"
    r"Future.*|Graph.*|.*Type|.*Module|Script.*|.*Logger.*|Block|Node|Use|Value|Argument.*|AliasDb|Code|Gradient|"
    r"CompilationUnit|CompleteArgument.*|ConcreteModule.*|Call.*|Capsule|Error.*|Execution.*|File.*|Function.*|"
    r"IODescriptor|JIT.*|Operator.*|PyTorchFile.*|Tracing.*|Dispatch.*|.*Dispatch.*|Aggregation.*|Benchmark.*|Tag|Type|"
    r"Throughput.*|AVG|SUM|Inferred.*|BufferDict|ParameterDict|ModuleDict|.*StorageContext|DeepCopy.*|DisableTorch.*|"
    r"StorageBase|DeviceObj.*|LiteScript.*|PRIVATE_OPS)": "internals of the compiler and the dispatcher",
    r"batch_norm_(backward|elemt|gather|stats|update).*|native_.*|fused_.*|slice_inverse|hash_tensor|"
    r"affine_grid_generator|(rnn|gru|lstm)(_.*)?|norm_except_dim|embedding_renorm_|lobpcg_.*|"
    r"init_num_threads|thread_safe_generator|grad_dtype|module_load|max_pool1d_with_indices|"
    r"USE_.*|TYPE_CHECKING|compiled_with_.*|has_(mkl|openmp|lapack|spectral|mps|cuda|cudnn)|classproperty|"
    r"get_file_path|prepare_multiprocessing_environment|common_notes|.*common_args|multi_dim_common|Tensor|FatalError|index|.*_indices_copy|indices_copy|values_copy|"
    r"legacy_contiguous_format|name|is_maia": "internals of PyTorch under a public name",
    r"BroadcastingList.|boolean_dispatch|assert_int_or_pair|(handle|has)_torch_function.*|native_channel_shuffle|"
    r"(reproducibility|sparse_support|tf32)_notes|GRID_SAMPLE_.*|Callable|Optional|DType|Any|Literal|ParamSpec|TypeVar|"
    r"OrderedDict": "helpers and types that PyTorch's modules import",
    r"scaled_(grouped_)?mm|ScalingType|SwizzleType": "products of 8-bit floats on GPUs",
    r"(u?int[1-7]|bit(s\w+)?|float[48]_.*|complex32|chalf)": "dtypes without arithmetic on a CPU",
    r"(jagged|nested.*|to_padded_tensor)": "nested tensors",
}  # fmt: skip

# Why names that count do not exist, by a pattern of the whole name.
REASONS = {
    r"btri.*|gels|gesv|potr[fis]|pstrf|trtrs|zero|masked_copy_|index|__(div|idiv|rdiv|long|nonzero)__|FatalError": (
        "of 0.3.0 alone: PyTorch has it no more; belongs into flambeau.v03"
    ),
    r"has_cudnn|record_stream": "not yet: of CUDA",
    r"buffer": "not yet: a storage as a buffer",
    r"DataParallel": "not yet: of several devices",
    r"(to_)?sparse_(bsc|bsr|csc|compressed).*|to_sparse.*|(c?col|c?row|c)_?indices|values|.*sparse.*|[hds]s?mm|s.?addmm|"
    r"hspmm|.*spmm|<SparseTensor>.*": "not yet: sparse layouts of blocks, and batches of matrices in CSR and CSC",
}  # fmt: skip


@dataclass
class Area:
    """What exists of one area: names of `present`; reasons by name of `missing`, and of `outside`, which does not
    count."""

    title: str
    present: list = field(default_factory=list)
    missing: dict = field(default_factory=dict)
    outside: dict = field(default_factory=dict)

    @property
    def share(self):
        """The part of the names that count which exists, in per cent."""
        counted = len(self.present) + len(self.missing)
        return 100 * len(self.present) / counted if counted else 100.0

    def text(self, brief=False):
        lines = [
            f"{self.title}: {len(self.present)} of {len(self.present) + len(self.missing)} names ({self.share:.1f} %)"
            + (f", {len(self.outside)} outside" if self.outside else "")
        ]
        for kind, found in (("missing", self.missing), ("outside", self.outside)):
            for reason in {} if brief else dict.fromkeys(found.values()):
                names = [n for n, r in found.items() if r == reason]
                lines.append(f"    {kind}, {reason}: {' '.join(names)}")
        return "\n".join(lines)


def reason_of(name, table):
    """The reason of the first pattern that fits the whole name; None when there is none."""
    return next((reason for pattern, reason in table.items() if re.fullmatch(pattern, name)), None)


def compare(title, names, homes, outside=()):
    """The Area of names, which exist when one of the homes has them; `outside` are further names that do not count."""
    area = Area(title)
    for name in names:
        bare = name.rpartition("<SparseTensor>.")[2]
        if any(hasattr(home, bare) for home in homes):
            area.present.append(name)
        elif name in outside:
            area.outside[name] = "modules and names that it imports"
        elif (reason := reason_of(name, OUTSIDE)) and not title.startswith("0.3"):
            area.outside[name] = reason
        else:
            area.missing[name] = reason_of(name, REASONS) or "no reason is given in tools/coverage.py"
    return area


def old_areas(path):
    """The areas of 0.3.0, of the names in a JSON file."""
    with open(path, encoding="utf-8") as file:
        names = json.load(file)
    from flambeau import v03

    v03.era.leave()  # shared modules go on making today's tensors
    found = []
    for title, home in AREAS.items():
        if title in names:
            homes = [home()] + ([fb.Tensor, fb.sparse.SparseTensor] if title == "torch.sparse" else [])
            if title in OLD:
                homes.append(OLD[title](v03))
            found.append(compare(f"0.3.0 {title}", names[title], homes))
    return found


def today_areas():
    """The areas of the PyTorch that is installed; none without it."""
    if importlib.util.find_spec("torch") is None:
        return []
    import torch

    found = []
    for title in TODAY:
        theirs, home = [operator.attrgetter(title)(lib) if title != "torch" else lib for lib in (torch, fb)]
        names = [n for n in dir(theirs) if not n.startswith("_")]
        modules = [n for n in names if isinstance(getattr(theirs, n, None), types.ModuleType)]
        found.append(compare(f"{torch.__version__.partition('+')[0]} {title}", names, [home], modules))
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="?", help="a JSON file with the names of 0.3.0")
    parser.add_argument("--brief", action="store_true", help="only the numbers")
    options = parser.parse_args(arguments)
    areas = (old_areas(options.names) if options.names else []) + today_areas()
    if not areas:
        sys.exit("nothing to compare with: give a JSON file of names, or install PyTorch")
    for area in areas:
        print(area.text(options.brief))
    for era in dict.fromkeys(a.title.partition(" ")[0] for a in areas):
        group = [a for a in areas if a.title.startswith(era)]
        present, missing = sum(len(a.present) for a in group), sum(len(a.missing) for a in group)
        print(f"{era}: {present} of {present + missing} names ({100 * present / (present + missing):.1f} %)")


if __name__ == "__main__":
    main()
