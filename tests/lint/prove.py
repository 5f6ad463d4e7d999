"""Each check of this folder finds its fault in a small tree made for it, and nothing once it is mended."""
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LONG = "int f(void)\n{\n" + "    g();\n" * 80 + "}\n"

# check, a file, a faulty text, a sound text, what the fault says
CASES = [
    ("banned", "services/base/a.c", "int f(void) { return atoi(x); }", "int f(void) { return str_parse(x); }", "atoi"),
    ("banned", "services/core/a.c", "void f(void) { free(x); }", "void f(void) { /* free(x) */ }", "free"),
    ("format", "services/base/a.c", "int f ( void ){return 0;}\n", "int f(void)\n{\n    return 0;\n}\n", "clang-format"),
    ("headers", "services/base/a.h", "struct a { size_t n; };\n",
     "#ifndef A_H\n#define A_H\n#include <stddef.h>\nstruct a {\n    size_t n;\n};\n#endif\n", "alone"),
    ("headers", "services/base/a.h", "struct a {\n    int n;\n};\n", "#ifndef A_H\n#define A_H\nstruct a {\n    int n;\n};\n#endif\n",
     "twice"),
    ("includes", "services/core/a.c", '#include "io/log.h"\n', '#include "base/str.h"\n', "core may not include"),
    ("includes", "services/core/a.c", "#include <stdlib.h>\n", "#include <string.h>\n", "no I/O"),
    ("includes", "services/triage/a.c", "#include <hiredis/hiredis.h>\n", '#include "io/redis.h"\n', "belongs to"),
    ("includes", "services/triage/a.c", '#include "escalator/a.h"\n', '#include "triage/a.h"\n', "may not include"),
    ("marks", "services/base/a.c", "/* TO" "DO: more */\n", "/* more */\n", "mark"),
    ("protos", "proto/shouwang/v1/a.proto", "// Topic a.\nmessage A {\n}\n\nmessage B {\n}\n",
     "// Topic a.\nmessage A {\n}\n\n// One b.\nmessage B {\n}\n",
     "no comment"),
    ("scripts", "deploy/a", "#!/bin/bash\nif\n", "#!/bin/bash\ntrue\n", "syntax error"),
    ("scripts", "deploy/a", "#!/bin/bash\ncd $1\nrm $2\n", "#!/bin/bash\ntrue\n", "SC2164"),
    ("scripts", "deploy/a.py", "def f(:\n", "def f():\n    pass\n", "syntax"),
    ("sizes", "services/base/a.c", LONG, "int f(void)\n{\n}\n", "at most 70"),
    ("sizes", "services/base/a.h", "\n" * 201, "\n" * 200, "at most 200"),
    ("sizes", "tests/lint/sizes.allow", "services/base/gone.c 900\n", "# none\n", "not there any more"),
    ("symbols", "services/core/a.c", "int puts(const char *); int f(void); int f(void) { return puts(0); }",
     "int f(void); int f(void) { return 1; }", "needs puts"),
    ("unreferenced", "services/base/b.c", "int f(void);\n", None, "no target compiles it"),
    ("unreferenced", "services/base/a.h", "int f(void);\n", None, "nothing includes it"),
]


def run(check, root):
    return subprocess.run([sys.executable, "-B", HERE / f"{check}.py", root, root / "build"], capture_output=True, text=True,
                          check=False)


def lay(root, path, text):
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(0o755 if path.startswith("deploy/") else 0o644)


def build_archive(root):
    """What symbols.py looks at: an archive of the core made of a.c, where there is one."""
    source, folder = root / "services/core/a.c", root / "build/services/core"
    folder.mkdir(parents=True, exist_ok=True)
    if source.exists() and subprocess.run(["gcc", "-c", source, "-o", folder / "a.o"], capture_output=True).returncode == 0:
        subprocess.run(["ar", "rcs", folder / "libcore_a.a", folder / "a.o"], check=True)


def prove(check, path, faulty, sound, says):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        lay(root, ".clang-format", (HERE.parent.parent / ".clang-format").read_text())
        lay(root, "services/base/seed.c", "int seed(void)\n{\n    return 0;\n}\n")
        lay(root, "build/compile_commands.json", json.dumps([{"file": str(root / "services/base/seed.c")}]))
        for text, wanted in ((faulty, 1), (sound, 0)):
            if text is None:
                (root / path).unlink()
            else:
                lay(root, path, text)
            build_archive(root)
            done = run(check, root)
            if done.returncode != wanted or (wanted and says not in done.stdout):
                return f"{check}: {path!r} as {text!r} gave {done.returncode}:\n{done.stdout}{done.stderr}"
    return None


faults = [fault for fault in (prove(*case) for case in CASES) if fault]
proven = {case[0] for case in CASES}
checks = {path.stem for path in HERE.glob("*.py")} - {"tree", "prove"}
faults += [f"{check}: no case shows that it can fail" for check in checks - proven]
print("\n".join(faults) or f"{len(CASES)} faults found and mended")
sys.exit(1 if faults else 0)
