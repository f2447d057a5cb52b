"""Goal: points as tender with the real binary: what a till is told is what the loyalty platform's own book
says, also when 64 tills want the same points, the platform misbehaves and the server is killed; and the
reconciliation ties out. With `postgres` as second argument its data store is a PostgreSQL server."""
import contextlib
import http.client
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

from support import ROOT, Postgres, Stack, ask, book, check, reconcile, sale, skip, wait_until

DAY = "2026-11-21"
ON_POSTGRES = "postgres" in sys.argv[2:]
AUTHORISATIONS = "/process/v1/redeem/authorisations"
random.seed(20261121)


def redemption(identity, points, member="M-1", **changes):
    asked = {"channel": "pos", "shop": "DE-001", "register": "1", "business_date": DAY,
             "occurred_at": "2026-11-21T10:05:00+01:00", "id": identity, "member": member,
             "points": points}
    asked.update(changes)
    return asked


class Till:
    """One till's way to the server."""

    def __init__(self, stack):
        self.stack = stack

    def authorise(self, identity, points, **changes):
        return ask(self.stack.server.url + AUTHORISATIONS, redemption(identity, points, **changes))

    def void_unheard(self, identity, points, **changes):
        return ask(self.stack.server.url + "/process/v1/redeem/voids",
                   redemption(identity, points, **changes))

    def capture(self, redemption_id, points):
        return ask(f"{self.stack.server.url}{AUTHORISATIONS}/{redemption_id}/capture",
                   {"points": points})

    def void(self, redemption_id):
        return ask(f"{self.stack.server.url}{AUTHORISATIONS}/{redemption_id}/void", method="POST")

    def look(self, redemption_id):
        return ask(f"{self.stack.server.url}{AUTHORISATIONS}/{redemption_id}")


def member_of(stack, member="M-1"):
    return ask(f"{stack.loyalty.url}/loyalty/v1/members/{member}")[1]


def earn(stack, first, count, member="M-1"):
    """Sales of 39 points each, acknowledged by the platform."""
    before = member_of(stack, member).get("balance", 0)
    for number in range(first, first + count):
        status, answer, _ = ask(f"{stack.server.url}/v1/transactions", sale(number, member))
        check(status == 202, f"sale: {status} {answer}")
    wait_until(lambda: member_of(stack, member).get("balance", 0) == before + 39 * count,
               what="the points")


def words_of_a_till(stack):
    till = Till(stack)
    earn(stack, 1, 4)
    status, held, head = till.authorise("A-1", 100)
    check((status, held["state"], held["authorised"]) == (200, "authorised", 100), held)
    check(head["Location"].endswith(held["id"]), "its address")
    check(member_of(stack)["available"] == 56, "100 of 156 are held")
    status, again, head = till.authorise("A-1", 100)
    check(again == held and head["Idempotent-Replayed"] == "true", "the first answer again")
    check(till.authorise("A-1", 99)[0] == 422, "other content under the same name")
    status, refused, _ = till.authorise("A-2", 57)
    check((status, refused["state"], refused["code"]) == (200, "declined", "CF-3114"), refused)
    status, problem, _ = till.capture(held["id"], 101)
    check((status, problem["code"]) == (409, "CF-2440"), problem)
    status, done, _ = till.capture(held["id"], 80)
    check((status, done["state"], done["captured"]) == (200, "captured", 80), done)
    check(till.capture(held["id"], 80)[1] == done, "a repeat")
    check(till.capture(held["id"], 79)[0] == 409, "another capture")
    check(till.void(held["id"])[1]["code"] == "CF-2440", "what is captured is not voided")
    mine = member_of(stack)
    check((mine["balance"], mine["held"]) == (76, 0), f"80 spent, 20 free again: {mine}")
    status, held, _ = till.authorise("A-3", 76)
    check(held["state"] == "authorised", held)
    check(till.void(held["id"])[1]["state"] == "voided", "given up")
    check(till.void(held["id"])[1]["state"] == "voided", "and again")
    check(member_of(stack)["available"] == 76, "free again")
    # The void comes first: its authorisation reserves nothing.
    check(till.void_unheard("A-4", 10)[1]["state"] == "voided", "before it was asked for")
    check(till.authorise("A-4", 10)[1]["state"] == "voided", "it was given up before")
    check(member_of(stack)["held"] == 0, "nothing is held")
    status, held, _ = till.authorise("A-5", 10, hold_seconds=1)
    check(held["state"] == "authorised", held)
    wait_until(lambda: till.look(held["id"])[1]["state"] == "lapsed", what="the end of its time")
    wait_until(lambda: member_of(stack)["held"] == 0, what="the points to be free")
    check(till.capture(held["id"], 10)[1]["code"] == "CF-2441", "too late")


def balances(stack):
    """What a member may count on, while its sales are on their way and the platform is away."""
    address = f"{stack.server.url}/process/v1/customer-profile/members/M-B/balance"

    def look():
        status, answer, _ = ask(address)
        check(status == 200, answer)
        return answer

    check(look()["balance"] == 0 and look()["source"] == "live", "a new member")
    earn(stack, 200, 1, "M-B")
    wait_until(lambda: look()["provisional"] == 39, what="the provisional balance")
    check(look()["confidence"] == "exact", look())
    check(ask(f"{stack.loyalty.url}/admin/faults", {"rate_503": 1.0}, "PUT")[0] == 200, "faults")
    for number in (201, 202):
        status, answer, _ = ask(f"{stack.server.url}/v1/transactions", sale(number, "M-B"))
        check(status == 202, answer)
    began = time.monotonic()
    away = look()
    check(time.monotonic() - began < 5, "in time")
    check((away["source"], away["balance"], away["confidence"]) == ("last_known", 39, "low"), away)
    wait_until(lambda: look()["pending"] == 78, what="both sales, on their way")
    check(look()["provisional"] == 117, look())
    stack.server.kill()
    stack.start_server()
    address = f"{stack.server.url}/process/v1/customer-profile/members/M-B/balance"
    wait_until(lambda: look()["provisional"] == 117, what="the same after a kill")
    ask(f"{stack.loyalty.url}/admin/faults", method="DELETE")
    wait_until(lambda: look()["balance"] == 117, what="the platform's own word")
    now = look()
    check((now["pending"], now["in_doubt"], now["provisional"]) == (0, 0, 117), now)


def baskets(stack):
    """What a basket would earn: the platform's word, or by our copy of its rules."""
    address = f"{stack.server.url}/process/v1/promotion-validation/baskets"
    status, live, _ = ask(address, sale(900, "M-N"))
    check(status == 200, live)
    check((live["points"], live["source"], live["confidence"]) == (39, "live", "exact"), live)
    for channel in ("mobile", "ecommerce"):
        same = ask(address, sale(900, "M-N", channel=channel))[1]
        check({**same, "as_of": ""} == {**live, "as_of": ""}, f"{channel}: {same}")
    check(ask(f"{stack.loyalty.url}/admin/faults", {"rate_503": 1.0}, "PUT")[0] == 200, "faults")
    own = ask(address, sale(900, "M-N"))[1]
    check((own["points"], own["source"], own["confidence"]) == (39, "own_rules", "low"), own)
    check(own["lines"] == live["lines"], "line by line")
    ask(f"{stack.loyalty.url}/admin/faults", method="DELETE")
    check(ask(address, {"kind": "sale"})[0] == 400, "not a basket")
    check(ask(f"{stack.loyalty.url}/loyalty/v1/members/M-N")[0] == 404, "nothing was booked")


def paid_with_points(stack):
    """A receipt that is paid partly with points, and comes back in part: what was earned is taken back
    by line, what was spent stays spent."""
    till = Till(stack)
    earn(stack, 300, 1, "M-P")
    held = till.authorise("P-1", 20, member="M-P")[1]
    check(till.capture(held["id"], 20)[1]["state"] == "captured", held)
    receipt = sale(301, "M-P", tenders=[{"kind": "points", "amount": "10.00"},
                                        {"kind": "card", "amount": "29.96"}])
    status, answer, _ = ask(f"{stack.server.url}/v1/transactions", receipt)
    check(status == 202, answer)
    wait_until(lambda: member_of(stack, "M-P")["balance"] == 58, what="19 and 39 points")
    line = {**receipt["lines"][0], "quantity": "2",
            "original": {"shop": "DE-001", "register": "1", "business_date": DAY,
                         "sequence": "301", "line": 1}}
    back = sale(302, "M-P", kind="return", lines=[line],
                tenders=[{"kind": "card", "amount": "19.98"}])
    status, answer, _ = ask(f"{stack.server.url}/v1/transactions", back)
    check(status == 202, answer)
    # Of 39 points over four equal units the first line has 10 and 10.
    wait_until(lambda: member_of(stack, "M-P")["balance"] == 38, what="the reversal")


def bad_input(stack):
    url = stack.server.url + AUTHORISATIONS
    for change, pointer in (({"points": 0}, "/points"), ({"points": "5"}, "/points"),
                            ({"points": 1.5}, "/points"), ({"member": ""}, "/member"),
                            ({"channel": "moon"}, "/channel"), ({"id": ""}, "/id"),
                            ({"business_date": "today"}, "/business_date"),
                            ({"occurred_at": "2126-11-21T10:00:00Z"}, "/occurred_at"),
                            ({"hold_seconds": 10**6}, "/hold_seconds"), ({"colour": "red"}, "")):
        status, problem, head = ask(url, {**redemption("B-1", 5), **change})
        check(400 <= status < 500 and head["Content-Type"].startswith("application/problem+json"),
              f"{change}: {status} {problem}")
        check([fault["pointer"] for fault in problem["errors"]] == [pointer], f"{change}: {problem}")
    check(ask(url, b"{")[0] == 400, "no JSON")
    # By the key alone, where there is no other name.
    status, held, _ = ask(url, redemption("", 1), headers={"Idempotency-Key": "K-1"})
    check(status == 200 and held["state"] == "authorised", held)
    check(Till(stack).void(held["id"])[0] == 200, "void")
    for path in (f"{AUTHORISATIONS}/nonsense", f"{AUTHORISATIONS}/{'0' * 26}"):
        check(ask(stack.server.url + path)[0] == 404, path)


def platform_away(stack):
    till = Till(stack)
    check(ask(f"{stack.loyalty.url}/admin/faults", {"rate_503": 1.0}, "PUT")[0] == 200, "faults")
    began = time.monotonic()
    status, waiting, _ = till.authorise("C-1", 10)
    check((status, waiting["state"]) == (202, "pending"), f"never a guess: {status} {waiting}")
    check(time.monotonic() - began < 10, "the till is answered in time")
    check(till.capture(waiting["id"], 10)[1]["code"] == "CF-2442", "nothing to capture yet")
    check(till.void_unheard("C-1", 10)[1]["state"] == "voided", "given up")
    status, waiting, _ = till.authorise("C-2", 10)
    check(waiting["state"] == "pending", waiting)
    ask(f"{stack.loyalty.url}/admin/faults", method="DELETE")
    wait_until(lambda: till.look(waiting["id"])[1]["state"] == "authorised", what="the truth by id")
    check(till.authorise("C-2", 10)[1]["state"] == "authorised", "and by name")
    check(till.void(waiting["id"])[1]["state"] in ("voided", "voiding"), "void")
    wait_until(lambda: member_of(stack)["held"] == 0, what="nothing held")


class Customer(threading.Thread):
    """Wants points at its own till until it knows what became of that."""

    def __init__(self, stack, number):
        super().__init__()
        self.till = Till(stack)
        self.identity = f"D-{number}"
        self.points = random.randint(10, 90)
        self.wish = random.choice(("pay", "pay", "pay less", "give up", "walk away"))
        self.told = None
        self.wrong = None

    def run(self):
        try:
            self.told = self.shop()
        except Exception as fault:  # pylint: disable=broad-except
            self.wrong = fault

    def until_told(self, word):
        """What the server says once it says anything that is final for this word."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                status, answer, _ = word()
            except (OSError, http.client.HTTPException):
                continue  # killed amid the request: nobody knows, so it asks again
            if status == 200:
                return answer
            check(status in (202, 503) or answer.get("code") == "CF-2441", f"{status} {answer}")
            if status == 409:
                return None
            time.sleep(0.05)
        raise AssertionError(f"{self.identity} is told nothing")

    def shop(self):
        answer = self.until_told(
            lambda: self.till.authorise(self.identity, self.points, member="M-64", hold_seconds=20))
        if answer["state"] != "authorised" or self.wish == "walk away":
            return None
        if self.wish == "give up":
            self.until_told(lambda: self.till.void(answer["id"]))
            return None
        points = self.points if self.wish == "pay" else (self.points + 1) // 2
        done = self.until_told(lambda: self.till.capture(answer["id"], points))
        return points if done is not None and done["state"] == "captured" else None


def rush(stack):
    earn(stack, 100, 26, "M-64")  # 1,014 points
    faults = {"latency_ms": [0, 10], "rate_429": 0.03, "rate_503": 0.03, "hold_ms": 1500,
              "rate_timeout_after_success": 0.05, "rate_malformed": 0.03,
              "rate_503_after_effect": 0.03, "rate_duplicate_answer": 0.02}
    check(ask(f"{stack.loyalty.url}/admin/faults", faults, "PUT")[0] == 200, "faults")
    customers = [Customer(stack, number) for number in range(64)]
    for customer in customers:
        customer.start()
    for _ in range(3):
        time.sleep(random.uniform(0.3, 1.0))
        stack.server.kill()
        stack.start_server()
    for customer in customers:
        customer.join()
    for customer in customers:
        check(customer.wrong is None, f"{customer.identity}: {customer.wrong!r}")
    ask(f"{stack.loyalty.url}/admin/faults", method="DELETE")
    told = sum(customer.told or 0 for customer in customers)
    check(told > 0, "somebody paid")
    wait_until(lambda: member_of(stack, "M-64")["held"] == 0, 120, "what was held to be free")
    spent = [item for item in book(stack.loyalty.url, "/loyalty/v1/transactions", DAY)
             if item["type"] == "redemption" and item["member"] == "M-64"]
    check(sum(item["points"] for item in spent) == told, f"told {told}, the book says {spent}")
    check(len({item["reference"] for item in spent}) == len(spent), "captured once")
    left = member_of(stack, "M-64")["balance"]
    check(left == 1014 - told and left >= 0, f"{left} points left of 1014 less {told}")


def on_the_floor(stack):
    """The channel may grant 50 points of a member while the platform gives no answer."""
    till = Till(stack)
    earn(stack, 1, 3)
    check(ask(f"{stack.loyalty.url}/admin/faults", {"rate_503": 1.0}, "PUT")[0] == 200, "faults")
    status, granted, _ = till.authorise("F-1", 30)
    check((status, granted["state"], granted["granted_by"]) == (200, "authorised", "policy"), granted)
    status, waiting, _ = till.authorise("F-2", 21)
    check((status, waiting["state"]) == (202, "pending"), f"51 are too many: {waiting}")
    check(till.authorise("F-3", 5, channel="mobile")[1]["state"] == "pending", "not on this channel")
    status, taken, _ = till.capture(granted["id"], 30)
    check((status, taken["state"]) == (200, "settling"), taken)
    stack.server.kill()
    stack.start_server()
    ask(f"{stack.loyalty.url}/admin/faults", method="DELETE")
    wait_until(lambda: till.look(granted["id"])[1]["state"] == "captured", what="the settlement")
    check(till.look(granted["id"])[1]["granted_by"] == "policy", "it stays marked")
    check(member_of(stack)["balance"] == 87, member_of(stack))


def only_deducts(folder):
    """A copy of the packs whose loyalty platform has no holds."""
    packs = folder / "packs"
    shutil.copytree(ROOT / "connectors", packs)
    pack = packs / "sandbox-loyalty" / "connector.yaml"
    text = pack.read_text()
    check("\n  authorise:\n" in text, "the pack's authorise")
    pack.write_text(text.replace("\n  authorise:\n", "\n  not_offered:\n"))
    return packs


def held_here(stack):
    till = Till(stack)
    earn(stack, 1, 4)
    status, held, _ = till.authorise("H-1", 100)
    check((status, held["state"]) == (200, "authorised"), held)
    check(member_of(stack)["available"] == 156, "the platform knows nothing of it")
    check(till.authorise("H-2", 57)[1]["state"] == "declined", "156 less 100")
    stack.server.kill()
    stack.start_server()
    check(till.authorise("H-3", 57)[1]["state"] == "declined", "after a kill too")
    check(till.capture(held["id"], 60)[1]["state"] == "captured", "deducted")
    check(member_of(stack)["balance"] == 96, "60 less")
    status, held, _ = till.authorise("H-4", 96)
    check(held["state"] == "authorised", held)
    check(till.void(held["id"])[1]["state"] == "voided", "free again")


def ties_out(stack):
    def rests():
        return ask(f"{stack.server.url}/v1/overview")[1]["flows"]["open"] == 0

    wait_until(rests, 120, "every flow to come to rest")
    result = reconcile(stack.server.url, DAY, DAY)
    check(result["items"]["break"] == 0, f"breaks: {result}")
    check(result["points"]["crossfoot"] == result["points"]["loyalty"], f"points: {result}")


@contextlib.contextmanager
def stack_of(settings, **more):
    """With the data store that the test is run for."""
    if not ON_POSTGRES:
        with Stack(extra=settings, **more) as stack:
            yield stack
        return
    with contextlib.closing(Postgres()) as database:
        settings += "\nstore: {kind: postgres, url: env:STORE_URL}"
        with Stack(settings, {"STORE_URL": database.url}, **more) as stack:
            yield stack


def main():
    if ON_POSTGRES and Postgres.PROGRAMS is None:
        skip("PostgreSQL's server programs are not installed")
    with stack_of("checkout: {authorise_ms: 2000}") as stack:
        words_of_a_till(stack)
        balances(stack)
        baskets(stack)
        paid_with_points(stack)
        bad_input(stack)
        platform_away(stack)
        rush(stack)
        ties_out(stack)
    with stack_of("checkout: {authorise_ms: 700, floor: {pos: 50}, hold_default_s: 20}") as stack:
        on_the_floor(stack)
        ties_out(stack)
    with tempfile.TemporaryDirectory() as folder:
        packs = only_deducts(pathlib.Path(folder))
        with stack_of("checkout: {authorise_ms: 2000}", packs=packs) as stack:
            held_here(stack)
            rush(stack)
            ties_out(stack)
    print("checkout: ok")


if __name__ == "__main__":
    main()
