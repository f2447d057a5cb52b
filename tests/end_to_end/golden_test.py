"""Goal: this binary opens the data stores that each earlier release left behind: it reads back what that
release told, knows every key, lets what waits go on, and finds the audit chain whole."""
import contextlib
import json
import lzma
import subprocess
import tarfile

from support import BINARY, ROOT, Postgres, Stack, ask, book, check, sale, wait_until

GOLDEN = ROOT / "tests" / "golden"
BY = {"by": "j.meier", "reason": "golden files"}
DAY = "2026-11-21"


def differences(told, now, place=""):
    """What was told once and is told otherwise now; new members may come."""
    if isinstance(told, dict) and isinstance(now, dict):
        for name, value in told.items():
            yield from differences(value, now.get(name), f"{place}/{name}")
    elif isinstance(told, list) and isinstance(now, list) and len(told) == len(now):
        for index, value in enumerate(told):
            yield from differences(value, now[index], f"{place}/{index}")
    elif told != now:
        yield f"{place}: {told!r} became {now!r}"


def flow_states(url):
    return ask(f"{url}/v1/overview")[1]["flows"]


def check_opens_and_goes_on(stack, expected):
    url = stack.server.url
    for identity, told in expected["stored"].items():
        status, now, _ = ask(f"{url}/v1/transactions/{identity}")
        check(status == 200, f"{identity}: {status}")
        check(not list(differences(told, now)), list(differences(told, now)))
    for message in expected["sent"]:
        status, again, head = ask(f"{url}/v1/transactions", message["body"])
        check(status == 202 and again["id"] == message["id"]
              and head["Idempotent-Replayed"] == "true", f"known before: {status} {again}")
    waiting = [identity for identity, told in expected["stored"].items()
               if told["flow"] and told["flow"]["state"] == "open"]
    check(len(waiting) >= 6, f"only {len(waiting)} flows wait")
    status, left, _ = ask(f"{url}/v1/pauses:end", {"kind": "target", "value": "loyalty", **BY})
    check(status == 200 and left["items"] == [], f"the pause was stored: {status} {left}")

    # The sale that a return waits for comes at last. Its accrual is reversed for what came back.
    status, answer, _ = ask(f"{url}/v1/transactions", sale(900, member="M-0"))
    check(status == 202, f"{status} {answer}")
    states = len(expected["stored"])

    # Between the sale's end and the book's answer nothing is open, and the return is still parked.
    def is_done():
        told = flow_states(url)
        return told["open"] == told["parked"] == told["dead"] == 0

    wait_until(is_done, 60, "everything done")
    accruals = book(stack.loyalty.url, "/loyalty/v1/transactions", DAY)
    references = [item["reference"] for item in accruals]
    check(len(references) == len(set(references)) and len(references) >= 8,
          f"{len(references)} effects of what waited, of {states} messages")


def verify_audit(*place):
    run = subprocess.run([str(BINARY), "audit", "verify", *map(str, place)], capture_output=True,
                         text=True, timeout=60)
    check(run.returncode == 0, f"audit verify: {run.returncode} {run.stdout} {run.stderr}")


def sqlite(folder, expected):
    with Stack(before_server=lambda there: unpack(folder / "store.tar.xz", there)) as stack:
        check_opens_and_goes_on(stack, expected)
        check(stack.server.stop() == 0, "a clean stop")
        stack.server = None
        verify_audit("--config", stack.folder / "crossfoot.yaml")


def unpack(archive, folder):
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")


def postgres(folder, expected):
    with contextlib.closing(Postgres()) as database:
        sql = lzma.decompress((folder / "store.sql.xz").read_bytes())
        subprocess.run([Postgres.PROGRAMS / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1",
                        database.url], input=sql, check=True, stdout=subprocess.DEVNULL)
        with Stack("store: {kind: postgres, url: env:STORE_URL}",
                   {"STORE_URL": database.url}) as stack:
            check_opens_and_goes_on(stack, expected)


def main():
    releases = sorted(path for path in GOLDEN.iterdir() if path.is_dir())
    check(releases, "no golden files")
    for release in releases:
        expected = json.loads(lzma.decompress((release / "expected.json.xz").read_bytes()))
        sqlite(release, expected["sqlite"])
        if Postgres.PROGRAMS is None:
            print(f"{release.name}: SQLite; PostgreSQL's server programs are not installed")
            continue
        postgres(release, expected["postgres"])
        print(f"{release.name}: SQLite and PostgreSQL, {len(expected['sqlite']['stored'])} messages each")


main()
