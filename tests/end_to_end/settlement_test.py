"""Goal: the store day with the real binary: what is missing is named, a Z-report that does not tie keeps the
day open, late receipts make the next slice, and a server that is killed again and again between receipts and
closes ends with slices that come to exactly what the receipts come to. With `postgres` as second argument its
data store is a PostgreSQL server."""
import contextlib
import decimal
import json
import random
import sys
import threading
import time

from support import Postgres, Stack, ask, check, skip, wait_until

DAY = "2026-11-21"
ON_POSTGRES = "postgres" in sys.argv[2:]
POLICY = {
    "version": 1, "cash_tolerance": {"EUR": "0.50"},
    "accounts": [{"class": "cash", "account": "1000"}, {"class": "revenue", "account": "8400"},
                 {"class": "tax_payable", "account": "1776", "tax_key": "A1"},
                 {"class": "over_short", "account": "2660", "cost_centre": "STORES"}],
    "shops": [{"shop": shop, "region": region, "registers": ["1"], "trading_days": ["sat"]}
              for shop, region in (("DE-001", "DE"), ("DE-002", "DE"), ("CH-001", "CH"))]}
random.seed(20261121)


def receipt(shop, number, cents, kind="sale", register="1", **changes):
    amount = f"{cents / 100:.2f}"
    made = {"kind": kind, "channel": "pos", "shop": shop, "register": register, "business_date": DAY,
            "sequence": str(number), "occurred_at": f"{DAY}T10:{number % 60:02}:04+01:00",
            "currency": "EUR", "tax_mode": "inclusive", "region": shop[:2],
            "lines": [{"line": 1, "kind": "goods", "article": "A-1", "quantity": "1", "unit": "EA",
                       "unit_price": amount, "tax_code": "STD", "tax_rate": "0.20"}],
            "tenders": [{"kind": "cash", "amount": amount}]}
    made.update(changes)
    return made


def money(cents):
    return {"amount": f"{cents / 100:.2f}", "currency": "EUR"}


def record(shop, kind, number, register="1", **fields):
    return {"kind": kind, "shop": shop, "register": register, "business_date": DAY, "sequence": str(number),
            "occurred_at": f"{DAY}T10:{number % 60:02}:00+01:00", "region": shop[:2], **fields}


def cash(cents):
    return [{"kind": "cash", "amount": money(cents)}]


def z_report(shop, number, counted, count, gross, first, last):
    return record(shop, "till_close", number, counted=cash(counted),
                  totals={"count": count, "first_sequence": str(first), "last_sequence": str(last),
                          "gross": money(gross)})


class Shop:
    def __init__(self, stack, name):
        self.stack, self.name = stack, name
        self.path = f"/process/v1/settlement/store-days/{name}/{DAY}"

    def _post(self, path, body):
        status, answer, _ = ask(self.stack.server.url + path, body)
        check(status == 202, f"{path}: {status} {answer}")
        return answer

    def sell(self, number, cents, **changes):
        return self._post("/v1/transactions", receipt(self.name, number, cents, **changes))

    def till(self, body):
        return self._post("/v1/till-records", body)

    def look(self):
        status, day, _ = ask(self.stack.server.url + self.path)
        check(status == 200, day)
        return day

    def codes(self):
        return [reason["code"] for reason in self.look()["reasons"]]

    def close(self, in_spite=False):
        return ask(f"{self.stack.server.url}{self.path}/close",
                   {"by": "Ada", "reason": "end of day", "in_spite_of_findings": in_spite})


def gross(totals):
    return sum(decimal.Decimal(one["gross"]) for one in totals)


def three_shops(stack):
    good, gaps, silent = (Shop(stack, name) for name in ("DE-001", "DE-002", "CH-001"))
    status, page, _ = ask(f"{stack.server.url}/v1/store-days?date={DAY}")
    check([(one["shop"], one["state"], one["reasons"]) for one in page["items"]] ==
          [(name, "open", ["CF-3305"]) for name in ("CH-001", "DE-001", "DE-002")], page)

    good.till(record("DE-001", "till_open", 1, counted=cash(10000)))
    good.sell(2, 1250)
    good.till(record("DE-001", "no_sale", 3))
    good.sell(4, 250, kind="return", original={"shop": "DE-001", "register": "1", "business_date": DAY,
                                               "sequence": "2"})
    good.till(record("DE-001", "paid_out", 5, amount=money(500), reason={"code": "stamps"}))
    check(good.codes() == ["CF-3302"], good.codes())
    good.till(z_report("DE-001", 6, 10480, 2, 1000, 2, 5))
    wait_until(lambda: ask(f"{stack.server.url}/v1/overview")[1]["flows"]["open"] == 0, what="rest")
    day = good.look()
    check((day["state"], day["may_close"]) == ("ready", True), day)
    drawer = day["registers"][0]["sessions"][0]["cash"][0]
    check((drawer["expected"], drawer["over_short"]) == ("105.00", "-0.20"), drawer)
    check([r["code"] for r in day["reasons"]] == ["CF-3304"], f"within tolerance, and told: {day['reasons']}")
    sides = {one["account"]: (one["debit"], one["credit"]) for one in day["journal"]}
    check(sides == {"1000": ("12.50", "2.70"), "1776": ("0.42", "2.08"), "2660": ("0.20", "0.00"),
                    "8400": ("2.08", "10.42")}, sides)
    check(sum(decimal.Decimal(d) - decimal.Decimal(c) for d, c in sides.values()) == 0, "it balances")
    status, closed, head = good.close()
    check(status == 202 and closed["slice"] == 1 and head["Location"], closed)
    check(good.close()[1]["code"] == "CF-2452", "nothing is left")

    # A number for two facts: one of them is held.
    answer = gaps.sell(2, 1000)
    held = gaps.till(record("DE-002", "no_sale", 2))
    check(held["state"] == "held" and held["conflict_with"] == answer["id"], held)
    gaps.sell(5, 700)
    gaps.till(z_report("DE-002", 8, 2500, 3, 2500, 2, 6))
    reasons = {r["code"]: r for r in gaps.look()["reasons"]}
    check(set(reasons) == {"CF-3301", "CF-3303", "CF-3304", "CF-3307"}, reasons)
    check(reasons["CF-3301"]["missing"] == [{"first": "3", "last": "4", "count": 2},
                                            {"first": "6", "last": "7", "count": 2}], reasons)
    check(reasons["CF-3303"]["money"] == {"EUR": "-8.00"}, reasons["CF-3303"])
    status, refused, _ = gaps.close()
    check(status == 409 and refused["code"] == "CF-2451", refused)
    check({e["code"] for e in refused["errors"]} == set(reasons), refused)
    status, closed, _ = gaps.close(True)
    check(status == 202 and closed["in_spite_of"], closed)
    first = ask(f"{stack.server.url}{gaps.path}/slices/1")[1]

    gaps.sell(6, 800)  # late
    check(gaps.look()["state"] == "late", gaps.look())
    check("CF-3303" not in gaps.codes(), "the late one was what differed")
    status, closed, _ = gaps.close(True)
    check((status, closed["slice"], gross(closed["totals"])) == (202, 2, decimal.Decimal("8.00")), closed)
    check(ask(f"{stack.server.url}{gaps.path}/slices/1")[1] == first, "slice 1 is what it was")
    day = gaps.look()
    check(sum(gross(s["totals"]) for s in day["slices"]) == gross(day["totals"]), day)

    page = ask(f"{stack.server.url}/v1/store-days?date={DAY}&region=DE")[1]
    check([(one["shop"], one["state"]) for one in page["items"]] ==
          [("DE-001", "closed"), ("DE-002", "closed")], page)
    check(silent.codes() == ["CF-3305"], silent.codes())


def hostile(stack):
    """What makes no sense is refused with its place, and changes nothing."""
    url = stack.server.url
    before = Shop(stack, "DE-001").look()
    bad = [record("DE-001", "paid_in", 90), record("DE-001", "no_sale", 91, amount=money(1)),
           record("DE-001", "till_close", 92, counted=cash(1)),
           {**record("DE-001", "no_sale", 93), "business_date": "2026-02-30"},
           {**record("DE-001", "no_sale", 94), "sequence": ""},
           {**record("DE-001", "no_sale", 95), "sequence": 95},
           {**record("DE-001", "no_sale", 96), "colour": "red"},
           {**record("DE-001", "paid_in", 97), "reason": {"code": "x"},
            "amount": {"amount": "1.001", "currency": "EUR"}}]
    for body in bad:
        status, answer, _ = ask(f"{url}/v1/till-records", body)
        check(status == 400 and answer["code"] == "CF-2450" and answer["errors"], (body, answer))
        check(all("pointer" in error for error in answer["errors"]), answer)
    for body in (b"", b"{", b"[1]", b"\xff", b'{"kind":"no_sale","kind":"no_sale"}', b"null"):
        status, answer, _ = ask(f"{url}/v1/till-records", body)
        check(status == 400 and answer["code"].startswith(("CF-1", "CF-2")), (body, answer))
    for path in ("/DE-001/2026-13-01", "/DE-001/today", "/none/2026-11-21", "/DE-001/2026-11-21/slices/0",
                 "/DE-001/2026-11-21/slices/-1", "/%00/2026-11-21"):
        status, answer, _ = ask(f"{url}/process/v1/settlement/store-days{path}")
        check(status in (400, 404), (path, status, answer))
    for body in ({}, {"by": "A"}, {"by": "A", "reason": ""}, {"by": "A", "reason": "r", "slice": 1},
                 {"by": "A", "reason": "r", "in_spite_of_findings": 1}):
        status, answer, _ = ask(f"{url}/process/v1/settlement/store-days/DE-001/{DAY}/close", body)
        check(status == 400 and answer["errors"], (body, answer))
    after = Shop(stack, "DE-001").look()
    check({e["code"] for e in after["reasons"]} - {e["code"] for e in before["reasons"]} <= {"CF-3307"},
          "what could not be read is kept and told")
    check(after["totals"] == before["totals"] and after["slices"] == before["slices"], "and nothing else")


def closes_amid_kills(stack):
    """Receipts, voids and closes at once while the server is killed: each receipt is in one slice."""
    shop = Shop(stack, "DE-003")
    stop = threading.Event()
    sold = {}
    closed = []

    def till(register):
        number = 0
        while not stop.is_set():
            number += 1
            body = receipt("DE-003", number, random.randint(1, 5000), register=register)
            if number % 7 == 0:
                original = {"shop": "DE-003", "register": register, "business_date": DAY,
                            "sequence": str(number - 1)}
                body = {**body, "kind": "void", "original": original}
                del body["lines"], body["tenders"]
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    status, answer, _ = ask(f"{stack.server.url}/v1/transactions", body)
                    if status == 202:
                        sold[(register, number)] = answer["id"]
                        break
                    check(status == 503, answer)
                time.sleep(0.02)

    def office():
        while not stop.is_set():
            with contextlib.suppress(OSError):
                status, answer, _ = shop.close(True)
                check(status in (202, 404, 409, 503), answer)
                if status == 202:
                    closed.append(answer["slice"])
            time.sleep(0.05)

    threads = [threading.Thread(target=till, args=(name,)) for name in "12"]
    threads += [threading.Thread(target=office) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(4):
            before = len(sold), len(closed)
            wait_until(lambda b=before: len(sold) > b[0] + 40 and len(closed) > b[1] + 2,
                       what="receipts and closes")
            stack.server.kill()
            stack.start_server()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    wait_until(lambda: shop.close(True)[0] == 409, what="the last slice")
    day = shop.look()
    check(len(set(closed)) == len(closed), f"a slice was given twice: {closed}")
    check([s["slice"] for s in day["slices"]] == list(range(1, len(day["slices"]) + 1)), "without a gap")
    check(set(closed) <= {s["slice"] for s in day["slices"]}, "an answered close is there")
    counted = {}
    for one in day["slices"]:
        part = ask(f"{stack.server.url}{shop.path}/slices/{one['slice']}")[1]["receipts"]
        for identity in part["added"]:
            counted[identity] = counted.get(identity, 0) + 1
        for identity in part["removed"]:
            counted[identity] -= 1
    check(set(counted.values()) == {1}, "each receipt once")
    check(set(sold.values()) <= set(counted), "each accepted receipt is in a slice")
    check(sum(gross(s["totals"]) for s in day["slices"]) == gross(day["totals"]), "sums of slices")
    print(f"{len(counted)} receipts in {len(day['slices'])} slices, through 4 kills")


def documents(stack, shop):
    page = ask(f"{stack.erp.url}/erp/v1/documents?business_date={DAY}&limit=1000")[1]
    return [one for one in page["items"] if one["shop"] == shop]


def closed_periods(stack):
    """The ERP's books of November are closed: what comes then is posted in December, or waits for a person."""
    november = {"from": "2026-11-01", "to": "2026-11-30"}
    status, answer, _ = ask(f"{stack.erp.url}/erp/v1/periods", {"closed": [november]}, "PUT")
    check(status == 200, answer)

    def restart_with(*periods):
        policy = {**POLICY, "periods": list(periods)}
        (stack.folder / "settlement.json").write_text(json.dumps(policy))
        stack.server.stop()
        stack.start_server()

    def stuck(code):
        items = ask(f"{stack.server.url}/v1/dead-letters?code={code}")[1]["items"]
        return [item for item in items if item["shop"] == "DE-009"]

    restart_with({**november, "open": False})
    shop = Shop(stack, "DE-009")
    shop.sell(1, 1999)
    letter = wait_until(lambda: stuck("CF-3013"), what="the posting that must not leave")[0]
    check(letter["flow"]["legs"][0]["attempts"] == 1 and not documents(stack, "DE-009"), "it did not leave")
    restart_with({**november, "open": False}, {"from": "2026-12-01", "to": "2026-12-31", "open": True})
    status, job, _ = ask(f"{stack.server.url}/v1/replays",
                         {"code": "CF-3013", "dry_run": False, "by": "Ada", "reason": "December is open"})
    check(status == 202, job)
    wait_until(lambda: documents(stack, "DE-009"), what="the posting")
    check([(d["business_date"], d["posting_date"]) for d in documents(stack, "DE-009")] ==
          [(DAY, "2026-12-01")], documents(stack, "DE-009"))
    timeline = ask(f"{stack.server.url}/v1/transactions/{letter['id']}/timeline")[1]
    check("posted under 2026-12-01" in [e["detail"] for e in timeline["entries"]], timeline)
    answer = shop.sell(2, 500)
    wait_until(lambda: len(documents(stack, "DE-009")) == 2, what="the next one")
    shop.sell(3, 500, kind="void", original={"shop": "DE-009", "register": "1", "business_date": DAY,
                                             "sequence": "2"}, lines=[], tenders=[])
    wait_until(lambda: len(documents(stack, "DE-009")) == 3, what="its void")
    check({d["posting_date"] for d in documents(stack, "DE-009")} == {"2026-12-01"}, answer)
    # A server that knows of no periods is told by the ERP.
    restart_with()
    shop.sell(4, 700)
    wait_until(lambda: stuck("CF-3103"), what="the refusal")


def main():
    with contextlib.ExitStack() as stack_of:
        extra, environment = "settlement: {policy: settlement.json}", None
        if ON_POSTGRES:
            if Postgres.PROGRAMS is None:
                skip("PostgreSQL's programs are not here")
            server = Postgres()
            stack_of.callback(server.close)
            extra += "\nstore: {kind: postgres, url: env:CROSSFOOT_STORE_URL}"
            environment = {"CROSSFOOT_STORE_URL": server.url}
        stack = stack_of.enter_context(Stack(
            extra=extra, environment=environment,
            before_server=lambda folder: (folder / "settlement.json").write_text(json.dumps(POLICY))))
        three_shops(stack)
        hostile(stack)
        closes_amid_kills(stack)
        closed_periods(stack)
    print("store days hold")


if __name__ == "__main__":
    main()
