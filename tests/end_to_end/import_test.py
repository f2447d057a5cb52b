"""Goal: the Online Retail import accounts for every row exactly, meets the published figures on the real
file, changes nothing the second time, and refuses damaged files before anything is sent."""
import decimal
import gzip
import json
import pathlib
import subprocess
import tempfile

from support import BINARY, DATA, check

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
# Two members, one stranger; a return that spans two sales, one too many, one orphan, one without a
# customer, an adjustment in a return, a stock adjustment, an accounting adjustment, a repeated line.
SMALL = HEADER + """1001,MUG,BLUE MUG,3,2010-12-01 08:26:00,3.33,17850,United Kingdom
1001,TRAIN,WOODEN TRAIN,1,2010-12-01 08:26:00,10.00,17850,United Kingdom
1001,POST,POSTAGE,1,2010-12-01 08:26:00,5.00,17850,United Kingdom
1002,mug,BLUE MUG,2,2010-12-02 09:00:00,3.33,17850,United Kingdom
1003,SOAP,OAT SOAP,4,2010-12-02 10:00:00,0.125,13047,France
1003,SOAP,OAT SOAP,4,2010-12-02 10:00:00,0.125,13047,France
1004,SOAP,OAT SOAP,1,2010-12-02 11:00:00,2.00,,United Kingdom
C1005,MUG,BLUE MUG,-4,2010-12-03 09:00:00,3.33,17850,United Kingdom
C1005,M,MANUAL,-1,2010-12-03 09:00:00,1.50,17850,United Kingdom
C1006,MUG,BLUE MUG,-2,2010-12-03 10:00:00,3.33,17850,United Kingdom
C1007,BOOK,A BOOK,-1,2010-12-03 11:00:00,7.00,13047,France
C1008,SOAP,OAT SOAP,-1,2010-12-03 12:00:00,2.00,,United Kingdom
1009,MUG,broken,-5,2010-12-03 13:00:00,0.0,,United Kingdom
A1010,B,Adjust bad debt,1,2010-12-03 14:00:00,-100.00,,United Kingdom
"""


def run(data, *files, expect=0):
    done = subprocess.run([str(BINARY), "import", "online-retail", *map(str, files), "--data",
                           str(data), "--json"], capture_output=True, text=True, timeout=1200)
    check(done.returncode == expect,
          f"exit status {done.returncode}, expected {expect}: {done.stderr[-1500:]}"
          f"{done.stdout[-1500:]}")
    return json.loads(done.stdout) if done.stdout else None, done.stderr


def exact(text):
    return decimal.Decimal(str(text))


def adds_up(report):
    parts = ("booked", "duplicate", "parked", "refused")
    check(sum(report["rows"][part] for part in parts) == report["rows"]["read"], "rows add up")
    check(sum(exact(report["net"][part]) for part in parts) == exact(report["net"]["read"]),
          "net adds up")
    check(report["reconciliation"]["items"]["break"] == 0, f"breaks: {report['reconciliation']}")


def small(folder):
    file = folder / "small.csv"
    file.write_text(SMALL)
    report, _ = run(folder / "small", file)
    adds_up(report)
    check(report["rows"]["read"] == 14, "rows read")
    check(report["cancellations"] == {"matched": 1, "adjustment": 1, "over_returned": 1,
                                      "orphaned": 1, "no_customer": 1},
          f"cancellations: {report['cancellations']}")
    check(report["rows"]["parked"] == 4, f"parked: {report['rows']}")
    # 1001: 9.99 + 10.00 -> 19; 1002: 6.66 -> 6; 1003: 0.50 + 0.50 -> 1.
    check(report["points"]["earned"] == 26, f"points: {report['points']}")
    check(report["goods_units"] == 3 + 1 + 2 + 4 + 4 + 1 - 4 - 2 - 1 - 1 - 5, "goods units")
    check(report["reasons"]["repeated_line"] == 1, "the repeated line is counted and booked")
    again, _ = run(folder / "small", file)
    adds_up(again)
    check(again["rows"]["duplicate"] == 14 and again["rows"]["booked"] == 0, "the second time")

    # The same rows in two files, one command each, give the same totals.
    cut = SMALL.index("C1005")
    first, second = folder / "first.csv", folder / "second.csv.gz"
    first.write_text(SMALL[:cut])
    second.write_bytes(gzip.compress((HEADER + SMALL[cut:]).encode()))
    one, _ = run(folder / "split", first)
    two, _ = run(folder / "split", second)
    for key in ("earned", "reversed", "net"):
        check(one["points"][key] + two["points"][key] == report["points"][key], f"points {key}")
    check(two["cancellations"] == report["cancellations"], "cancellations of two commands")


def damaged(folder):
    whole = gzip.compress(SMALL.encode() * 50)
    file = folder / "early.csv.gz"
    file.write_bytes(whole[: len(whole) // 2])
    _, error = run(folder / "early", file, expect=2)
    check("CF-4003" in error, f"a gz that ends early: {error}")
    _, error = run(folder / "early", folder / "missing.csv", expect=2)
    check("CF-4005" in error, f"a missing file: {error}")
    dirty = folder / "dirty.csv"
    dirty.write_text(HEADER + '1001,MUG,"BLUE" MUG,3,2010-12-01 08:26:00,3.33,17850,UK\n'
                     "1002,MUG,too few,3\n1003,MUG,BLUE MUG,x,2010-12-01 08:26:00,3.33,1,UK\n"
                     "1004,MUG,BLUE MUG,1,2010-12-01 08:26:00,3.33,1,United Kingdom\n")
    report, _ = run(folder / "dirty", dirty)
    check(report["rows"] == {"read": 4, "booked": 1, "duplicate": 0, "parked": 0, "refused": 3,
                             "in_flight": 0}, f"dirty rows: {report['rows']}")
    for code in ("CF-4001", "CF-4002", "CF-4004"):
        check(report["reasons"].get(code) == 1, f"{code}: {report['reasons']}")


def real(folder):
    file = DATA / "online-retail" / "online_retail_2010-12_to_2011-08.csv.gz"
    if not file.exists():
        print(f"SKIPPED the real file: {file} is not there")
        return
    expected = json.loads((file.parent / "expected.json").read_text(), parse_float=str)
    report, _ = run(folder / "real", file)
    adds_up(report)
    for key in ("documents", "cancellations"):
        check(report[key] == expected[key], f"{key}: {report[key]}")
    for part in ("booked", "parked"):
        check(report["rows"][part] == expected["rows"][part], f"rows {part}: {report['rows']}")
        check(exact(report["net"][part]) == exact(expected["net"][part]), f"net {part}")
    for name, net in expected["cancellations_net"].items():
        check(exact(report["cancellations_net"][name]) == exact(net), f"net of {name}")
    check(report["points"] == expected["points"], f"points: {report['points']}")
    for key in ("receipts", "goods_units"):
        check(report[key] == expected[key], f"{key}: {report[key]}")
    for key in ("erp_posted", "rounding"):
        check(exact(report[key]) == exact(expected[key]), f"{key}: {report[key]}")
    again, _ = run(folder / "real", file)
    adds_up(again)
    check(again["rows"]["duplicate"] == report["rows"]["read"], f"second time: {again['rows']}")
    check(again["rows"]["booked"] == 0, "nothing is booked twice")
    print(f"the real file: {report['seconds']} s, again {again['seconds']} s")


def main():
    with tempfile.TemporaryDirectory(prefix="crossfoot-test-") as name:
        folder = pathlib.Path(name)
        small(folder)
        damaged(folder)
        real(folder)


main()
