"""Goal: with the real binary, what a server recorded is proven by its anchors, live and at rest; an edit
behind its back is named with partition and position; the journal can be read and decided again."""
import json
import os
import shutil
import sqlite3
import stat
import subprocess

from support import BINARY, Stack, ask, check, sale, wait_until

SALES = 80


def audit(stack, command, *arguments):
    run = subprocess.run([str(BINARY), "audit", command, "--config",
                          str(stack.folder / "crossfoot.yaml"), *map(str, arguments)],
                         capture_output=True, text=True, timeout=60)
    return run.returncode, run.stdout, run.stderr


def sell(stack, first, count):
    for number in range(first, first + count):
        status, answer, _ = ask(f"{stack.server.url}/v1/transactions", sale(number))
        check(status == 202, f"sale {number}: {status} {answer}")

    def rests():
        _, overview, _ = ask(f"{stack.server.url}/v1/overview")
        return overview["flows"]["open"] == 0

    wait_until(rests, 60, "every leg to come to rest")


def check_one(stack, kind, edit):
    """Edits a copy of the store, of which only what is named must be found."""
    store = stack.folder / "store" / "crossfoot.sqlite"
    kept = stack.folder / "kept.sqlite"
    shutil.copy(store, kept)
    with sqlite3.connect(store) as database:
        partition, position = edit(database)
    database.close()
    code, out, _ = audit(stack, "verify", "--json")
    report = json.loads(out)
    check(code == 1 and not report["whole"], f"{kind} was not noticed: {out}")
    found = {(each["kind"], each["partition"], each["position"]) for each in report["findings"]}
    check((kind, partition, position) in found, f"{kind} at {partition}/{position}: {found}")
    check(all(each["at"].startswith("20") for each in report["findings"]), "each has a time")
    shutil.copy(kept, store)


def a_place(database, longest=False):
    order = "count(*) DESC" if longest else "random()"
    return database.execute("SELECT partition, max(position) FROM journal GROUP BY partition"
                            f" ORDER BY {order} LIMIT 1").fetchone()


def change_a_byte(database):
    partition, position = a_place(database)
    (entry,) = database.execute("SELECT entry FROM journal WHERE partition=? AND position=?",
                                (partition, position)).fetchone()
    entry = entry[:-1] + bytes([entry[-1] ^ 1])
    database.execute("UPDATE journal SET entry=? WHERE partition=? AND position=?",
                     (entry, partition, position))
    return partition, position


def cut_the_tail(database):
    partition, position = a_place(database)
    database.execute("DELETE FROM journal WHERE partition=? AND position=?", (partition, position))
    return partition, position


def remove_a_middle_row(database):
    partition, last = a_place(database, longest=True)
    check(last >= 2, f"a partition has more than one entry: {last}")
    database.execute("DELETE FROM journal WHERE partition=? AND position=1", (partition,))
    return partition, 1


def swap_two(database):
    partition, last = a_place(database, longest=True)
    entries = dict(database.execute(
        "SELECT position, entry FROM journal WHERE partition=? AND position IN (1, ?)",
        (partition, last)))
    for position, other in ((1, last), (last, 1)):
        database.execute("UPDATE journal SET entry=? WHERE partition=? AND position=?",
                         (entries[other], partition, position))
    return partition, 1


def main():
    outside = "audit: {anchor_folder: outside, anchor_entries: 100}"
    with Stack(outside) as stack:
        sell(stack, 1, SALES)
        anchors = stack.folder / "outside"
        wait_until(lambda: list(anchors.glob("anchor-*.json")), 30, "an anchor")
        # While the server runs.
        code, out, fault = audit(stack, "verify")
        check(code == 0 and "whole" in out, f"live: {code} {out} {fault}")
        key = stack.folder / "store" / "audit-key.pem"
        check(stat.S_IMODE(os.stat(key).st_mode) == 0o600, "the key is nobody else's")
        check(stack.server.stop() == 0, "the server ends cleanly")
        code, out, _ = audit(stack, "verify", "--json")
        report = json.loads(out)
        check(code == 0 and report["proven"] == report["entries"] > SALES,
              f"after a clean end everything is proven: {out}")

        older = stack.folder / "older.sqlite"
        store = stack.folder / "store" / "crossfoot.sqlite"
        shutil.copy(store, older)
        check_one(stack, "changed", change_a_byte)
        check_one(stack, "cut_off", cut_the_tail)
        check_one(stack, "missing", remove_a_middle_row)
        # The salt and the state differ, so the swapped entries are not what was anchored there.
        check_one(stack, "changed", swap_two)

        code, out, _ = audit(stack, "export", "--json")
        rows = [json.loads(line) for line in out.splitlines()]
        check(code == 0 and len(rows) == report["entries"], "export has a row an entry")
        first = next(row for row in rows if row["inputs"] and row["inputs"][0]["event"] == "begun")
        check(first["decider"] == 5 and first["state_hash"] and first["inputs"][0]["facts"]["now"],
              f"a row says what it was decided by: {first}")
        code, out, _ = audit(stack, "export", "--until", "2001-01-01")
        check((code, out) == (0, ""), "nothing was recorded then")
        code, out, fault = audit(stack, "replay", "--json")
        replayed = json.loads(out)
        check(code == 0 and replayed["same"] == SALES, f"decided again: {out} {fault}")
        check(replayed["entries"] == report["entries"], "all entries came out again")

        stack.start_server()
        sell(stack, SALES + 1, 5)
        stack.server.stop()
        check(audit(stack, "verify")[0] == 0, "it goes on from where it stood")
        shutil.copy(older, store)
        code, out, _ = audit(stack, "verify", "--anchor", anchors)
        check(code == 1 and "cut_off" in out, f"an older copy is noticed: {out}")
        shutil.rmtree(anchors)
        code, _, fault = audit(stack, "verify")
        check(code == 2 and "CF-9002" in fault, f"without anchors nothing is proven: {fault}")
        print(f"{report['entries']} entries, {report['anchors']} anchors: whole; "
              "four edits and an older copy named")


main()
