#!/bin/sh
# Bring the Czech catalogues up to date with the texts in the source: one catalogue per part.
# New texts arrive untranslated; tests/test_translations.py names them.
set -eu
cd "$(dirname "$0")/.."
bin=${BIN:-.venv/bin}
pot=$(mktemp)
map=$(mktemp)
printf '[python: **.py]\n[jinja2: **/templates/**.html]\n' >"$map"
trap 'rm -f "$pot" "$map"' EXIT

update() {
  domain=$1
  shift
  "$bin/pybabel" -q extract -F "$map" -k _ -k ngettext:1,2 --no-location --omit-header \
    --sort-output -o "$pot" "$@"
  file=hotspots/translations/cs/$domain.po
  if [ -f "$file" ]; then
    "$bin/pybabel" -q update -l cs -i "$pot" -o "$file" --no-fuzzy-matching --ignore-obsolete \
      --ignore-pot-creation-date -N
  else
    "$bin/pybabel" -q init -l cs -i "$pot" -o "$file"
  fi
}

h=hotspots
# The import into the store stands with the readers but belongs to the store's catalogue.
import='importer account recording rejects sorting'
readers=$(ls $h/ingest/*.py)
importing=
for name in $import; do
  readers=$(printf '%s\n' $readers | grep -v "/$name.py\$")
  importing="$importing $h/ingest/$name.py"
done
update ingest $readers $h/clean.py $h/crs.py $h/filetypes.py $h/periods.py $h/selection.py \
  $h/offences.py $h/settings.py
update store $h/files.py $h/cells.py $h/store $importing $h/record_inference.py $h/workspace_init.py
update layers $h/layers
update analysis $h/analysis $h/join.py $h/placement.py $h/aggregate.py $h/export.py
update maps $h/maps
update web web $h/sample.py $h/demo.py
update cli $h/cli
