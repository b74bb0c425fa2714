#!/bin/sh
# Writes all reference data again; with a folder as argument also the full features and logits, into that folder.
# With --full-only before the folder, the committed data stays as it is.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
full_only=
if [ "${1-}" = --full-only ]; then
    full_only=yes
    shift
    [ $# -eq 1 ] || { echo "usage: regenerate.sh [--full-only] [FOLDER]" >&2; exit 2; }
fi
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
# Beside the system's packages, not among them, and without a virtual environment, which not every system can make.
python3 -m pip install --quiet --disable-pip-version-check --target "$packages" --requirement "$here/requirements.txt"
export PYTHONPATH="$packages"
export PYTHONDONTWRITEBYTECODE=1
if [ -z "$full_only" ]; then
    python3 "$here/write_mel.py" "$here/../data/mel"
    python3 "$here/whisper_reference.py" --sample "$here/../data/logits"
fi
if [ $# -gt 0 ]; then
    python3 "$here/whisper_reference.py" "$1"
fi
