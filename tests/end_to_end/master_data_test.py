"""Goal: with the real binary, customers reach the loyalty platform once and in order through kills and its faults, unknown
articles hold sales until one record lets all go on, a merge moves points, and erasure leaves the ledger and a
whole audit chain but nothing of the person."""
import sqlite3
import subprocess

from support import BINARY, Stack, ask, check, sale, wait_until

CUSTOMERS = 40
REVISIONS = 3
BY = {"by": "j.meier", "reason": "asked in writing"}
EXTRA = "records: {profile_targets: loyalty}\nreferences: {products: pos}"


def put(stack, system, entity, record):
    """Sent again until it is taken: the server is killed meanwhile."""
    def taken():
        try:
            status, answer, _ = ask(f"{stack.server.url}/system/v1/{system}/{entity}", record)
        except OSError:
            return None
        check(status in (200, 503), f"{status} {answer}")
        return answer if status == 200 else None
    return wait_until(taken, 60, f"{entity} to be taken")


def customer(number, revision):
    return {"id": f"C-{number}", "status": "active", "revision": revision,
            "name": {"display": f"Person {number} of {revision}"}}


def membership(number):
    return {"id": f"C-{number}", "status": "active",
            "memberships": [{"programme": "default", "member": f"M-{number}", "status": "enrolled"}]}


def member(stack, number):
    return ask(f"{stack.loyalty.url}/loyalty/v1/members/M-{number}")[1]


def rests(stack):
    return ask(f"{stack.server.url}/v1/overview")[1]["flows"]["open"] == 0


FAULTS = {"seed": 7, "latency_ms": [0, 20], "rate_503": 0.1, "rate_timeout_after_success": 0.05, "hold_ms": 6000,
          "rate_duplicate_answer": 0.05, "rate_malformed": 0.05}


def feed_through_kills(stack):
    ask(f"{stack.loyalty.url}/admin/faults", FAULTS, method="PUT")
    for revision in range(1, REVISIONS + 1):
        for number in range(CUSTOMERS):
            put(stack, "crm", "customers", customer(number, revision))
            if revision == 1:
                put(stack, "loyalty", "customers", membership(number))
        stack.server.kill()
        stack.start_server()
    # The whole feed once more, and an old one that comes late.
    for number in range(CUSTOMERS):
        check(put(stack, "crm", "customers", customer(number, REVISIONS))["outcome"] == "replayed", number)
        check(put(stack, "crm", "customers", customer(number, 1))["outcome"] == "superseded", number)
    wait_until(lambda: rests(stack), 120, "every flow to come to rest")
    ask(f"{stack.loyalty.url}/admin/faults", method="DELETE")
    for number in range(CUSTOMERS):
        known = member(stack, number)
        check(known["name"] == f"Person {number} of {REVISIONS}", known)
        check(known["changes"] == REVISIONS, f"told {known['changes']} times: {known}")


def sell_the_unknown(stack):
    url = stack.server.url
    for number in range(30):
        status, answer, _ = ask(f"{url}/v1/transactions", sale(number, member="M-1"))
        check(status == 202, f"{status} {answer}")
    waiting = ask(f"{url}/v1/unresolved-references")[1]["items"]
    check([(one["value"], one["waiting"]) for one in waiting] == [("A-0", 30), ("A-1", 30)], waiting)
    check(ask(f"{stack.loyalty.url}/loyalty/v1/members/M-1")[1]["balance"] == 0, "nothing is sent")
    for article in ("T-0", "T-1"):
        put(stack, "erp", "products", {
            "article": article, "status": "active", "unit": "EA", "descriptions": {"en": "A toy"},
            "identifiers": [{"kind": "sku", "value": article.replace("T", "A"), "system": "pos"}]})
    wait_until(lambda: not ask(f"{url}/v1/unresolved-references")[1]["items"], 60, "all to go on")
    wait_until(lambda: rests(stack), 60, "every flow to come to rest")
    balance = member(stack, 1)["balance"]
    check(balance == 30 * 39, f"points of thirty sales: {balance}")
    return balance


def merge_and_erase(stack, balance):
    process = f"{stack.server.url}/process/v1/customer-profile"
    status, answer, _ = ask(f"{process}/merges", {"customer": "C-1", "into": "C-2", **BY})
    check(status == 200 and answer["outcome"] == "updated", f"{status} {answer}")
    status, answer, _ = ask(f"{process}/erasures", {"customer": "C-3", **BY})
    check(status == 200, f"{status} {answer}")
    wait_until(lambda: rests(stack), 60, "every flow to come to rest")
    check(member(stack, 1)["merged_into"] == "M-2" and member(stack, 2)["balance"] == balance, "merged")
    check(member(stack, 3)["name"] == "" and member(stack, 3)["status"] == "erased", "erased there")
    check(put(stack, "crm", "customers", customer(1, REVISIONS + 1))["ignored"] == ["/status"], "merged still")
    status, answer, _ = ask(f"{stack.server.url}/system/v1/crm/customers", customer(3, REVISIONS + 1))
    check(status == 410 and answer["code"] == "CF-2424", f"{status} {answer}")


def check_nothing_is_left(stack):
    with sqlite3.connect(stack.folder / "store" / "crossfoot.sqlite") as database:
        for table, column in (("record", "body"), ("message", "body"), ("journal", "entry"),
                              ("flow", "state"), ("document", "value")):
            (found,) = database.execute(
                f"SELECT count(*) FROM {table} WHERE instr({column}, CAST('Person 3 of' AS BLOB))").fetchone()
            check(found == 0, f"{found} rows of {table} still name the person")
            (others,) = database.execute(
                f"SELECT count(*) FROM {table} WHERE instr({column}, CAST('Person 4 of' AS BLOB))").fetchone()
            check(table in ("flow", "journal", "document") or others > 0, f"{table} names nobody")
    run = subprocess.run([str(BINARY), "audit", "verify", "--config", str(stack.folder / "crossfoot.yaml")],
                         capture_output=True, text=True, timeout=60)
    check(run.returncode == 0, f"audit verify: {run.stdout} {run.stderr}")


with Stack(extra=EXTRA) as stack:
    feed_through_kills(stack)
    points = sell_the_unknown(stack)
    merge_and_erase(stack, points)
    check(stack.server.stop() == 0, "a clean stop")
    stack.server = None
    check_nothing_is_left(stack)
print(f"{CUSTOMERS} customers told of {REVISIONS} times each through {REVISIONS} kills; "
      "one merged, one forgotten, the chain whole")
