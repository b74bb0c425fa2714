#!/usr/bin/env bash
# Refuses to run a job on a machine with a device unless what started it is trusted: a push to a branch that is allowed,
# or somebody with write access who asked for it. The workflow's triggers say the same. This stands behind them, best as
# the runner's own hook, where no change to a workflow can remove it (docs/hailo-runner.md).
#
# HAILO_GATE_BRANCHES    the branches whose pushes may run, separated by spaces (default: main)
# HAILO_GATE_REPOSITORY  the only repository whose jobs may run, as OWNER/NAME (default: any)
#
# Exit status: 0 trusted, 1 refused.
set -euo pipefail

refuse() {
    echo "hailo-gate: refused: $*" >&2
    echo "hailo-gate: a device is for pushes to an allowed branch and for runs started by hand; see docs/hailo-runner.md" >&2
    exit 1
}

event=${GITHUB_EVENT_NAME:-}
ref=${GITHUB_REF:-}
repository=${GITHUB_REPOSITORY:-}
payload=${GITHUB_EVENT_PATH:-}
branches=${HAILO_GATE_BRANCHES:-main}

[ -n "$event" ] || refuse "GITHUB_EVENT_NAME is not set: this is not a job of a workflow"
case $event in
    push | workflow_dispatch) ;;
    *) refuse "the event is '$event', and only push and workflow_dispatch may run here" ;;
esac
[[ $ref == refs/heads/* ]] || refuse "the ref is '$ref', and only branches (refs/heads/…) may run here"
[[ $repository == */* ]] || refuse "GITHUB_REPOSITORY is '$repository', which is no OWNER/NAME"
if [ -n "${HAILO_GATE_REPOSITORY:-}" ] && [ "$repository" != "$HAILO_GATE_REPOSITORY" ]; then
    refuse "the repository is '$repository', and this machine serves '$HAILO_GATE_REPOSITORY' only"
fi
if [ "$event" = push ]; then
    branch=${ref#refs/heads/}
    [[ " $branches " == *" $branch "* ]] || refuse "the push is to '$branch', and only pushes to '$branches' may run here"
fi
# A job that was started by another workflow has the event's name of that one; the payload tells.
[ -r "$payload" ] || refuse "the event's payload cannot be read (GITHUB_EVENT_PATH='$payload')"
# Isolated: nothing of the work folder or of the environment is imported.
why=$(python3 -I - "$payload" "$repository" "$ref" <<'PYTHON'
import json
import sys

path, repository, ref = sys.argv[1:]
try:
    with open(path, encoding="utf-8") as file:
        payload = json.load(file)
    for key in ("pull_request", "workflow_run", "issue", "comment"):
        if key in payload:
            sys.exit(print(f"the event's payload is about a {key}"))
    name = payload["repository"]["full_name"]
    if name != repository:
        sys.exit(print(f"the event's payload is of the repository {name!r}, and the job is of {repository!r}"))
    said = payload["ref"]
    # A run by hand may name its branch in short.
    if said not in (ref, ref.removeprefix("refs/heads/")):
        sys.exit(print(f"the event's payload is of the ref {said!r}, and the job is of {ref!r}"))
except (OSError, ValueError, KeyError, TypeError) as error:
    sys.exit(print(f"the event's payload cannot be understood: {type(error).__name__}: {error}"))
PYTHON
) || refuse "the event's payload cannot be looked at: python3 failed"
[ -z "$why" ] || refuse "$why"
echo "hailo-gate: trusted: $event of $ref in $repository"
