"""What the whole-program tests share: starting and stopping the real binary, and asking it."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
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


def skip(reason):
    """Ends the test as one that cannot be run here."""
    print(f"skipped: {reason}")
    sys.exit(77)


class Child:
    """A process of ours, stopped by its own pid."""

    def __init__(self, *arguments, log, environment=None, prefix=()):
        self.log = open(log, "ab")
        self.process = subprocess.Popen([*prefix, str(BINARY), *map(str, arguments)],
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

    @staticmethod
    def new_folder():
        folder = pathlib.Path(tempfile.mkdtemp(prefix="crossfoot-postgres-"))
        folder.chmod(0o777)
        return folder

    def __init__(self, settings=(), standby_of=None, folder=None):
        """`settings`: of the server, each `name=value`. With `standby_of` a copy of that cluster, which
        follows it under the name `standby`."""
        self.settings = settings
        self.folder = folder or self.new_folder()
        # PostgreSQL does not run as root.
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} \
            if os.geteuid() == 0 else {}
        if standby_of is None:
            self._run("initdb", "--pgdata", self.folder / "data", "--username=postgres",
                      "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        else:
            self._run("pg_basebackup", "--pgdata", self.folder / "data", "--write-recovery-conf",
                      "--checkpoint=fast", "--no-sync", "--dbname",
                      f"host={standby_of.folder} user=postgres application_name=standby")
        self.url = f"host={self.folder} user=postgres dbname=postgres"
        self.start()

    def _run(self, program, *arguments):
        subprocess.run([self.PROGRAMS / program, *arguments], check=True, cwd="/",
                       stdout=subprocess.DEVNULL, **self.user)

    def start(self):
        settings = ["listen_addresses=", "log_min_messages=log", "log_checkpoints=off",
                    *self.settings]
        self.process = subprocess.Popen(
            [self.PROGRAMS / "postgres", "-D", self.folder / "data", "-k", self.folder,
             *(word for setting in settings for word in ("-c", setting))],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", start_new_session=True,
            **self.user)
        for line in self.process.stderr:
            if b"ready to accept" in line:
                # It writes on; a full pipe would hold it up.
                threading.Thread(target=self._drain, args=(self.process.stderr,),
                                 daemon=True).start()
                return
        raise AssertionError("the PostgreSQL server does not start")

    @staticmethod
    def _drain(stream):
        with stream:
            for _ in stream:
                pass

    def ask(self, sql):
        """Runs a statement as the administrator; its rows as text, columns apart by `|`."""
        run = subprocess.run([self.PROGRAMS / "psql", "-X", "-q", "-A", "-t", "-v",
                              "ON_ERROR_STOP=1", "-c", sql, self.url],
                             capture_output=True, text=True, timeout=60)
        check(run.returncode == 0, f"{sql}: {run.stderr}")
        return run.stdout.strip()

    def promote(self):
        """The standby becomes a server that may be written."""
        check(self.ask("SELECT pg_promote()") == "t", "the standby is not promoted")

    def crash(self):
        """At once, without a checkpoint."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def die(self):
        """The whole node is gone: SIGKILL for every process of it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)


class Stack:
    """A server with its sandbox systems, each a process, in a folder of its own."""

    listen = ""  # more settings of `listen`, each after a comma

    def __init__(self, extra="", environment=None, packs=ROOT / "connectors", sandbox_prefix=(),
                 sandbox_address=None, data="store", before_server=lambda folder: None,
                 programme=PROGRAMME):
        """`sandbox_prefix`: a command that the sandboxes are run by, at that address; `data`: the
        server's data folder; `before_server`: prepares the stack's folder; `programme`: the loyalty
        programme's rules."""
        self.packs = packs
        self.data = data
        self.sandbox_prefix = sandbox_prefix
        self.sandbox_address = sandbox_address
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crossfoot-test-"))
        self.extra = extra
        self.environment = environment
        self.retry = "{longest_ms: 2000}"
        (self.folder / "programme.json").write_text(json.dumps(programme))
        self.erp = self._sandbox("erp")
        self.loyalty = self._sandbox("loyalty")
        self.server = None
        before_server(self.folder)
        self.start_server()

    def _sandbox(self, kind):
        address = ("--address", self.sandbox_address) if self.sandbox_address else ()
        return Child("sandbox", kind, *address, "--port", 0, "--data", self.folder / kind,
                     "--programme", self.folder / "programme.json",
                     log=self.folder / f"{kind}.log", prefix=self.sandbox_prefix)

    def start_server(self):
        config = self.folder / "crossfoot.yaml"
        config.write_text(self.configuration())
        self.server = Child("serve", "--config", config, log=self.folder / "server.log",
                            environment=self.environment)

    def configuration(self):
        return f"""
listen: {{port: 0{self.listen}}}
data: {{folder: {self.data}}}
programme: programme.json
retry: {self.retry}
log: {{level: warning}}
{self.extra}
connectors:
  - {{name: erp, pack: {self.packs}/sandbox-erp, {self.address_of(self.erp)}}}
  - {{name: loyalty, pack: {self.packs}/sandbox-loyalty, {self.address_of(self.loyalty)}}}
"""

    def address_of(self, sandbox):
        """The settings by which the server reaches a sandbox."""
        return f'base_url: "{sandbox.url}"'

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


def ask(url, body=None, method=None, headers=None, tls=None):
    """(status, parsed JSON or text, headers); never raises for a status. `tls`: an SSL context."""
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    if data is not None:
        request.add_header("Content-Type", "application/json")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=30, context=tls) as answer:
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


class Tills:
    """Threads that send numbered sales to the server, each until it has an answer."""

    def __init__(self, stack, count=6, first=1):
        self.stack = stack
        self.accepted = {}  # number -> (id, body)
        self.refused = {}  # code of a 503 -> how often
        self.faults = []  # what no till may ever see
        self._random = random.Random(first)
        self._lock = threading.Lock()
        self._next = first - 1
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._sell) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _draw(self):
        with self._lock:
            self._next += 1
            member = self._random.choice(["", "M-1", "M-2", "M-3"])
            return self._next, sale(self._next, member=member)

    def _sell(self):
        while not self._stop.is_set():
            number, body = self._draw()
            while not self._stop.is_set():
                try:
                    status, answer, head = ask(f"{self.stack.server.url}/v1/transactions", body)
                except OSError:  # nobody listens, or the process died before it answered
                    time.sleep(0.02)
                    continue
                if status == 202:
                    self.accepted[number] = (answer["id"], body)
                    break
                if status != 503 or not head.get("Retry-After"):
                    self.faults.append(f"sale {number}: {status} {answer} {head.items()}")
                    return
                with self._lock:
                    self.refused[answer["code"]] = self.refused.get(answer["code"], 0) + 1
                time.sleep(0.02)

    def more(self, count, patience=60, what="accepts"):
        """Waits until so many more sales are accepted; the time that took."""
        before, began = len(self.accepted), time.monotonic()
        wait_until(lambda: len(self.accepted) >= before + count or self.faults, patience, what)
        check(not self.faults, self.faults)
        return time.monotonic() - began

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.stop()


def check_nothing_lost_or_twice(stack, accepted, patience=180, ends=("done",)):
    """Every accepted sale is there and came to one of the ends, a repeat is answered with the first
    answer, and no effect stands twice in the sandboxes' own books."""

    def rests():
        _, overview, _ = ask(f"{stack.server.url}/v1/overview")
        return overview["flows"]["open"] == 0

    wait_until(rests, patience, "every leg to come to rest")
    for number, (identity, body) in accepted.items():
        status, state, _ = ask(f"{stack.server.url}/v1/transactions/{identity}")
        check(status == 200, f"accepted sale {number} is gone: {status}")
        check(state["flow"]["state"] in ends, f"sale {number}: {state['flow']}")
        status, again, head = ask(f"{stack.server.url}/v1/transactions", body)
        check(status == 202 and again["id"] == identity, f"sale {number} was taken twice")
        check(head["Idempotent-Replayed"] == "true", "a repeat is marked")
    for url, path in ((stack.erp.url, "/erp/v1/documents"),
                      (stack.loyalty.url, "/loyalty/v1/transactions")):
        references = [item["reference"] for item in book(url, path, "2026-11-21")]
        check(len(references) == len(set(references)), f"an effect twice in {url}{path}")
    result = reconcile(stack.server.url, "2026-11-21", "2026-11-21")
    check(result["items"]["break"] == 0, f"breaks: {result}")


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
