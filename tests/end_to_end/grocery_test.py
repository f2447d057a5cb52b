"""Goal: eight months of a grocery chain's baskets, with card discounts, coupons and household tiers, go through
the product and tie out at the ERP and the loyalty platform, to the cent and to the point that this file
computes by itself with exact arithmetic. Data: the Complete Journey sample; skips where it is not there."""
import collections
import csv
import datetime
import fractions
import gzip
import json
import threading
import zoneinfo

from support import DATA, PROGRAMME, Stack, ask, book, check, reconcile, skip, wait_until

FOLDER = DATA / "grocery-complete-journey"
ZONE = zoneinfo.ZoneInfo("America/New_York")
CAMPAIGNS = {"27": "3", "3": "2", "5": "1.5", "26": "2"}  # by number, with the multiplier that we give it
GOLD = "1.25"
BATCH, SENDERS = 200, 4


def rows(name):
    with gzip.open(FOLDER / f"{name}.csv.gz", "rt", newline="") as file:
        yield from csv.DictReader(file)


def cents(text):
    """The file has amounts in dollars, one of them in floating-point dust."""
    return int((fractions.Fraction(text) * 100 + fractions.Fraction(1, 2)) // 1)


def money(minor):
    return f"{minor // 100}.{minor % 100:02}"


def shared(total, weights):
    """Largest remainder; the first of equals first."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    rest = sorted(range(len(weights)), key=lambda at: (-(total * weights[at] % whole), at))
    for at in rest[:total - sum(parts)]:
        parts[at] += 1
    return parts


class Basket:
    """One receipt: its canonical form, and what should come of it."""

    def __init__(self, lines):
        first = lines[0]
        self.at = datetime.datetime.fromisoformat(first["transaction_timestamp"].replace("Z", "+00:00"))
        self.day = self.at.astimezone(ZONE).date()
        self.member = f"HH-{first['household_id']}"
        self.net = sum(cents(line["sales_value"]) for line in lines)
        coupons = sum(cents(line["coupon_disc"]) for line in lines)
        # The file is a sample of each basket's lines: a coupon may be worth more than what is left.
        self.coupon = min(coupons, self.net)
        self.lines = [self.line(number + 1, line) for number, line in enumerate(lines)]
        self.units = [(line["product_id"], cents(line["sales_value"]), self.units_of(line))
                      for line in lines]
        tenders = [("voucher", self.coupon), ("cash", self.net - self.coupon)]
        self.body = {
            "kind": "sale", "channel": "pos", "shop": f"US-{first['store_id']}", "register": "1",
            "business_date": self.day.isoformat(), "sequence": first["basket_id"],
            "occurred_at": first["transaction_timestamp"], "currency": "USD",
            "tax_mode": "not_in_source", "region": "US", "member": self.member, "lines": self.lines,
            "tenders": [{"kind": kind, "amount": money(minor)} for kind, minor in tenders if minor]}

    @staticmethod
    def units_of(line):
        quantity = int(line["quantity"])
        return 1 if quantity > 1000 else quantity  # fuel: measured

    @staticmethod
    def line(number, line):
        quantity = fractions.Fraction(line["quantity"])
        fuel = quantity > 1000  # thousandths of a gallon
        quantity = quantity / 1000 if fuel else quantity
        off = cents(line["retail_disc"]) + cents(line["coupon_match_disc"])
        regular = cents(line["sales_value"]) + off
        price = round(fractions.Fraction(regular, 100) / quantity * 10**9)
        check(abs(price * quantity / 10**7 - regular) < fractions.Fraction(1, 2), f"price of {line}")
        body = {"line": number, "kind": "goods", "article": line["product_id"],
                "quantity": f"{float(quantity):.3f}" if fuel else str(quantity),
                "unit": "GAL" if fuel else "EA", "unit_price": f"{price // 10**9}.{price % 10**9:09}"}
        if fuel:
            body["measured"] = True
        return body | ({"discount": money(off)} if off else {})

    def points(self, programme):
        """One point a dollar of what was not paid by coupon, times tier and campaigns, rounded down once."""
        nets = [part for _, net, units in self.units for part in shared(net, [1] * units)]
        articles = [article for article, _, units in self.units for _ in range(units)]
        eligible = [net - off for net, off in zip(nets, shared(self.coupon, nets), strict=True)]
        total = fractions.Fraction(0)
        local = self.at.astimezone(ZONE).replace(tzinfo=None)
        for article, minor in zip(articles, eligible, strict=True):
            factor = fractions.Fraction(1)
            for campaign in programme.campaigns:
                if article in campaign.articles and campaign.begins <= local < campaign.ends:
                    factor *= fractions.Fraction(campaign.multiplier)
            total += fractions.Fraction(minor, 100) * factor
        tier = fractions.Fraction(GOLD) if self.member in programme.gold else 1
        return int(total * tier // 1)


class Campaign:
    def __init__(self, identity, multiplier):
        plan = next(row for row in rows("campaign_descriptions") if row["campaign_id"] == identity)
        self.identity, self.multiplier = identity, multiplier
        self.begins = datetime.datetime.fromisoformat(plan["start_date"])
        self.ends = datetime.datetime.fromisoformat(plan["end_date"]) + datetime.timedelta(days=1)
        self.articles = {row["product_id"] for row in rows("coupons") if row["campaign_id"] == identity}


class Programme:
    def __init__(self):
        self.campaigns = [Campaign(*entry) for entry in CAMPAIGNS.items()]
        self.gold = {f"HH-{row['household_id']}" for row in rows("demographics")
                     if row["household_size"] in ("4", "5+")}

    def document(self):
        earn = PROGRAMME["earn"] | {"base": "net", "excluded_tenders": ["voucher"]}
        return PROGRAMME | {
            "currency": "USD", "earn": earn, "zones": {"US": "America/New_York"},
            "tiers": [{"tier": "gold", "multiplier": GOLD, "members": sorted(self.gold)}],
            "campaigns": [{"id": f"campaign-{each.identity}", "multiplier": each.multiplier,
                           "articles": sorted(each.articles), "from": each.begins.isoformat(),
                           "until": each.ends.isoformat()} for each in self.campaigns]}


def baskets():
    by_basket = collections.defaultdict(list)
    for row in rows("transactions_weeks_01_36"):
        if int(row["quantity"]) > 0:
            by_basket[row["basket_id"]].append(row)
    return [Basket(lines) for lines in by_basket.values()]


def send(stack, receipts):
    """Several senders, batch after batch; each line is accepted."""
    batches = [receipts[at:at + BATCH] for at in range(0, len(receipts), BATCH)]
    lock, faults = threading.Lock(), []

    def work():
        while not faults:
            with lock:
                if not batches:
                    return
                batch = batches.pop()
            lines = "".join(json.dumps(each.body) + "\n" for each in batch)
            while batch:
                status, answer, _ = ask(f"{stack.server.url}/v1/transactions:batch", lines.encode(),
                                        headers={"Content-Type": "application/x-ndjson"})
                if status != 503:
                    break
            told = [json.loads(line) for line in answer.splitlines()] if status == 200 else []
            bad = [line for line in told if line["status"] != 202]
            if status != 200 or bad or len(told) != len(batch):
                faults.append(f"{status}: {bad[:1] or answer}")

    threads = [threading.Thread(target=work) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(not faults, faults)


def main():
    if not (FOLDER / "transactions_weeks_01_36.csv.gz").exists():
        skip(f"no {FOLDER}")
    programme = Programme()
    receipts = baskets()
    with Stack(programme=programme.document()) as stack:
        send(stack, receipts)

        def rests():
            flows = ask(f"{stack.server.url}/v1/overview")[1]["flows"]
            return flows["open"] == 0 and flows

        flows = wait_until(rests, 600, "every leg to come to rest")
        check(flows["done"] == len(receipts), f"all are done: {flows}")
        days = sorted({each.day for each in receipts})
        expected = collections.Counter(
            (each.body["shop"], each.day.isoformat(), each.member, each.points(programme))
            for each in receipts)
        takings = collections.Counter(
            (each.body["shop"], each.day.isoformat(), money(each.net)) for each in receipts)
        posted, earned = collections.Counter(), collections.Counter()
        for day in map(str, days):
            posted.update((item["shop"], day, item["gross"])
                          for item in book(stack.erp.url, "/erp/v1/documents", day))
            earned.update((item["shop"], day, item["member"], int(item["points"]))
                          for item in book(stack.loyalty.url, "/loyalty/v1/transactions", day))
        check(posted == takings, f"the ERP's books: {list((posted - takings) + (takings - posted))[:5]}")
        check(earned == expected, f"the points: {list((expected - earned).items())[:5]} against "
                                  f"{list((earned - expected).items())[:5]}")
        result = reconcile(stack.server.url, days[0].isoformat(), days[-1].isoformat())
        check(result["items"]["break"] == 0, f"breaks: {result}")
        print(f"{len(receipts)} baskets, {sum(len(each.lines) for each in receipts)} lines, "
              f"{money(sum(each.net for each in receipts))} USD, {sum(each.points(programme) for each in receipts)} points: "
              "three sides agree")


main()
