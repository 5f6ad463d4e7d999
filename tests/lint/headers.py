"""Each header compiles alone, and twice: it includes what it needs and has a guard."""
import concurrent.futures
import os
import subprocess

from tree import BUILD, ROOT, files, finish, name

LIBRARIES = ("rdkafka libzmq hiredis libprotobuf-c libuv libcurl libsodium jansson libmicrohttpd libfyaml libical cmocka")
flags = subprocess.run(["pkg-config", "--cflags", *LIBRARIES.split()], capture_output=True, text=True,
                       check=True).stdout.split()


def fault_of(path):
    stub = f'#include "{path}"\n#include "{path}"\n'
    done = subprocess.run(
        ["gcc", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{ROOT}/services",
         f"-I{ROOT}/tests", "-isystem", f"{BUILD}/proto", *flags, "-x", "c", "-"],
        input=stub, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr)
    return f"{name(path)}:1: does not compile alone, twice; include what it uses: {first}"


paths = files(".h", under=("services", "tests", "bench"))
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    found = list(pool.map(fault_of, paths))
finish([fault for fault in found if fault], len(paths))
