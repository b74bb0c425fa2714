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
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
export PYTHONDONTWRITEBYTECODE=1
if [ -z "$full_only" ]; then
    "$venv/bin/python" "$here/write_mel.py" "$here/../data/mel"
    "$venv/bin/python" "$here/whisper_reference.py" --sample "$here/../data/logits"
fi
if [ $# -gt 0 ]; then
    "$venv/bin/python" "$here/whisper_reference.py" "$1"
fi
