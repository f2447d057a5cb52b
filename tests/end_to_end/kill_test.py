"""Goal: the real binary, killed with SIGKILL at random moments under load and with misbehaving targets,
loses nothing that it accepted and repeats no effect. With `postgres` as second argument its data store
is a PostgreSQL server, which crashes at some of the moments too."""
import contextlib
import random
import sys
import threading
import time

from support import Postgres, Stack, ask, book, check, reconcile, sale, wait_until

ON_POSTGRES = "postgres" in sys.argv[2:]
KILLS = 6 if ON_POSTGRES else 12
random.seed(20261121)


@contextlib.contextmanager
def stack_and_database():
    if not ON_POSTGRES:
        with Stack() as stack:
            yield stack, None
        return
    if Postgres.PROGRAMS is None:
        print("skipped: PostgreSQL's server programs are not installed")
        sys.exit(77)
    with contextlib.closing(Postgres()) as database:
        with Stack("store: {kind: postgres, url: env:STORE_URL}",
                   {"STORE_URL": database.url}) as stack:
            yield stack, database


def main():
    with stack_and_database() as (stack, database):
        faults = {"latency_ms": [0, 20], "rate_429": 0.02, "rate_503": 0.02,
                  "rate_timeout_after_success": 0.01, "rate_malformed": 0.01}
        for url in (stack.erp.url, stack.loyalty.url):
            status, answer, _ = ask(f"{url}/admin/faults", faults, "PUT")
            check(status in (200, 204), f"faults: {status} {answer}")
        accepted, stop, numbers, lock = {}, threading.Event(), iter(range(1, 1_000_000)), \
            threading.Lock()

        def channel():
            while not stop.is_set():
                with lock:
                    number = next(numbers)
                body = sale(number, member=random.choice(["", "M-1", "M-2", "M-3"]))
                while not stop.is_set():  # a till sends until it has an answer
                    try:
                        status, answer, _ = ask(f"{stack.server.url}/v1/transactions", body)
                    except OSError:
                        time.sleep(0.02)
                        continue
                    if status == 202:
                        accepted[number] = (answer["id"], body)
                        break
                    check(status == 503, f"sale {number}: {status} {answer}")
                    time.sleep(0.02)

        channels = [threading.Thread(target=channel) for _ in range(6)]
        for thread in channels:
            thread.start()
        recoveries = []
        for kill in range(KILLS):
            time.sleep(random.uniform(0.1, 1.2))
            if database is not None and kill % 2 == 0:
                # The server must get over this by itself; then it is killed as ever.
                database.crash()
                database.start()
                before = len(accepted)
                wait_until(lambda: len(accepted) > before + 20, 60, "accepts after the crash")
            stack.server.kill()
            began = time.monotonic()
            stack.start_server()
            recoveries.append(time.monotonic() - began)
        time.sleep(0.5)
        stop.set()
        for thread in channels:
            thread.join()
        for url in (stack.erp.url, stack.loyalty.url):
            ask(f"{url}/admin/faults", method="DELETE")
        check(len(accepted) > 200, f"too little load: {len(accepted)} sales")

        def rests():
            _, overview, _ = ask(f"{stack.server.url}/v1/overview")
            return overview["flows"]["open"] == 0

        wait_until(rests, 180, "every leg to come to rest")
        for number, (identity, body) in accepted.items():
            status, state, _ = ask(f"{stack.server.url}/v1/transactions/{identity}")
            check(status == 200, f"accepted sale {number} is gone: {status}")
            check(state["flow"]["state"] == "done", f"sale {number}: {state['flow']}")
            status, again, head = ask(f"{stack.server.url}/v1/transactions", body)
            check(status == 202 and again["id"] == identity, f"sale {number} was taken twice")
            check(head["Idempotent-Replayed"] == "true", "a repeat is marked")
        for url, path in ((stack.erp.url, "/erp/v1/documents"),
                          (stack.loyalty.url, "/loyalty/v1/transactions")):
            references = [item["reference"] for item in book(url, path, "2026-11-21")]
            check(len(references) == len(set(references)), f"an effect twice in {url}{path}")
        result = reconcile(stack.server.url, "2026-11-21", "2026-11-21")
        check(result["items"]["break"] == 0, f"breaks: {result}")
        recoveries.sort()
        print(f"{len(accepted)} sales, {KILLS} kills, ready again after "
              f"{recoveries[len(recoveries) // 2]:.2f} s (median), {recoveries[-1]:.2f} s (most)")


main()
