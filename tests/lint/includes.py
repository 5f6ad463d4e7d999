"""Includes run one way: base <- core <- {wire, io} <- shell <- a service; a library's header is included in one place."""
import re

from tree import files, finish, name

SYSTEM_OF_CORE = {"float.h", "inttypes.h", "limits.h", "math.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h",
                  "stdint.h", "stdio.h", "stdnoreturn.h", "string.h"}
MAY_INCLUDE = {
    "base": {"base"},
    "core": {"base", "core"},
    "wire": {"base", "core", "wire", "shouwang"},
    "io": {"base", "io", "shouwang"},
    "shell": {"base", "core", "wire", "io", "shell", "shouwang"},
}
# A library and the files that may include its headers, as a pattern of the path.
LIBRARIES = {
    r"librdkafka/": r"services/io/(kafka|stream|topics)\w*\.[ch]",
    r"uv\.h": r"services/io/loop\w*\.[ch]",
    r"hiredis/": r"services/io/redis\w*\.[ch]",
    r"zmq\.h": r"services/io/zmq\w*\.[ch]",
    r"curl/": r"services/io/http_client\w*\.[ch]",
    r"microhttpd\.h": r"services/io/http_server\w*\.[ch]",
    r"sodium\.h": r"services/io/(seal|signer)\w*\.[ch]",
    r"jansson\.h": r"services/wire/.*",
    r"libfyaml\.h": r"services/wire/.*",
    r"libical/": r"services/wire/.*",
    r"protobuf-c/": r"services/(wire|io|shell|intake|triage|escalator|notifier|relay|console|ctl)/.*",
}


def faults_of(path):
    place = name(path)
    folder = place.split("/")[1]
    allowed = MAY_INCLUDE.get(folder, {"base", "core", "wire", "io", "shell", "shouwang", folder})
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if not found:
            continue
        target = found[2]
        head = target.split("/")[0]
        if (found[1] == '"' or head == "shouwang") and head not in allowed:
            yield f"{place}:{number}: {folder} may not include {target}; it may use {' '.join(sorted(allowed))}"
        if folder in ("base", "core") and found[1] == "<" and target not in SYSTEM_OF_CORE:
            if folder == "core" or target != "stdlib.h":
                yield f"{place}:{number}: {folder} knows no I/O, so not <{target}>; move it to io or wire"
        for library, where in LIBRARIES.items():
            if re.match(library, target) and not re.fullmatch(where, place):
                yield f"{place}:{number}: <{target}> belongs to {where}; use that file's functions"


paths = files(".c", ".h", under=("services",))
finish([fault for path in paths for fault in faults_of(path)], len(paths))
