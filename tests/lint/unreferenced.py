"""Every .c is compiled, or named by the CMakeLists.txt beside it (tests that need published data, say); every .h and .def is
used: nothing lies about that nobody builds."""
import json
import re

from tree import BUILD, ROOT, files, finish, name

compiled = {entry["file"] for entry in json.loads((BUILD / "compile_commands.json").read_text())}
everything = files(".c", ".h", ".def", under=("services", "tests", "bench"))
mentioned = set()
for path in everything:
    for target in re.findall(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', path.read_text(), re.M):
        for base in (ROOT / "services", ROOT / "tests", ROOT, path.parent):
            mentioned.add((base / target).resolve())


def is_named(path):
    beside = path.parent / "CMakeLists.txt"
    return beside.exists() and re.search(rf"\b{re.escape(path.name)}\b", beside.read_text())


faults = []
for path in everything:
    if path.suffix == ".c" and str(path) not in compiled and not is_named(path):
        faults.append(f"{name(path)}:1: no target compiles it; add it to its CMakeLists.txt or remove it")
    if path.suffix != ".c" and path not in mentioned:
        faults.append(f"{name(path)}:1: nothing includes it; use it or remove it")
finish(faults, len(everything))
