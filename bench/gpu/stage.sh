#!/bin/sh
# Packs all that a benchmark needs on a machine without network: program, Java runtime, llama.cpp build, model, prompts.
#
#   sh bench/gpu/stage.sh --out DIR [--natives KIND]... [--model FILE] [--prompts FILE]... [--piece-mib N]
#
#   --out DIR       a new directory; DIR/stage is what runs, DIR/pieces what travels
#   --natives KIND  a build that "aded natives install" knows; may be repeated. Default: cuda, which needs CUDA 13's runtime
#                   there; cuda12 needs that of CUDA 12. Bring both where you do not know
#   --model FILE    a GGUF file; may be repeated. Default: the catalogue's chat model, pulled if need be
#   --prompts FILE  JSON lines as "aded bench --prompts" takes them, or "built-in"; may be repeated. Default: built-in
#   --vocabulary FILE  a small GGUF file whose vocabulary models of random weights get. Default: none, the first model
#   --libraries DIR  a directory with lib64/libcudart.so.12 and the like, where the other machine lacks CUDA's runtime
#   --piece-mib N   split the archives into pieces of at most N MiB. Default: 0, one piece each
#
# There are two archives: the program, with which a machine can begin, and the models. There: put the pieces and unpack.sh
# into one directory, then
#   sh unpack.sh DIR && sh DIR/run.sh --out RESULTS
set -eu

say() { printf '%s\n' "stage: $*" >&2; }
die() { say "$*"; exit 1; }

root=$(cd "$(dirname "$0")/../.." && pwd -P)
out= natives= piece=0 vocabulary= libraries=
models=$(mktemp) prompts=$(mktemp)
trap 'rm -f "$models" "$prompts"' EXIT
trap 'exit 130' INT TERM
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || die "$1 needs a value; see the head of $0"
    case $1 in
        --out) out=$2 ;;
        --natives) natives="$natives $2" ;;
        --model) [ -f "$2" ] || die "there is no model $2"; printf '%s\n' "$2" >>"$models" ;;
        --prompts)
            [ "$2" = built-in ] || [ -f "$2" ] || die "there are no prompts $2"
            printf '%s\n' "$2" >>"$prompts"
            ;;
        --vocabulary) [ -f "$2" ] || die "there is no file $2"; vocabulary=$2 ;;
        --libraries) [ -d "$2/lib64" ] || die "there is no $2/lib64"; libraries=$2 ;;
        --piece-mib) piece=$2 ;;
        *) die "unknown option $1; see the head of $0" ;;
    esac
    shift 2
done
[ -n "$out" ] || die "--out is missing; see the head of $0"
[ ! -e "$out" ] || die "$out exists already; name a new directory"
natives=${natives:-cuda}
case $piece in *[!0-9]*) die "--piece-mib is $piece; allowed: a number" ;; esac

mkdir -p "$out/stage" "$out/pieces"
out=$(cd "$out" && pwd -P)
stage=$out/stage

# --- the program, and the JDK that the launcher finds (it builds first if need be)

java_home=$("$root/aded" doctor 2>/dev/null </dev/null | sed -n 's/^[a-zA-Z]* *java: JDK .* in \(\/.*\)$/\1/p' | head -n 1)
[ -x "$java_home/bin/jlink" ] || die "the JDK in \"$java_home\" has no jlink; set ADED_JAVA_HOME to a full JDK 25"
mkdir -p "$stage/server/target"
cp "$root/aded" "$stage/"
cp -R "$root"/server/target/aded-server-*.jar "$root/server/target/lib" "$stage/server/target/"
cp "$root/bench/gpu/run.sh" "$stage/"
say "linking a Java runtime"
"$java_home/bin/jlink" --compress zip-9 --strip-debug --no-header-files --no-man-pages --output "$stage/runtime" \
    --add-modules java.base,java.desktop,java.logging,java.management,java.naming,java.net.http,java.sql,java.xml \
    --add-modules jdk.crypto.ec,jdk.httpserver,jdk.jfr,jdk.management,jdk.net,jdk.unsupported,jdk.zipfs

# --- llama.cpp

for kind in $natives; do
    say "installing the $kind build"
    # Status 5: installed, but of no use on this machine, which need not have the other one's GPU.
    XDG_DATA_HOME=$stage/data "$root/aded" natives install "$kind" >/dev/null || [ $? -eq 5 ] \
        || die "the $kind build could not be installed"
    # What was found out here does not count there.
    rm -f "$stage"/data/aded/natives/*/verdict.json
done
rm -rf "$stage/data/aded/natives/.downloads" "$stage/data/aded/natives/.lock"
[ -z "$libraries" ] || { mkdir "$stage/cuda" && cp -RL "$libraries/lib64" "$stage/cuda/"; }

# --- model and prompts

[ -s "$models" ] || "$root/aded" models pull </dev/null >"$models" || die "the model could not be pulled"
mkdir -p "$stage/models" "$stage/prompts"
while IFS= read -r file; do cp "$file" "$stage/models/"; done <"$models"
while IFS= read -r file; do
    [ "$file" != built-in ] || file=$(find "$root/server/src/main/resources" -name scenarios.jsonl)
    cp "$file" "$stage/prompts/"
done <"$prompts"
[ -z "$vocabulary" ] || cp "$vocabulary" "$stage/vocabulary.gguf"

{
    printf 'commit %s\n' "$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unknown)"
    printf 'staged %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    printf 'natives%s\n' "${natives:+ }$(echo $natives)"
} >"$stage/STAGED"

# --- what travels

say "packing"
# pack ARCHIVE TAR-OPTIONS...: weights do not get smaller by compressing them.
pack() {
    archive=$1
    shift
    if [ "$piece" -eq 0 ]; then
        tar -C "$out" "$@" >"$out/pieces/$archive.000"
    else
        tar -C "$out" "$@" | split -b "${piece}m" -d -a 3 - "$out/pieces/$archive."
    fi
    (cd "$out/pieces" && sha256sum "$archive".[0-9]* >"$archive.SHA256SUMS")
}
pack program -cz --exclude stage/models stage
pack models -c stage/models
cp "$root/bench/gpu/unpack.sh" "$out/pieces/"
say "$(ls "$out"/pieces/*.[0-9]* | wc -l | tr -d ' ') pieces, $(du -sh "$out/pieces" | cut -f1) in $out/pieces"
