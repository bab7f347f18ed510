#!/usr/bin/env python3
"""Encrypted and signed messages exchanged with jwcrypto, joserfc and npm jose, both ways, over the whole grid
of algorithm, content encryption and serialization.

Installs the peers (into the target folder) where it can. Each reads what tests/interop's `exchange write`
makes, in one process, and answers every message with one of the same kind to the same key, which
`exchange read` judges. What a peer is said to lack must indeed fail. What cannot be installed is skipped by
name; any disagreement fails.

Usage: tests/interop/scripts/grid.py
"""

import json
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import peers
from peers import check, run

# Of exactly these versions: the next ones may have what these lack.
PEERS = [
    ("jwcrypto", peers.install_python, "peer_jwcrypto.py", "jwcrypto==1.6.1"),
    ("joserfc", peers.install_python, "peer_joserfc.py", "joserfc==1.8.0", "pycryptodome"),
    ("jose", peers.install_jose, "grid_jose.mjs"),
]


def exchange(peer, command, binary, written):
    """What both sides say, and how long it took."""
    began = time.monotonic()
    theirs = run(command, input=written)
    keys = "".join(line for line in written.splitlines(True) if json.loads(line)["kind"] == "key")
    ours = run([binary, "read"], input=keys + theirs.stdout)
    return peer, theirs, ours, time.monotonic() - began


def judge(peer, theirs, ours, seconds):
    for side, done in ((peer, theirs), ("symbolon", ours)):
        check(f"{peer}: the side of {side} runs to the end", done.returncode == 0, done.stderr.strip()[-2000:])
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        verdicts = [line for line in lines if line["kind"] == "verdict"]
        for line in verdicts:
            check(f"{side}: {line['name']} ({peer})", line["ok"], line["error"])
        lacking = Counter(line["why"] for line in lines if line["kind"] == "lack")
        good = sum(line["ok"] for line in verdicts)
        check(f"{peer}: {side} reads something", good)
        other = "symbolon" if side == peer else peer
        print(f"{side} reads what {other} wrote: {good} good, {len(verdicts) - good} not; {lacking.total()} lacking")
        for why, count in sorted(lacking.items()):
            print(f"  {count}: {why}")
    print(f"{peer}: {seconds:.1f} s", flush=True)


def main():
    peers.FOLDER.mkdir(parents=True, exist_ok=True)
    binary = peers.build("--manifest-path", "tests/interop/Cargo.toml", "--example", "exchange")
    written = subprocess.run([binary, "write"], text=True, stdout=subprocess.PIPE, check=True).stdout
    print(f"symbolon wrote {len(written.splitlines())} keys and messages", flush=True)
    commands = [(peer, peers.installed(peer, *install)) for peer, *install in PEERS]
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(exchange, peer, command, binary, written) for peer, command in commands if command]
        for job in jobs:
            judge(*job.result())
    return peers.close("grid")


if __name__ == "__main__":
    sys.exit(main())
