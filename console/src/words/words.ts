// Two vocabularies: what the API says, and what a store-operations person says. Every word that the
// console knows stands here; a word it does not know is shown in readable form, never hidden.
import type { BreakClass, BreakerState, TimelineEntry, Maybe } from "../api/types";
import { plural } from "./format";

export type Tone = "good" | "busy" | "attention" | "bad" | "quiet";

export interface Said {
  label: string;
  tone: Tone;
  /** A sentence for people who do not know the word. */
  explanation: string;
}

/** "over_returned" → "Over returned". */
export function humanise(word: string): string {
  const spaced = word.replace(/[_.-]+/g, " ").trim();
  return spaced === "" ? word : spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

function look(table: Readonly<Record<string, string>>, word: Maybe<string>): string {
  if (word == null || word === "") return "–";
  return Object.hasOwn(table, word) ? (table[word] ?? word) : humanise(word);
}

const targets: Record<string, string> = {
  loyalty: "Loyalty",
  erp: "ERP",
  stock: "Stock",
  crm: "CRM",
  oms: "Order management",
  crossfoot: "Crossfoot",
};
export const targetName = (target: Maybe<string>) => look(targets, target);

const channels: Record<string, string> = {
  pos: "Stores",
  ecommerce: "Web shop",
  mobile: "Mobile app",
  partner: "Partners",
  customer_service: "Customer service",
  file: "File import",
};
export const channelName = (channel: Maybe<string>) => look(channels, channel);

const kinds: Record<string, string> = {
  sale: "Sale",
  return: "Return",
  exchange: "Exchange",
  void: "Voided receipt",
  stock_adjustment: "Stock adjustment",
  accounting_adjustment: "Accounting adjustment",
};
export const kindName = (kind: Maybe<string>) => look(kinds, kind);

const legNames: Record<string, string> = {
  validate: "Check the receipt",
  enrich: "Complete the details",
  accrue: "Credit the points",
  accrual: "Credit the points",
  reverse: "Take back the points",
  reversal: "Take back the points",
  post: "Post to the books",
  post_erp: "Post to the books",
  posting: "Post to the books",
  erp_post: "Post to the books",
  credit_memo: "Draw up the refund",
  release: "Release the refund",
  stock: "Move the stock",
  move_stock: "Move the stock",
  stock_move: "Move the stock",
  publish: "Tell subscribers",
  link: "Find the original sale",
  compensate: "Undo an earlier step",
};
export const legName = (kind: Maybe<string>) => look(legNames, kind);

function said(label: string, tone: Tone, explanation: string): Said {
  return { label, tone, explanation };
}

const legStates: Record<string, Said> = {
  waiting: said("Waiting its turn", "quiet", "An earlier step has to finish first."),
  due: said("Next in line", "busy", "It is sent as soon as the system takes it."),
  calling: said("Being sent", "busy", "The call is under way."),
  retrying: said(
    "Trying again",
    "attention",
    "It did not work yet and is tried again by itself.",
  ),
  unknown: said(
    "Checking",
    "attention",
    "No clear answer came. We ask the system whether it arrived before anything is sent again.",
  ),
  parked: said("Parked", "attention", "It needs something before it can go on."),
  dead: said(
    "Given up",
    "bad",
    "It was tried as long as the rules allow. A person has to decide.",
  ),
  rejected: said("Refused", "bad", "The system refused it for good. A person has to decide."),
  cancelled: said("Not needed", "quiet", "It was cancelled before anything was sent."),
  compensated: said("Undone", "quiet", "It was done and then undone on purpose."),
  paused: said("Paused", "attention", "Someone paused this system."),
  done: said("Done", "good", "The system confirmed it."),
  held: said("Held", "attention", "Its receipt number is taken by another receipt."),
  invalid: said("Unreadable", "bad", "It could not be read. The original is kept as it came."),
  open: said("On its way", "busy", "Some steps are still to be done."),
};

/** The state of a leg, a step, or a flow. */
export function stateSaid(state: Maybe<string>): Said {
  const word = state ?? "";
  return (
    (Object.hasOwn(legStates, word) ? legStates[word] : undefined) ??
    said(look({}, state), "quiet", "")
  );
}

/** The state of a receipt as a whole: that of its flow, unless it never got one. */
export function receiptSaid(state: string, flowState: Maybe<string> | undefined): Said {
  if (state === "held" || state === "invalid") return stateSaid(state);
  if (flowState === undefined || flowState == null) {
    return said("Accepted", "good", "It is stored safely.");
  }
  if (flowState === "done") {
    return said("Complete", "good", "Every system has confirmed it.");
  }
  return stateSaid(flowState);
}

const breakers: Record<BreakerState, Said> = {
  closed: said("Answering", "good", "The system answers normally."),
  half_open: said(
    "Being tested",
    "attention",
    "It failed before. A few receipts are sent to see whether it is back.",
  ),
  open: said(
    "Not answering",
    "bad",
    "It failed repeatedly. Sending is paused and tried again by itself; nothing is lost.",
  ),
};
export function breakerSaid(breaker: BreakerState): Said {
  return Object.hasOwn(breakers, breaker)
    ? breakers[breaker]
    : said(humanise(breaker), "quiet", "");
}

export interface Reason {
  label: string;
  explanation: string;
  /** True when the code is one the console has words for. */
  known: boolean;
}

const reasons: Record<string, [label: string, explanation: string]> = {
  orphaned: [
    "Return without its sale",
    "No sale of this article to this customer is known. The refund is booked; the points wait.",
  ],
  original_missing: [
    "Sale not here yet",
    "The return names a sale that has not arrived. It continues by itself when the sale comes in.",
  ],
  over_returned: [
    "More returned than was bought",
    "The original sale does not cover the quantity. The refund is booked; the points wait.",
  ],
  no_customer: [
    "Return without a customer",
    "Nobody to take points back from. The refund is booked.",
  ],
  adjustment: [
    "Adjustment, not goods",
    "Postage, fees or manual amounts in a return. Booked as money, with no sale to link to.",
  ],
  accounting_adjustment: [
    "Accounting entry",
    "Money outside trade, such as a bad-debt correction. Finance decides; nothing was posted.",
  ],
  unknown_product: [
    "Unknown article",
    "The article is not in the product list. It continues when the article is known.",
  ],
  unknown_shop: [
    "Unknown store",
    "The store is not in the store list. It continues when the store is known.",
  ],
  unknown_member: ["Unknown member", "The loyalty platform does not know this member."],
  totals_mismatch: [
    "Totals do not add up",
    "The receipt's lines, discounts and payments do not agree with its total.",
  ],
  closed_period: [
    "Accounting period closed",
    "The ERP does not take postings for that date any more. Finance decides.",
  ],
  suspected_duplicate: [
    "May be a duplicate",
    "Another receipt looks the same. A person decides whether it is one sale or two.",
  ],
  rejected: [
    "Refused by the other system",
    "The system refused it for good. See the receipt for its answer.",
  ],
  unauthorised: [
    "Not allowed in",
    "The other system refuses our credentials. Integration has to look at the connection.",
  ],
};

export function reasonSaid(code: Maybe<string>): Reason {
  const word = (code ?? "").toLowerCase();
  const entry = Object.hasOwn(reasons, word) ? reasons[word] : undefined;
  if (entry !== undefined) return { label: entry[0], explanation: entry[1], known: true };
  const coded = isErrorCode(code);
  return {
    label: coded ? `Reason ${code}` : look({}, code),
    explanation: coded
      ? "Its page says what it means and what to do."
      : "The receipt shows what it is waiting for.",
    known: false,
  };
}

/** Public error codes have a page of their own under /errors/. */
export function isErrorCode(code: Maybe<string>): code is string {
  return code != null && /^CF-\d{4}$/.test(code);
}

const breakClasses: Record<BreakClass, [label: string, explanation: string]> = {
  missing: ["Missing", "One side has the receipt, the other does not."],
  duplicate: ["Booked twice", "One side has the receipt more than once."],
  amount: ["Different amount", "Both sides have it, with different money or tax."],
  timing: ["Wrong day", "Both sides have it, on different business days."],
  rate: ["Different points", "Both sides have it, with different points."],
  rounding: ["Rounding", "The difference comes from rounding alone."],
  ownership: [
    "Wrong store or member",
    "Both sides have it, under a different store or member.",
  ],
};
export function breakSaid(breakClass: string): { label: string; explanation: string } {
  const entry = Object.hasOwn(breakClasses, breakClass)
    ? breakClasses[breakClass as BreakClass]
    : undefined;
  return { label: entry?.[0] ?? humanise(breakClass), explanation: entry?.[1] ?? "" };
}
export const breakClassNames = Object.keys(breakClasses) as BreakClass[];

const sides: Record<string, string> = {
  erp: "ERP",
  loyalty: "Loyalty",
  channel: "Till or shop",
};
export const sideName = (side: Maybe<string>) => look(sides, side);

const dispositions: Record<string, string> = {
  matched: "Found",
  orphaned: "No sale found",
  over_returned: "More than was bought",
  no_customer: "No customer",
  adjustment: "Adjustment, no sale to find",
};
export const dispositionName = (word: string) => look(dispositions, word);

const eventSentences: Record<string, string> = {
  accepted: "Came in and was stored safely",
  received: "Came in and was stored safely",
  held: "Held: its receipt number is taken by another receipt",
  planned: "Steps decided",
  flow_started: "Steps decided",
  flow_done: "Complete: every system has confirmed",
  done: "Complete: every system has confirmed",
  claim_recorded: "Return noted on the original sale",
  linked: "Original sale found",
};

const didSentences: Record<string, string> = {
  accrue: "credited the points",
  accrual: "credited the points",
  reverse: "took back the points",
  reversal: "took back the points",
  post: "posted the receipt",
  post_erp: "posted the receipt",
  posting: "posted the receipt",
  erp_post: "posted the receipt",
  credit_memo: "drew up the refund",
  release: "posted the refund",
  stock: "moved the stock",
  move_stock: "moved the stock",
  stock_move: "moved the stock",
};

/** What happened, in one sentence that starts with who did it. */
export function timelineSentence(entry: TimelineEntry): string {
  const target = entry.target == null || entry.target === "" ? null : targetName(entry.target);
  if (target == null || entry.state == null) {
    const own = Object.hasOwn(eventSentences, entry.event)
      ? eventSentences[entry.event]
      : undefined;
    return own ?? humanise(entry.event);
  }
  // A leg of several steps is told step by step, as far as the steps' names are known.
  const word = [entry.step, entry.kind].find(
    (name) => name != null && Object.hasOwn(didSentences, name),
  );
  const what = legName(word ?? entry.kind).toLowerCase();
  const did = word == null ? undefined : didSentences[word];
  switch (entry.state) {
    case "waiting":
      return `${target}: ${what}, waits its turn`;
    case "due":
      return `${target}: ${what}, next in line`;
    case "calling":
      return `Sent to ${target}: ${what}`;
    case "done":
      return did === undefined ? `${target} confirmed: ${what}` : `${target} ${did}`;
    case "retrying":
      return `${target} could not take it: ${what}, will be tried again`;
    case "unknown":
      return `No clear answer from ${target}: asking whether it arrived`;
    case "parked":
      return `${target}: ${what}, parked`;
    case "dead":
      return `${target}: ${what}, given up`;
    case "rejected":
      return `${target} refused: ${what}`;
    case "cancelled":
      return `${target}: ${what}, not needed any more`;
    default:
      return `${target}: ${what}, ${stateSaid(entry.state).label.toLowerCase()}`;
  }
}

/** "Loyalty: 12 waiting, oldest 3 min". */
export function waitingSentence(target: string, count: number, oldest: Maybe<string>): string {
  if (count === 0) return `${targetName(target)}: nothing waiting`;
  const age = oldest === null ? "" : `, oldest ${oldest}`;
  return `${targetName(target)}: ${plural(count, "waiting", "waiting")}${age}`;
}
