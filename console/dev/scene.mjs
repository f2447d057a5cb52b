// A believable weekend for the mock server: tills in Germany and the United Kingdom, a web shop and
// a file import, a loyalty platform that has been slow for a few minutes, and one comparison of the
// books with breaks. The figures come from a fixed seed, so screenshots can be compared.

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A small repeatable generator (mulberry32): uniform in [0, 1). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const shops = [
  { shop: "DE-001", currency: "EUR", zone: "+01:00" },
  { shop: "DE-014", currency: "EUR", zone: "+01:00" },
  { shop: "AT-003", currency: "EUR", zone: "+01:00" },
  { shop: "GB-007", currency: "GBP", zone: "+00:00" },
];

export function makeScene(now = Date.now()) {
  const random = generator(20261121);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const text = (length) => Array.from({ length }, () => pick([...alphabet])).join("");
  const receipts = new Map();

  const add = (options) => {
    const receipt = makeReceipt({ random, pick, text, now, ...options });
    receipts.set(receipt.head.id, receipt);
    return receipt;
  };

  const sale = add({ fixed: true, sequence: "1234", kind: "sale", outcome: "done", at: 40 });
  add({
    fixed: true,
    sequence: "1240",
    kind: "return",
    outcome: "done",
    original: sale,
    at: 31,
  });
  add({ fixed: true, sequence: "1251", kind: "return", outcome: "parked", at: 26 });
  add({ fixed: true, sequence: "1262", kind: "sale", outcome: "retrying", at: 4 });
  add({ fixed: true, sequence: "1234", kind: "sale", outcome: "held", original: sale, at: 22 });
  add({ fixed: true, sequence: "1270", kind: "sale", outcome: "dead", at: 300 });
  for (let index = 0; index < 180; index += 1) {
    add({
      kind: random() < 0.12 ? "return" : "sale",
      outcome: random() < 0.93 ? "done" : "retrying",
      at: 3 + random() * 2_000,
    });
  }
  const list = [...receipts.values()].sort(
    (a, b) => Date.parse(b.head.recorded_at) - Date.parse(a.head.recorded_at),
  );
  return { receipts, list, sale, ...makeReconciliations({ random, pick, text, now, list }) };
}

function makeReceipt(options) {
  const { random, pick, text, now, fixed = false, kind, outcome, original, at } = options;
  const recorded = new Date(now - at * 60_000);
  const place = fixed ? shops[0] : pick(shops);
  const occurred = tillTime(new Date(recorded.getTime() - 4_000), place.zone);
  const ecommerce = !fixed && random() < 0.2;
  const cents = 300 + Math.floor(random() * 12_000);
  const gross = fixed && kind === "sale" && outcome === "done" ? "35.48" : decimal(cents);
  const id = `01KAX${text(21)}`;
  const correlation = `01KAX${text(21)}`;
  const member = fixed || random() < 0.7 ? `M-${1001 + Math.floor(random() * 400)}` : null;
  const legs = outcome === "held" ? [] : makeLegs({ text, kind, outcome, member, recorded });
  const points = Math.floor(Number(gross.split(".")[0]));
  const head = {
    id,
    state: outcome === "held" ? "held" : "accepted",
    correlation_id: correlation,
    kind,
    channel: ecommerce ? "ecommerce" : "pos",
    shop: ecommerce ? "WEB" : place.shop,
    register: ecommerce ? null : fixed ? "3" : String(1 + Math.floor(random() * 6)),
    sequence: ecommerce
      ? null
      : (options.sequence ?? String(1000 + Math.floor(random() * 9_000))),
    external_id: ecommerce ? `#${100_000 + Math.floor(random() * 9_000)}` : null,
    business_date: occurred.slice(0, 10),
    occurred_at: occurred,
    recorded_at: recorded.toISOString(),
    currency: place.currency,
    gross,
    member,
    conflict_with: outcome === "held" ? original.head.id : null,
    ...(outcome === "held" ? { code: "CF-3009" } : {}),
  };
  const flow =
    outcome === "held"
      ? null
      : {
          state: { done: "done", parked: "parked", retrying: "open", dead: "dead" }[outcome],
          legs,
          points:
            member === null || kind !== "sale"
              ? {
                  expected: 0,
                  answered: 0,
                  reversed: legs.some((leg) => leg.kind === "reverse") ? points : 0,
                }
              : { expected: points, answered: outcome === "done" ? points : null, reversed: 0 },
          links: makeLinks(kind, outcome, original),
        };
  return { head, flow, timeline: makeTimeline(head, legs, recorded) };
}

function decimal(cents) {
  const digits = String(cents).padStart(3, "0");
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function tillTime(instant, zone) {
  const hours = Number(zone.slice(0, 3));
  const local = new Date(instant.getTime() + hours * 3_600_000);
  return local.toISOString().slice(0, 19) + zone;
}

function makeLinks(kind, outcome, original) {
  if (kind !== "return") return [];
  if (outcome === "parked") {
    return [{ line: 1, disposition: "orphaned", covered: "0", originals: [] }];
  }
  if (original === undefined) return [];
  const originals = [{ id: original.head.id, line: 2, quantity: "1" }];
  return [{ line: 1, disposition: "matched", covered: "1", originals }];
}

function makeLegs({ text, kind, outcome, member, recorded }) {
  const step = (name, state, afterMs) => ({
    name,
    reference: text(20),
    state,
    acknowledgement:
      state === "done"
        ? {
            id: `${["accrue", "reverse"].includes(name) ? "LTX" : "DOC"}-${text(7)}`,
            at: new Date(recorded.getTime() + afterMs).toISOString(),
            response_hash: text(32).toLowerCase(),
          }
        : null,
  });
  const legs = [];
  const add = (legKind, target, more = {}) => {
    const fresh = {
      state: "done",
      attempts: target === null ? 0 : 1,
      due_at: null,
      reason: null,
    };
    legs.push({ leg: legs.length + 1, kind: legKind, target, ...fresh, steps: [], ...more });
  };
  const parked = outcome === "parked";
  add("validate", null);
  if (kind === "return") {
    add("link", null, parked ? { state: "parked", reason: "CF-3007" } : {});
    const memo = [step("create_memo", "done", 388), step("release_memo", "done", 470)];
    add("post_refund", "erp", { steps: memo });
    if (!parked) add("claim", null);
  } else {
    add("post", "erp", { steps: [step("post", "done", 388)] });
  }
  if (member !== null && !parked) {
    const name = kind === "return" ? "reverse" : "accrue";
    const trouble = {
      retrying: { attempts: 3, due_at: new Date(Date.now() + 45_000).toISOString() },
      dead: { attempts: 9, reason: "CF-3102" },
    };
    const state = outcome;
    add(name, "loyalty", { ...trouble[outcome], state, steps: [step(name, state, 212)] });
  }
  return legs;
}

function makeTimeline(head, legs, recorded) {
  const entry = (afterMs, event, leg, state, more = {}) => ({
    at: new Date(recorded.getTime() + afterMs).toISOString(),
    event,
    leg: leg?.leg ?? null,
    kind: leg?.kind ?? null,
    target: leg?.target ?? null,
    step: null,
    attempt: null,
    state,
    reference: null,
    detail: null,
    ...more,
  });
  if (head.state === "held") return [entry(0, "held", null, null, { detail: "CF-3009" })];
  const entries = [entry(0, "accepted", null, null)];
  for (const leg of legs) {
    if (leg.kind === "link") entries.push(entry(9, "linked", leg, leg.state));
    if (leg.kind === "claim") entries.push(entry(12, "claimed", leg, leg.state));
    leg.steps.forEach((step, index) => {
      const told = { step: step.name, reference: step.reference };
      const start = (leg.target === "erp" ? 150 : 6) + index * 230;
      for (let attempt = 1; attempt <= leg.attempts; attempt += 1) {
        const at = start + (attempt - 1) * 41_000;
        const last = attempt === leg.attempts;
        entries.push(entry(at, "calling", leg, "calling", { ...told, attempt }));
        if (step.state === "done") {
          const state = index + 1 < leg.steps.length ? "due" : "done";
          const detail = step.acknowledgement.id;
          entries.push(
            entry(at + 206, "acknowledged", leg, state, { ...told, attempt, detail }),
          );
        } else {
          const state = last ? leg.state : "retrying";
          const detail = "CF-3106: 503 Service Unavailable, asked to wait 40 s";
          entries.push(entry(at + 206, "failed", leg, state, { ...told, attempt, detail }));
        }
      }
    });
  }
  return entries.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function makeReconciliations({ pick, text, now, list }) {
  const classes = [
    ["amount", "erp", "0.01", 0, "ERP has 35.47, the receipt says 35.48"],
    ["missing", "erp", "84.20", 0, "no document in the ERP"],
    ["duplicate", "erp", "19.99", 0, "two documents with one reference"],
    ["rate", "loyalty", "0.00", 1, "Loyalty has 39 points, 38 were expected"],
    ["timing", "erp", "0.00", 0, "booked on the next day"],
    ["ownership", "loyalty", "0.00", 12, "credited to another member"],
  ];
  const day = (ago) => new Date(now - ago * 86_400_000).toISOString().slice(0, 10);
  const id = `01KAY${text(21)}`;
  const breaks = Array.from({ length: 64 }, (_, index) => {
    const [name, side, money, points, detail] =
      classes[Math.min(classes.length - 1, Math.floor((index * index) / 420))];
    const { head } = pick(list);
    return {
      id: `01KAZ${text(21)}`,
      reconciliation: id,
      class: name,
      side,
      transaction: index === 7 ? null : head.id,
      shop: head.shop,
      business_date: head.business_date,
      currency: head.currency,
      money,
      points,
      found_at: new Date(now - 11 * 60_000).toISOString(),
      detail,
    };
  });
  const counts = classes.map(([name]) => ({
    class: name,
    count: breaks.filter((item) => item.class === name).length,
  }));
  const reconciliation = {
    id,
    from: day(2),
    to: day(0),
    as_of: new Date(now - 12 * 60_000).toISOString(),
    state: "done",
    progress: { done: 15_050, total: 15_050 },
    receipts: 15_050,
    sides: 3,
    items: { agreed: 29_634, in_flight: 214, explained: 904, unverified: 40, break: 64 },
    money: [
      { currency: "EUR", channel: "1482310.42", erp: "1482104.11", rounding: "0.00" },
      { currency: "GBP", channel: "5772993.442", erp: "5772993.44", rounding: "-0.002" },
    ],
    points: { crossfoot: 5_153_823, loyalty: 5_153_811 },
    control: { compared: 412, different: 3 },
    breaks: counts,
  };
  const clean = {
    ...reconciliation,
    id: `01KAW${text(21)}`,
    from: day(3),
    to: day(2),
    as_of: new Date(now - 26 * 3_600_000).toISOString(),
    receipts: 4_961,
    items: { agreed: 9_612, in_flight: 0, explained: 310, unverified: 0, break: 0 },
    money: [{ currency: "EUR", channel: "488104.20", erp: "488104.20", rounding: "0.00" }],
    points: { crossfoot: 402_118, loyalty: 402_118 },
    control: { compared: 136, different: 0 },
    breaks: [],
  };
  return { reconciliations: [reconciliation, clean], breaks };
}
