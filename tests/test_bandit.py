"""Bandit over all code that is shipped: each of its findings was looked at and is explained there.

Ruff's rules S are bandit's, under the same numbers, so that one comment answers both: a finding
B608 needs `noqa: S608` on one of its lines. What ruff tells better is skipped in `pyproject.toml`.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.conftest import ROOT

SHIPPED = ("hotspots", "web")


def run_bandit(*paths):
    """Return bandit's findings, and the files that it could not read."""
    command = [sys.executable, "-m", "bandit", "-q", "-r", "-f", "json"]
    command += ["-c", str(ROOT / "pyproject.toml"), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode in {0, 1}, done.stderr
    found = json.loads(done.stdout)
    return found["results"], found["errors"]


def unexplained(results):
    """Return the findings without an answer on one of their lines."""
    left = []
    for one in results:
        lines = Path(ROOT, one["filename"]).read_text(encoding="utf-8").splitlines()
        said = lines[min(one["line_range"]) - 1 : max(one["line_range"])]
        rule = one["test_id"].replace("B", "S", 1)
        if not any(re.search(rf"# noqa:[^#]*\b{rule}\b", line) for line in said):
            left.append(f"{one['filename']}:{one['line_number']} {rule} {one['issue_text']}")
    return left


def test_every_finding_of_bandit_is_explained_where_it_stands():
    results, errors = run_bandit(*SHIPPED)
    assert errors == []
    assert unexplained(results) == []
    assert [one for one in results if one["issue_severity"] == "HIGH"] == []


def test_a_new_fault_would_be_found_until_it_is_explained(tmp_path):
    faults = {
        "S602": "import subprocess\nsubprocess.run('ls', shell=True)",
        "S301": "import pickle\npickle.loads(b'')",
        "S608": "name = 'x'\nquery = f'SELECT a FROM b WHERE c = {name}'",
    }
    for rule, code in faults.items():
        (tmp_path / f"new_{rule}.py").write_text(f"{code}\n", encoding="utf-8")
        explained = f"{code}  # noqa: {rule} - looked at\n"
        (tmp_path / f"known_{rule}.py").write_text(explained, encoding="utf-8")
    left = unexplained(run_bandit(tmp_path)[0])
    for rule in faults:
        assert any(f"new_{rule}.py" in said and f" {rule} " in said for said in left)
        assert not any(f"known_{rule}.py" in said and f" {rule} " in said for said in left)


def test_what_bandit_skips_is_told_by_ruff():
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ruff = content["tool"]["ruff"]["lint"]
    assert content["tool"]["bandit"]["skips"] == ["B105", "B106", "B403"]
    assert "S" in ruff["select"]
    assert not {rule for rule in ruff["ignore"] if rule.startswith("S")}
