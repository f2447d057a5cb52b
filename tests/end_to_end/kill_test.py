"""Goal: the real binary, killed with SIGKILL at random moments under load and with misbehaving targets,
loses nothing that it accepted and repeats no effect. With `postgres` as second argument its data store
is a PostgreSQL server, which crashes at some of the moments too. CROSSFOOT_KILLS: how many kills."""
import contextlib
import os
import random
import sys
import time

from support import Postgres, Stack, Tills, ask, check, check_nothing_lost_or_twice, skip

ON_POSTGRES = "postgres" in sys.argv[2:]
KILLS = int(os.environ.get("CROSSFOOT_KILLS", 6 if ON_POSTGRES else 12))
random.seed(20261121)


@contextlib.contextmanager
def stack_and_database():
    if not ON_POSTGRES:
        with Stack() as stack:
            yield stack, None
        return
    if Postgres.PROGRAMS is None:
        skip("PostgreSQL's server programs are not installed")
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
        recoveries = []
        with Tills(stack) as tills:
            for kill in range(KILLS):
                time.sleep(random.uniform(0.1, 1.2))
                if database is not None and kill % 2 == 0:
                    # The server must get over this by itself; then it is killed as ever.
                    database.crash()
                    database.start()
                    tills.more(20, what="accepts after the crash of the database")
                stack.server.kill()
                began = time.monotonic()
                stack.start_server()
                recoveries.append(time.monotonic() - began)
            time.sleep(0.5)
        check(not tills.faults, tills.faults)
        for url in (stack.erp.url, stack.loyalty.url):
            ask(f"{url}/admin/faults", method="DELETE")
        check(len(tills.accepted) > 200, f"too little load: {len(tills.accepted)} sales")
        check_nothing_lost_or_twice(stack, tills.accepted)
        recoveries.sort()
        print(f"{len(tills.accepted)} sales, {KILLS} kills, none lost, none twice, ready again after "
              f"{recoveries[len(recoveries) // 2]:.2f} s (median), {recoveries[-1]:.2f} s (most)")


main()
