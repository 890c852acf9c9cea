#!/bin/sh
# Resolve the dependencies anew for every platform, with hashes and without download addresses.
# Needs uv (pip install uv). Run from the project's root after changing pyproject.toml.
set -eu
lock() {
  uv pip compile pyproject.toml "$@" --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet
}
lock --extra build --output-file requirements.lock
lock --extra dev --output-file requirements-dev.lock
