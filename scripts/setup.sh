#!/bin/sh
# Makes .venv with the locked versions. Usage: setup.sh run|dev
# Needs Python 3.11 to 3.14; uses uv if it is there, else venv and pip.
set -eu
what=$1
cd "$(dirname "$0")/.."

find_python() {
    for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3.14 python3 python; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "penstock: no Python 3.11 to 3.14 on the PATH; set PYTHON=/path/to/python" >&2
    exit 1
}

if [ ! -x .venv/bin/python ]; then
    python=$(find_python)
    echo "penstock: making .venv with $("$python" --version)"
    if command -v uv >/dev/null 2>&1; then
        uv venv --quiet --python "$("$python" -c 'import sys; print(sys.executable)')" .venv
    else
        "$python" -m venv .venv
    fi
fi

case $what in
    run) size=120 ;;
    *) size=280 ;;
esac
echo "penstock: installing requirements/$what.txt (the first time it is downloaded, about $size MB)"
if command -v uv >/dev/null 2>&1; then
    uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r "requirements/$what.txt"
    uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
else
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "requirements/$what.txt"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
fi
# compiled now rather than at each start, where Python is told to write no byte code
.venv/bin/python -m compileall -q src/penstock
touch ".venv/.$what"
