"""Goal: bad and hostile input gets a clear problem, changes nothing, and the server goes on."""
import json
import socket
import time
import urllib.parse

from support import Stack, ask, check, sale, wait_until


def raw(url, data, patience=20):
    """Sends bytes as they are; what comes back until the server closes or answers."""
    parts = urllib.parse.urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=patience) as peer:
        peer.sendall(data)
        peer.settimeout(patience)
        received = b""
        try:
            while b"\r\n\r\n" not in received:
                piece = peer.recv(65536)
                if not piece:
                    break
                received += piece
        except TimeoutError:
            pass
        return received.split(b"\r\n", 1)[0].decode()


def post(body, length=None, extra=""):
    head = f"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{extra}"
    head += f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    return head.encode() + body


def transaction(**changes):
    return json.dumps(sale(1, **changes)).encode()


def cases():
    good = transaction()
    line = sale(1)["lines"][0]
    yield "truncated", good[:-20], 400, "CF-1001", None
    yield "trailing", good + b"{}", 400, "CF-1002", None
    yield "wrong type", transaction(lines={}), 400, "CF-1201", "/lines"
    yield "duplicate key", good[:-1] + b',"kind":"sale"}', 400, "CF-1006", None
    yield "NaN", good.replace(b'"2"', b"NaN"), 400, "CF-1001", None
    yield "number", good.replace(b'"quantity": "2"', b'"quantity": 2'), 400, "CF-1207", \
        "/lines/0/quantity"
    yield "huge number", transaction(lines=[dict(line, unit_price="9" * 60)]), 400, None, \
        "/lines/0/unit_price"
    yield "1 MB text", transaction(member="x" * 1_000_000), 400, "CF-1214", "/member"
    yield "depth", b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "CF-1004", None
    yield "100,000 lines", transaction(lines=[{"line": 1}] * 100_000), 400, "CF-1213", "/lines"
    yield "UTF-8", good.replace(b"A-0", b"A-\xff\xfe"), 400, "CF-1003", None
    yield "currency", transaction(currency="XQQ"), 400, "CF-1209", "/currency"
    yield "old", transaction(occurred_at="1999-12-31T23:59:59Z"), 400, "CF-1210", "/occurred_at"
    yield "future", transaction(occurred_at="2099-01-01T00:00:00Z"), 400, "CF-1210", \
        "/occurred_at"
    yield "no identity", json.dumps({k: v for k, v in sale(1).items() if k != "sequence"}).encode(), \
        400, None, None


def refused(url):
    for name, body, status, code, pointer in cases():
        got, problem, head = ask(f"{url}/v1/transactions", body)
        check(got in (status, 413), f"{name}: {got} {str(problem)[:300]}")
        check(head["Content-Type"].startswith("application/problem+json"), f"{name}: no problem")
        check(problem["correlation_id"] and problem["retryable"] is False, f"{name}: {problem}")
        codes = {problem["code"]} | {item["code"] for item in problem.get("errors", [])}
        check(code is None or code in codes, f"{name}: {problem}")
        pointers = [item["pointer"] for item in problem.get("errors", [])]
        check(pointer is None or pointer in pointers, f"{name}: {pointers}")
        page, _, _ = ask(url + problem["type"])
        check(page == 200, f"{name}: {problem['type']} has no page")


def unknown_fields(url, strict_url):
    extra = sale(2, colour="green")
    status, answer, _ = ask(f"{url}/v1/transactions", extra)
    check(status == 202, f"record_and_ignore: {status} {answer}")
    status, problem, _ = ask(f"{strict_url}/v1/transactions", extra)
    check(status == 400 and problem["errors"][0]["pointer"] == "/colour", f"strict: {problem}")


def conflicts(url):
    status, first, _ = ask(f"{url}/v1/transactions", sale(3), headers={"Idempotency-Key": '"k3"'})
    check(status == 202, f"{status} {first}")
    status, again, head = ask(f"{url}/v1/transactions", sale(3),
                              headers={"Idempotency-Key": "k3"})
    check(again["id"] == first["id"] and head["Idempotent-Replayed"] == "true", "V16")
    status, problem, _ = ask(f"{url}/v1/transactions", sale(4), headers={"Idempotency-Key": "k3"})
    check(status == 422 and problem["code"] == "CF-2422", f"V17: {problem}")
    status, held, _ = ask(f"{url}/v1/transactions", sale(3, member="M-OTHER"))
    check(status == 202 and held["state"] == "held", f"V17: {held}")
    check(held["conflict_with"] == first["id"], f"V17: {held}")
    status, parked, _ = ask(f"{url}/v1/transactions", sale(5, totals={"gross": "1.00"}))
    check(status == 202, "a business fault is no bad input")
    _, state, _ = ask(f"{url}/v1/transactions/{parked['id']}")
    check(state["flow"]["state"] == "parked", f"totals that do not add up: {state['flow']}")
    check(state["flow"]["legs"][0]["reason"] == "CF-3001", f"{state['flow']['legs'][0]}")


def hostile(url):
    good = transaction()
    check("400" in raw(url, post(good, extra="Content-Length: 5\r\n")), "conflicting lengths")
    check("400" in raw(url, post(good, extra="Transfer-Encoding: chunked\r\n")), "length and chunks")
    check("400" in raw(url, post(good, length="-1")), "negative length")
    check(raw(url, b"POST /v1/transactions HTTP/1.1\r\nHost: x\r\n\r\n").split()[1]
          in ("400", "411", "415"), "no length")
    check("400" in raw(url, b"\x16\x03\x01\x02\x00\x01\x00\x01"), "TLS to a plain port")
    check("431" in raw(url, b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"), "long header")
    began = time.monotonic()
    first = raw(url, post(good, length=len(good) + 10), patience=60)  # the rest never comes
    check("408" in first or first == "", f"a slow body: {first!r}")
    check(time.monotonic() - began < 60, "a slow body is ended by the server")


def main():
    with Stack() as stack, Stack("contract: {unknown_fields: strict}") as strict:
        url = stack.server.url
        refused(url)
        unknown_fields(url, strict.server.url)
        conflicts(url)
        hostile(url)
        status, answer, _ = ask(f"{url}/v1/transactions", sale(100))
        check(status == 202, f"the server goes on: {status} {answer}")
        wait_until(lambda: ask(f"{url}/v1/transactions/{answer['id']}")[1]["flow"]["state"] ==
                   "done", 30, "a good sale to be done")
        _, timeline, _ = ask(f"{url}/v1/transactions/{answer['id']}/timeline")
        events = [(entry["kind"], entry["event"]) for entry in timeline["entries"]]
        check(("accrue", "acknowledged") in events and ("post", "acknowledged") in events,
              f"timeline: {events}")
        _, overview, _ = ask(f"{url}/v1/overview")
        check(overview["invalid"] > 0, "what was refused is kept and counted")


main()
