#!/usr/bin/env python3
"""Tokens and keys exchanged with PyJWT and npm jose, both ways.

Installs both (into the target folder) where it can, has them verify what tests/interop's `mint` makes,
and has examples/verify verify what they mint, with the sets of keys that real issuers publish. What
cannot be installed is skipped by name; any disagreement fails.

Usage: tests/interop/scripts/interop.py
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import peers
from peers import check, run, skip

ISSUER = "https://id.example"


class Verify:
    """examples/verify, and files for its keys."""

    def __init__(self, binary, folder):
        self.binary, self.folder, self.files = binary, Path(folder), {}

    def file(self, text):
        if text not in self.files:
            self.files[text] = self.folder / f"key-{len(self.files)}"
            self.files[text].write_text(text)
        return str(self.files[text])

    def __call__(self, option, keys, token, by_stdin=False):
        command = [self.binary, option, self.file(keys), "--issuer", ISSUER, "--audience", "api"]
        if by_stdin:
            done = run(command, input=f"{token}\n")
        else:
            done = run([*command, token], stdin=subprocess.DEVNULL)
        return done

    def judge(self, name, expect, option, keys, token, by_stdin=False):
        done = self(option, keys, token, by_stdin)
        if expect == "ok":
            good = done.returncode == 0
            if good:
                out = json.loads(done.stdout)
                good = out["claims"]["role"] == "admin" and out["header"]["alg"]
            return name, good, (done.stderr or done.stdout).strip()
        # Notes on keys that were skipped come first.
        code = done.stderr.strip().splitlines()[-1].split(":")[0] if done.stderr.strip() else ""
        good = done.returncode == 1 and code in expect.split("|") and not done.stdout
        return name, good, f"exit status {done.returncode}, {code or done.stdout}, not {expect}"


def exchange(peer, command, minted, verify, odd):
    """One peer, both ways; what it said of our tokens, and what we say of its."""
    done = run(command, input=minted)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    check(f"{peer}: its side runs to the end", done.returncode == 0, done.stderr.strip()[-2000:])
    of = lambda kind: [line for line in lines if line["kind"] == kind]

    for line in of("skip"):
        skip(f"{peer}: {line['name']}")
    for line in of("verdict"):
        check(f"{peer} verifies {line['name']}", line["ok"], line["error"])

    keys = {line["kid"]: line for line in of("key")}
    odd.extend(line["jwk"] for line in of("odd"))
    shared = [key["jwk"] for key in keys.values() if key["jwk"]["kty"] == "oct"]
    public = [key["jwk"] for key in keys.values() if key["jwk"]["kty"] != "oct"]
    # As published: the good keys among those of no use here, and members of the issuer's own.
    half = len(odd) // 2
    published = {"issuer": ISSUER, "keys": [*odd[:half], *public, *odd[half:]], "updated": 1}
    private = {"keys": shared}
    sets = {kid: json.dumps(private if key["jwk"]["kty"] == "oct" else published) for kid, key in keys.items()}

    jobs = []
    for line in of("token"):
        name = f"verify, {peer}'s {line['alg']}, {line['name']}"
        jobs.append((f"{name}, key by JWK Set", line["expect"], "--jwks", sets[line["kid"]], line["token"]))
        if line["name"] in ("plain", "tampered"):
            key = keys[line["kid"]]
            jwk = {member: value for member, value in key["jwk"].items() if member not in ("alg", "use", "key_ops")}
            for road, text in (("JWK", json.dumps(key["jwk"])), ("JWK without alg", json.dumps(jwk))):
                jobs.append((f"{name}, key by {road}", line["expect"], "--jwks", text, line["token"], True))
            for road, pem in key["pems"].items():
                jobs.append((f"{name}, key by {road} PEM", line["expect"], "--pem", pem, line["token"]))
    for line in of("borrowed"):
        name = f"verify, {peer}'s {line['alg']} by our private key, {line['name']}"
        jobs.append((name, "ok", "--jwks", json.dumps({"keys": [line["jwk"]]}), line["token"]))
    for job in jobs:  # the files are written by one thread
        verify.file(job[3])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for verdict in pool.map(lambda job: verify.judge(*job), jobs):
            check(*verdict)
    print(f"{peer}: {len(of('verdict'))} verdicts on our tokens, {len(jobs)} of ours on its tokens", flush=True)


def main():
    peers.FOLDER.mkdir(parents=True, exist_ok=True)
    binary = peers.build("--example", "verify")
    mint = peers.build("--manifest-path", "tests/interop/Cargo.toml", "--example", "mint")
    minted = subprocess.run([mint], text=True, stdout=subprocess.PIPE, check=True).stdout

    with tempfile.TemporaryDirectory() as keys:
        verify, odd = Verify(binary, keys), []
        # Ours first: the example reads what `mint` writes.
        for line in map(json.loads, minted.splitlines()):
            name = f"verify, our own {line['alg']}, {line['name']}"
            check(*verify.judge(name, "ok", "--jwks", json.dumps(line["jwk"]), line["token"]))
        for peer, install, *arguments in (
            ("PyJWT", peers.install_python, "peer_pyjwt.py", "PyJWT[crypto]>=2.10"),
            ("jose", peers.install_jose, "peer_jose.mjs"),
        ):
            command = peers.installed(peer, install, *arguments)
            if command:
                exchange(peer, command, minted, verify, odd)
        usage = run([binary], stdin=subprocess.DEVNULL)
        check("verify without keys is wrong usage", usage.returncode == 2, usage.stderr)

    return peers.close("interop")


if __name__ == "__main__":
    sys.exit(main())
