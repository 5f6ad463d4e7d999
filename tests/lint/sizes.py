"""Functions of at most 70 lines, files 600, headers 200, main.c 120 (aim well below).

sizes.allow lists what is larger, as `path[:function] lines`; an entry may only shrink: one that allows more than there
is, or that is not needed any more, is a fault as well."""
import json
import pathlib
import subprocess

from tree import ROOT, files, finish, name


def limit_of(path):
    if path.name == "main.c":
        return 120
    return 200 if path.suffix == ".h" else 600


def sizes(paths):
    """(what, lines, limit) of every file and every function."""
    for path in paths:
        yield name(path), path.read_bytes().count(b"\n"), limit_of(path)
    tags = subprocess.run(["ctags", "--output-format=json", "--fields=+ne", "--kinds-C=f", "--languages=C", "-f", "-",
                           *map(str, paths)], capture_output=True, text=True, check=True).stdout
    for tag in map(json.loads, tags.splitlines()):
        if "end" in tag:
            yield f"{name(pathlib.Path(tag['path']))}:{tag['name']}", tag["end"] - tag["line"] + 1, 70


paths = files(".c", ".h", under=("services", "tests", "bench"))
list_file = ROOT / "tests/lint/sizes.allow"
allowed = {}
if list_file.exists():
    rows = (line.split() for line in list_file.read_text().splitlines() if line and not line.startswith("#"))
    allowed = {row[0]: int(row[1]) for row in rows}
faults = []
for what, lines, limit in sizes(paths) if paths else ():
    permitted = allowed.pop(what, None)
    if permitted is None and lines > limit:
        faults.append(f"{what}: {lines} lines, at most {limit}; split it")
    elif permitted is not None and lines > permitted:
        faults.append(f"{what}: {lines} lines, sizes.allow has {permitted}; it may only shrink")
    elif permitted is not None and lines < permitted:
        faults.append(f"{what}: {lines} lines now; write that into sizes.allow, or remove the entry at {limit} or below")
faults += [f"sizes.allow: {what} is not there any more; remove the entry" for what in allowed]
finish(faults, len(paths))
