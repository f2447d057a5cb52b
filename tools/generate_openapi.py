#!/usr/bin/env python3
"""Generates what comes from the declaration of the HTTP routes.

    tools/generate_openapi.py           writes the generated files
    tools/generate_openapi.py --check   fails when a committed file differs from what would be written

api/routes.json, api/schemas and the titles of api/errors  ->  api/openapi.json, src/edge/routes.h
"""

import argparse
import json
import pathlib
import re
import sys

from generate import Refused, differences, load_pages

ROOT = pathlib.Path(__file__).resolve().parent.parent
DECLARATION = ROOT / "api" / "routes.json"
TRANSACTION = ROOT / "api" / "schemas" / "transaction" / "v1.json"
OPENAPI = "api/openapi.json"
HEADER = "src/edge/routes.h"
METHODS = {"GET": "get", "POST": "post"}
ROUTE_FIELDS = {"id", "method", "path", "tag", "summary", "description", "headers", "query",
                "consumes", "produces", "answers", "problems"}
MEDIA_MAX = 2
REFERENCE = "#/components/schemas/"
LIMIT_HEADERS = ["RateLimit-Policy", "RateLimit"]


def load_declaration():
    declared = json.loads(DECLARATION.read_text(encoding="utf-8"))
    seen = set()
    for route in declared["routes"]:
        name = route.get("id", "a route without id")
        unknown = set(route) - ROUTE_FIELDS
        if unknown:
            raise Refused(f"{name}: fields not understood: {sorted(unknown)}")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or route["method"] not in METHODS:
            raise Refused(f"{name}: wants a snake_case id and a method of {list(METHODS)}")
        for mark in (name, (route["method"], route["path"])):
            if mark in seen:
                raise Refused(f"{name}: declared twice: {mark}")
            seen.add(mark)
        if len(route["produces"]) > MEDIA_MAX or len(route.get("consumes", {})) > 1:
            raise Refused(f"{name}: reads one media type and gives at most {MEDIA_MAX}")
        if not route["answers"] or not route.get("summary"):
            raise Refused(f"{name}: lacks answers or a summary")
    return declared


def rewritten(schema, prefix):
    """The schema with its own definitions referred to as components."""
    if isinstance(schema, dict):
        return {key: f"{REFERENCE}{prefix}.{value.rsplit('/', 1)[1]}"
                if key == "$ref" and value.startswith("#/$defs/") else rewritten(value, prefix)
                for key, value in schema.items()}
    if isinstance(schema, list):
        return [rewritten(value, prefix) for value in schema]
    return schema


def component_schemas(declared):
    schema = json.loads(TRANSACTION.read_text(encoding="utf-8"))
    definitions = schema.pop("$defs")
    for key in ("$schema", "$id"):
        schema.pop(key)
    schemas = {"Transaction": rewritten(schema, "transaction")}
    for name, definition in definitions.items():
        schemas[f"transaction.{name}"] = rewritten(definition, "transaction")
    return schemas | declared["schemas"]


def problem_answers(codes, pages):
    """One answer for each status, with the codes that it may carry."""
    by_status = {}
    for code in codes:
        if code not in pages:
            raise Refused(f"{code} has no page under api/errors")
        page = pages[code]
        status = page["status"]
        # A refusal of what a target or the data store holds: the page's status is the flow's.
        if not re.fullmatch(r"[45]\d\d", status):
            status = {"conflict": "409", "not_found": "404"}[page["class"]]
        by_status.setdefault(status, set()).add(code)
    by_status.setdefault("406", set()).add("CF-2415")
    answers = {}
    for status in sorted(by_status):
        listed = "; ".join(f"{code} {pages[code]['title']}" for code in sorted(by_status[status]))
        headers = ["X-Correlation-Id"]
        headers += {"429": ["Retry-After"] + LIMIT_HEADERS, "503": ["Retry-After"],
                    "405": ["Allow"]}.get(status, [])
        answers[status] = {
            "description": listed + ".",
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
            "content": {"application/problem+json": {"schema": {"$ref": REFERENCE + "Problem"}}},
        }
    return answers


def is_limited(route):
    """Whether the limits of clients hold for it (src/edge/protect.cpp)."""
    return route["path"].startswith("/v1/")


def success_answer(route, answer):
    headers = ["X-Correlation-Id"] + answer.get("headers", [])
    if is_limited(route):
        headers += LIMIT_HEADERS
    out = {"description": answer["description"],
           "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers}}
    if not answer.get("empty"):
        content = {"schema": {"$ref": REFERENCE + answer["schema"]}} if "schema" in answer else {}
        out["content"] = {media: content for media in route["produces"]}
    return out


def operation(route, declared, pages):
    out = {"operationId": route["id"], "tags": [route["tag"]], "summary": route["summary"]}
    if "description" in route:
        out["description"] = route["description"]
    parameters = []
    for name in re.findall(r"\{(\w+)\}", route["path"]):
        kind = {"type": "integer", "minimum": 1} if name == "leg" else {"type": "string"}
        parameters.append({"name": name, "in": "path", "required": True, "schema": kind})
    for name, query in route.get("query", {}).items():
        parameters.append({"name": name, "in": "query"} | query)
    for name in route.get("headers", []):
        parameters.append({"$ref": f"#/components/parameters/{name}"})
    if parameters:
        out["parameters"] = parameters
    if "consumes" in route:
        out["requestBody"] = {"required": True, "content": {
            media: {"schema": {"$ref": REFERENCE + schema}}
            for media, schema in route["consumes"].items()}}
    answers = {status: success_answer(route, answer) for status, answer in route["answers"].items()}
    common = [code for code in declared["common_problems"]
              if "consumes" in route or code not in ("CF-2413", "CF-2415")]
    common = [code for code in common if is_limited(route) or code != "CF-2429"]
    out["responses"] = answers | problem_answers(common + route["problems"], pages)
    return out


def render_openapi(declared, pages):
    paths = {}
    for route in declared["routes"]:
        paths.setdefault(route["path"], {})[METHODS[route["method"]]] = operation(
            route, declared, pages)
    parameters = {name: {"name": name, "in": "header"} | header
                  for name, header in declared["request_headers"].items()}
    document = {
        "openapi": "3.1.0",
        "info": declared["info"],
        "servers": declared["servers"],
        "tags": declared["tags"],
        "security": [],
        "paths": paths,
        "components": {"schemas": component_schemas(declared), "parameters": parameters,
                       "headers": declared["response_headers"]},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def cpp_texts(values, size):
    padded = list(values) + [""] * (size - len(values))
    return "{" + ", ".join(f'"{value}"' for value in padded) + "}"


def render_header(declared):
    routes = declared["routes"]
    queries = max(len(route.get("query", {})) for route in routes)
    lines = [
        "// Generated by tools/generate_openapi.py from api/routes.json; do not edit.",
        "#pragma once",
        "",
        "#include <array>",
        "#include <cstddef>",
        "#include <cstdint>",
        "#include <string_view>",
        "",
        '#include "runtime/http_server.h"',
        "",
        "namespace crossfoot::edge {",
        "",
        "/// The routes by name; each has one handler.",
        "enum class Route : std::uint8_t {",
    ]
    lines += [f'  {route["id"]},' for route in routes]
    lines += [
        "};",
        "",
        "/// What the declaration says of a route. Empty texts fill the arrays.",
        "struct RouteInfo {",
        "  Route id = Route{};",
        "  runtime::Method method = runtime::Method::get;",
        "  std::string_view pattern;   ///< `{name}` stands for one segment, for the rest at the end",
        "  std::string_view consumes;  ///< media type of the body; empty: it takes none",
        f"  std::array<std::string_view, {MEDIA_MAX}> produces;",
        f"  std::array<std::string_view, {queries}> query;  ///< names of the query parameters",
        "  bool rest = false;  ///< the last parameter may hold slashes, or be absent with its slash",
        "};",
        "",
        "// clang-format off",
        f"inline constexpr std::array<RouteInfo, {len(routes)}> route_table{{{{",
    ]
    for route in routes:
        rest = "true" if route["path"].endswith("{path}") else "false"
        consumes = "".join(route.get("consumes", {}))
        lines += [
            f'    {{Route::{route["id"]}, runtime::Method::{METHODS[route["method"]]}, '
            f'"{route["path"]}", "{consumes}",',
            f'     {cpp_texts(route["produces"], MEDIA_MAX)},',
            f'     {cpp_texts(route.get("query", {}), queries)}, {rest}}},',
        ]
    lines += ["}};", "// clang-format on", "", "}  // namespace crossfoot::edge", ""]
    return "\n".join(lines)


def generate():
    declared = load_declaration()
    pages = {page["code"]: page for page in load_pages(ROOT / "api" / "errors")}
    return {OPENAPI: render_openapi(declared, pages), HEADER: render_header(declared)}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    arguments = parser.parse_args()
    try:
        outputs = generate()
    except (Refused, KeyError) as refused:
        print(f"error: {refused}", file=sys.stderr)
        return 1
    if arguments.check:
        found = list(differences(outputs))
        print("\n".join(found[:60]) if found else "routes and openapi.json are up to date")
        return 1 if found else 0
    for name, text in outputs.items():
        (ROOT / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
