"""`python -m torch.distributed.run`, alias `torchrun`: see `flambeau launch`.

    flambeau run -m torch.distributed.run --nproc_per_node 2 train.py args...
"""

import argparse
import os
import sys

from ..cli import CommandError
from ..cli.launch import command_of
from .launcher import Layout, launch


def parser(name="torch.distributed.run"):
    """The arguments that both launchers take, with - or _ between their words."""
    made = argparse.ArgumentParser(prog=name, description="Runs a program in several processes.")

    def option(text, **options):
        made.add_argument(text, text.replace("_", "-"), **options)

    option("--nproc_per_node", default="1", help="processes on this machine: a number, or cpu, gpu, auto")
    option("--nnodes", default="1", help="machines")
    option(
        "--node_rank", type=int, default=int(os.environ.get("GROUP_RANK", 0)), help="which of them this is"
    )
    option("--master_addr", default="127.0.0.1", help="the address of machine 0")
    option("--master_port", type=int, default=0, help="a free port there")
    made.add_argument("--standalone", action="store_true", help="one machine")
    option("--rdzv_endpoint", default="", help="HOST:PORT, instead of --master_addr and --master_port")
    option("--rdzv_backend", default="static", help="ignored")
    option("--rdzv_id", default="none", help="ignored")
    option("--max_restarts", type=int, default=0, help="ignored: nothing is restarted")
    made.add_argument("-m", "--module", action="store_true", help="run a module, as python -m does")
    option("--no_python", action="store_true", help="the program is no Python")
    made.add_argument("script", help="the program")
    made.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    return made


def processes(text):
    """How many processes `--nproc_per_node` means."""
    if text in ("cpu", "auto", "gpu"):
        from .. import cuda

        gpus = cuda.device_count() if text != "cpu" else 0
        if text == "gpu" and not gpus:
            raise CommandError("--nproc_per_node gpu: there is no GPU")
        return gpus or os.cpu_count() or 1
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise CommandError(f"--nproc_per_node: expected a number, cpu, gpu or auto, got {text!r}")
    return count


def start(args, takes_local_rank=False):
    """start(args, takes_local_rank=False) -> exit status: runs what the arguments say; with takes_local_rank each
    process gets `--local_rank=` before the other arguments."""
    nodes = int(args.nnodes.partition(":")[0])
    host, port = args.master_addr, args.master_port
    if args.rdzv_endpoint:
        host, _, given = args.rdzv_endpoint.rpartition(":")
        port = int(given)
    if nodes > 1 and not port:
        raise CommandError("several machines need the --master_addr and --master_port of machine 0")
    layout = Layout(processes(args.nproc_per_node), nodes, args.node_rank, host, port)
    words = ["-m", args.script] if args.module else [args.script]
    start_of = words if args.no_python else command_of(words)

    def command(local_rank):
        return [*start_of, *([f"--local_rank={local_rank}"] if takes_local_rank else []), *args.arguments]

    return launch(layout, command)


def main(argv=None, made=None, takes_local_rank=lambda args: False):
    """Runs the command line; the exit status."""
    args = (parser() if made is None else made).parse_args(argv)
    try:
        return start(args, takes_local_rank(args))
    except CommandError as error:
        print(f"{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
