#!/bin/sh
# Runs the benchmark of a staged directory (bench/gpu/stage.sh): one command, no network, results as JSON.
#
#   sh run.sh --out DIR [--quick] [--seconds N] [--limit N] [--max-tokens N] [--repeats N] [--formats "as-is q8_0 q4_0"]
#             [--modes LIST] [--streams "1 8 32"] [--models "LIST"] [--synthetic "llama-8b:q8_0"] [--profile N]
#
#   --out DIR          where results go, each as soon as it is there; made if it is not there
#   --quick            done in six minutes on a GPU: fewer modes, no charts, and --seconds 360 unless given after it
#   --seconds N        what is not done by then is stopped and says what it has; the rest is skipped. Default: 0, no end
#   --limit N          prompts in all, spread over the groups. Default: 40
#   --max-tokens N     the longest answer. Default: 128
#   --repeats N        answers to each prompt by each mode. Default: 1
#   --formats LIST     the model as it is, and written anew in these formats first. Default: q8_0
#   --modes LIST       who takes part. Default: off, auto, the fixed drafter, and the copying baselines
#   --streams LIST     callers at once, for "aded load" with off and auto; "" for none. Default: 1 8 32
#   --models LIST      names of the staged models without .gguf; "" for none. Default: all
#   --synthetic LIST   SHAPE:FORMAT of models with random weights, written here, to price passes of that size; see
#                      "aded models synthesize --help". Default: none
#   --processor        measures also where no library can use a GPU; else that ends it in seconds
#   --profile N        at the end, "aded load" with N callers again, with a recording of the JVM's threads. Default: none
#
# A step that fails is reported and does not keep the others from running; the exit status is 1 then.
set -u

say() { printf '%s\n' "run: $*" >&2; }
here=$(cd "$(dirname "$0")" && pwd -P)
processor= out= limit=40 tokens=128 repeats=1 formats=q8_0 streams="1 8 32" seconds=0 charts=yes models=all synthetic= profile=
modes=off,auto,aded,aded-mcts,prompt-lookup,ngram-simple,ngram-mod,ngram-cache
while [ $# -gt 0 ]; do
    if [ "$1" = --quick ]; then
        modes=off,auto,aded,ngram-cache,ngram-simple,prompt-lookup
        seconds=360 charts=
        shift
        continue
    fi
    if [ "$1" = --processor ]; then
        processor=yes
        shift
        continue
    fi
    [ $# -ge 2 ] || { say "$1 needs a value; see the head of $0"; exit 2; }
    case $1 in
        --out) out=$2 ;;
        --seconds) seconds=$2 ;;
        --limit) limit=$2 ;;
        --max-tokens) tokens=$2 ;;
        --repeats) repeats=$2 ;;
        --formats) formats=$2 ;;
        --modes) modes=$2 ;;
        --streams) streams=$2 ;;
        --models) models=$2 ;;
        --synthetic) synthetic=$2 ;;
        --profile) profile=$2 ;;
        *) say "unknown option $1; see the head of $0"; exit 2 ;;
    esac
    shift 2
done
[ -n "$out" ] || { say "--out is missing; see the head of $0"; exit 2; }
mkdir -p "$out" || exit 1
out=$(cd "$out" && pwd -P)

# Nothing of the user's, and nothing that would ask the network.
export ADED_JAVA_HOME="$here/runtime" XDG_DATA_HOME="$here/data" XDG_CACHE_HOME="$here/cache" XDG_CONFIG_HOME="$here/config"
# A GPU for which the build has no machine code of its own compiles each kernel once; that must not be done again by
# every step.
export CUDA_CACHE_PATH="$here/cache/cuda" CUDA_CACHE_MAXSIZE=4294967296
[ ! -d "$here/cuda" ] || export CUDA_HOME="$here/cuda"
# NVIDIA's libraries may lie in the wheels of a Python environment, where the loader does not look.
if [ -z "${VIRTUAL_ENV:-}" ] && command -v python3 >/dev/null 2>&1; then
    VIRTUAL_ENV=$(python3 -c 'import sys; print(sys.prefix)' 2>/dev/null) && export VIRTUAL_ENV
fi
bounded=
command -v timeout >/dev/null 2>&1 && bounded=yes

failed=0
begun=$(date +%s)
left() { echo $((seconds == 0 ? 86400 : seconds - ($(date +%s) - begun))); }

# step NAME MOST COMMAND...: runs it for MOST seconds at most, keeps what it prints in NAME.txt, and says how it went.
step() {
    step=$1 most=$2
    shift 2
    allowed=$(left)
    [ "$allowed" -le "$most" ] || allowed=$most
    if [ "$allowed" -lt 5 ]; then
        say "$step: skipped, the time is up"
        return
    fi
    started=$(date +%s)
    ${bounded:+timeout -k 5 "$allowed"} "$@" >"$out/$step.txt" 2>"$out/$step.log" </dev/null
    status=$?
    if [ "$status" -eq 0 ]; then
        say "$step: done in $(($(date +%s) - started)) s"
    else
        say "$step: FAILED with status $status after $(($(date +%s) - started)) s:" \
            "$(grep -v '^ *$' "$out/$step.log" | tail -n 1)"
        failed=1
    fi
    printf '%s %s %s\n' "$step" "$status" "$(($(date +%s) - started))" >>"$out/steps.txt"
    { printf '\n=== %s (status %s)\n' "$step" "$status"; cat "$out/$step.txt"; } >>"$out/summary.txt"
}

machine() {
    cat "$here/STAGED"
    date -u +'measured %Y-%m-%dT%H:%M:%SZ'
    uname -srm
    sed -n 's/^model name[^:]*: /processor /p' /proc/cpuinfo 2>/dev/null | sort | uniq -c
    if command -v nvidia-smi >/dev/null 2>&1; then
        nvidia-smi --query-gpu=name,memory.total,driver_version,clocks.max.sm --format=csv,noheader
    fi
}

machine >"$out/machine.txt" 2>&1
cat "$out/machine.txt" >"$out/summary.txt"
step version 30 "$here/aded" --version
step natives 330 "$here/aded" natives list
cat "$out/natives.txt" >&2
# A GPU is lent by the minute, and what the processor does in its place is of no use to anybody.
if [ -z "$processor" ] && ! grep -Eq '^\* (cuda|vulkan)' "$out/natives.txt"; then
    say "nothing is measured: no library here can use a GPU, see above (--processor measures the processor all the same)"
    exit 1
fi
watcher=
if command -v nvidia-smi >/dev/null 2>&1; then
    nvidia-smi --query-gpu=timestamp,utilization.gpu,clocks.sm,memory.used,power.draw --format=csv -l 1 \
        >"$out/gpu.csv" 2>/dev/null </dev/null &
    watcher=$!
fi
trap '[ -z "$watcher" ] || kill "$watcher" 2>/dev/null' EXIT

prompts() {
    for file in "$here"/prompts/*.jsonl; do
        [ ! -f "$file" ] || printf -- '--prompts\n%s\n' "$file"
    done
}
# Paths of staged files have no blanks.
prompted=$(prompts)
chart() { [ -z "$charts" ] || printf -- '--plot %s' "$out/$1.html"; }

# measure NAME OPTIONS...: bench, callers and price of one model; OPTIONS name it.
# shellcheck disable=SC2046,SC2086 # options and their values are words
measure() {
    base=$1
    shift
    # What is compiled, written or read for the first time belongs to no measurement.
    step "first-$base" 240 "$here/aded" load "$@" $prompted --limit 32 --modes off,auto --concurrency 32 --requests 32 \
        --max-tokens 16 --warm-up 0 --blocks 1 --sequences 256 --parallel 32
    if [ -n "$bench" ]; then
        step "bench-$base" 150 "$here/aded" bench "$@" $prompted --limit "$limit" --max-tokens "$tokens" \
            --repeats "$repeats" --modes "$modes" --json "$out/bench-$base.json" $(chart "bench-$base")
        [ ! -s "$out/bench-$base.txt" ] || cat "$out/bench-$base.txt" >&2
    fi
    # What many callers get, each a sequence and, while its draft is verified, several branches of it. Most first: that is
    # where a host falls behind its GPU.
    for callers in $(printf '%s\n' $streams | sort -rn); do
        requests=$((callers * 6 > 24 ? callers * 6 : 24))
        step "load$callers-$base" 60 "$here/aded" load "$@" $prompted --limit "$requests" --modes off,auto \
            --concurrency "$callers" --requests "$requests" --max-tokens "$tokens" --sequences 256 --parallel "$callers" \
            --json "$out/load$callers-$base.json" $(chart "load$callers-$base")
        [ ! -s "$out/load$callers-$base.txt" ] || cat "$out/load$callers-$base.txt" >&2
    done
    # What a pass costs by its width: the steps of the device's kernels, and what verification gains with drafts that are
    # right so often.
    step "cost-$base" 60 "$here/aded" bench "$@" --synthetic-acceptance 0.7 --limit 6 --max-tokens "$tokens" \
        --json "$out/cost-$base.json" $(chart "cost-$base")
    [ ! -s "$out/cost-$base.txt" ] || cat "$out/cost-$base.txt" >&2
}

last=
for model in "$here"/models/*.gguf; do
    [ -f "$model" ] || continue
    name=$(basename "$model" .gguf)
    case " $models " in *" all "* | *" $name "*) ;; *) continue ;; esac
    step "doctor-$name" 120 "$here/aded" doctor --model "$model"
    for format in $formats; do
        bench=yes
        if [ "$format" = as-is ]; then
            measure "$name-$format" --model "$model"
            last="--model $model"
        else
            measure "$name-$format" --model "$model" --requantize "$format"
            last="--model $model --requantize $format"
        fi
    done
done

# Random weights say nothing that could be guessed: speeds with known drafts, and what callers lose who get none.
for wanted in $synthetic; do
    like=$here/vocabulary.gguf
    [ -f "$like" ] || like=$(ls "$here"/models/*.gguf | head -n 1)
    file=$here/cache/synthetic-${wanted%:*}-${wanted#*:}.gguf
    mkdir -p "$here/cache"
    if [ ! -f "$file" ]; then
        step "write-${wanted%:*}-${wanted#*:}" 120 "$here/aded" models synthesize --like "$like" --shape "${wanted%:*}" \
            --format "${wanted#*:}" "$file"
    fi
    bench=
    [ ! -f "$file" ] || measure "${wanted%:*}-${wanted#*:}" --model "$file" --raw
done

if [ -n "$profile" ] && [ -n "$last" ]; then
    for mode in off auto; do
        export ADED_JAVA_OPTIONS="-XX:StartFlightRecording=settings=profile,filename=$out/profile-$mode.jfr"
        # shellcheck disable=SC2086
        step "profile-$mode" 60 "$here/aded" load $last $prompted --modes "$mode" --concurrency "$profile" \
            --requests $((profile * 8)) --max-tokens "$tokens" --sequences 256 --parallel "$profile"
    done
fi
say "results are in $out"
exit "$failed"
