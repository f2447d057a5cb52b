#!/usr/bin/env python3
"""Writes the C++ source that holds api/openapi.json, the pages of api/errors, and the contracts.

    embed.py API_FOLDER OUTPUT
"""

import json
import pathlib
import re
import sys

PIECE = 8000


def literal(text):
    """Adjacent string literals: one compiler limit less to think of."""
    data = text.encode("utf-8")
    pieces = [data[at:at + PIECE] for at in range(0, len(data), PIECE)] or [b""]
    lines = []
    for piece in pieces:
        escaped = "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}"
                          for byte in piece)
        lines.append(f'    "{escaped}"')
    return "\n".join(lines)


def main():
    api, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    document = json.loads((api / "openapi.json").read_text(encoding="utf-8"))
    compact = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    lines = ['#include "edge/embedded.h"', "", "#include <array>", "#include <utility>", "",
             "namespace crossfoot::edge {", "namespace {", "",
             "using Page = std::pair<std::string_view, std::string_view>;", ""]
    pages = sorted((api / "errors").glob("CF-*.md"))
    lines.append(f"constexpr std::array<Page, {len(pages)}> pages{{{{")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        title = re.search(r"^title: (.*)$", text, re.MULTILINE).group(1)
        body = text.split("\n---\n", 1)[1].strip()
        lines.append(f'  {{"{page.stem}",\n{literal(f"# {page.stem}: {title}" + chr(10) * 2 + body + chr(10))}}},')
    lines += ["}};", ""]
    files = sorted([*(api / "contracts").glob("*.json"), *(api / "schemas").glob("*/*.json")])
    lines.append(f"constexpr std::array<Page, {len(files)}> contracts{{{{")
    for file in files:
        lines.append(f'  {{"{file.relative_to(api)}",\n{literal(file.read_text(encoding="utf-8"))}}},')
    # An array knows its length; a view would count it, step by step, at compile time.
    lines += ["}};", "", "constexpr char document[] =", literal(compact) + ";", "",
              "}  // namespace", "",
              "std::string_view openapi_document() {", "  return {document, sizeof(document) - 1};", "}", "",
              "std::string_view error_page(std::string_view code) {",
              "  for (const auto& [name, text] : pages) {", "    if (name == code) return text;", "  }",
              "  return {};", "}", "",
              "std::span<const std::pair<std::string_view, std::string_view>> contract_files() {",
              "  return contracts;", "}", "", "}  // namespace crossfoot::edge", ""]
    output.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
