"""What the whole-program tests share: starting and stopping the real binary, and asking it."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(sys.argv[1]).resolve()
DATA = pathlib.Path(os.environ.get("CROSSFOOT_DATA", ROOT.parent / "shared" / "data"))

PROGRAMME = {
    "programme": "default", "version": 1, "currency": "EUR",
    "earn": {"points_per_unit": "1", "rounding": "floor", "base": "gross",
             "stacking": "multiplicative", "line_kinds": ["goods"], "excluded_tenders": []},
    "rates": [], "tiers": [], "campaigns": [], "zones": {"DE": "Europe/Berlin"}}


def check(condition, text):
    if not condition:
        raise AssertionError(text)


class Child:
    """A process of ours, stopped by its own pid."""

    def __init__(self, *arguments, log, environment=None):
        self.log = open(log, "ab")
        self.process = subprocess.Popen([str(BINARY), *map(str, arguments)],
                                        stdout=subprocess.PIPE, stderr=self.log,
                                        env={**os.environ, **(environment or {})})
        line = self.process.stdout.readline().decode()
        if not line.startswith("listening "):
            self.kill()
            raise AssertionError(f"{arguments[0]} does not listen: {line!r}; see {log}")
        address = line.split()[1]
        self.url = address if address.startswith("http") else "http://" + address

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=30)
        finally:
            self.kill()


class Postgres:
    """A private PostgreSQL cluster on a Unix socket in a folder of its own, stopped by its pid."""

    PROGRAMS = next((folder for folder in map(pathlib.Path, ("/usr/lib/postgresql/15/bin",
                     "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin"))
                     if (folder / "initdb").exists()), None)

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crossfoot-postgres-"))
        self.folder.chmod(0o777)
        # PostgreSQL does not run as root.
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} \
            if os.geteuid() == 0 else {}
        subprocess.run([self.PROGRAMS / "initdb", "--pgdata", self.folder / "data",
                        "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
                        "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/", **self.user)
        self.url = f"host={self.folder} user=postgres dbname=postgres"
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.PROGRAMS / "postgres", "-D", self.folder / "data", "-k", self.folder,
             "-c", "listen_addresses=", "-c", "log_min_messages=log", "-c", "log_checkpoints=off"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", **self.user)
        for line in self.process.stderr:
            if b"ready to accept connections" in line:
                return
        raise AssertionError("the PostgreSQL server does not start")

    def ask(self, sql):
        """Runs a statement as the administrator; its rows as text, columns apart by `|`."""
        run = subprocess.run([self.PROGRAMS / "psql", "-X", "-q", "-A", "-t", "-v",
                              "ON_ERROR_STOP=1", "-c", sql, self.url],
                             capture_output=True, text=True, timeout=60)
        check(run.returncode == 0, f"{sql}: {run.stderr}")
        return run.stdout.strip()

    def crash(self):
        """At once, without a checkpoint."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()
        self.process.stderr.close()

    def close(self):
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)


class Stack:
    """A server with its sandbox systems, each a process, in a folder of its own."""

    def __init__(self, extra="", environment=None, packs=ROOT / "connectors"):
        self.packs = packs
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crossfoot-test-"))
        self.extra = extra
        self.environment = environment
        self.retry = "{longest_ms: 2000}"
        (self.folder / "programme.json").write_text(json.dumps(PROGRAMME))
        self.erp = self._sandbox("erp")
        self.loyalty = self._sandbox("loyalty")
        self.server = None
        self.start_server()

    def _sandbox(self, kind):
        return Child("sandbox", kind, "--port", 0, "--data", self.folder / kind, "--programme",
                     self.folder / "programme.json", log=self.folder / f"{kind}.log")

    def start_server(self):
        config = self.folder / "crossfoot.yaml"
        config.write_text(f"""
listen: {{port: 0}}
data: {{folder: store}}
programme: programme.json
retry: {self.retry}
log: {{level: warning}}
{self.extra}
connectors:
  - {{name: erp, pack: {self.packs}/sandbox-erp, base_url: "{self.erp.url}"}}
  - {{name: loyalty, pack: {self.packs}/sandbox-loyalty, base_url: "{self.loyalty.url}"}}
""")
        self.server = Child("serve", "--config", config, log=self.folder / "server.log",
                            environment=self.environment)

    def close(self):
        for child in (self.server, self.erp, self.loyalty):
            if child is not None:
                child.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            for name in ("server.log", "erp.log", "loyalty.log"):
                path = self.folder / name
                if path.exists():
                    print(f"--- {name}\n{path.read_text(errors='replace')[-2000:]}")
        self.close()


def ask(url, body=None, method=None, headers=None):
    """(status, parsed JSON or text, headers); never raises for a status."""
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    if data is not None:
        request.add_header("Content-Type", "application/json")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, raw, head = answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as fault:
        status, raw, head = fault.code, fault.read(), fault.headers
    try:
        return status, json.loads(raw), head
    except ValueError:
        return status, raw.decode(errors="replace"), head


def wait_until(condition, patience=60, what="a state"):
    """Asks again and again until it holds; the bound only ends a run that has failed."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {patience} s for {what}")


def sale(sequence, member="M-1", count=2, **changes):
    transaction = {
        "kind": "sale", "channel": "pos", "shop": "DE-001", "register": "1",
        "business_date": "2026-11-21", "sequence": str(sequence),
        "occurred_at": "2026-11-21T10:03:04+01:00", "currency": "EUR", "tax_mode": "inclusive",
        "region": "DE", "member": member,
        "lines": [{"line": n + 1, "kind": "goods", "article": f"A-{n}", "quantity": "2",
                   "unit": "EA", "unit_price": "9.99", "tax_code": "DE-STD", "tax_rate": "0.19"}
                  for n in range(count)],
        "tenders": [{"kind": "card", "amount": f"{19.98 * count:.2f}"}]}
    transaction.update(changes)
    if not transaction["member"]:
        del transaction["member"]
    return transaction


def book(url, path, date):
    """All items of a sandbox's own book for one day."""
    items, cursor = [], None
    while True:
        suffix = f"&after={cursor}" if cursor else ""
        status, page, _ = ask(f"{url}{path}?business_date={date}&limit=500{suffix}")
        check(status == 200, f"{path}: {status} {page}")
        items += page["items"]
        cursor = page.get("next")
        if not cursor:
            return items


def reconcile(url, first, last):
    status, started, _ = ask(f"{url}/v1/reconciliations", {"from": first, "to": last})
    check(status == 202, f"reconciliation: {status} {started}")

    def done():
        _, now, _ = ask(f"{url}/v1/reconciliations/{started['id']}")
        check(now["state"] != "failed", f"reconciliation failed: {now}")
        return now if now["state"] == "done" else None

    return wait_until(done, 120, "the reconciliation")
