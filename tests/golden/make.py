#!/usr/bin/env python3
"""make.py BINARY: writes the golden data stores of that binary's release into a folder beside this file."""
import contextlib
import io
import json
import lzma
import pathlib
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "end_to_end"))
from support import BINARY, Postgres, Stack, ask, check, sale, wait_until  # noqa: E402

BY = {"by": "j.meier", "reason": "golden files"}
SHOP = {"shop": "DE-001", "register": "1", "business_date": "2026-11-21"}


def bodies():
    """A day with every kind of end: done, returned, voided, held, waiting for its sale."""
    yield from (sale(number, member=f"M-{number % 3}") for number in range(1, 11))
    yield sale(3, count=3)  # the number of another sale: held
    yield take_back(11, 1)
    yield {**sale(12, member="M-2"), "kind": "void", "original": {**SHOP, "sequence": "2"}}
    yield take_back(13, 900)  # of a sale that has not come


def take_back(number, original):
    body = sale(number, member=f"M-{original % 3}", count=1, kind="return")
    body["lines"][0] |= {"quantity": "1",
                         "original": {**SHOP, "sequence": str(original), "line": 1}}
    body["tenders"] = [{"kind": "card", "amount": "9.99"}]
    return body


def waiting():
    """What loyalty has not heard of when the server stops."""
    return (sale(number, member=f"M-{number % 3}") for number in range(21, 27))


def read_back(url):
    """Everything that the server tells of its messages, by id."""
    status, page, _ = ask(f"{url}/v1/transactions?limit=200")
    check(status == 200 and not page.get("next"), page)
    return {item["id"]: ask(f"{url}/v1/transactions/{item['id']}")[1] for item in page["items"]}


def live_a_day(stack):
    """Leaves the server stopped. What was sent, with the answers, and what can be read of it."""
    url, sent = stack.server.url, []

    def send(body):
        status, answer, _ = ask(f"{url}/v1/transactions", body)
        check(status == 202, f"{status} {answer}")
        sent.append({"body": body, "id": answer["id"]})

    for body in bodies():
        send(body)
    status, _, _ = ask(f"{url}/v1/transactions", sale(14, currency="XXY"))
    check(status == 400, f"unreadable: {status}")
    wait_until(lambda: ask(f"{url}/v1/overview")[1]["flows"]["done"] == 12, 60, "twelve done")
    status, answer, _ = ask(f"{url}/v1/pauses", {"kind": "target", "value": "loyalty", **BY})
    check(status == 200, f"{status} {answer}")
    for body in waiting():
        send(body)

    def posted():
        flows = read_back(url).values()
        return sum(leg["state"] == "done" for flow in flows if flow.get("flow")
                   for leg in flow["flow"]["legs"] if leg["kind"] == "post") == 16

    wait_until(posted, 60, "the ERP's legs")
    stored = read_back(url)
    check(stack.server.stop() == 0, "a clean stop")
    stack.server = None
    return {"sent": sent, "stored": stored}


def main():
    version = subprocess.run([BINARY, "version"], capture_output=True, text=True,
                             check=True).stdout.split()[-1]
    folder = HERE / version
    folder.mkdir()
    expected = {}
    with Stack() as stack:
        expected["sqlite"] = live_a_day(stack)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:xz") as archive:
            archive.add(stack.folder / "store", "store")
        (folder / "store.tar.xz").write_bytes(packed.getvalue())
    with contextlib.closing(Postgres()) as database:
        with Stack("store: {kind: postgres, url: env:STORE_URL}",
                   {"STORE_URL": database.url}) as stack:
            expected["postgres"] = live_a_day(stack)
        dump = subprocess.run([Postgres.PROGRAMS / "pg_dump", "--schema=crossfoot", "--no-owner",
                               database.url], capture_output=True, check=True).stdout
        (folder / "store.sql.xz").write_bytes(lzma.compress(dump))
    (folder / "expected.json.xz").write_bytes(lzma.compress(json.dumps(expected).encode()))
    for path in folder.iterdir():
        print(f"{path.relative_to(HERE)}: {path.stat().st_size} bytes")


main()
