#!/bin/sh
# Writes all reference data again; with a folder as argument also the full features and logits, into that folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
export PYTHONDONTWRITEBYTECODE=1
"$venv/bin/python" "$here/write_mel.py" "$here/../data/mel"
"$venv/bin/python" "$here/whisper_reference.py" --sample "$here/../data/logits"
if [ $# -gt 0 ]; then
    "$venv/bin/python" "$here/whisper_reference.py" "$1"
fi
