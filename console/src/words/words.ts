// Two vocabularies: what the API says, and what a store-operations person says. Every word that the
// console knows stands here; a word it does not know is shown in readable form, never hidden.
import type {
  BreakClass,
  BreakerState,
  Maybe,
  StoreDayState,
  TimelineEntry,
} from "../api/types";
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
  redemption: "Payment with points",
  customer_profile: "Customer's record",
  till_open: "Till opened",
  till_close: "Till closed (Z-report)",
  no_sale: "Drawer opened without a sale",
  paid_in: "Money put into the drawer",
  paid_out: "Money taken from the drawer",
  training: "Training receipt",
  suspended: "Receipt put aside",
  resumed: "Receipt taken up again",
  aborted: "Receipt given up",
  till_audit: "Till counted",
  store_day_close: "Store day closed",
  points_adjustment: "Points by hand",
};
export const kindName = (kind: Maybe<string>) => look(kinds, kind);

/** Kinds of transactions that earn points or take some back. */
const explained = new Set(["sale", "return", "exchange", "void"]);
export const isExplained = (kind: Maybe<string>) => kind != null && explained.has(kind);

const reasonsForNothing: Record<string, string> = {
  returned: "comes back",
  no_member: "no member",
  kind: "does not earn",
  costs_nothing: "costs nothing",
  paid_otherwise: "paid with what does not earn",
};
export const nothingEarned = (reason: string) => look(reasonsForNothing, reason);

const campaignVerdicts: Record<string, string> = {
  fired: "Given",
  before_start: "Had not begun",
  after_end: "Was over",
  no_article: "None of its articles",
  below_spend: "Too little of its articles",
};
export const verdictOfCampaign = (verdict: string) => look(campaignVerdicts, verdict);

const legNames: Record<string, string> = {
  validate: "Check the receipt",
  link: "Find the original sale",
  claim: "Note the return on its sale",
  accrue: "Credit the points",
  reverse: "Take back the points",
  post: "Post the receipt",
  post_refund: "Post the refund",
  post_void: "Post the void",
  move_stock: "Move the stock",
  reinstate: "Give the points again",
  supersede: "Take back the earlier version",
  authorise: "Reserve the points",
  capture: "Spend the points",
  release: "Free the points",
  hold: "Reserve the points here",
  deduct: "Deduct the points",
  share_profile: "Tell of the customer",
  approve: "Wait for a second person",
  adjust: "Grant or deduct the points",
  create_memo: "Draw up the refund",
  release_memo: "Release the refund",
};
/** A leg by its kind, or a step by its name. */
export const legName = (kind: Maybe<string>) => look(legNames, kind);
/** A leg without a target is our own work. */
export const legTarget = (target: Maybe<string>) => targetName(target ?? "crossfoot");

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
  replaced: said("Replaced", "quiet", "A person had it accepted under a number of its own."),
  discarded: said("Discarded", "quiet", "A person decided that nothing follows from it."),
  superseded: said("Corrected", "quiet", "A newer version of the same receipt took its place."),
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
  if (state !== "accepted" && Object.hasOwn(legStates, state)) return stateSaid(state);
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

const storeDays: Record<StoreDayState, Said> = {
  open: said("Open", "attention", "Something speaks against closing it, or nothing has come."),
  ready: said("Ready", "busy", "It may be closed."),
  closed: said("Closed", "good", "Nothing has come since it was closed."),
  late: said(
    "Late receipts",
    "attention",
    "Something has come since it was closed. The next close takes it.",
  ),
};
export const storeDaySaid = (state: StoreDayState): Said => storeDays[state];
export const storeDayStates = Object.keys(storeDays) as StoreDayState[];

export interface Reason {
  label: string;
  explanation: string;
  /** True when the code is one the console has words for. */
  known: boolean;
}

// By public error code (api/errors), with the code's name, which is also understood.
const reasonRows: [code: string, name: string, label: string, explanation: string][] = [
  [
    "CF-3001",
    "totals_mismatch",
    "Totals do not add up",
    "The lines do not give the stated total. Nothing was posted; the channel corrects it.",
  ],
  [
    "CF-3002",
    "tenders_mismatch",
    "Payments do not cover the amount",
    "The payments differ from the amount due. Nothing was posted; the channel corrects it.",
  ],
  [
    "CF-3003",
    "unknown_product",
    "Unknown article",
    "The article is not in the product list. It goes on when the article is known.",
  ],
  [
    "CF-3004",
    "accounting_adjustment",
    "Accounting entry",
    "Money outside trade, such as bad debt. Nothing was posted; finance decides.",
  ],
  [
    "CF-3005",
    "original_not_found",
    "Sale not here yet",
    "The return names a sale that has not arrived. The refund is booked; the points wait.",
  ],
  [
    "CF-3006",
    "over_returned",
    "More returned than was bought",
    "The original sale does not cover the quantity. The refund is booked; the points wait.",
  ],
  [
    "CF-3007",
    "orphaned",
    "Return without its sale",
    "No sale of this article to this customer is known. The refund is booked; the points wait.",
  ],
  [
    "CF-3008",
    "no_customer",
    "Return without a customer",
    "No sale can be looked for. The refund is booked; there are no points to take back.",
  ],
  [
    "CF-3009",
    "identity_conflict",
    "Receipt number taken",
    "Another receipt has the same number with other content. Both are kept; a person decides.",
  ],
  [
    "CF-3010",
    "amount_mismatch",
    "Line amount is not quantity times price",
    "A line's amount differs from quantity times price. The channel corrects it.",
  ],
  [
    "CF-3011",
    "discount_exceeds_amount",
    "Discount larger than the amount",
    "A discount takes off more than there is. The promotion has to be corrected in the channel.",
  ],
  [
    "CF-3012",
    "odd_document",
    "Fits no known kind",
    "The document mixes what does not go together. A person enters what really happened.",
  ],
  [
    "CF-3013",
    "period_closed",
    "Accounting period closed",
    "The ERP takes no postings for that date. Finance opens the period or names another date.",
  ],
  [
    "CF-3014",
    "original_unsettled",
    "Sale still on its way",
    "The sale it belongs to is not finished. It goes on by itself when the sale is.",
  ],
  [
    "CF-3015",
    "voided_before_sent",
    "Voided before it was sent",
    "The receipt was voided in time. The other system never heard of it.",
  ],
  [
    "CF-3016",
    "superseded_before_sent",
    "Corrected before it was sent",
    "A newer version of the receipt came in time. The other system gets that one only.",
  ],
  [
    "CF-3017",
    "suspected_duplicate",
    "Looks like another receipt",
    "The same shop sold the same things within minutes under another number. A person decides.",
  ],
  [
    "CF-3018",
    "unknown_member",
    "Unknown member",
    "No customer's record has this member number. It goes on when the member is known.",
  ],
  [
    "CF-3030",
    "restored_asks_first",
    "Asked for first, after a restore",
    "The data was restored from a backup. The other system is asked whether it has this already.",
  ],
  [
    "CF-3031",
    "restored_differs",
    "The other system has something else",
    "After a restore its book and ours do not fit for this receipt. A person compares them.",
  ],
  [
    "CF-3101",
    "outcome_needs_person",
    "Did it arrive? A person decides",
    "A call ended without an answer, and the system cannot be asked. Look there for the reference.",
  ],
  [
    "CF-3102",
    "retries_exhausted",
    "Tried as long as allowed",
    "The system failed every time. Find out why it fails, then release it; it cannot happen twice.",
  ],
  [
    "CF-3103",
    "target_rejected",
    "Refused by the other system",
    "The system does not take this content. Its own words stand in the receipt's history.",
  ],
  [
    "CF-3104",
    "target_unauthorised",
    "Our sign-in was refused",
    "The system does not accept our credentials. Integration renews them.",
  ],
  [
    "CF-3105",
    "corrupt_answer",
    "Answer makes no sense",
    "The connector does not know this form of answer. Integration looks at it.",
  ],
  [
    "CF-3106",
    "target_unavailable",
    "System cannot be reached",
    "Nothing has happened there. It is sent again by itself, with growing pauses.",
  ],
  [
    "CF-3107",
    "target_throttled",
    "System asks us to slow down",
    "Its quota is used up. It is sent again at the time it stated.",
  ],
  [
    "CF-3108",
    "target_unknown_outcome",
    "No answer came",
    "The call may have happened. The system is asked before anything is sent again.",
  ],
  [
    "CF-3109",
    "target_conflict",
    "Changed by someone else meanwhile",
    "The system holds another state. The call is repeated on the new state.",
  ],
  [
    "CF-3110",
    "target_not_found",
    "Not known to the other system",
    "The system does not know what was named, such as an original document.",
  ],
  [
    "CF-3111",
    "mapping_failed",
    "Could not be translated",
    "The connector could not make the system's message. Nothing was sent; integration corrects it.",
  ],
  [
    "CF-3112",
    "discarded",
    "Discarded by a person",
    "Somebody decided that it is not to be done. The receipt's history says who and why.",
  ],
  [
    "CF-3113",
    "paused",
    "Paused",
    "Its shop, member, region or key is held back by hand. It goes on when the pause ends.",
  ],
  [
    "CF-3114",
    "points_insufficient",
    "Not enough points",
    "The member has fewer points free than the till asked for. Nothing is to be done.",
  ],
  [
    "CF-3115",
    "hold_expired",
    "Reserved points are gone",
    "The reservation lapsed before it was spent. Are the goods gone? Redeem again, or discard it.",
  ],
  [
    "CF-3201",
    "programme_malformed",
    "Programme cannot be read",
    "The file with the programme's rules has a fault. Integration corrects the place it names.",
  ],
  [
    "CF-3202",
    "zone_unknown",
    "Time zone unknown",
    "A region names a zone the machine does not have. The points are the platform's alone.",
  ],
  [
    "CF-3203",
    "rate_missing",
    "Exchange rate missing",
    "The programme has no rate for this currency. The platform's points count, unverified.",
  ],
  [
    "CF-3204",
    "arithmetic_range",
    "Figures too large",
    "Beyond what is computed exactly. Usually a mistyped amount, multiplier or rate.",
  ],
  [
    "CF-3205",
    "posting_unbalanced",
    "Entries do not balance",
    "The payments do not settle the amount, or a tax rate is missing. The channel corrects it.",
  ],
  [
    "CF-3206",
    "nothing_to_freeze",
    "Points without a sold line",
    "The platform granted points that belong to no line. Ask the platform why.",
  ],
  [
    "CF-3207",
    "policy_not_applied",
    "A policy that is not carried out",
    "The programme asks for a rule that receipts are not processed by. Integration picks another.",
  ],
  [
    "CF-3208",
    "account_table_malformed",
    "Accounts cannot be read",
    "The table of accounts has a fault. Integration corrects the place it names.",
  ],
  [
    "CF-3209",
    "account_undetermined",
    "No account for a posting",
    "The table of accounts has no entry for this case. Finance adds one.",
  ],
  [
    "CF-3301",
    "sequence_missing",
    "Numbers of a till are missing",
    "Some numbers of a till have not come. Get them, or close the day with a reason.",
  ],
  [
    "CF-3302",
    "till_not_closed",
    "A till has sent no Z-report",
    "The till has not been closed, or its Z-report has not come.",
  ],
  [
    "CF-3303",
    "z_report_differs",
    "The Z-report says something else",
    "The sums of the till are not those of the receipts that came in.",
  ],
  [
    "CF-3304",
    "cash_differs",
    "The drawer does not tie",
    "There is more or less cash in the drawer than there should be.",
  ],
  [
    "CF-3305",
    "shop_silent",
    "A shop has sent nothing",
    "The shop should have sold on this day, and nothing came.",
  ],
  [
    "CF-3306",
    "till_silent",
    "A till has sent nothing",
    "The shop has sent something, this till nothing.",
  ],
  [
    "CF-3307",
    "day_message_open",
    "Something is held or unreadable",
    "Messages of the day wait for a person.",
  ],
  [
    "CF-3308",
    "late_after_z",
    "Came after the Z-report",
    "Receipts came late. When everything ties, nothing needs to be done.",
  ],
  [
    "CF-3309",
    "day_receipt_stuck",
    "A receipt is stuck",
    "The receipt counts in the day, and another system has not got it.",
  ],
  [
    "CF-3310",
    "behind_last_z",
    "Sold after the Z-report",
    "The till sold after it was closed. Have it closed once more.",
  ],
  [
    "CF-3311",
    "voided_unknown",
    "A void without its receipt",
    "The receipt that was voided has not come.",
  ],
  [
    "CF-3312",
    "settlement_policy_malformed",
    "The settlement policy cannot be read",
    "A file of the server is not as it should be.",
  ],
  [
    "CF-3351",
    "programme_changed",
    "Programme changed without a new version",
    "The rules differ from those used before under the same version. Integration raises it.",
  ],
  [
    "CF-3352",
    "second_person_needed",
    "Needs a second person",
    "More points by hand than one person may move alone. Another person agrees or refuses.",
  ],
  [
    "CF-3353",
    "approval_refused",
    "Refused by a second person",
    "Nothing was sent, and nothing is to be done. The history says who refused and why.",
  ],
];
const reasons = new Map<string, Reason>(
  reasonRows.flatMap(([code, name, label, explanation]) => {
    const reason = { label, explanation, known: true };
    return [
      [code.toLowerCase(), reason],
      [name, reason],
    ];
  }),
);

export function reasonSaid(code: Maybe<string>): Reason {
  const known = reasons.get((code ?? "").toLowerCase());
  if (known !== undefined) return known;
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
  pending: "Not looked for yet",
  matched: "Found",
  orphaned: "No sale found",
  over_returned: "More than was bought",
  no_customer: "No customer",
  adjustment: "Adjustment, no sale to find",
  voided: "Voided",
};
export const dispositionName = (word: string) => look(dispositions, word);

const didSentences: Record<string, string> = {
  accrue: "credited the points",
  reverse: "took back the points",
  post: "posted the receipt",
  post_refund: "posted the refund",
  post_void: "posted the void",
  move_stock: "moved the stock",
  reinstate: "gave the points again",
  authorise: "reserved the points",
  capture: "spent the points",
  release: "freed the points",
  deduct: "deducted the points",
  share_profile: "told of the customer",
  adjust: "granted or deducted the points",
  create_memo: "drew up the refund",
  release_memo: "released the refund",
};

/** What happened, in one sentence. */
export function timelineSentence(entry: TimelineEntry): string {
  const { event, kind, state } = entry;
  const target = legTarget(entry.target);
  // A leg of several steps is told step by step, as far as the steps' names are known.
  const word = [entry.step, kind].find((name) => name != null && Object.hasOwn(legNames, name));
  const what = legName(word ?? kind).toLowerCase();
  const did = (word == null ? undefined : didSentences[word]) ?? `confirmed: ${what}`;
  switch (event) {
    case "accepted":
      return "Came in and was stored safely";
    case "superseded":
      return "A newer version of the receipt took its place";
    case "recorded":
      return "The customer's record has a new version";
    case "suspected":
      return "Looks like another receipt under a new number";
    case "revision_noted":
      return "Another version of the receipt came and changed nothing";
    case "doubted":
      return "The data was restored; the other system is asked first";
    case "held":
      return "Held: its receipt number is taken by another receipt";
    case "invalid":
      return "Could not be read; the original is kept";
    case "replaced":
      return "Accepted by a person under a number of its own";
    case "calling":
      return `Sent to ${target}: ${what}`;
    case "acknowledged":
      return `${target} ${did}`;
    case "found":
      return `Asked, and it had arrived: ${target} ${did}`;
    case "asked":
      return `Asked ${target} whether it arrived`;
    case "not_found":
      return `Asked, and ${target} does not have it`;
    case "failed":
      return failedSentence(target, what, state);
    case "restarted":
      return `The server stopped during the call: ${target} will be asked whether it arrived`;
    case "claimed":
      return state === "done" ? "Return noted on its sale" : "Return waits for its sale";
    case "linked":
      return state === "done" ? "Original sale found" : "Original sale looked for";
    case "void_requested":
      return "The receipt was voided";
    case "capture_requested":
      return "The till took the reserved points";
    case "release_requested":
      return "The till gave the payment with points up";
    case "reserved":
      return state === "done"
        ? "The points were reserved here"
        : "The points could not be reserved";
    case "granted":
      return "Granted on the floor limit, without the loyalty platform's word";
    case "lapsed":
      return "Nobody took the reserved points in time";
    case "approved":
      return "A second person agreed";
    case "refused":
      return "A second person refused";
    case "released":
      return `Released by a person: ${what}`;
    case "discarded":
      return `Discarded by a person: ${what}`;
    case "confirmed":
      return `A person looked at ${target} and said what happened: ${what}`;
    case "resent":
      return `To be sent once more, on purpose: ${what}`;
    case "paused":
      return `Held back by hand: ${what}`;
    case "decided":
      return "A person decided about another message with this receipt's number";
    case "cancelled":
      return `Not needed any more: ${what}`;
    case "parked":
      return kind == null ? "Parked" : `Parked: ${what}`;
    default:
      return kind == null
        ? humanise(event)
        : `${target}: ${what}, ${humanise(event).toLowerCase()}`;
  }
}

function failedSentence(target: string, what: string, state: Maybe<string>): string {
  switch (state) {
    case "retrying":
      return `${target} could not take it: will be tried again`;
    case "unknown":
      return `No clear answer from ${target}: it will be asked whether it arrived`;
    case "rejected":
      return `${target} refused: ${what}`;
    case "parked":
      return `${target} could not take it: ${what}, parked`;
    case "dead":
      return `${target} could not take it: ${what}, given up`;
    default:
      return `${target} could not take it: ${what}`;
  }
}

/** "Loyalty: 12 waiting, oldest 3 min". */
export function waitingSentence(target: string, count: number, oldest: Maybe<string>): string {
  if (count === 0) return `${targetName(target)}: nothing waiting`;
  const age = oldest === null ? "" : `, oldest ${oldest}`;
  return `${targetName(target)}: ${plural(count, "waiting", "waiting")}${age}`;
}
