"""Goal: a person finds a receipt and its timeline in the console, in a real browser, and signs in where
the server wants to know who looks."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from support import BINARY, ROOT, Stack, ask, check, sale, wait_until

CHROMIUM = os.environ.get("CROSSFOOT_CHROMIUM", "/usr/bin/chromium")


def tell(script, environment):
    done = subprocess.run(["npm", "run", "--silent", script], cwd=ROOT / "console",
                          env=environment, timeout=600)
    check(done.returncode == 0, f"the browser's story failed: {script}")


def sign_in():
    made = subprocess.run([BINARY, "access", "key", "desk", "--role", "finance"],
                          capture_output=True, text=True, timeout=60)
    key = next(line for line in made.stderr.splitlines() if line.startswith("cf_"))
    with tempfile.TemporaryDirectory() as name:
        keys = pathlib.Path(name) / "keys.json"
        keys.write_text(json.dumps({"keys": [json.loads(made.stdout)]}))
        with Stack(f"access: {{api_keys: {keys}}}") as stack:
            tell("e2e:sign-in",
                 dict(os.environ, CROSSFOOT_URL=stack.server.url, CROSSFOOT_KEY=key))


def main():
    if not (ROOT / "console" / "node_modules").exists() or not shutil.which("node") \
            or not os.path.exists(CHROMIUM):
        print("SKIPPED: needs node, console/node_modules and Chromium (./dev setup)")
        sys.exit(77)
    with Stack() as stack:
        url = stack.server.url
        for number in range(1, 8):
            status, answer, _ = ask(f"{url}/v1/transactions", sale(number))
            check(status == 202, f"{status} {answer}")
        wait_until(lambda: ask(f"{url}/v1/overview")[1]["flows"]["done"] >= 7, 60, "seven sales")
        ask(f"{url}/v1/reconciliations", {"from": "2026-11-21", "to": "2026-11-21"})
        environment = dict(os.environ, CROSSFOOT_URL=url, CROSSFOOT_SHOP="DE-001",
                           CROSSFOOT_DATE="2026-11-21", CROSSFOOT_SEQUENCE="3",
                           CROSSFOOT_REGISTER="1")
        tell("e2e", environment)
    sign_in()


main()
