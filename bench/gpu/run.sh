#!/bin/sh
# Runs the benchmark of a staged directory (bench/gpu/stage.sh): one command, no network, results as JSON.
#
#   sh run.sh --out DIR [--limit N] [--max-tokens N] [--repeats N] [--formats "as-is q8_0 q4_0"] [--modes LIST]
#             [--streams "1 8 32"]
#
#   --out DIR        where results go; made if it is not there
#   --limit N        prompts in all, spread over the groups. Default: 40
#   --max-tokens N   the longest answer. Default: 128
#   --repeats N      answers to each prompt by each mode. Default: 1
#   --formats LIST   the model as it is, and written anew in these formats first. Default: q8_0
#   --modes LIST     who takes part. Default: off, auto, the fixed drafter, and the copying baselines
#   --streams LIST   callers at once, for "aded load" with off and auto; "" for none. Default: 1 8 32
#
# A step that fails is reported and does not keep the others from running; the exit status is 1 then.
set -u

say() { printf '%s\n' "run: $*" >&2; }
here=$(cd "$(dirname "$0")" && pwd -P)
out= limit=40 tokens=128 repeats=1 formats=q8_0 streams="1 8 32"
modes=off,auto,aded,aded-mcts,prompt-lookup,ngram-simple,ngram-mod,ngram-cache
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || { say "$1 needs a value; see the head of $0"; exit 2; }
    case $1 in
        --out) out=$2 ;;
        --limit) limit=$2 ;;
        --max-tokens) tokens=$2 ;;
        --repeats) repeats=$2 ;;
        --formats) formats=$2 ;;
        --modes) modes=$2 ;;
        --streams) streams=$2 ;;
        *) say "unknown option $1; see the head of $0"; exit 2 ;;
    esac
    shift 2
done
[ -n "$out" ] || { say "--out is missing; see the head of $0"; exit 2; }
mkdir -p "$out" || exit 1
out=$(cd "$out" && pwd -P)

# Nothing of the user's, and nothing that would ask the network.
export ADED_JAVA_HOME="$here/runtime" XDG_DATA_HOME="$here/data" XDG_CACHE_HOME="$here/cache" XDG_CONFIG_HOME="$here/config"
# NVIDIA's libraries may lie in the wheels of a Python environment, where the loader does not look.
if [ -z "${VIRTUAL_ENV:-}" ] && command -v python3 >/dev/null 2>&1; then
    VIRTUAL_ENV=$(python3 -c 'import sys; print(sys.prefix)' 2>/dev/null) && export VIRTUAL_ENV
fi
aded() { "$here/aded" "$@" </dev/null; }

failed=0
# step NAME COMMAND...: runs it, keeps what it prints in NAME.txt, and says how it went.
step() {
    name=$1
    shift
    started=$(date +%s)
    if "$@" >"$out/$name.txt" 2>"$out/$name.log"; then
        say "$name: done in $(($(date +%s) - started)) s"
    else
        say "$name: FAILED with status $?: $(grep -v '^ *$' "$out/$name.log" | tail -n 1)"
        failed=1
    fi
}

machine() {
    cat "$here/STAGED"
    date -u +'measured %Y-%m-%dT%H:%M:%SZ'
    uname -srm
    sed -n 's/^model name[^:]*: /processor /p' /proc/cpuinfo 2>/dev/null | sort | uniq -c
    if command -v nvidia-smi >/dev/null 2>&1; then
        nvidia-smi --query-gpu=name,memory.total,driver_version,clocks.max.sm --format=csv,noheader
    fi
    aded --version
}

step machine machine
step natives aded natives list
cat "$out/natives.txt" >&2

for model in "$here"/models/*.gguf; do
    set --
    for file in "$here"/prompts/*.jsonl; do
        [ -f "$file" ] && set -- "$@" --prompts "$file"
    done
    base=$(basename "$model" .gguf)
    step "doctor-$base" aded doctor --model "$model"
    for format in $formats; do
        requantize=
        [ "$format" = as-is ] || requantize="--requantize $format"
        # shellcheck disable=SC2086 # nothing, or an option and its value
        step "bench-$base-$format" aded bench --model "$model" $requantize "$@" --limit "$limit" --max-tokens "$tokens" \
            --repeats "$repeats" --modes "$modes" \
            --json "$out/bench-$base-$format.json" --plot "$out/bench-$base-$format.html"
        [ ! -s "$out/bench-$base-$format.txt" ] || cat "$out/bench-$base-$format.txt" >&2
        # What a pass costs by its width, with every draft right: the steps of the device's kernels.
        # shellcheck disable=SC2086
        step "cost-$base-$format" aded bench --model "$model" $requantize --synthetic-acceptance 1 --limit 2 \
            --max-tokens "$tokens" --json "$out/cost-$base-$format.json" --plot "$out/cost-$base-$format.html"
        # What many callers get, each a sequence and, while its draft is verified, several branches of it.
        for callers in $streams; do
            # shellcheck disable=SC2086
            step "load$callers-$base-$format" aded load --model "$model" $requantize "$@" --modes off,auto \
                --concurrency "$callers" --requests $((callers * 6 > 24 ? callers * 6 : 24)) --max-tokens "$tokens" \
                --sequences 256 --parallel "$callers" \
                --json "$out/load$callers-$base-$format.json" --plot "$out/load$callers-$base-$format.html"
            [ ! -s "$out/load$callers-$base-$format.txt" ] || cat "$out/load$callers-$base-$format.txt" >&2
        done
    done
done
say "results are in $out"
exit "$failed"
