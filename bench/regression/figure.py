"""Rows of the regression bench.

    python3 figure.py --ratio NAME TARGET SKIPPED aded load …   one row: tokens a second of the last mode over the first's
    python3 figure.py --simulated NAME TARGET out  one row: what "aded simulate" printed for code and chat, together
    python3 figure.py --crowd NAME TARGET out   one row: the text that gained least, of what "aded simulate" printed
    python3 figure.py --single out              two rows: single prompts, of what "aded simulate --priced" printed
    python3 figure.py --micro jmh.json          a row for each time, which is only shown, and each allocation
    python3 figure.py --table rows              the table; exit status 1 if a row fell
    python3 figure.py --check                   tries the arithmetic of this file on cases worked by hand

A row is text: kind|name|target|figure|lower|upper|tokens a second. It falls if its figure is below the target although
noise cannot be the reason: the upper end of its interval is below it too.

The interval is that of the mean of the blocks' logarithms, by Student's t: a block is a pair, of the same calls in both
modes, and which comes first changes from block to block.
"""
import contextlib
import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

# Bytes an operation, by JMH's own account, that are its own: the profiler sees the harness as well.
LEAST_ALLOCATED = 8

# Runs of a row whose interval has its target in it.
MOST_RUNS = 3

# Student's t, two-sided 95 %, by degrees of freedom.
STUDENT = [0, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10,
           2.09, 2.09, 2.08, 2.07, 2.07, 2.06, 2.06, 2.06, 2.05, 2.05, 2.05]

# Seconds. A run that takes longer is told to stop.
LONGEST_RUN = 200


def interval(logs):
    """The ratio of pairs whose logarithms these are, with both ends of its interval; the ends are 0 and infinity for one."""
    mean = sum(logs) / len(logs)
    if len(logs) < 2:
        return math.exp(mean), 0.0, math.inf
    spread = math.sqrt(sum((log - mean) ** 2 for log in logs) / (len(logs) - 1) / len(logs))
    reach = spread * STUDENT[min(len(logs) - 1, len(STUDENT) - 1)]
    return math.exp(mean), math.exp(mean - reach), math.exp(mean + reach)


def pairs(modes, skipped):
    """Logarithms of the last mode's rate over the first's, block by block."""
    blocks = list(zip(modes[0]["blocks"], modes[-1]["blocks"]))[skipped:]
    rates = [[block["tokens"] / block["seconds"] for block in pair] for pair in blocks if all(b["tokens"] for b in pair)]
    return [math.log(last / first) for first, last in rates]


def counted_rate(mode, skipped):
    """Tokens a second of a mode over the blocks that count; 0 if nothing came."""
    blocks = mode["blocks"][skipped:]
    seconds = sum(block["seconds"] for block in blocks)
    return sum(block["tokens"] for block in blocks) / seconds if seconds else 0


def is_settled(target, figure, lower, upper):
    return lower >= target or upper < target or figure >= target and lower > target * 0.95


def load(command, seconds):
    """What a run measured, of each mode; one that takes too long is told to stop, and what it has by then counts."""
    path = os.path.join(os.environ.get("work", "."), "load.json")
    if os.path.exists(path):
        os.remove(path)
    with open(path + ".log", "w+") as log:
        run = subprocess.Popen(command + ["--json", path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        try:
            run.wait(seconds)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGINT)
            try:
                run.wait(45)  # the pass that is running, and the report
            except subprocess.TimeoutExpired:
                run.kill()
                run.wait()
        if not os.path.exists(path) or run.returncode not in (0, 128 + signal.SIGINT):
            log.seek(0)
            sys.stderr.write("".join(log.readlines()[-5:]))
            return None
    with open(path) as file:
        return json.load(file)["modes"]


def ratio(name, target, skipped, command):
    left = float(os.environ.get("ADED_UNTIL", "inf")) - time.time()
    logs = []
    rate = took = 0
    for attempt in range(MOST_RUNS):
        if left < (90 if attempt == 0 else 60 + took):
            break
        began = time.time()
        modes = load(command, min(LONGEST_RUN, max(left - 30, 60)))
        if modes is None:
            return f"load|{name}|{target}|failed|||"
        logs += pairs(modes, skipped)
        rate = counted_rate(modes[-1], skipped)
        took = time.time() - began
        left -= took
        if logs and is_settled(float(target), *interval(logs)):
            break
    if not logs:
        return f"load|{name}|{target}|left out: there is no time|||"
    figure, lower, upper = interval(logs)
    return f"load|{name}|{target}|{figure:.3f}|{lower:.3f}|{upper:.3f}|{rate:.0f}"


def simulated(name, target, path):
    """Of both sets together, as if plain decoding took as long for the one as for the other."""
    of = gains(path)
    together = 2 / (1 / of["humaneval"] + 1 / of["mt_bench"])
    print(f"virtual|{name}|{target}|{together:.3f}|||")


def gains(path):
    """What the last mode gained, text by text, of what "aded simulate" printed."""
    with open(path) as file:
        lines = [line.rstrip() for line in file if line.strip()]
    names = re.split(r"\s{2,}", lines[-3].strip() if lines[-2].startswith("off") else lines[-2].strip())
    return dict(zip(names, (float(gain) for gain in re.findall(r"[0-9.]+ ([0-9.]+) \([^)]*\)", lines[-1]))))


def crowd(name, target, path):
    print(f"virtual|{name}|{target}|{min(gains(path).values()):.3f}|||")


def single(path):
    """The share of prompts that were not slower than 0.97, on the worst curve, and the slowest prompt of all."""
    kept, slowest = 1.0, math.inf
    with open(path) as file:
        rows = [line for line in file if line.startswith("auto ")]
    if not rows:
        raise SystemExit(f"{path} has no row of auto")
    for line in rows:
        cells = re.findall(r"\)\s+([0-9]+)%\s+[0-9]+%\s+([0-9.]+)", line)[:2]  # open chat is a part of the second set
        kept = min(kept, *(1 - int(below) / 100 for below, _ in cells))
        slowest = min(slowest, *(float(worst) for _, worst in cells))
    print(f"virtual|single prompts at 0.97 or more, priced: the least share|0.95|{kept:.3f}|||")
    print(f"virtual|single prompts, priced: the slowest|0.93|{slowest:.3f}|||")


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
        print(f"time|{name}, us|{target}|{median:.1f}|||")
        # Of the iterations the one with least: what an operation allocates it allocates in all of them, the JIT compiler
        # and the harness only in some.
        allocated = min(min(fork) for fork in result["secondaryMetrics"]["gc.alloc.rate.norm"]["rawData"])
        print(f"micro|{name}, bytes allocated|0|{allocated:.1f}|||")


def verdict(kind, target, figure, upper):
    if figure in ("pass", "fail", "failed"):
        return "ok" if figure == "pass" else "FELL"
    if figure.startswith("left out"):
        return "-"
    if kind == "time":
        return "ok" if float(figure) <= float(target) else "slower here"
    if kind == "micro":
        return "ok" if float(figure) < LEAST_ALLOCATED else "FELL"
    if float(figure) >= float(target):
        return "ok"
    return "FELL" if float(upper or figure) < float(target) else "below, within the noise"


def table(path):
    fell = 0
    measured = set()
    print(f"{'row':<72} {'at least':>8} {'figure':>10} {'from':>7} {'up to':>7} {'tok/s':>9}  verdict")
    with open(path) as file:
        for line in file:
            kind, name, target, figure, lower, upper, rate = (line.rstrip("\n").split("|") + [""] * 3)[:7]
            said = verdict(kind, target, figure, upper)
            fell += said == "FELL"
            measured.add(kind if said != "-" else kind + " left out")
            print(f"{name:<72} {target:>8} {figure:>10} {lower:>7} {upper:>7} {rate:>9}  {said}")
    if not measured:
        print("no row was asked for")
        fell += 1
    if "load left out" in measured and "load" not in measured:
        print("nothing was measured by the clock")
        fell += 1
    print("no row fell" if fell == 0 else f"{fell} fell")
    return 1 if fell else 0


def check():
    figure, lower, upper = interval([math.log(1.0), math.log(1.21)])
    assert abs(figure - 1.1) < 1e-9  # their geometric mean
    assert abs(math.log(upper / figure) - 12.71 * math.log(1.1)) < 1e-9 and abs(lower * upper - figure**2) < 1e-9
    modes = [{"blocks": [{"tokens": 10, "seconds": 9}, {"tokens": 100, "seconds": 2}]},
             {"blocks": [{"tokens": 10, "seconds": 1}, {"tokens": 100, "seconds": 4}]}]
    assert pairs(modes, 1) == [math.log(0.5)]
    assert counted_rate(modes[1], 1) == 25 and counted_rate(modes[1], 0) == 22 and counted_rate(modes[1], 2) == 0
    assert is_settled(0.98, 1.0, 0.99, 1.01) and is_settled(0.98, 0.9, 0.85, 0.97) and is_settled(0.98, 1.0, 0.94, 1.06)
    assert not is_settled(0.98, 0.97, 0.9, 1.05) and not is_settled(0.98, 1.0, 0.8, 1.2)
    assert verdict("load", "0.98", "0.970", "1.050") == "below, within the noise"
    assert verdict("load", "0.98", "0.900", "0.970") == verdict("load", "0.98", "failed", "") == "FELL"
    assert verdict("load", "0.98", "left out: no such model", "") == "-"
    assert verdict("micro", "0", "9.0", "") == "FELL" and verdict("time", "12", "16.0", "") == "slower here"
    with tempfile.NamedTemporaryFile("w") as nothing, contextlib.redirect_stdout(io.StringIO()):
        assert table(nothing.name) == 1  # a bench in which no row is there says nothing
        try:
            single(nothing.name)
        except SystemExit:
            pass
        else:
            raise AssertionError("a row out of nothing")


if __name__ == "__main__":
    if sys.argv[1] == "--simulated":
        simulated(*sys.argv[2:])
    elif sys.argv[1] == "--crowd":
        crowd(*sys.argv[2:])
    elif sys.argv[1] == "--single":
        single(sys.argv[2])
    elif sys.argv[1] == "--micro":
        micro(sys.argv[2])
    elif sys.argv[1] == "--table":
        sys.exit(table(sys.argv[2]))
    elif sys.argv[1] == "--check":
        check()
    else:
        print(ratio(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:]))
