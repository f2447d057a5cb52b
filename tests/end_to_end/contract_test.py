"""Goal: `crossfoot contract validate` tells good from bad from unusable, whatever it is given."""
import json
import pathlib
import subprocess
import tempfile

from support import BINARY, ROOT, check

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object", "required": ["id", "amount"],
    "properties": {"id": {"type": "string", "minLength": 1},
                   "amount": {"$ref": "https://example.test/common/money.json#/$defs/money"},
                   "day": {"type": "string", "format": "date"},
                   "next": {"$ref": "#"}}}
MONEY = {"$defs": {"money": {"type": "string", "pattern": "^[0-9]+\\.[0-9]{2}$"}}}


class Folder:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        (self.path / "common").mkdir()
        self.write("common/money.json", MONEY)
        self.schema = self.write("schema.json", SCHEMA)
        self.remotes = ("--remotes", f"{self.path}/common=https://example.test/common")

    def write(self, name, content):
        path = self.path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def run(self, *arguments, status):
        done = subprocess.run([str(BINARY), "contract", "validate", *map(str, arguments)],
                              capture_output=True, timeout=60)
        check(done.returncode == status,
              f"{arguments}: status {done.returncode}, not {status}\n{done.stdout}{done.stderr}")
        return done.stdout.decode(), done.stderr.decode()


def valid(folder):
    good = folder.write("good.json", {"id": "a", "amount": "1.00", "day": "no day"})
    out, err = folder.run(folder.schema, good, good, *folder.remotes, status=0)
    check(out == f"{good}: valid\n" * 2 and err == "", f"{out}{err}")
    out, _ = folder.run("--json", folder.schema, good, *folder.remotes, status=0)
    report = json.loads(out)
    check(report["valid"] is True and report["fault"] is None, report)
    check(report["files"] == [{"file": str(good), "valid": True, "errors": [], "more": False,
                               "fault": None}], report)
    folder.run("--remotes", f"{folder.path}=https://other.test", *folder.remotes, folder.schema, good,
               status=0)
    out, _ = folder.run("--format-assertion", folder.schema, good, *folder.remotes, status=1)
    check("/day" in out, "a format that is asserted")


def invalid(folder):
    good = folder.write("good.json", {"id": "a", "amount": "1.00"})
    bad = folder.write("bad.json", {"id": "", "amount": "1.0", "next": {"id": 5, "amount": "1.00"}})
    out, err = folder.run(folder.schema, bad, good, *folder.remotes, status=1)
    lines = out.splitlines()
    check(lines[0] == f"{bad}: CF-7005 not valid, 3 errors" and err == "", f"{out}{err}")
    check(lines[-1] == f"{good}: valid", out)
    out, _ = folder.run(folder.schema, bad, "--json", *folder.remotes, status=1)
    report = json.loads(out)
    errors = report["files"][0]["errors"]
    check(report["valid"] is False and report["files"][0]["valid"] is False, report)
    check([(e["instance_pointer"], e["schema_pointer"], e["keyword"]) for e in errors] ==
          [("/id", "#/properties/id/minLength", "minLength"),
           ("/amount", "https://example.test/common/money.json#/$defs/money/pattern", "pattern"),
           ("/next/id", "#/properties/id/type", "type")], errors)
    check(all(e["message"] for e in errors), errors)
    out, _ = folder.run(folder.schema, bad, "--json", "--errors", 1, *folder.remotes, status=1)
    first = json.loads(out)["files"][0]
    check(len(first["errors"]) == 1 and first["more"] is True, first)


def unusable(folder):
    good = folder.write("good.json", {"id": "a", "amount": "1.00"})
    cases = [
        ("no schema", [folder.path / "none.json", good], "CF-"),
        ("bad JSON schema", [folder.write("s1.json", "{"), good], "CF-1001"),
        ("bad keyword", [folder.write("s2.json", {"type": "text"}), good], "CF-7002"),
        ("another draft",
         [folder.write("s3.json", {"$schema": "http://json-schema.org/draft-07/schema#"}), good],
         "CF-7002"),
        ("no remotes", [folder.schema, good], "CF-7003"),
        ("no such remote",
         [folder.write("s4.json", {"$ref": "https://example.test/common/none.json"}), good,
          *folder.remotes], "CF-7003"),
        ("out of the folder",
         [folder.write("s5.json", {"$ref": "https://example.test/common/%2e%2e/schema.json"}), good,
          *folder.remotes], "CF-7003"),
        ("no folder", [folder.schema, good, "--remotes", "/none/such=https://a.test"], "CF-7003"),
        ("no instance", [folder.schema, folder.path / "none.json", *folder.remotes], "CF-"),
        ("bad instance", [folder.schema, folder.write("i1.json", "[1,]"), *folder.remotes],
         "CF-1001"),
        ("no UTF-8", [folder.schema, folder.write("i2.json", b'"\xff"'), *folder.remotes],
         "CF-1003"),
        ("repeated name", [folder.schema, folder.write("i3.json", '{"a":1,"a":2}'),
                           *folder.remotes], "CF-1006"),
    ]
    for name, arguments, code in cases:
        out, err = folder.run(*arguments, status=2)
        check(out == "" and err.count("\n") == 1 and err.startswith(code), f"{name}: {out}{err}")
        out, _ = folder.run("--json", *arguments, status=2)
        report = json.loads(out)
        fault = report["fault"] or report["files"][0]["fault"]
        check(report["valid"] is None and fault["code"].startswith(code), f"{name}: {report}")
    out, err = folder.run(folder.schema, folder.path / "none.json", good, *folder.remotes, status=2)
    check(out == f"{good}: valid\n", "the others are still judged")


def beside(folder):
    """References without a scheme lead to files beside the schema, and there only."""
    folder.write("part.json", {"$ref": "common/money.json#/$defs/money"})
    schema = folder.write("whole.json", {"$ref": "part.json"})
    folder.run(schema, folder.write("i.json", '"1.00"'), status=0)
    folder.run(schema, folder.write("i.json", '"1"'), status=1)
    folder.run(folder.write("up.json", {"$ref": "%2e%2e/up.json"}), schema, status=2)


def hostile(folder):
    tree = folder.write("tree.json", {"items": {"$ref": "#"}, "type": "array"})
    deep = folder.write("deep.json", "[" * 200_000 + "]" * 200_000)
    _, err = folder.run(tree, deep, status=2)
    check(err.startswith("CF-1004"), err)
    fits = folder.write("fits.json", "[" * 250 + "]" * 250)
    folder.run(tree, fits, status=0)
    _, err = folder.run(folder.write("s.json", '{"not":' * 100_000 + "true" + "}" * 100_000), fits,
                        status=2)
    check(err.startswith("CF-1004"), err)
    circle = folder.write("circle.json", {"$ref": "#/$defs/a", "$defs": {
        "a": {"anyOf": [{"$ref": "#/$defs/b"}, {"$ref": "#/$defs/b"}]},
        "b": {"allOf": [{"$ref": "#/$defs/a"}]}}})
    _, err = folder.run(circle, fits, status=2)
    check(err.startswith("CF-7004"), err)
    doubling = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    doubling["d40"] = True
    _, err = folder.run(folder.write("two.json", {"$ref": "#/$defs/d0", "$defs": doubling}), fits,
                        status=2)
    check(err.startswith("CF-7004"), err)
    slow = folder.write("slow.json", {"items": {"pattern": "^(a|aa)+$"}})
    many = folder.write("many.json", ["a" * 60 + "!"] * 1000)
    _, err = folder.run(slow, many, status=2)
    check(err.startswith("CF-7004"), err)
    wide = folder.write("wide.json", list(range(300_000)))
    folder.run(folder.write("unique.json", {"uniqueItems": True}), wide, status=0)


def published():
    """The schemas of the product judge its own examples."""
    for folder in sorted((ROOT / "api" / "schemas").iterdir()):
        if folder.name == "common":
            continue  # definitions for the others
        examples = sorted((ROOT / "api" / "examples" / folder.name).glob("*.json"))
        check(examples, f"no examples of {folder.name}")
        done = subprocess.run([str(BINARY), "contract", "validate", "--format-assertion",
                               "--remotes", f"{ROOT}/api/schemas=/schemas",
                               str(folder / "v1.json"), *map(str, examples)],
                              capture_output=True, timeout=60)
        check(done.returncode == 0, f"{done.stdout.decode()}{done.stderr.decode()}")


def main():
    for story in (valid, invalid, unusable, beside, hostile):
        with tempfile.TemporaryDirectory(prefix="crossfoot-test-") as path:
            story(Folder(path))
    published()


main()
