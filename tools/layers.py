#!/usr/bin/env python3
"""Checks every #include under src/ against layers.toml; --figure prints the layers as Mermaid."""
import pathlib
import re
import sys
try:
    import tomllib
except ModuleNotFoundError:  # Python < 3.11
    sys.exit("layers.py needs Python 3.11")

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#include "([^"]+)"', re.M)


def module_of(path, modules):
    """The longest listed module that the path lies in."""
    fitting = [name for name in modules if path == name or path.startswith(name + "/")]
    return max(fitting, key=len, default=None)


def edges(modules):
    for source in sorted((ROOT / "src").rglob("*")):
        if source.suffix not in (".h", ".cpp", ".inc"):
            continue
        relative = source.relative_to(ROOT / "src").as_posix()
        here = module_of(relative, modules)
        for included in INCLUDE.findall(source.read_text(encoding="utf-8")):
            yield relative, here, included, module_of(included, modules)


def main():
    modules = tomllib.loads((ROOT / "layers.toml").read_text(encoding="utf-8"))
    if "--figure" in sys.argv:
        print("```mermaid\ngraph TD")
        for name, entry in modules.items():
            for seen in entry["sees"]:
                print(f"  {name.replace('/', '_')}[{name}] --> {seen.replace('/', '_')}[{seen}]")
        print("```")
        return 0
    faults = []
    for name, entry in modules.items():
        if not entry.get("why"):
            faults.append(f"layers.toml: {name} has no reason")
        for seen in entry["sees"]:
            if seen not in modules:
                faults.append(f"layers.toml: {name} sees {seen}, which is not listed")
            elif name in modules[seen]["sees"]:
                faults.append(f"layers.toml: {name} and {seen} see each other")
    for file, here, included, there in edges(modules):
        is_test = file.endswith("_test.cpp")
        if here is None:
            faults.append(f"src/{file}: lies in no listed module")
        elif there is None:
            faults.append(f"src/{file}: \"{included}\" lies in no listed module")
        elif there != here and there not in modules[here]["sees"] and not is_test:
            faults.append(f"src/{file}: {here} does not see {there} (\"{included}\")")
    for fault in faults:
        print(fault)
    print(f"layers: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
