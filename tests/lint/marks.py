"""No left-over marks: what is missing is an issue, not a comment. And no conflict left in a merge."""
import re

from tree import files, finish, name

MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|^(<{7}|>{7})( |$)")
paths = files(".c", ".h", ".def", ".proto", ".py", ".js", ".html", ".css", ".mustache", ".lua", ".yaml", ".conf", ".md",
              ".txt", ".cmake", ".xml", "")
faults = [f"{name(path)}:{number}: left-over mark; do it, or file it as an issue"
          for path in paths for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
          if MARKS.search(line)]
finish(faults, len(paths))
