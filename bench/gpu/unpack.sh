#!/bin/sh
# Puts the pieces of stage.sh together: sh unpack.sh DIR [ARCHIVE...] unpacks what lies beside this script into DIR.
#
# The archives are "program" and "models"; without a name both. With the program alone, models of random weights can be
# measured already: sh DIR/run.sh --out RESULTS --synthetic llama-8b:q8_0
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
[ $# -ge 1 ] || { echo "usage: sh unpack.sh DIR [program|models]..." >&2; exit 2; }
target=$1
shift
[ $# -gt 0 ] || set -- program models
mkdir -p "$target"
for archive in "$@"; do
    (cd "$here" && sha256sum -c --quiet "$archive.SHA256SUMS") \
        || { echo "unpack: a piece of $archive is missing or damaged; bring it again" >&2; exit 1; }
    case $archive in
        program) cat "$here/$archive".[0-9]* | tar -C "$target" --strip-components 1 -xz ;;
        *) cat "$here/$archive".[0-9]* | tar -C "$target" --strip-components 1 -x ;;
    esac
done
