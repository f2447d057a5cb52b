"""Goal: what is stuck is counted, then let go on from the command line; the books agree afterwards."""
import json
import subprocess

from support import BINARY, Stack, ask, check, book, reconcile, sale, wait_until

BY = {"by": "j.meier", "reason": "the till sent test receipts"}


def replay(url, *arguments):
    done = subprocess.run([str(BINARY), "replay", "--to", url, "--by", "j.meier", "--reason",
                           "checked", "--json", *arguments], capture_output=True, text=True,
                          timeout=120)
    check(done.returncode == 0, f"replay: {done.returncode} {done.stderr}")
    return json.loads(done.stdout)


def pauses(url, *arguments):
    done = subprocess.run([str(BINARY), *arguments, "--to", url, "--json"], capture_output=True,
                          text=True, timeout=60)
    check(done.returncode == 0, f"{arguments}: {done.returncode} {done.stderr}")
    return [(each["kind"], each["value"]) for each in json.loads(done.stdout)["items"]]


def flows(url):
    return ask(f"{url}/v1/overview")[1]["flows"]


def main():
    with Stack() as stack:
        url = stack.server.url
        status, answer, _ = ask(f"{url}/v1/pauses", {"kind": "shop", "value": "DE-001", **BY})
        check(status == 200, f"{status} {answer}")
        for number in range(1, 21):
            status, answer, _ = ask(f"{url}/v1/transactions", sale(number, member=f"M-{number}"))
            check(status == 202, f"{status} {answer}")
        status, answer, _ = ask(f"{url}/v1/transactions", sale(1, shop="DE-002"))
        check(status == 202, f"{status} {answer}")
        wait_until(lambda: flows(url) == {"open": 0, "done": 1, "parked": 20, "dead": 0}, 60,
                   "twenty parked, one done")
        check(len(book(stack.erp.url, "/erp/v1/documents", "2026-11-21")) == 1, "a paused shop posts")

        stack.server.kill()
        stack.start_server()
        url = stack.server.url
        groups = ask(f"{url}/v1/dead-letters:groups")[1]["groups"]
        check([(g["code"], g["count"], g["money"]) for g in groups]
              == [("CF-3113", 20, {"EUR": "799.20"})], groups)
        counted = replay(url, "--code", "CF-3113")
        check(counted["dry_run"] and counted["flows"] == 20 and counted["legs"]["total"] == 40
              and counted["legs"]["already_done"] == 0, counted)
        held = replay(url, "--shop", "DE-001", "--run")
        check(held["legs"]["selected"] == 40, held)
        wait_until(lambda: flows(url)["parked"] == 20, 60, "the pause holding them again")

        status, left, _ = ask(f"{url}/v1/pauses:end", {"kind": "shop", "value": "DE-001", **BY})
        check(status == 200 and left["items"] == [], f"{status} {left}")
        wait_until(lambda: flows(url)["done"] == 21, 60, "everything done")
        documents = book(stack.erp.url, "/erp/v1/documents", "2026-11-21")
        references = [document["reference"] for document in documents]
        check(len(references) == 21 and len(set(references)) == 21, f"{len(references)} documents")
        why = ("--by", "j.meier", "--reason", "the north moves house")
        check(pauses(url, "pause", "region", "DE", *why) == [("region", "DE")], "a paused region")
        check(pauses(url, "pause") == [("region", "DE")], "the list of pauses")
        check(pauses(url, "resume", "region", "DE", *why) == [], "an ended pause")
        summary = reconcile(url, "2026-11-21", "2026-11-21")
        check(summary["items"]["break"] == 0 and summary["receipts"] == 21, summary)


main()
