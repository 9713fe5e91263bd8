"""`python -m torch.distributed.launch`, the launcher of 2018: each process gets the argument `--local_rank=N`.

    flambeau run -m torch.distributed.launch --nproc_per_node 2 train.py args...
"""

import sys

from . import run


def main(argv=None):
    """Runs the command line; the exit status. With --use_env there is no --local_rank, only the environment variable.
    """
    parser = run.parser("torch.distributed.launch")
    parser.add_argument("--use_env", "--use-env", action="store_true", help="do not pass --local_rank")
    return run.main(argv, parser, lambda args: not args.use_env)


if __name__ == "__main__":
    sys.exit(main())
