"""What the checks of this folder share. Each is `python3 CHECK.py ROOT BUILD`: it prints its faults as
`path:line: what is wrong; what to do instead` and exits 1 when there are any. prove.py shows that each can fail."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1]).resolve()
BUILD = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
SKIPPED = {".git", "build", "node_modules", "__pycache__", ".venv"}


def files(*suffixes, under=("services", "tests", "bench", "proto", "deploy", "config", ".ci")):
    """Paths below the root with one of the suffixes ("" for files without one), sorted."""
    found = []
    for folder in under:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in suffixes and not SKIPPED & set(path.relative_to(ROOT).parts):
                found.append(path)
    return sorted(found)


def name(path):
    return str(path.relative_to(ROOT))


def code(text):
    """The text with comments and literals blanked, line by line as it was."""
    def blank(match):
        found = match.group(0)
        if found[0] in "\"'":
            return found[0] + " " * (len(found) - 2) + found[0]
        return re.sub(r"[^\n]", " ", found)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text, flags=re.S)


def finish(faults, checked):
    """The end of a check. Nothing checked is a fault, too: a check that looks nowhere cannot fail."""
    for fault in faults:
        print(fault)
    if not checked:
        print("nothing to check was found")
    print(f"{checked} checked, {len(faults)} faults")
    sys.exit(1 if faults or not checked else 0)
