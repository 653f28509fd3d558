"""The command: which servers, how many streams, and the tables on stdout."""
import argparse
import dataclasses
import sys

from . import alone, brokers, contest, machine, table, targets
from .servers import SERVERS


def main():
    options = parser().parse_args()
    kinds = installed(options.only)
    here = machine.prepare()
    plan = contest.QUICK if options.quick else contest.Plan()
    plan = dataclasses.replace(plan, streams=min(options.streams or plan.streams, here.most_streams))
    figures = contest.hold(kinds, here, plan) if kinds else []
    of_ours = alone.measure(here, plan) if "alone" in options.only else None
    of_brokers = brokers.measure(here, brokers.QUICK if options.quick else brokers.Plan()) if "brokers" in options.only else None
    show(figures, of_ours, of_brokers, here, table.as_rst if options.rst else table.as_text)


def parser():
    names = [*(kind.name for kind in SERVERS), "alone", "brokers"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure this server and its peers, side by side.")
    parser.add_argument("--streams", type=int, metavar="N",
                        help="streams to each server; default 10,000, at most what the file limit allows")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME",
                        help=f"what to measure, of {', '.join(names)}; alone is the second table, brokers the third. "
                             "Default: all")
    parser.add_argument("--quick", action="store_true", help="1,000 streams and short windows: a look, not a result")
    parser.add_argument("--rst", action="store_true", help="print the tables as reStructuredText")
    return parser


def installed(names):
    """Return the servers of `names` that can be started here; say on stderr what the others need."""
    kinds = [kind for kind in SERVERS if kind.name in names]
    for kind in kinds:
        if missing := kind.missing():
            contest.tell(f"left out: {kind.title}, which needs {missing}")
    return [kind for kind in kinds if not kind.missing()]


def show(figures, of_ours, of_brokers, here, form):
    judged = targets.judge(figures, of_ours)
    tables = [table.contest(figures)] if figures else []
    tables += [table.alone(of_ours)] if of_ours else []
    tables += [table.brokers(of_brokers)] if of_brokers and of_brokers.figures else []
    tables += [table.targets(judged)] if judged else []
    lines = [*table.notes(figures, of_ours, of_brokers), str(here)]
    print("\n\n".join([*map(form, tables), *lines]))


if __name__ == "__main__":
    sys.exit(main())
