"""Each file of proto/ begins with what its topic is; each message has a comment above
it, but for the record that the file is named after: the beginning describes that one."""
import re

from tree import files, finish, name

faults, checked = [], 0
for path in files(".proto", under=("proto",)):
    lines = path.read_text().splitlines()
    checked += 1
    if not lines or not lines[0].startswith("//"):
        faults.append(f"{name(path)}:1: begin with a comment: which topic, which key, who writes and who reads it")
    for number, line in enumerate(lines):
        found = re.match(r"\s*(message)\s+(\w+)", line)
        if found and found[2].lower() == path.stem:
            continue
        if found and "//" not in line and not (number and lines[number - 1].lstrip().startswith("//")):
            faults.append(f"{name(path)}:{number + 1}: {found[1]} {found[2]} has no comment; say what it is")
finish(faults, checked)
