#!/bin/sh
# Compiles requirements/*.txt (names, versions, hashes) from pyproject.toml. Needs uv.
set -eu
cd "$(dirname "$0")/.."
compile() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        pyproject.toml "$@"
}
compile --group build --output-file requirements/run.txt
compile --group build --group dev --output-file requirements/dev.txt
