"""Goal: a channel team can judge a registry, compare versions and try its messages and a running
server from a shell, and is told what breaks where."""
import json
import pathlib
import shutil
import subprocess
import tempfile

from support import BINARY, ROOT, Stack, ask, check, sale

REGISTRY = ROOT / "api" / "contracts"


def run(*arguments, status):
    done = subprocess.run([str(BINARY), "contract", *map(str, arguments)], capture_output=True,
                          timeout=120)
    check(done.returncode == status,
          f"{arguments}: status {done.returncode}, not {status}\n"
          f"{done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout.decode(), done.stderr.decode()


def report(*arguments, status):
    out, _ = run(*arguments, "--json", status=status)
    return json.loads(out)


class Copy:
    """A registry of one contract, to be spoilt."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.folder = self.path / "contracts"
        self.folder.mkdir()
        self.write("contracts/registry.json", {"documents": {"/schemas": "../schemas"},
                                               "notice_days_min": 90, "quiet_days_min": 30})
        self.schema("v1.json", {})
        self.schema("v1_1.json", {"properties": {"note": {"type": "string", "description": "n"}}})
        self.write("good.json", {"id": "a", "amount": "1.00", "booked_at": "2026-01-02T03:04:05Z"})
        self.contract([self.version("1.0.0", "v1.json"), self.version("1.1.0", "v1_1.json")])

    def write(self, name, content):
        path = self.path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def schema(self, name, changes):
        properties = {
            "id": {"type": "string", "description": "d"},
            "amount": {"type": "string", "description": "d"},
            "booked_at": {"type": "string", "format": "date-time", "description": "d"}}
        properties.update(changes.get("properties", {}))
        return self.write(name, {"type": "object", "additionalProperties": False, "required": ["id"],
                                 **changes, "properties": properties})

    @staticmethod
    def version(number, schema, state="active", **more):
        return {"version": number, "state": state, "schema": f"../{schema}",
                "examples": ["../good.json"], **more}

    def contract(self, versions, **more):
        self.write("contracts/slip.json", {
            "contract": "slip", "kind": "event", "title": "Slip", "description": "A slip.",
            "owner": {"team": "T", "contact": "mailto:t@x.example"}, "classification": "internal",
            "versions": versions, **more})

    def findings(self, *arguments, errors):
        lint = report("lint", self.folder, "--today", "2026-11-24", *arguments,
                      status=1 if errors else 0)
        check(lint["errors"] == errors, lint)
        return [(f["rule"], f["place"]) for f in lint["findings"] if f["severity"] == "error"]


def published():
    """The product's own registry breaks none of its rules."""
    lint = report("lint", REGISTRY, status=0)
    check(lint["errors"] == 0 and lint["contracts"] >= 13, lint)
    out, _ = run("lint", REGISTRY, status=0)
    check(out.splitlines()[-1].endswith(f"0 errors, {lint['warnings']} warnings"), out[-200:])


def rules(copy):
    version = copy.version
    check(copy.findings(errors=0) == [], "a clean registry")
    spoilt = [
        ("a decimal as a number", "v1_1.json", {"properties": {"rate": {"type": "number", "description": "d"}}},
         [("decimals", "/rate")]),
        ("a date without a format", "v1_1.json",
         {"properties": {"due_date": {"type": "string", "description": "d"}}}, [("dates", "/due_date")]),
        ("a breaking change", "v1_1.json", {"required": ["id", "amount"]},
         [("compatibility", "/amount")]),
        ("an example that does not fit", "v1_1.json", {"properties": {"id": {"enum": ["a"], "description": "d"},
         "amount": {"type": "string", "maxLength": 3, "description": "d"}}},
         [("examples", "../good.json#/amount"), ("compatibility", "/id"), ("compatibility", "/amount")]),
        ("no schema", "v1_1.json", {"type": 5}, [("schema", "../v1_1.json:#/type")]),
    ]
    for name, file, changes, expected in spoilt:
        copy.schema(file, changes)
        found = copy.findings(errors=len(expected))
        check(sorted(found) == sorted(expected), f"{name}: {found}")
    copy.schema("v1_1.json", {})
    ended = {"deprecated_at": "2026-01-01", "sunset_at": "2026-06-01"}
    lives = [
        ("written newest first", [version("1.1.0", "v1.json"), version("1.0.0", "v1.json")], {},
         ["versions"]),
        ("deprecated without dates", [version("1.0.0", "v1.json", "deprecated"),
                                      version("2.0.0", "v1.json")], {}, ["life"]),
        ("short notice", [version("1.0.0", "v1.json", "deprecated", deprecated_at="2026-01-01",
                                  sunset_at="2026-01-31"), version("2.0.0", "v1.json")], {}, ["life"]),
        ("an active one with an end", [version("1.0.0", "v1.json", "active", **ended)], {}, ["life"]),
        ("nothing to go to", [version("1.0.0", "v1.json", "deprecated", **ended)], {}, ["versions"]),
        ("retired too soon", [version("1.0.0", "v1.json", "retired", deprecated_at="2026-01-01",
                                      sunset_at="2027-01-01"), version("2.0.0", "v1.json")], {},
         ["retirement"]),
        ("retired under a consumer", [version("1.0.0", "v1.json", "retired", **ended),
                                      version("2.0.0", "v1.json")],
         {"consumers": [{"name": "till", "version": "1.0.0", "contact": "c"}]}, ["retirement"]),
        ("a consumer of nothing", [version("1.0.0", "v1.json")],
         {"consumers": [{"name": "till", "version": "3.0.0", "contact": "c"}]}, ["consumers"]),
        ("an owner of no field", [version("1.0.0", "v1.json")], {"field_owners": {"/nothing": "erp"}},
         ["field_owners"]),
    ]
    for name, versions, more, expected in lives:
        copy.contract(versions, **more)
        found = [rule for rule, _ in copy.findings(errors=len(expected))]
        check(found == expected, f"{name}: {found}")
    copy.contract([version("1.0.0", "v1.json", "retired", **ended), version("2.0.0", "v1.json")])
    check(copy.findings(errors=0) == [], "retired in order")
    for day, errors in (("2026-11-20", 1), ("2026-10-01", 0)):
        callers = copy.write("callers.json", {"contract": "slip", "counted_since": "2026-07-01T00:00:00Z", "callers": [
            {"caller": "till-7", "version": "1.0.0", "calls": 3, "last_at": f"{day}T10:00:00Z"}]})
        copy.findings("--callers", callers, errors=errors)
    fresh = copy.write("callers.json", {"contract": "slip", "callers": [],
                                        "counted_since": "2026-11-20T00:00:00Z"})
    copy.findings("--callers", fresh, errors=1)
    _, err = run("lint", copy.folder, "--callers", copy.write("no.json", "{}"), status=2)
    check(err.startswith("CF-7010"), err)
    copy.contract([version("1.0", "v1.json")])
    _, err = run("lint", copy.folder, status=2)
    check(err.startswith("CF-7010 slip.json:/versions/0/version"), err)
    _, err = run("lint", copy.path / "nowhere", status=2)
    check(err.startswith("CF-7010"), err)


def differences(copy):
    old = copy.schema("old.json", {})
    new = copy.schema("new.json", {"required": ["id", "amount"]})
    out, _ = run("diff", old, new, "--registry", copy.folder, status=1)
    check(out.startswith('breaking  backward /amount required: "amount" is required in the newer'), out)
    check("CF-7013" in out, out)
    run("diff", old, new, "--direction", "forward", "--registry", copy.folder, status=0)
    full = report("diff", old, new, "--direction", "full", "--registry", copy.folder, status=1)
    check(full["compatible"] is False and [
        (c["severity"], c["direction"], c["instance_pointer"], c["schema_pointer"], c["keyword"])
        for c in full["changes"]] == [("breaking", "backward", "/amount", "#/required", "required")],
        full)
    copy.contract([copy.version("1.0.0", "v1.json"), copy.version("1.1.0", "v1_1.json")])
    run("diff", "slip@1.0.0", "slip@1.1.0", "--registry", copy.folder, status=0)
    run("diff", "slip@1.0.0", "slip@1.1.0", "--direction", "full", "--registry", copy.folder, status=1)
    _, err = run("diff", "slip@1.0.0", "slip@9", "--registry", copy.folder, status=2)
    check(err.startswith("CF-7011"), err)
    transaction = json.loads((ROOT / "api/schemas/transaction/v1.json").read_text())
    transaction["properties"]["till_note"] = {"type": "string"}
    changed = copy.write("transaction.json", transaction)
    own = ("diff", "transaction@1.0.0", changed, "--registry", REGISTRY)
    run(*own, status=1)
    out, _ = run(*own, "--tolerate-additions", status=0)
    check("warning   backward /till_note properties" in out, out)


def messages(copy):
    folder = ("--registry", REGISTRY)
    run("test", "transaction", *folder, status=0)
    lines = [sale(1), sale(2, channel="abroad"), {}]
    stream = copy.write("tills.ndjson", "\n".join(json.dumps(one) for one in lines[:2]) + "\n\n{\n")
    tried = report("test", "transaction@1", "--messages", stream, copy.write("one.json", sale(3)),
                   *folder, status=1)
    check((tried["version"], tried["tried"], tried["good"]) == ("1.0.0", 4, 2), tried)
    by_name = {pathlib.Path(t["name"]).name: t for t in tried["trials"]}
    check(by_name["tills.ndjson:1"]["good"] and by_name["one.json"]["good"], tried)
    check(by_name["tills.ndjson:2"]["errors"][0]["instance_pointer"] == "/channel", tried)
    check(by_name["tills.ndjson:4"]["cause"].startswith("CF-1001"), tried)
    out, _ = run("test", "transaction", "--messages", stream, *folder, status=1)
    check("CF-7014" in out and "1 of 3 as agreed" in out, out)
    _, err = run("test", "nothing", *folder, status=2)
    check(err.startswith("CF-7011"), err)
    run("test", "transaction", "--messages", copy.path / "absent.json", *folder, status=2)


def provider(copy):
    """The examples go to a real server; a server that answers otherwise than declared is caught."""
    folder = copy.path / "api"
    shutil.copytree(ROOT / "api", folder)
    with Stack() as stack:
        tried = report("test", "transaction", "--provider", stack.server.url, "--registry",
                       folder / "contracts", status=0)
        check(tried["tried"] == 5 and tried["good"] == 5, tried)
        status, known, _ = ask(stack.server.url + "/v1/contracts/transaction/consumers")
        check(status == 200 and [(c["version"], c["calls"]) for c in known["callers"]] ==
              [("1.0.0", 5)], known)
        run("lint", folder / "contracts", "--callers", copy.write("callers.json", known), status=0)
        status, schema, head = ask(stack.server.url + "/v1/contracts/price/versions/1")
        check(head["Content-Type"] == "application/schema+json" and
              schema == json.loads((ROOT / "api/schemas/price/v1.json").read_text()), head)
        api = json.loads((folder / "openapi.json").read_text())
        api["components"]["schemas"]["Accepted"]["required"].append("never_sent")
        (folder / "openapi.json").write_text(json.dumps(api))
        tried = report("test", "transaction", "--provider", stack.server.url, "--registry",
                       folder / "contracts", status=1)
        check(tried["good"] == 0 and tried["trials"][0]["errors"][0]["keyword"] == "required", tried)
        _, err = run("test", "price", "--provider", stack.server.url, "--registry",
                     folder / "contracts", status=2)
        check(err.startswith("CF-7010 price.json:/provider"), err)
        url = stack.server.url
    tried = report("test", "transaction", "--provider", url, "--registry", folder / "contracts",
                   status=1)
    check(tried["good"] == 0, tried)


def main():
    published()
    for story in (rules, differences, messages, provider):
        with tempfile.TemporaryDirectory(prefix="crossfoot-test-") as path:
            story(Copy(path))


main()
