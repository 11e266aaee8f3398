"""Rows of the regression bench.

    python3 figure.py NAME TARGET load.json     one row: tokens a second of the last mode over those of the first
    python3 figure.py --table rows              the table; exit status 1 if a row fell

A row falls if its figure is below the target although noise cannot be the reason: the upper end of the interval, which
comes from the blocks of the run, is below it too. One that is below the target, but within the noise, is said to be so.
"""
import json
import sys


def row(name, target, path):
    with open(path) as file:
        modes = json.load(file)["modes"]
    against = modes[-1]["against_first"]
    figure, upper = (against[0], against[2]) if isinstance(against, list) else (against, against)
    rate = modes[-1]["tokens_per_second"]
    print(f"load|{name}|{target}|{figure:.3f}|{upper:.3f}|{rate:.0f}")


def verdict(target, figure, upper):
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
            said = verdict(target, figure, upper)
            fell += said == "FELL"
            print(f"{name:<72} {target:>8} {figure:>10} {upper:>8} {(rate or [''])[0]:>9}  {said}")
    print("no row fell" if fell == 0 else f"{fell} rows fell")
    return 1 if fell else 0


if __name__ == "__main__":
    if sys.argv[1] == "--table":
        sys.exit(table(sys.argv[2]))
    row(*sys.argv[1:])
