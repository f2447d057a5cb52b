#!/usr/bin/env python3
"""Goal: a page that says nothing, or says it twice, never becomes a public error code."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import generate  # noqa: E402

PAGE = """---
code: {code}
name: {name}
title: {title}
status: 400
class: rejected
retryable: false
---

## What it means

{means}

## What to do

{do}
"""


def page(code="CF-1001", name="one", title="One", means="This.", do="That."):
    return PAGE.format(code=code, name=name, title=title, means=means, do=do)


class Pages(unittest.TestCase):
    def load(self, **pages):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in pages.items():
                (pathlib.Path(folder) / f"{name.replace('_', '-')}.md").write_text(text)
            return generate.load_pages(pathlib.Path(folder))

    def refuses(self, reason, **pages):
        with self.assertRaisesRegex(generate.Refused, reason):
            self.load(**pages)

    def test_takes_a_good_page(self):
        loaded = self.load(CF_1001=page())
        self.assertEqual(loaded[0]["What to do"], "That.")
        self.assertIn('error_table{{\n    {"CF-1001", "One", 400,', generate.render_header(loaded))

    def test_refuses_an_empty_section(self):
        self.refuses("What it means.* is empty", CF_1001=page(means=" "))
        self.refuses("What to do.* is empty", CF_1001=page(do=""))

    def test_refuses_duplicates(self):
        self.refuses("name 'one' is also in", CF_1001=page(),
                     CF_1002=page(code="CF-1002", title="Two"))
        self.refuses("title 'One' is also in", CF_1001=page(),
                     CF_1002=page(code="CF-1002", name="two"))
        self.refuses("declares CF-1001", CF_1001=page(), CF_1002=page(name="two", title="Two"))

    def test_refuses_a_bad_declaration(self):
        self.refuses("class", CF_1001=page().replace("rejected", "broken"))
        self.refuses("lacks retryable", CF_1001=page().replace("retryable: false\n", ""))
        self.refuses("status", CF_1001=page().replace("status: 400", "status: 200"))
        self.refuses("no front matter", CF_1001="## What it means\n\nThis.\n")


if __name__ == "__main__":
    unittest.main()
