#!/usr/bin/env python3
"""Writes a C++ source that holds the console's built files: embed_console.py DIST OUT."""
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json",
         ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2",
         ".txt": "text/plain; charset=utf-8", ".webmanifest": "application/manifest+json"}
MISSING = b"<!doctype html><title>Crossfoot</title><p>This build has no console: run ./dev build."


def main(dist, out):
    files = {path.relative_to(dist).as_posix(): path.read_bytes()
             for path in sorted(dist.rglob("*")) if path.is_file() and path.suffix in TYPES}
    if "index.html" not in files:
        files = {"index.html": MISSING}
    lines = ['#include "console_assets.h"', "", "namespace crossfoot::app {", "", "namespace {", ""]
    for number, (name, content) in enumerate(files.items()):
        body = ",".join(str(byte) for byte in content)
        lines.append(f"constexpr unsigned char file_{number}[] = {{{body}}};  // {name}")
    lines += ["", "}  // namespace", "", "edge::Assets console_assets() {", "  edge::Assets assets;"]
    for number, name in enumerate(files):
        kind = TYPES[pathlib.PurePosixPath(name).suffix]
        lines.append(f'  assets["{name}"] = {{"{kind}", '
                     f"std::string(reinterpret_cast<const char*>(file_{number}), "
                     f"sizeof file_{number})}};")
    lines += ["  return assets;", "}", "", "}  // namespace crossfoot::app", ""]
    out.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
