"""The measuring behind bench/rules. The pupil and the text are made up."""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXPRESSIONS, BINDINGS, PEER = ROOT / "bench/expr.txt", ROOT / "bench/expr.json", ROOT / "build/peer/cel-go"
TURNS = 2


def run(program):
    """[(ns, value)] of one run over all expressions."""
    out = subprocess.run([program, EXPRESSIONS, BINDINGS], capture_output=True, text=True, check=True).stdout
    return [(float(ns), json.loads(value)) for ns, value in (line.split(" ", 1) for line in out.splitlines())]


def best(runs):
    return [(min(ns for ns, _ in row), row[0][1]) for row in zip(*runs)]


def main():
    parser = argparse.ArgumentParser(prog="bench/rules")
    parser.add_argument("--bin", type=pathlib.Path, help="folder of the programs (build/release/bin, or build/dev/bin)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folders = [options.bin] if options.bin else [ROOT / "build/release/bin", ROOT / "build/dev/bin"]
    program = next((folder / "bench-expr" for folder in folders if (folder / "bench-expr").exists()), None)
    if program is None:
        sys.exit("bench/rules: build first: cmake --preset release && cmake --build --preset release")
    ours, theirs = [], []
    for _ in range(TURNS):
        ours.append(run(program))
        if PEER.exists():
            theirs.append(run(PEER))
    ours, theirs = best(ours), best(theirs)
    rows = []
    for at, source in enumerate(EXPRESSIONS.read_text().splitlines()):
        row = {"expr": source, "ns": ours[at][0]}
        if theirs:
            row |= {"cel_go_ns": theirs[at][0], "ratio": round(theirs[at][0] / ours[at][0], 2)}
            if ours[at][1] != theirs[at][1]:
                sys.exit(f"bench/rules: {source}: {ours[at][1]}, and in cel-go {theirs[at][1]}")
        rows.append(row)
    if options.json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    print(f"{'ns':>8} {'cel-go':>8} {'ratio':>6}  expression")
    for row in rows:
        print(f"{row['ns']:8.1f} {row.get('cel_go_ns', float('nan')):8.1f} {row.get('ratio', float('nan')):6.2f}  {row['expr']}")
    if theirs:
        product = 1.0
        for row in rows:
            product *= row["ratio"] ** (1 / len(rows))
        print(f"all values are the same; cel-go takes {min(row['ratio'] for row in rows):.2f} to "
              f"{max(row['ratio'] for row in rows):.2f} times as long, {product:.2f} in the geometric mean")


if __name__ == "__main__":
    main()
