#!/bin/sh
# Puts the pieces of stage.sh together: sh unpack.sh DIR unpacks what lies beside this script into the new directory DIR.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
[ $# -eq 1 ] || { echo "usage: sh unpack.sh DIR" >&2; exit 2; }
[ ! -e "$1" ] || { echo "unpack: $1 exists already; name a new directory" >&2; exit 1; }
(cd "$here" && sha256sum -c --quiet SHA256SUMS) \
    || { echo "unpack: a piece is missing or damaged; bring it again" >&2; exit 1; }
mkdir -p "$1.unpacking"
cat "$here"/aded-stage.* | tar -C "$1.unpacking" -xz
mv "$1.unpacking/stage" "$1"
rmdir "$1.unpacking"
