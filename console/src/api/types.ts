// The answers of the API that the console reads, as api/README.md states them. Amounts are decimal
// strings and stay strings: the console never computes with floating point.

/** A field that the server may state as null or leave out; both mean that there is none. */
export type Maybe<T> = T | null | undefined;

export type FlowState = "open" | "done" | "parked" | "dead";
export type MessageState =
  "accepted" | "held" | "invalid" | "replaced" | "discarded" | "superseded";
export type BreakerState = "closed" | "open" | "half_open";
export type BreakClass =
  "missing" | "duplicate" | "amount" | "timing" | "rate" | "rounding" | "ownership";

export interface Overview {
  as_of: string;
  received: { total: number; by_channel: Record<string, number> };
  flows: Record<FlowState, number>;
  held: number;
  invalid: number;
  waiting: { target: string; count: number; oldest_at?: Maybe<string> }[];
  parked: { code: string; count: number; oldest_at?: Maybe<string> }[];
  targets: { target: string; breaker: BreakerState; in_flight: number; due: number }[];
}

export interface Acknowledgement {
  id: string;
  at: string;
  response_hash: string;
}

export interface Step {
  name: string;
  reference: string;
  state: string;
  acknowledgement?: Maybe<Acknowledgement>;
}

export interface Leg {
  leg: number;
  kind: string;
  /** None for our own work: validate, link, claim. */
  target?: Maybe<string>;
  state: string;
  attempts: number;
  due_at?: Maybe<string>;
  reason?: Maybe<string>;
  steps: Step[];
}

export interface Link {
  line: number;
  disposition: string;
  covered: string;
  originals: { id?: Maybe<string>; line: number; quantity: string }[];
}

/**
 * A receipt as lists show it, where `flow` has its state alone. Of an unreadable one only what
 * could be read is there.
 */
export interface ReceiptHead {
  id: string;
  state: MessageState;
  correlation_id: string;
  kind?: Maybe<string>;
  channel?: Maybe<string>;
  shop?: Maybe<string>;
  register?: Maybe<string>;
  sequence?: Maybe<string>;
  external_id?: Maybe<string>;
  business_date?: Maybe<string>;
  occurred_at?: Maybe<string>;
  recorded_at: string;
  currency?: Maybe<string>;
  gross?: Maybe<string>;
  member?: Maybe<string>;
  conflict_with?: Maybe<string>;
  /** Why it is held or invalid. */
  code?: Maybe<string>;
  flow?: Maybe<Partial<Flow>>;
}

export interface Flow {
  state: FlowState;
  legs: Leg[];
  points?: Maybe<{
    expected?: Maybe<number>;
    answered?: Maybe<number>;
    reversed?: Maybe<number>;
  }>;
  links: Link[];
}

export type Receipt = ReceiptHead;

export interface TimelineEntry {
  at: string;
  event: string;
  leg?: Maybe<number>;
  kind?: Maybe<string>;
  target?: Maybe<string>;
  step?: Maybe<string>;
  attempt?: Maybe<number>;
  state?: Maybe<string>;
  reference?: Maybe<string>;
  detail?: Maybe<string>;
}

export interface Timeline {
  id: string;
  correlation_id: string;
  entries: TimelineEntry[];
}

export interface ExplainedLine {
  line: number;
  article: string;
  description: string | null;
  action: string;
  kind: string;
  quantity: string;
  gross: string;
  eligible: string | null;
  earns_nothing_because: string | null;
  points: number | null;
  units: { units: number; points: number }[];
  taken_back: { quantity: string; points: number };
}

export interface ExplainedReversal {
  by: string;
  of: string | null;
  points: number;
  lines: { line: number; quantity: string; points: number }[];
}

/** Why a receipt has its points, as it was decided at its time. */
export interface Explanation {
  transaction: ReceiptHead;
  points: {
    expected: number | null;
    answered: number | null;
    counts: number | null;
    taken_back: number;
    left: number | null;
  };
  rules: { programme: string; version: number; zone: string; local_time: string | null } | null;
  lines: ExplainedLine[];
  campaigns: { id: string; multiplier: string; verdict: string }[];
  reversals: ExplainedReversal[];
  takes_back: ExplainedReversal[];
  postings: {
    account: string;
    side: "debit" | "credit";
    amount: string;
    tax_code: string | null;
  }[];
  why: string[];
}

export interface Page<T> {
  items: T[];
  next?: Maybe<string>;
}

export type StoreDayState = "open" | "ready" | "closed" | "late";

export interface StoreDayLine {
  tenant: string;
  shop: string;
  region?: Maybe<string>;
  business_date: string;
  state: StoreDayState;
  may_close: boolean;
  receipts: number;
  slices: number;
  last_z_at?: Maybe<string>;
  /** Codes, each once. */
  reasons: string[];
  gross: Record<string, string | null>;
}

export interface DayTotals {
  currency: string;
  receipts: string;
  net?: Maybe<string>;
  tax?: Maybe<string>;
  gross?: Maybe<string>;
}

export interface DayReason {
  code: string;
  title: string;
  blocks: boolean;
  detail: string;
  money: Record<string, string>;
  missing: { first: string; last: string; count: number }[];
  differences: { what: string; received: string; stated: string }[];
  transactions: string[];
}

export interface DayTill {
  register?: Maybe<string>;
  register_epoch: number;
  receipts: number;
  records: number;
  first_sequence: string;
  last_sequence: string;
  sessions: {
    z_report?: Maybe<string>;
    ties?: Maybe<boolean>;
    cash: { currency: string; over_short?: Maybe<string> }[];
  }[];
}

export interface SliceHead {
  slice: number;
  id: string;
  closed_at: string;
  by: string;
  reason: string;
  in_spite_of: string[];
  added: number;
  removed: number;
  totals: DayTotals[];
}

export interface StoreDay {
  shop: string;
  business_date: string;
  state: StoreDayState;
  may_close: boolean;
  reasons: DayReason[];
  totals: DayTotals[];
  registers: DayTill[];
  slices: SliceHead[];
  since_last_close: { added: number; removed: number };
}

export interface Reconciliation {
  id: string;
  from: string;
  to: string;
  as_of: string;
  state: "running" | "done" | "failed";
  progress: { done: number; total: number };
  receipts: number;
  sides: number;
  items: {
    agreed: number;
    in_flight: number;
    explained: number;
    unverified: number;
    break: number;
  };
  money: { currency: string; channel: string; erp: string; rounding: string }[];
  points: { crossfoot: number; loyalty: number };
  control: { compared: number; different: number };
  breaks: { class: BreakClass; count: number }[];
}

export interface Break {
  id: string;
  reconciliation: string;
  class: BreakClass;
  side: string;
  transaction?: Maybe<string>;
  shop?: Maybe<string>;
  business_date?: Maybe<string>;
  currency?: Maybe<string>;
  money?: Maybe<string>;
  points?: Maybe<number>;
  found_at: string;
  detail?: Maybe<string>;
}
