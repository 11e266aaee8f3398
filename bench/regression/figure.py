"""Rows of the regression bench.

    python3 figure.py NAME TARGET load.json     one row: tokens a second of the last mode over those of the first
    python3 figure.py --simulated NAME TARGET out  one row: what "aded simulate" printed for code and chat, together
    python3 figure.py --micro jmh.json          a row for each time, which is only shown, and each allocation
    python3 figure.py --table rows              the table; exit status 1 if a row fell

A row falls if its figure is below the target although noise cannot be the reason: the upper end of the interval, which
comes from the blocks of the run, is below it too. One that is below the target, but within the noise, is said to be so.
"""
import json
import re
import sys

# Bytes an operation, by JMH's own account, that are its own: the profiler sees the harness as well.
LEAST_ALLOCATED = 8


def row(name, target, path):
    with open(path) as file:
        modes = json.load(file)["modes"]
    against = modes[-1]["against_first"]
    figure, upper = (against[0], against[2]) if isinstance(against, list) else (against, against)
    rate = modes[-1]["tokens_per_second"]
    print(f"load|{name}|{target}|{figure:.3f}|{upper:.3f}|{rate:.0f}")


def simulated(name, target, path):
    """Of both sets together, as if plain decoding took as long for the one as for the other."""
    with open(path) as file:
        lines = [line for line in file if line.strip()]
    sets = lines[-2].split()
    gains = [float(column.split()[1]) for column in re.findall(r"[0-9.]+ [0-9.]+ \([^)]*\)", lines[-1])]
    of = dict(zip(sets, gains))
    together = 2 / (1 / of["humaneval"] + 1 / of["mt_bench"])
    print(f"virtual|{name}|{target}|{together:.3f}|")


MICRO = {
    ("AdedDrafterBenchmark.draft", "16"): ("drafting 16 nodes", 12),
    ("AdedDrafterBenchmark.draft", "64"): ("drafting 64 nodes", 40),
    ("AdedDrafterBenchmark.learn", ""): ("learning a token", 2),
    ("LogitsScanBenchmark.top8Sampled", "32000"): ("top 8 of 32,000", 8),
    ("LogitsScanBenchmark.top8Sampled", "151936"): ("top 8 of 151,936", 30),
}


def micro(path):
    with open(path) as file:
        results = json.load(file)
    for result in results:
        kind = ".".join(result["benchmark"].split(".")[-2:])
        parameters = result.get("params", {})
        known = MICRO.get((kind, parameters.get("nodes") or parameters.get("vocabulary") or ""))
        if known is None:
            continue
        name, target = known
        metric = result["primaryMetric"]
        median = metric["scorePercentiles"]["50.0"]
        print(f"time|{name}, us|{target}|{median:.1f}|")
        allocated = result["secondaryMetrics"]["gc.alloc.rate.norm"]["score"]
        print(f"micro|{name}, bytes allocated|0|{allocated:.1f}|")


def verdict(kind, target, figure, upper):
    if kind == "time":
        return "ok" if float(figure) <= float(target) else "slower here"
    if kind == "micro" and figure != "failed":
        return "ok" if float(figure) < LEAST_ALLOCATED else "FELL"
    if figure in ("pass", "fail", "failed"):
        return "ok" if figure == "pass" else "FELL"
    if figure.startswith("left out"):
        return "-"
    if float(figure) >= float(target):
        return "ok"
    return "FELL" if float(upper or figure) < float(target) else "ok, within the noise"


def table(path):
    fell = 0
    print(f"{'row':<72} {'at least':>8} {'figure':>10} {'up to':>8} {'tok/s':>9}  verdict")
    with open(path) as file:
        for line in file:
            kind, name, target, figure, upper, *rate = line.rstrip("\n").split("|")
            said = verdict(kind, target, figure, upper)
            fell += said == "FELL"
            print(f"{name:<72} {target:>8} {figure:>10} {upper:>8} {(rate or [''])[0]:>9}  {said}")
    print("no row fell" if fell == 0 else f"{fell} rows fell")
    return 1 if fell else 0


if __name__ == "__main__":
    if sys.argv[1] == "--simulated":
        simulated(*sys.argv[2:])
        sys.exit()
    if sys.argv[1] == "--micro":
        micro(sys.argv[2])
        sys.exit()
    if sys.argv[1] == "--table":
        sys.exit(table(sys.argv[2]))
    row(*sys.argv[1:])
