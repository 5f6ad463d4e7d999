"""C as clang-format 14 writes it with the tree's .clang-format. To mend: clang-format -i FILE."""
import re
import subprocess

from tree import ROOT, files, finish, name

paths = files(".c", ".h", under=("services", "tests", "bench"))
done = subprocess.run(["clang-format-14", "--style=file", "--dry-run", "-Werror", *map(name, paths)], cwd=ROOT,
                      capture_output=True, text=True, check=False) if paths else None
places = re.finditer(r"^(\S+?):(\d+):\d+: error", done.stderr if done else "", re.M)
faults = list(dict.fromkeys(f"{found[1]}:{found[2]}: not as clang-format writes it; clang-format -i {found[1]}"
                            for found in places))
if done and done.returncode and not faults:
    faults = [done.stderr]
finish(faults, len(paths))
