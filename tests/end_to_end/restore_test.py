"""Goal: a server whose disk is lost is restored from a backup. It does not start before it is told so; then
the channels send again, in another order, what they had sent since, and nothing happens twice at the
targets, whose own books know what had happened in between."""
import collections
import json
import random
import shutil
import subprocess

from support import BINARY, Stack, ask, book, check, reconcile, sale, wait_until

random.seed(20261201)
DAY = "2026-11-21"
BEFORE, AFTER = 60, 120  # receipts before the backup and after it


def goods_back(number, original, member, line=1):
    body = sale(number, member=member, count=1, kind="return")
    sold = {name: body[name] for name in ("shop", "register", "business_date")}
    body["lines"][0] |= {"quantity": "1",
                         "original": {**sold, "sequence": str(original), "line": line}}
    body["tenders"][0]["amount"] = "9.99"
    return body


def story(first, count):
    """Sales, every third of them with a return of one line, some with a second one."""
    bodies, number = [], first
    while number < first + count:
        member, original = f"M-{number % 7}", number
        bodies.append(sale(original, member=member))
        for nth in range(original % 3 == 0) if original % 9 else range(2):
            number += 1
            bodies.append(goods_back(number, original, member, line=nth + 1))
        number += 1
    return bodies


def send(stack, bodies):
    for body in bodies:
        status, answer, _ = ask(f"{stack.server.url}/v1/transactions", body)
        check(status == 202 and answer["state"] != "held", f"{status} {answer}")


def rest(stack):
    def is_done():
        flows = ask(f"{stack.server.url}/v1/overview")[1]["flows"]
        return flows["open"] == flows["parked"] == flows["dead"] == 0

    wait_until(is_done, 120, "everything done")


def effects(stack):
    """How often each kind of entry stands in the targets' own books, and the units taken back of each
    accrual's lines."""
    erp = [item["reference"] for item in book(stack.erp.url, "/erp/v1/documents", DAY)]
    loyalty = book(stack.loyalty.url, "/loyalty/v1/transactions", DAY)
    taken = collections.Counter()
    for item in loyalty:
        sign = {"reversal": 1, "reinstatement": -1}.get(item["type"], 0)
        for line in item["lines"]:
            taken[item["original_reference"], line["line"]] += sign * int(line["quantity"])
    accruals = sorted(item["reference"] for item in loyalty if item["type"] == "accrual")
    return sorted(erp), accruals, {key: units for key, units in taken.items() if units and key[0]}


def refused_start(stack):
    run = subprocess.run([BINARY, "serve", "--config", stack.folder / "crossfoot.yaml"],
                         capture_output=True, text=True, timeout=60)
    check(run.returncode != 0 and "CF-5016" in run.stdout + run.stderr, f"it started: {run}")


def mark(stack):
    run = subprocess.run([BINARY, "restored", "--config", stack.folder / "crossfoot.yaml", "--json"],
                         capture_output=True, text=True, timeout=60)
    check(run.returncode == 0, f"restored: {run}")
    return json.loads(run.stdout)


def main():
    with Stack() as stack:
        send(stack, story(1, BEFORE))
        rest(stack)
        check(stack.server.stop() == 0, "it stops")
        data, backup = stack.folder / stack.data, stack.folder / "backup"
        shutil.copytree(data, backup)

        stack.start_server()
        since = story(1001, AFTER)
        send(stack, since)
        rest(stack)
        happened = effects(stack)
        check(reconcile(stack.server.url, DAY, DAY)["items"]["break"] == 0, "it ties out")
        # Anchored when it stops: the anchors are on another disk, and survive.
        check(stack.server.stop() == 0, "it stops")
        for file in data.iterdir():
            if file.is_file():
                file.unlink()
        for file in backup.iterdir():
            if file.is_file():
                shutil.copy2(file, data / file.name)

        refused_start(stack)
        marked = mark(stack)
        check(marked["restores"] == 1 and marked["anchors_put_aside"] >= 1, marked)
        stack.start_server()
        random.shuffle(since)
        send(stack, since)
        rest(stack)
        again = effects(stack)
        for before, now, what in zip(happened, again, ("documents", "accruals", "units taken back")):
            check(before == now, f"{what} differ: {len(before)} before, {len(now)} now")

        check(reconcile(stack.server.url, DAY, DAY)["items"]["break"] == 0, "it ties out again")
        # What comes after it is new.
        send(stack, [sale(5000), goods_back(5001, 5000, "M-1")])
        rest(stack)
        later = effects(stack)
        check(len(later[0]) == len(again[0]) + 2, "new documents are posted")
        check(len(later[1]) == len(again[1]) + 1, "new points are granted")
        check(sum(later[2].values()) == sum(again[2].values()) + 1, "and taken back")
        print(f"{len(since)} receipts sent again after a restore, in another order; no effect twice")


main()
