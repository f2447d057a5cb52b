"""Goal: a till, a web shop and a service desk with the real binary. Why a receipt has its points is told by
the rules of its own time, also after they changed; points by hand reach the loyalty platform once, with a
second person where the policy wants one, through faults and kills; and the reconciliation ties out, and sees
when the platform's book of them was changed. With `postgres` as second argument its data store is PostgreSQL."""
import contextlib
import decimal
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

from support import BINARY, PROGRAMME, Postgres, Stack, ask, book, check, sale, skip, wait_until

DAY = "2026-11-21"
DESK_DAY = "2026-11-24"
ON_POSTGRES = "postgres" in sys.argv[2:]
ADJUSTMENTS = "/process/v1/customer-service/adjustments"
random.seed(20261124)

GOLD = {**PROGRAMME, "programme": "shop",
        "earn": {**PROGRAMME["earn"], "excluded_tenders": ["gift_card"]},
        "tiers": [{"tier": "gold", "multiplier": "1.25", "members": ["M-GOLD"]}],
        "campaigns": [{"id": "mugs-x3", "multiplier": "3", "articles": ["MUG"],
                       "from": "2026-11-22T00:00:00"}]}


def make_key(name, role):
    run = subprocess.run([BINARY, "access", "key", name, "--role", role], capture_output=True,
                         text=True, timeout=60, check=True)
    key = next(line for line in run.stderr.splitlines() if line.startswith("cf_"))
    return key, json.loads(run.stdout)


class Shop:
    """Everybody who talks to the server, each with a key of their own."""

    ROLES = {"till": "channel", "web": "channel", "ann": "customer_service",
             "bob": "customer_service", "lea": "service_lead", "max": "service_lead",
             "fin": "finance", "ops": "integration"}

    def __init__(self, stack, keys):
        self.stack = stack
        self.keys = keys

    def say(self, who, path, body=None, method=None):
        return ask(self.stack.server.url + path, body, method, {"X-API-Key": self.keys[who]})

    def hand_over(self, who, receipt):
        status, answer, _ = self.say(who, "/v1/transactions", receipt)
        check(status == 202, f"{who}: {status} {answer}")
        return answer["id"]

    def explain(self, identity, who="ann"):
        status, told, _ = self.say(who, f"/v1/transactions/{identity}/explanation")
        check(status == 200, f"explanation: {status} {told}")
        return told

    def explained_when(self, identity, condition, what):
        return wait_until(lambda: (lambda told: told if condition(told) else None)(
            self.explain(identity)), what=what)

    def adjust(self, who, name, points, direction="grant", **more):
        return self.say(who, ADJUSTMENTS,
                        {"id": name, "shop": "DESK-1", "business_date": DESK_DAY,
                         "member": "M-SVC", "direction": direction, "points": points,
                         "reason": "goodwill", **more})

    def look(self, identity):
        return self.say("ann", f"{ADJUSTMENTS}/{identity}")[1]

    def judge(self, who, identity, word):
        return self.say(who, f"{ADJUSTMENTS}/{identity}/{word}", {"reason": "seen the receipt"})

    def balance(self, member="M-SVC"):
        return ask(f"{self.stack.loyalty.url}/loyalty/v1/members/{member}")[1].get("balance", 0)

    def reconcile(self):
        def rests():
            return self.say("ops", "/v1/overview")[1]["flows"]["open"] == 0

        wait_until(rests, 120, "every flow to come to rest")
        status, started, _ = self.say("fin", "/v1/reconciliations", {"from": DAY, "to": DESK_DAY})
        check(status == 202, f"reconciliation: {status} {started}")

        def done():
            now = self.say("fin", f"/v1/reconciliations/{started['id']}")[1]
            check(now["state"] != "failed", f"reconciliation failed: {now}")
            return now if now["state"] == "done" else None

        return wait_until(done, 120, "the reconciliation")


def at_the_till(number, member, **changes):
    """V6: 2 shirts and a mug, 4.50 off, 10.00 by gift card: 38 points, 17, 17 and 4 by unit."""
    lines = [{"line": 1, "kind": "goods", "article": "SHIRT", "quantity": "2", "unit": "EA",
              "unit_price": "19.99"},
             {"line": 2, "kind": "goods", "article": "MUG", "quantity": "1", "unit": "EA",
              "unit_price": "5.01"}]
    return sale(number, member, tax_mode="not_in_source", lines=lines,
                discounts=[{"amount": "4.50", "reason": "coupon"}],
                tenders=[{"kind": "gift_card", "amount": "10.00"},
                         {"kind": "card", "amount": "30.49"}], **changes)


def in_the_web_shop(name, member, day):
    return {"kind": "sale", "channel": "ecommerce", "shop": "WEB", "external_id": name, "business_date": day,
            "occurred_at": f"{day}T20:00:00+01:00", "currency": "EUR", "tax_mode": "not_in_source",
            "region": "DE", "member": member,
            "lines": [{"line": 1, "kind": "goods", "article": "MUG", "quantity": "1", "unit": "EA",
                       "unit_price": "30.00"},
                      {"line": 2, "kind": "goods", "article": "PLATE", "quantity": "1", "unit": "EA",
                       "unit_price": "20.00"}],
            "tenders": [{"kind": "card", "amount": "50.00"}]}


def why_these_points(shop):
    first = shop.hand_over("till", at_the_till(1, "M-GOLD"))
    told = shop.explained_when(first, lambda told: told["points"]["answered"] is not None,
                               "the platform's answer")
    check((told["points"]["expected"], told["points"]["answered"]) == (38, 38), told["points"])
    check(told["rules"]["tier"] == {"name": "gold", "multiplier": "1.25"}, told["rules"])
    check(told["rules"]["local_time"] == "2026-11-21T10:03:04" or
          told["rules"]["local_time"].startswith("2026-11-21T10:03:04"), told["rules"])
    check([line["units"] for line in told["lines"]] ==
          [[{"units": 2, "points": 17}], [{"units": 1, "points": 4}]], told["lines"])
    check([line["eligible"] for line in told["lines"]] == ["27.10", "3.39"], told["lines"])
    check(told["campaigns"][0]["verdict"] == "before_start", told["campaigns"])
    check("The loyalty platform answered 38, as expected." in told["why"], told["why"])
    sides = {side: sum(decimal.Decimal(p["amount"]) for p in told["postings"] if p["side"] == side)
             for side in ("debit", "credit")}
    check(sides["debit"] == sides["credit"] > 0, told["postings"])
    # V21 in the web shop, a day later: the campaign's points are the mug's.
    web = shop.hand_over("web", in_the_web_shop("#1001", "M-2", "2026-11-22"))
    told = shop.explained_when(web, lambda told: told["points"]["answered"] is not None,
                               "the platform's answer")
    check(told["points"]["answered"] == 110, told["points"])
    check(told["campaigns"][0]["verdict"] == "fired", told["campaigns"])
    check([line["points"] for line in told["lines"]] == [90, 20], told["lines"])
    check([share["points"] for share in told["shares"]] == [50, 60], told["shares"])
    for who in ("till", "web"):
        check(shop.say(who, f"/v1/transactions/{web}/explanation")[0] == 403, f"not {who}")
    return first, web


def a_shirt_comes_back(shop, first):
    receipt = at_the_till(2, "M-GOLD", kind="return")
    original = {"shop": "DE-001", "register": "1", "business_date": DAY, "sequence": "1", "line": 1}
    receipt["lines"] = [{**receipt["lines"][0], "quantity": "1", "action": "returned",
                         "original": original}]
    del receipt["discounts"]
    receipt["tenders"] = [{"kind": "card", "amount": "19.99"}]
    back = shop.hand_over("till", receipt)
    told = shop.explained_when(first, lambda told: told["points"]["taken_back"] == 17,
                               "the reversal")
    check(told["points"]["left"] == 21 and told["reversals"][0]["by"] == back, told["reversals"])
    check(told["points"]["answered"] == 38, "what was earned stays told")
    check(shop.explain(back)["takes_back"][0]["of"] == first, "and the return says whose")


def rules_change(shop, identities):
    """Another version: receipts are explained by theirs. Other rules under a known version: refused."""
    before = [shop.explain(identity) for identity in identities]
    stack = shop.stack
    file = stack.folder / "programme.json"
    later = {**GOLD, "version": 2, "tiers": [], "campaigns": []}
    stack.server.stop()
    file.write_text(json.dumps({**later, "version": 1}))
    run = subprocess.run([BINARY, "serve", "--config", stack.folder / "crossfoot.yaml"],
                         capture_output=True, text=True, timeout=60,
                         env={**os.environ, **(stack.environment or {})})
    check(run.returncode != 0 and "CF-3351" in run.stdout + run.stderr,
          f"started with other rules: {run.stdout} {run.stderr}")
    file.write_text(json.dumps(later))
    stack.start_server()
    check([shop.explain(identity) for identity in identities] == before, "told as before")
    stack.server.stop()
    file.write_text(json.dumps(GOLD))
    stack.start_server()


def points_by_hand(shop):
    status, small, head = shop.adjust("ann", "c-1", 200, expires_on="2027-11-24")
    check(status == 202 and head["Location"].endswith(small["id"]), small)
    wait_until(lambda: shop.look(small["id"])["state"] == "done", what="the grant")
    check(shop.balance() == 200, "granted")
    check(shop.adjust("bob", "c-1", 200, expires_on="2027-11-24")[1]["id"] == small["id"], "once")
    check(shop.adjust("ann", "c-1", 201)[0] == 422, "other content under the same name")
    status, large, _ = shop.adjust("ann", "c-2", 900)
    check((status, large["state"]) == (202, "waiting_for_approval"), large)
    check(shop.judge("ann", large["id"], "approve")[0] == 403, "ann has no say")
    check(shop.balance() == 200, "nothing before the second person")
    waiting = shop.say("lea", ADJUSTMENTS)[1]["items"]
    check([item["id"] for item in waiting] == [large["id"]], waiting)
    shop.stack.server.kill()
    shop.stack.start_server()
    check(shop.look(large["id"])["state"] == "waiting_for_approval", "after a kill too")
    check(shop.judge("lea", large["id"], "approve")[0] == 202, "lea agrees")
    wait_until(lambda: shop.look(large["id"])["state"] == "done", what="the second grant")
    status, own, _ = shop.adjust("lea", "c-3", 6000)
    check(own["state"] == "waiting_for_approval", own)
    check(shop.judge("lea", own["id"], "approve")[1]["code"] == "CF-2462", "not by who asked")
    check(shop.judge("max", own["id"], "refuse")[0] == 202, "max refuses")
    check(shop.look(own["id"])["state"] == "refused", own)
    status, taken, _ = shop.adjust("ann", "c-4", 300, "deduct")
    wait_until(lambda: shop.look(taken["id"])["state"] == "done", what="the deduction")
    check(shop.balance() == 800, f"200 + 900 - 300: {shop.balance()}")
    status, refused, _ = shop.adjust("ann", "c-5", 601)
    check((status, refused["code"]) == (422, "CF-2461"), "2,000 a day")
    check(shop.adjust("ann", "c-6", 500, "deduct", member="M-NOBODY")[0] == 202, "asked")
    stuck = shop.adjust("ann", "c-6", 500, "deduct", member="M-NOBODY")[1]
    told = wait_until(lambda: (lambda now: now if now["state"] == "stuck" else None)(
        shop.look(stuck["id"])), what="the platform's no")
    check(told["code"] == "CF-3114", told)
    leg = f"/v1/transactions/{stuck['id']}/legs/2/discard"
    check(shop.say("ops", leg, {"reason": "no such member"})[0] == 202, "a person ends it")


def a_bad_day(shop):
    """Forty grants by ten people while the platform misbehaves and the server is killed."""
    faults = {"latency_ms": [0, 10], "rate_429": 0.05, "rate_503": 0.05, "hold_ms": 1500,
              "rate_timeout_after_success": 0.08, "rate_malformed": 0.03,
              "rate_503_after_effect": 0.05, "rate_duplicate_answer": 0.03}
    check(ask(f"{shop.stack.loyalty.url}/admin/faults", faults, "PUT")[0] == 200, "faults")
    before = shop.balance()
    people = ["ann", "bob", "lea", "max"]
    wishes = [(f"r-{n}", random.choice(people[1:]), random.randint(1, 40)) for n in range(40)]
    wrong = []

    def insist(name, who, points):
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                status, answer, _ = shop.adjust(who, name, points)
            except OSError:
                continue  # killed amid the request: nobody knows, so it asks again
            if status == 202:
                return
            if status != 503:
                wrong.append(f"{name}: {status} {answer}")
                return
            time.sleep(0.05)
        wrong.append(f"{name} is told nothing")

    threads = [threading.Thread(target=insist, args=wish) for wish in wishes]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(random.uniform(0.2, 0.6))
        shop.stack.server.kill()
        shop.stack.start_server()
    for thread in threads:
        thread.join()
    check(not wrong, wrong)
    ask(f"{shop.stack.loyalty.url}/admin/faults", method="DELETE")
    total = sum(points for _, _, points in wishes)
    wait_until(lambda: shop.balance() == before + total, 120, "every grant, once")
    granted = [item for item in book(shop.stack.loyalty.url, "/loyalty/v1/transactions", DESK_DAY)
               if item["type"] in ("grant", "deduction")]
    check(len({item["reference"] for item in granted}) == len(granted), "each once")


def ties_out(shop):
    result = shop.reconcile()
    check(result["items"]["break"] == 0, f"breaks: {result}")
    check(result["points"]["crossfoot"] == result["points"]["loyalty"], f"points: {result}")
    # Somebody changes the platform's book: one point more on an entry by hand is seen as such.
    tampers = ask(f"{shop.stack.loyalty.url}/admin/tamper",
                  {"seed": 7, "count": 30, "kinds": ["point_plus", "delete"]})[1]["tampers"]
    by_hand = [item for item in tampers if item["id"][0] in "GD"]
    check(by_hand, f"no entry by hand among {tampers}")
    result = shop.reconcile()
    check(result["items"]["break"] >= len(tampers), f"{len(tampers)} tampers: {result}")
    classes = {entry["class"]: entry["count"] for entry in result["breaks"]}
    kinds = {"point_plus": "rate", "delete": "missing"}
    for kind, wanted in kinds.items():
        count = sum(item["kind"] == kind for item in tampers)
        check(classes.get(wanted, 0) >= count, f"{kind}: {classes}")
    check(ask(f"{shop.stack.loyalty.url}/admin/untamper", b"{}")[0] == 200, "undone")
    check(shop.reconcile()["items"]["break"] == 0, "and agreed again")


@contextlib.contextmanager
def stack_of(settings):
    def with_rules(folder):
        (folder / "programme.json").write_text(json.dumps(GOLD))

    with contextlib.ExitStack() as open_things:
        environment = None
        if ON_POSTGRES:
            database = open_things.enter_context(contextlib.closing(Postgres()))
            settings += "\nstore: {kind: postgres, url: env:STORE_URL}"
            environment = {"STORE_URL": database.url}
        stack = open_things.enter_context(Stack(settings, environment, before_server=with_rules))
        # The platform has the same rules, from its own start on.
        stack.loyalty.kill()
        stack.loyalty = stack._sandbox("loyalty")  # pylint: disable=protected-access
        stack.server.stop()
        stack.start_server()
        yield stack


def main():
    if ON_POSTGRES and Postgres.PROGRAMS is None:
        skip("PostgreSQL's server programs are not installed")
    made = {name: make_key(name, role) for name, role in Shop.ROLES.items()}
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "keys.json"
        file.write_text(json.dumps({"keys": [entry for _, entry in made.values()]}))
        with stack_of(f"access: {{api_keys: {file}}}") as stack:
            shop = Shop(stack, {name: key for name, (key, _) in made.items()})
            first, web = why_these_points(shop)
            a_shirt_comes_back(shop, first)
            rules_change(shop, (first, web))
            points_by_hand(shop)
            a_bad_day(shop)
            ties_out(shop)
    print("service: ok")


if __name__ == "__main__":
    main()
