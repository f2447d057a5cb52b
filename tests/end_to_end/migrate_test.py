"""Goal: a stopped embedded data store with work in every state moves to PostgreSQL, through a SIGKILL and an
edit of the copy that is noticed; the server goes on there, loses nothing and repeats no effect."""
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys

from support import BINARY, Postgres, Stack, ask, book, check, reconcile, sale, wait_until

BY = {"by": "j.meier", "reason": "the move"}
DAY = "2026-11-21"

# Makes one statement of the copy long enough to be killed in it.
SLOW = """
CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_sleep(2); RETURN NULL; END $$;
CREATE FUNCTION public.make_slow() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_event_trigger_ddl_commands()
             WHERE object_identity = 'crossfoot.flow' AND command_tag = 'CREATE TABLE') THEN
    CREATE TRIGGER slow AFTER INSERT ON crossfoot.flow
      FOR EACH STATEMENT EXECUTE FUNCTION public.slow();
  END IF; END $$;
CREATE EVENT TRIGGER slow ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
  EXECUTE FUNCTION public.make_slow();
"""


def migrate(stack, database, *arguments):
    run = subprocess.run([str(BINARY), "migrate", "--from", stack.folder / "store", "--to",
                          "env:STORE_URL", "--json", *arguments], capture_output=True, text=True,
                         timeout=120, env={**os.environ, "STORE_URL": database.url})
    return run.returncode, json.loads(run.stdout) if run.stdout else None, run.stderr


def audit(stack, command, *arguments):
    run = subprocess.run([str(BINARY), "audit", command, "--config",
                          stack.folder / "crossfoot.yaml", "--json", *arguments],
                         capture_output=True, text=True, timeout=120,
                         env={**os.environ, **(stack.environment or {})})
    return run.returncode, run.stdout, run.stderr


class Shop:
    """Sells, and remembers what was accepted."""

    def __init__(self, stack):
        self.stack, self.accepted = stack, {}

    def sell(self, first, count, **changes):
        for number in range(first, first + count):
            identity = self.send(sale(number, member=f"M-{number % 7}", **changes))
        return identity

    def send(self, body):
        status, answer, _ = ask(f"{self.stack.server.url}/v1/transactions", body)
        check(status == 202, f"{body['sequence']}: {status} {answer}")
        self.accepted[answer["id"]] = body
        return answer["id"]

    def take_back(self, number, original):
        body = sale(number, member=f"M-{original % 7}", count=1, kind="return")
        sold = {name: body[name] for name in ("shop", "register", "business_date")}
        body["lines"][0] |= {"quantity": "1", "original": {**sold, "sequence": str(original),
                                                           "line": 1}}
        body["tenders"][0]["amount"] = "9.99"
        self.send(body)

    def flows(self):
        return ask(f"{self.stack.server.url}/v1/overview")[1]["flows"]

    def legs(self, identity):
        flow = ask(f"{self.stack.server.url}/v1/transactions/{identity}")[1]["flow"]
        return {leg["state"] for leg in flow["legs"]}


def set_faults(target, **faults):
    status, answer, _ = ask(f"{target.url}/admin/faults", faults, "PUT")
    check(status in (200, 204), f"faults: {status} {answer}")


def restart(stack, **settings):
    for name, value in settings.items():
        setattr(stack, name, value)
    stack.start_server()


def make_every_state(stack, shop, database):
    """Ends with the server killed while calls are under way."""
    stack.server.stop()
    restart(stack, retry="{tries_max: 1}")
    url = stack.server.url
    shop.sell(1, 30)
    wait_until(lambda: shop.flows()["done"] == 30, 60, "thirty done")
    shop.take_back(31, 2)
    wait_until(lambda: shop.flows()["done"] == 31, 60, "a return")
    set_faults(stack.loyalty, rate_503=1.0)
    shop.sell(32, 6)
    wait_until(lambda: shop.flows()["dead"] == 6, 60, "six dead")
    status, held, _ = ask(f"{url}/v1/transactions", sale(3, member="M-OTHER"))
    check(status == 202 and held["state"] == "held", f"held: {held}")
    status, _, _ = ask(f"{url}/v1/transactions", sale(40, currency="XQQ"))
    check(status == 400, f"invalid: {status}")
    status, answer, _ = ask(f"{url}/v1/pauses", {"kind": "shop", "value": "DE-009", **BY})
    check(status == 200, f"pause: {status} {answer}")
    shop.sell(41, 10, shop="DE-009")
    wait_until(lambda: shop.flows()["parked"] == 10, 60, "ten parked")
    status, job, _ = ask(f"{url}/v1/replays", {"dry_run": True, "flows_per_second": 100, **BY})
    check(status == 202, f"replay: {status} {job}")
    wait_until(lambda: ask(f"{url}/v1/replays/{job['id']}")[1]["state"] == "done", 30, "a replay")
    stack.server.stop()

    restart(stack, retry="{longest_ms: 2000}")
    set_faults(stack.erp, rate_timeout_after_success=1.0, hold_ms=60_000)
    last = shop.sell(61, 3)
    wait_until(lambda: "unknown" in shop.legs(last), 60, "an open outcome")
    wait_until(lambda: shop.legs(last) & {"retrying", "due"}, 60, "a leg that is tried again")
    # Few enough that the breaker does not keep the next calls away.
    last = shop.sell(71, 3)
    wait_until(lambda: "calling" in shop.legs(last), 60, "a call under way")
    code, _, fault = migrate(stack, database)
    check(code == 2 and "CF-5002" in fault, f"a running server's store: {code} {fault}")
    stack.server.kill()
    for target in (stack.erp, stack.loyalty):
        ask(f"{target.url}/admin/faults", method="DELETE")
    return job["id"]


def check_source(stack):
    """Looks at a copy: the move is to find the log as the killed server left it."""
    copy = stack.folder / "looked-at"
    shutil.copytree(stack.folder / "store", copy)
    with contextlib.closing(sqlite3.connect(copy / "crossfoot.sqlite")) as file:
        for what in ("flow WHERE status=0", "flow WHERE status=1", "flow WHERE status=2",
                     "flow WHERE status=3", "flow WHERE calling=1", "message WHERE state=1",
                     "message WHERE state=2", "due", "counter", "document", "book"):
            (count,) = file.execute(f"SELECT count(*) FROM {what}").fetchone()
            check(count > 0, f"the story has no {what}")


def check_refused(stack):
    run = subprocess.run([str(BINARY), "serve", "--config", stack.folder / "crossfoot.yaml"],
                         capture_output=True, text=True, timeout=60,
                         env={**os.environ, **stack.environment})
    check(run.returncode == 2 and "CF-5012" in run.stderr, f"serve: {run.returncode} {run.stderr}")


def kill_in_the_middle(stack, database):
    database.ask(SLOW)
    with subprocess.Popen([str(BINARY), "migrate", "--from", stack.folder / "store", "--to",
                           database.url], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True) as run:
        for line in run.stderr:
            if line.startswith("copying message"):
                break
        run.kill()
    check(run.wait() == -9, f"it was to be killed, and ended with {run.returncode}: {line}")


def move(stack, database):
    kill_in_the_middle(stack, database)
    check_refused(stack)
    database.ask("UPDATE crossfoot.message SET gross_minor = gross_minor + 1 WHERE id ="
                 " (SELECT min(id::text)::bytea FROM crossfoot.message)")
    code, report, fault = migrate(stack, database)
    differing = [each["table"] for each in report["tables"] if not each["equal"]]
    check(code == 1 and differing == ["message"] and "CF-5015" in fault,
          f"an edit of the copy: {code} {differing} {fault}")
    check(report["resumed_rows"] > 100, f"what stood was copied again: {report}")
    check_refused(stack)
    database.ask("UPDATE crossfoot.message SET gross_minor = gross_minor - 1 WHERE id ="
                 " (SELECT min(id::text)::bytea FROM crossfoot.message)")
    code, report, fault = migrate(stack, database)
    check(code == 0 and report["equal"], f"the move: {code} {report} {fault}")
    check(report["journal"]["gaps"] == [] and report["anchors"]["count"] >= 1, f"{report}")
    code, again, fault = migrate(stack, database, "--verify-only")
    check(code == 0 and again["equal"], f"verified: {code} {again} {fault}")
    check(migrate(stack, database)[0] == 2, "a finished copy is not moved to again")
    database.ask("DROP EVENT TRIGGER slow; DROP FUNCTION public.slow() CASCADE;")
    return report


def go_on(stack, shop, job):
    stack.start_server()
    url = stack.server.url
    check(ask(f"{url}/v1/replays/{job}")[1]["state"] == "done", "the replay is remembered")
    check([p["value"] for p in ask(f"{url}/v1/pauses")[1]["items"]] == ["DE-009"], "so is the pause")
    status, left, _ = ask(f"{url}/v1/pauses:end", {"kind": "shop", "value": "DE-009", **BY})
    check(status == 200, f"{status} {left}")
    before = set(shop.accepted)
    shop.sell(101, 20)
    check(len(shop.accepted) == len(before) + 20, "ids of before the move are not issued again")
    run = subprocess.run([str(BINARY), "replay", "--to", url, "--by", "j.meier", "--reason", "moved",
                          "--run", "--json"], capture_output=True, text=True, timeout=120)
    check(run.returncode == 0, f"replay: {run.stdout} {run.stderr}")

    def rests():
        flows = shop.flows()
        return flows["open"] == flows["parked"] == flows["dead"] == 0

    wait_until(rests, 120, "every leg to come to rest")
    for identity, body in shop.accepted.items():
        status, again, head = ask(f"{url}/v1/transactions", body)
        check(status == 202 and again["id"] == identity, f"{identity} was taken twice: {again}")
        check(head["Idempotent-Replayed"] == "true", "a repeat is marked")
        check(shop.legs(identity) <= {"done"}, f"{identity}: {shop.legs(identity)}")
    for target, path in ((stack.erp, "/erp/v1/documents"),
                         (stack.loyalty, "/loyalty/v1/transactions")):
        references = [item["reference"] for item in book(target.url, path, DAY)]
        check(len(references) == len(set(references)) == len(shop.accepted),
              f"{path}: {len(references)} effects of {len(shop.accepted)} sales")
    result = reconcile(url, DAY, DAY)
    check(result["items"]["break"] == 0, f"breaks: {result}")


def check_audit(stack, database):
    check(audit(stack, "verify")[0] == 0, "live")
    stack.server.stop()
    code, out, fault = audit(stack, "verify")
    report = json.loads(out)
    check(code == 0 and report["proven"] == report["entries"], f"at rest: {code} {out} {fault}")
    code, out, _ = audit(stack, "export")
    check(code == 0 and len(out.splitlines()) == report["entries"], "export has a row an entry")
    code, out, fault = audit(stack, "replay")
    check(code == 0 and json.loads(out)["different"] == [], f"decided again: {out} {fault}")
    partition, position = map(int, database.ask(
        "SELECT partition, position FROM crossfoot.journal ORDER BY at LIMIT 1").split("|"))
    database.ask("UPDATE crossfoot.journal SET at = at + 1"
                 f" WHERE partition = {partition} AND position = {position}")
    code, out, _ = audit(stack, "verify")
    found = [(each["partition"], each["position"]) for each in json.loads(out)["findings"]]
    check(code == 1 and found == [(partition, position)], f"an edit of the journal: {code} {out}")


def main():
    if Postgres.PROGRAMS is None:
        print("skipped: PostgreSQL's server programs are not installed")
        sys.exit(77)
    with contextlib.closing(Postgres()) as database, Stack() as stack:
        shop = Shop(stack)
        job = make_every_state(stack, shop, database)
        check_source(stack)
        # From here on the configuration names PostgreSQL; the data folder keeps key and anchors.
        stack.extra = "store: {kind: postgres, url: env:STORE_URL}"
        stack.environment = {"STORE_URL": database.url}
        config = stack.folder / "crossfoot.yaml"
        config.write_text(config.read_text().replace("log: {", stack.extra + "\nlog: {", 1))
        report = move(stack, database)
        go_on(stack, shop, job)
        check_audit(stack, database)
        print(f"{report['rows']} rows moved through a kill and an edit; {len(shop.accepted)} sales "
              "done once each")


main()
