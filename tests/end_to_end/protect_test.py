"""A vendor with a quota that says 429 gets no more calls than it grants and every sale once; an
operator closes a connector and opens it again; a client keeps to its share; delays are checked."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import time

from support import BINARY, ROOT, Stack, ask, book, check, sale, wait_until

DAY = "2026-11-21"
SALES = 60
PER_SECOND = 20
BURST = 10


def packs_with_quota(folder):
    """The sandbox's packs, the loyalty one with a vendor's quota."""
    shutil.copytree(ROOT / "connectors", folder)
    path = folder / "sandbox-loyalty" / "connector.yaml"
    plain = "limits: {connections: 32}"
    text = path.read_text()
    check(plain in text, "the sandbox's pack has other limits than this test replaces")
    path.write_text(text.replace(
        plain, f"limits: {{connections: 32, rate: {PER_SECOND}/s, burst: {BURST}}}"))
    return folder


def loyalty_of(url):
    status, listed, _ = ask(f"{url}/v1/connectors")
    check(status == 200, f"connectors: {status} {listed}")
    return next(one for one in listed["items"] if one["connector"] == "loyalty")


def post_batch(url, first, count):
    body = "\n".join(json.dumps(sale(n, member=f"M-{n}")) for n in range(first, first + count))
    status, text, _ = ask(f"{url}/v1/transactions:batch", body.encode(),
                          headers={"Content-Type": "application/x-ndjson"})
    check(status == 200, f"batch: {status} {text}")


def accruals(stack):
    return len(book(stack.loyalty.url, "/loyalty/v1/transactions", DAY))


def waiting(url):
    _, overview, _ = ask(f"{url}/v1/overview")
    return sum(one["count"] for one in overview["waiting"])


def a_quota_is_kept(stack):
    url = stack.server.url
    quota = {"per_minute": 60 * PER_SECOND, "per_minute_now": 60 * PER_SECOND}
    check(loyalty_of(url)["quota"] == quota, "the quota is shown")
    began = time.monotonic()
    post_batch(url, 1, SALES)

    def all_there():
        there = accruals(stack)
        # The clock is read after the count: what was counted left before.
        granted = BURST + PER_SECOND * (time.monotonic() - began)
        check(there <= granted + 1, f"{there} calls where the quota grants {granted:.0f}")
        return there == SALES

    wait_until(all_there, 60, "the accruals")
    took = time.monotonic() - began
    check(took >= (SALES - BURST) / PER_SECOND - 0.1, f"{SALES} calls within {took:.2f} s")
    return took


def refusals_slow_it_down(stack):
    url = stack.server.url
    ask(f"{stack.loyalty.url}/admin/faults", {"seed": 5, "rate_429": 0.3, "retry_after_s": 1},
        method="PUT")
    post_batch(url, SALES + 1, SALES)
    wait_until(lambda: loyalty_of(url)["quota"]["per_minute_now"] < 60 * PER_SECOND, 20,
               "a slower rate after a 429")
    ask(f"{stack.loyalty.url}/admin/faults", method="DELETE")
    wait_until(lambda: waiting(url) == 0, 90, "the rest of the sales")
    wait_until(lambda: loyalty_of(url)["quota"]["per_minute_now"] == 60 * PER_SECOND, 60,
               "the whole rate again")


def an_operator_steers(stack):
    url = stack.server.url
    breaker = f"{url}/v1/connectors/loyalty/breaker"
    status, shown, _ = ask(breaker, {"state": "open", "reason": "maintenance"})
    check(status == 200 and shown["breaker"] == "open", f"open: {status} {shown}")
    check(all(one["forced_reason"] == "maintenance" for one in shown["operations"]), f"{shown}")
    before = accruals(stack)
    status, accepted, _ = ask(f"{url}/v1/transactions", sale(2 * SALES + 1))
    check(status == 202, f"sales are accepted all the same: {status} {accepted}")

    def posted():
        legs = ask(url + accepted["location"])[1]["flow"]["legs"]
        return all(leg["state"] == "done" for leg in legs if leg["target"] == "erp")

    wait_until(posted, 20, "the ERP's leg")
    check(accruals(stack) == before, "a call went out")
    status, shown, _ = ask(breaker, {"state": "auto", "reason": "it is over"})
    check(status == 200 and shown["breaker"] == "closed", f"auto: {status} {shown}")
    wait_until(lambda: waiting(url) == 0, 20, "the leg that waited")
    _, metrics, _ = ask(f"{url}/metrics")
    figure = 'crossfoot_breaker_state{operation="accrue",state="closed",target="loyalty"} 1'
    check(figure in metrics, "the breaker is among the figures")


def a_client_keeps_to_its_share(stack):
    url = stack.server.url
    for _ in range(60):
        status, problem, head = ask(f"{url}/v1/connectors")
        if status == 429:
            break
    check(status == 429 and problem["code"] == "CF-2429", f"{status} {problem}")
    check(int(head["Retry-After"]) >= 1, "Retry-After")
    check(head["RateLimit-Policy"] == '"client";q=50;w=3000', head["RateLimit-Policy"])
    check(head["RateLimit"].startswith('"client";r=0;t='), head["RateLimit"])
    check(ask(f"{url}/healthz/ready")[0] == 200, "health is not limited")


def a_schedule_is_checked(folder):
    """Delays by target and class of fault are read; what is wrong is explained with its line."""
    config = folder / "crossfoot.yaml"

    def check_with(retry):
        config.write_text(f"""programme: programme.json
connectors:
  - name: erp
    pack: {ROOT}/connectors/sandbox-erp
    retry: {retry}
  - {{name: loyalty, pack: {ROOT}/connectors/sandbox-loyalty}}
""")
        run = subprocess.run([str(BINARY), "check", "--config", config], capture_output=True,
                             text=True, timeout=30)
        return run.returncode, run.stderr

    good = "{first_ms: 500, tries_max: 9, by_class: {throttled: {first_ms: 2000, budget_ms: 60000}}}"
    check(check_with(good) == (0, ""), f"{check_with(good)}")
    for bad, key in (("{first_ms: 0}", "first_ms"), ("{tries: 3}", "tries"),
                     ("{by_class: {rejected: {first_ms: 5}}}", "by_class.rejected"),
                     ("{by_class: {throttled: {first: 5}}}", "by_class.throttled.first")):
        status, text = check_with(bad)
        check(status == 2 and f"crossfoot.yaml:5: CF-6003 connectors[].retry.{key}:" in text,
              f"{bad}: {status} {text}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        packs = packs_with_quota(pathlib.Path(folder) / "connectors")
        a_schedule_is_checked(pathlib.Path(folder))
        with Stack(packs=packs) as stack:
            took = a_quota_is_kept(stack)
            refusals_slow_it_down(stack)
            an_operator_steers(stack)
            items = book(stack.loyalty.url, "/loyalty/v1/transactions", DAY)
            references = {item["reference"] for item in items}
            check(len(items) == 2 * SALES + 1, f"{len(items)} accruals")
            check(len(references) == len(items), "an accrual is there twice")
        with Stack("clients: {requests_per_minute: 1, burst: 50}", packs=packs) as stack:
            a_client_keeps_to_its_share(stack)
    print(f"{SALES} calls at {PER_SECOND}/s took {took:.2f} s; all of them once")


main()
