"""What the scripts share: building, installing peers, and the count of what went well."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
FOLDER = TARGET / "interop"
JOSE = "6.2.17"

passed, failures, skips = 0, [], []


def check(name, good, why=""):
    global passed
    if good:
        passed += 1
    else:
        failures.append(name)
        print(f"FAILED: {name}: {why}", flush=True)


def skip(name):
    skips.append(name)
    print(f"skipped: {name}", flush=True)


def close(what):
    """The closing line, and the exit status."""
    print(f"{what}: {passed} passed, {len(failures)} failed, {len(skips)} skipped")
    return 1 if failures else 0


def run(command, **options):
    return subprocess.run(command, text=True, capture_output=True, timeout=600, **options)


def build(*arguments):
    """The path of the one binary that cargo builds. Of tests/interop it is an example and not a `bin`: those
    are built with what the tests have built already."""
    command = ["cargo", "build", "--quiet", "--message-format=json", *arguments]
    environment = os.environ | {"CARGO_TARGET_DIR": str(TARGET)}
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, env=environment, check=True)
    lines = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    return next(line["executable"] for line in lines if line.get("executable"))


def install_python(script, *packages):
    """The command that runs `script` with the packages, and the version of the first; or none, and why."""
    python = FOLDER / "venv" / "bin" / "python"
    if not python.exists():
        done = run([sys.executable, "-m", "venv", str(python.parents[1])])
        if done.returncode:
            return None, f"no virtual environment: {done.stderr.strip()[-200:] or done.stdout.strip()[-200:]}"
    done = run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
    if done.returncode:
        return None, f"pip cannot install it: {done.stderr.strip()[-200:]}"
    name = re.match(r"[\w-]+", packages[0])[0]
    version = f"import importlib.metadata as m; print(m.version({name!r}))"
    return [str(python), str(HERE / script)], run([str(python), "-c", version]).stdout.strip()


def install_jose(script):
    """The same for npm jose."""
    if not shutil.which("node") or not shutil.which("npm"):
        return None, "node or npm is not there"
    place = FOLDER / "node"
    place.mkdir(parents=True, exist_ok=True)
    (place / "package.json").write_text('{"private": true, "type": "module"}')
    done = run(["npm", "install", "--no-audit", "--no-fund", "--silent", f"jose@{JOSE}"], cwd=place)
    manifest = place / "node_modules" / "jose" / "package.json"
    if done.returncode or not manifest.exists():
        return None, f"npm cannot install it: {done.stderr.strip()[-200:]}"
    # Modules are looked up from where the script lies.
    shutil.copy(HERE / script, place)
    return ["node", str(place / script)], json.loads(manifest.read_text())["version"]


def installed(peer, install, *arguments):
    """The command that runs a peer; none where it cannot be had, and that is told."""
    try:
        command, word = install(*arguments)
    except (OSError, subprocess.SubprocessError) as error:
        command, word = None, repr(error)
    if command is None:
        skip(f"{peer}: {word}")
        return None
    print(f"{peer} {word}", flush=True)
    return command
