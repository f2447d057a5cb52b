#!/usr/bin/env python3
"""Generates what comes from the declaration of the HTTP routes.

    tools/generate_openapi.py           writes the generated files
    tools/generate_openapi.py --check   fails when a committed file differs from what would be written

api/routes.json, api/access.json, api/schemas and the titles of api/errors
    ->  api/openapi.json, src/edge/routes.h, src/edge/permissions.h, docs/reference/access.md
"""

import argparse
import json
import pathlib
import re
import sys

from generate import Refused, differences, load_pages, write_changed

ROOT = pathlib.Path(__file__).resolve().parent.parent
DECLARATION = ROOT / "api" / "routes.json"
ACCESS = ROOT / "api" / "access.json"
TRANSACTION = ROOT / "api" / "schemas" / "transaction" / "v1.json"
OPENAPI = "api/openapi.json"
HEADER = "src/edge/routes.h"
PERMISSIONS = "src/edge/permissions.h"
ACCESS_PAGE = "docs/reference/access.md"
OPEN = "public"
LIMITS = ("checked", "irrelevant")
METHODS = {"GET": "get", "POST": "post"}
ROUTE_FIELDS = {"id", "permission", "limits", "method", "path", "tag", "summary", "description", "headers", "query",
                "consumes", "produces", "answers", "problems"}
MEDIA_MAX = 2
REFERENCE = "#/components/schemas/"
LIMIT_HEADERS = ["RateLimit-Policy", "RateLimit"]


def load_access():
    access = json.loads(ACCESS.read_text(encoding="utf-8"))
    for name, role in access["roles"].items():
        unknown = set(role["permissions"]) - set(access["permissions"])
        if unknown or not role.get("about"):
            raise Refused(f"role {name}: no such permissions {sorted(unknown)}, or no about")
    return access


def load_declaration():
    declared = json.loads(DECLARATION.read_text(encoding="utf-8"))
    access = load_access()
    declared["access"] = access
    seen = set()
    for route in declared["routes"]:
        name = route.get("id", "a route without id")
        unknown = set(route) - ROUTE_FIELDS
        if unknown:
            raise Refused(f"{name}: fields not understood: {sorted(unknown)}")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or route["method"] not in METHODS:
            raise Refused(f"{name}: wants a snake_case id and a method of {list(METHODS)}")
        if route.get("permission") not in {OPEN, *access["permissions"]}:
            raise Refused(f"{name}: wants a permission of api/access.json, or {OPEN}")
        if route.get("limits", LIMITS[0]) not in LIMITS or \
                (route["permission"] == OPEN and "limits" in route):
            raise Refused(f"{name}: limits are {LIMITS} or absent, and absent where it is {OPEN}")
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


SECURITY_SCHEMES = {
    "accessToken": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "An access token after RFC 9068; `scope` or `roles` name what it permits."},
    "apiKey": {
        "type": "apiKey", "in": "header", "name": "X-API-Key",
        "description": "A key of `crossfoot access key`."},
}


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
        headers += {"401": ["WWW-Authenticate"], "429": ["Retry-After"] + LIMIT_HEADERS,
                    "503": ["Retry-After"], "405": ["Allow"]}.get(status, [])
        answers[status] = {
            "description": listed + ".",
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
            "content": {"application/problem+json": {"schema": {"$ref": REFERENCE + "Problem"}}},
        }
    return answers


def is_limited(route):
    """Whether the limits of clients hold for it (src/edge/protect.cpp)."""
    return route["path"].startswith(("/v1/", "/process/"))


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
    needs = "For everybody." if route["permission"] == OPEN else \
        f"Needs the permission `{route['permission']}`."
    out["description"] = f"{route['description']} {needs}" if "description" in route else needs
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
    if route["permission"] == OPEN:
        common = [code for code in common if code not in ("CF-2401", "CF-2403")]
        out["security"] = []
    else:
        out["security"] = [{scheme: []} for scheme in SECURITY_SCHEMES]
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
                       "headers": declared["response_headers"],
                       "securitySchemes": SECURITY_SCHEMES},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def cpp_texts(values, size):
    padded = list(values) + [""] * (size - len(values))
    return "{" + ", ".join(f'"{value}"' for value in padded) + "}"


def enumerator(permission):
    return permission.replace(":", "_")


def permission_of(route):
    if route["permission"] == OPEN:
        return "std::nullopt"
    return f'Permission::{enumerator(route["permission"])}'


def render_permissions(access):
    permissions = list(access["permissions"])
    roles = access["roles"]
    lines = [
        "// Generated by tools/generate_openapi.py from api/access.json; do not edit.",
        "#pragma once",
        "",
        "#include <array>",
        "#include <bitset>",
        "#include <cstddef>",
        "#include <cstdint>",
        "#include <string_view>",
        "",
        "// clang-format off",
        "namespace crossfoot::edge {",
        "",
        "/// What a route asks of its caller.",
        "enum class Permission : std::uint8_t {",
    ]
    lines += [f"  {enumerator(name)},  ///< {about}" for name, about in
              access["permissions"].items()]
    lines += [
        "};",
        f"inline constexpr std::size_t permission_count = {len(permissions)};",
        "using Permissions = std::bitset<permission_count>;",
        "",
        "/// As scopes of tokens name them.",
        f"inline constexpr std::array<std::string_view, permission_count> permission_names{{",
    ]
    lines += [f'    "{name}",' for name in permissions]
    lines += [
        "};",
        "",
        "struct Role {",
        "  std::string_view name;",
        "  std::uint64_t permissions;  ///< by bit",
        "};",
        f"inline constexpr std::array<Role, {len(roles)}> role_table{{{{",
    ]
    for name, role in roles.items():
        mask = sum(1 << permissions.index(each) for each in role["permissions"])
        lines.append(f'    {{"{name}", {mask:#x}}},')
    lines += [
        "}};",
        "",
        "/// False when there is none of this name.",
        "[[nodiscard]] inline bool add_permission(std::string_view name, Permissions& to) {",
        "  for (std::size_t i = 0; i < permission_names.size(); ++i) {",
        "    if (permission_names[i] != name) continue;",
        "    to.set(i);",
        "    return true;",
        "  }",
        "  return false;",
        "}",
        "",
        "/// False when there is none of this name.",
        "[[nodiscard]] inline bool add_role(std::string_view name, Permissions& to) {",
        "  for (const Role& role : role_table) {",
        "    if (role.name != name) continue;",
        "    to |= Permissions(role.permissions);",
        "    return true;",
        "  }",
        "  return false;",
        "}",
        "",
        "}  // namespace crossfoot::edge",
        "// clang-format on",
        "",
    ]
    return "\n".join(lines)


def render_access_page(declared):
    access = declared["access"]
    roles = access["roles"]
    lines = [
        "# Access",
        "",
        "Generated from `api/access.json` and `api/routes.json`. How to turn access control on, issue keys",
        "and set up tokens: [the guide](../guides/access.md).",
        "",
        "## Roles",
        "",
        "| role | who |",
        "|---|---|",
    ]
    lines += [f"| `{name}` | {role['about']} |" for name, role in roles.items()]
    lines += [
        "",
        "## Permissions",
        "",
        "A token's `scope` may name a permission by itself.",
        "",
        "| permission | what | " + " | ".join(roles) + " |",
        "|---|---|" + "---|" * len(roles),
    ]
    for name, about in access["permissions"].items():
        marks = ["yes" if name in role["permissions"] else "" for role in roles.values()]
        lines.append(f"| `{name}` | {about} | " + " | ".join(marks) + " |")
    lines += [
        "",
        "## Routes",
        "",
        "*Limited* callers are those whose token or key names channels, shops or regions.",
        "",
        "| route | permission | limited callers |",
        "|---|---|---|",
    ]
    words = {"checked": "what is theirs", "irrelevant": "everything", None: "refused"}
    for route in declared["routes"]:
        is_open = route["permission"] == OPEN
        permission = "none" if is_open else f"`{route['permission']}`"
        limited = "everything" if is_open else words[route.get("limits")]
        lines.append(f"| {route['method']} `{route['path']}` | {permission} | {limited} |")
    return "\n".join(lines) + "\n"


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
        "#include <optional>",
        "#include <string_view>",
        "",
        '#include "edge/permissions.h"',
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
        "/// What becomes of a caller who is limited to channels, shops or regions.",
        "enum class Limits : std::uint8_t {",
        "  refused,     ///< nothing there is told apart by them",
        "  checked,     ///< what is not the caller's is not there",
        "  irrelevant,  ///< nothing there belongs to a shop",
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
        "  std::optional<Permission> permission;  ///< none: for everybody",
        "  Limits limits = Limits::refused;",
        "};",
        "",
        "// clang-format off",
        f"inline constexpr std::array<RouteInfo, {len(routes)}> route_table{{{{",
    ]
    for route in routes:
        rest = "true" if route["path"].endswith(("{path}", "{key}")) else "false"
        consumes = "".join(route.get("consumes", {}))
        lines += [
            f'    {{Route::{route["id"]}, runtime::Method::{METHODS[route["method"]]}, '
            f'"{route["path"]}", "{consumes}",',
            f'     {cpp_texts(route["produces"], MEDIA_MAX)},',
            f'     {cpp_texts(route.get("query", {}), queries)}, {rest},',
            f'     {permission_of(route)}, Limits::{route.get("limits", "refused")}}},',
        ]
    lines += ["}};", "// clang-format on", "", "}  // namespace crossfoot::edge", ""]
    return "\n".join(lines)


def generate():
    declared = load_declaration()
    pages = {page["code"]: page for page in load_pages(ROOT / "api" / "errors")}
    return {OPENAPI: render_openapi(declared, pages), HEADER: render_header(declared),
            PERMISSIONS: render_permissions(declared["access"]),
            ACCESS_PAGE: render_access_page(declared)}


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
    write_changed(outputs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
