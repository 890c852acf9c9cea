#!/bin/sh
# Bring the Czech catalogue up to date with the texts in the source.
# New texts arrive untranslated; tests/test_translations.py names them.
set -eu
cd "$(dirname "$0")/.."
bin=${BIN:-.venv/bin}
catalogue=hotspots/translations/cs/messages.po
pot=$(mktemp)
map=$(mktemp)
trap 'rm -f "$pot" "$map"' EXIT
printf '[python: **.py]\n[jinja2: **/templates/**.html]\n' >"$map"
"$bin/pybabel" -q extract -F "$map" -k _ -k ngettext:1,2 --no-location --sort-output \
  -o "$pot" hotspots web
"$bin/pybabel" -q update -l cs -i "$pot" -o "$catalogue" --no-fuzzy-matching --ignore-obsolete \
  --ignore-pot-creation-date --width 100
