"""With access control nobody is served without a key, each key does what its roles allow for its own
shops, keys come and go without a restart, and no secret stands in a file or a log."""
import json
import os
import pathlib
import subprocess
import tempfile

from support import BINARY, Stack, ask, check, sale, wait_until


def make_key(name, *options):
    """(the key, its entry): by the command line, as an operator does it."""
    run = subprocess.run([BINARY, "access", "key", name, *options], capture_output=True, text=True,
                         timeout=60)
    check(run.returncode == 0, f"access key: {run.stderr}")
    key = next(line for line in run.stderr.splitlines() if line.startswith("cf_"))
    check(key not in run.stdout, "the entry holds the key itself")
    return key, json.loads(run.stdout)


def write_keys(path, *entries):
    """As a whole: whoever reads sees the old file or the new one."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({"keys": list(entries)}))
    os.replace(beside, path)


def status_of(url, key=None, body=None):
    return ask(url, body, headers={"X-API-Key": key} if key else None)[0]


def keys_do_what_their_roles_allow(url, till, finance):
    check(status_of(f"{url}/healthz/ready") == 200, "health is for everybody")
    for path in ("/v1/overview", "/v1/transactions", "/metrics", "/v1/reconciliations"):
        status, problem, head = ask(url + path)
        check(status == 401 and problem["code"] == "CF-2401", f"{path}: {status} {problem}")
        check(head["WWW-Authenticate"] == 'Bearer realm="crossfoot"', f"{head}")
    sales = f"{url}/v1/transactions"
    check(status_of(sales, till, sale(1, shop="DE-001")) == 202, "a till hands over")
    check(status_of(sales, till, sale(2, shop="DE-002")) == 403, "its own shop only")
    check(status_of(sales, finance, sale(3)) == 403, "finance hands nothing over")
    check(status_of(f"{url}/v1/overview", till) == 403, "a till sees no overview")
    check(status_of(f"{url}/v1/overview", finance) == 200, "finance does")
    status, page, _ = ask(sales, headers={"Authorization": f"Bearer {finance}"})
    check(status == 200 and len(page["items"]) == 1, f"one was taken: {page}")


def the_command_line_proves_itself(url, finance):
    def reconcile(token):
        environment = dict(os.environ, CROSSFOOT_TOKEN=token)
        return subprocess.run([BINARY, "reconcile", "--to", url, "--from", "2026-11-21", "--until",
                               "2026-11-21"], capture_output=True, text=True, timeout=60,
                              env=environment)
    check(reconcile(finance).returncode == 0, "a reconciliation with a key")
    check("CF-2401" in reconcile("").stderr, "none without")


def what_would_be_open_is_refused():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "programme.json").write_text("{}")
        def faults(text):
            (folder / "c.yaml").write_text(f"""programme: programme.json
{text}
connectors:
  - {{name: erp, pack: erp, base_url: "http://127.0.0.1:1"}}
  - {{name: loyalty, pack: loyalty, base_url: "http://127.0.0.1:1"}}
""")
            run = subprocess.run([BINARY, "check", "--config", folder / "c.yaml"],
                                 capture_output=True, text=True, timeout=60)
            return run.stdout + run.stderr
        check("only loopback is allowed" in faults("listen: {address: 0.0.0.0}"), "open to all")
        keys = "access: {api_keys: keys.json}\n"
        check("in clear" in faults(keys + "listen: {address: 0.0.0.0}"), "keys in clear")
        behind = faults(keys + "listen: {address: 0.0.0.0, tls_in_front: on}")
        check("in clear" not in behind, "behind TLS")


def main():
    till, till_entry = make_key("till", "--role", "channel", "--shop", "DE-001")
    finance, finance_entry = make_key("finance", "--role", "finance")
    with tempfile.TemporaryDirectory() as name:
        keys = pathlib.Path(name) / "keys.json"
        write_keys(keys, till_entry, finance_entry)
        with Stack(f"access: {{api_keys: {keys}}}") as stack:
            url = stack.server.url
            keys_do_what_their_roles_allow(url, till, finance)
            the_command_line_proves_itself(url, finance)
            write_keys(keys, till_entry)
            wait_until(lambda: status_of(f"{url}/v1/overview", finance) == 401, 10,
                       "its key is gone")
            check(status_of(f"{url}/v1/transactions", till) == 200, "the other stays")
            keys.write_text("{")
            wait_until(lambda: status_of(f"{url}/v1/transactions", till) == 200 and
                       "access.unreadable" in (stack.folder / "server.log").read_text(), 10,
                       "the log says that the file is damaged")
            check(status_of(f"{url}/v1/transactions", till) == 200, "nobody is locked out by it")
            log = (stack.folder / "server.log").read_text()
            check(till not in log and finance not in log, "a key stands in the log")
    what_would_be_open_is_refused()
    print("keys of two roles did what they may; one was revoked under way")


main()
