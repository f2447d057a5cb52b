// Goal: every word of the API is said in the words of a shop, and a new one is shown, not hidden.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Break, Overview, Reconciliation, TimelineEntry } from "../api/types";
import { href, parseRoute } from "../router";
import { sumBreaks } from "./break-sums";
import { verdictOf } from "./verdict";
import {
  breakSaid,
  channelName,
  reasonSaid,
  receiptSaid,
  stateSaid,
  targetName,
  timelineSentence,
  waitingSentence,
} from "./words";

const errorPages = new URL("../../../api/errors/", import.meta.url);

describe("words", () => {
  it("says known words and makes unknown ones readable", () => {
    expect(channelName("pos")).toBe("Stores");
    expect(channelName("smart_fridge")).toBe("Smart fridge");
    expect(targetName("erp")).toBe("ERP");
    expect(targetName("sap-s4hana")).toBe("Sap s4hana");
    expect(targetName(null)).toBe("–");
    expect(stateSaid("constructor").label).toBe("Constructor");
    expect(breakSaid("amount").label).toBe("Different amount");
    expect(breakSaid("toString").label).toBe("ToString");
  });

  it("explains parked reasons, and points to the page of an error code", () => {
    expect(reasonSaid("over_returned").known).toBe(true);
    expect(reasonSaid("OVER_RETURNED").label).toBe("More returned than was bought");
    expect(reasonSaid("CF-3104").label).toBe("Our sign-in was refused");
    expect(reasonSaid("CF-1203")).toMatchObject({ label: "Reason CF-1203", known: false });
    expect(reasonSaid("moon_phase").label).toBe("Moon phase");
  });

  it("has words for every reason that the API declares", () => {
    const pages = readdirSync(errorPages).filter((name) => /^CF-3\d{3}\.md$/.test(name));
    expect(pages.length).toBeGreaterThan(0);
    for (const page of pages) {
      const name = /^name: (.+)$/m.exec(readFileSync(new URL(page, errorPages), "utf8"))?.[1];
      const byCode = reasonSaid(page.replace(".md", ""));
      expect(byCode.known, page).toBe(true);
      expect(reasonSaid(name ?? null), page).toBe(byCode);
    }
  });

  it("says how much waits and for how long", () => {
    expect(waitingSentence("loyalty", 12, "3 min")).toBe("Loyalty: 12 waiting, oldest 3 min");
    expect(waitingSentence("erp", 0, null)).toBe("ERP: nothing waiting");
  });

  it("takes a receipt's state from its flow unless it has none", () => {
    expect(receiptSaid("accepted", "done").label).toBe("Complete");
    expect(receiptSaid("accepted", null).label).toBe("Accepted");
    expect(receiptSaid("held", null).label).toBe("Held");
  });
});

describe("timeline sentences", () => {
  const entry: TimelineEntry = {
    at: "2026-11-21T10:00:00Z",
    event: "acknowledged",
    leg: 2,
    kind: "accrue",
    target: "loyalty",
    step: "accrue",
    attempt: 1,
    state: "done",
    reference: "7ZK",
    detail: "LTX-1",
  };
  const own = { leg: null, kind: null, target: null, step: null, state: null };

  it.each([
    [{}, "Loyalty credited the points"],
    [{ kind: "post", target: "erp", step: "post" }, "ERP posted the receipt"],
    [{ kind: "post_refund", target: "erp", step: "create_memo" }, "ERP drew up the refund"],
    [{ kind: "dance", step: "tango" }, "Loyalty confirmed: dance"],
    [{ event: "calling", state: "calling" }, "Sent to Loyalty: credit the points"],
    [
      { event: "failed", state: "unknown" },
      "No clear answer from Loyalty: it will be asked whether it arrived",
    ],
    [
      { event: "failed", state: "dead" },
      "Loyalty could not take it: credit the points, given up",
    ],
    [{ event: "linked", kind: "link", target: null, state: "done" }, "Original sale found"],
    [{ ...own, event: "accepted" }, "Came in and was stored safely"],
    [{ ...own, event: "moon_rose" }, "Moon rose"],
    [{ event: "sang" }, "Loyalty: credit the points, sang"],
  ])("%o", (change, sentence) => {
    expect(timelineSentence({ ...entry, ...change })).toBe(sentence);
  });
});

const overview: Overview = {
  as_of: "2026-11-21T10:00:00Z",
  received: { total: 10, by_channel: { pos: 10 } },
  flows: { open: 0, done: 10, parked: 0, dead: 0 },
  held: 0,
  invalid: 0,
  waiting: [],
  parked: [],
  targets: [{ target: "loyalty", breaker: "closed", in_flight: 0, due: 0 }],
};

const reconciliation: Reconciliation = {
  id: "R",
  from: "2026-11-20",
  to: "2026-11-20",
  as_of: "2026-11-21T09:00:00Z",
  state: "done",
  progress: { done: 10, total: 10 },
  receipts: 10,
  sides: 3,
  items: { agreed: 20, in_flight: 0, explained: 0, unverified: 0, break: 0 },
  money: [],
  points: { crossfoot: 0, loyalty: 0 },
  control: { compared: 1, different: 0 },
  breaks: [],
};

describe("the verdict", () => {
  it("is good only when nothing needs a person", () => {
    expect(verdictOf(overview, reconciliation)).toMatchObject({
      tone: "good",
      headline: "Everything is in order",
      detail: "Nothing is on its way. The latest comparison found no break.",
    });
  });

  it("does not claim agreement that nobody checked", () => {
    expect(verdictOf(overview, undefined).detail).toContain("not been compared");
  });

  it("names what is wrong, the worst first", () => {
    const flows = { open: 4, done: 3, parked: 2, dead: 1 };
    const targets: Overview["targets"] = [
      { target: "loyalty", breaker: "open", in_flight: 0, due: 4 },
    ];
    const items = { ...reconciliation.items, break: 3 };
    expect(
      verdictOf({ ...overview, flows, targets }, { ...reconciliation, items }),
    ).toMatchObject({
      tone: "bad",
      headline: "3 breaks, Loyalty is not answering and 1 receipt given up",
      detail: "Also 2 receipts parked. 4 receipts on the way.",
    });
  });
});

describe("sums of breaks", () => {
  const found = (change: Partial<Break>): Break => ({
    id: "B",
    reconciliation: "R",
    class: "amount",
    side: "erp",
    transaction: null,
    shop: "DE-001",
    business_date: "2026-11-20",
    currency: "EUR",
    money: "0.01",
    points: 0,
    found_at: "2026-11-21T09:00:00Z",
    detail: null,
    ...change,
  });

  it("adds by kind and currency, and lets nothing cancel out", () => {
    const sums = sumBreaks([
      found({ money: "0.01" }),
      found({ money: "-0.01" }),
      found({ money: "5.00", currency: "GBP" }),
      found({ class: "rate", money: null, points: -2 }),
    ]);
    expect(sums).toEqual([
      {
        breakClass: "amount",
        count: 3,
        money: [
          { currency: "EUR", amount: "0.02" },
          { currency: "GBP", amount: "5.00" },
        ],
        points: 0,
      },
      { breakClass: "rate", count: 1, money: [], points: 2 },
    ]);
  });
});

describe("routes", () => {
  it("come back as they were written", () => {
    const route = parseRoute(href(["receipts", "a/b c"], { shop: "DE 1&2", state: "" }));
    expect(route.path).toEqual(["receipts", "a/b c"]);
    expect([...route.params]).toEqual([["shop", "DE 1&2"]]);
  });

  it("survive a broken address", () => {
    expect(parseRoute("#/receipts/%E0%A4%A").path).toEqual(["receipts", "%E0%A4%A"]);
    expect(parseRoute("").path).toEqual([]);
  });
});
