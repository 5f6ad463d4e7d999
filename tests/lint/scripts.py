"""Shell scripts pass `bash -n` and shellcheck; Python compiles; a script with a first line `#!` can be executed."""
import os
import re
import subprocess

from tree import files, finish, name

faults, checked = [], 0
for path in files("", ".sh", ".py"):
    text = path.read_text(errors="replace")
    first = text.split("\n", 1)[0]
    if first.startswith("#!") and not os.access(path, os.X_OK):
        faults.append(f"{name(path)}:1: begins with #! and cannot be executed; chmod +x")
    if re.search(r"python", first) or path.suffix == ".py":
        checked += 1
        try:
            compile(text, name(path), "exec")
        except SyntaxError as error:
            faults.append(f"{name(path)}:{error.lineno}: {error.msg}")
    elif re.match(r"#!.*\b(ba)?sh\b", first):
        checked += 1
        for command in (["bash", "-n"], ["shellcheck", "-S", "warning", "-f", "gcc"]):
            done = subprocess.run([*command, path], capture_output=True, text=True, check=False)
            if done.returncode:
                faults.append((done.stdout + done.stderr).strip().replace(str(path), name(path)))
finish(faults, checked)
