// The answers of the API that the console reads, as api/README.md states them. Amounts are decimal
// strings and stay strings: the console never computes with floating point.

export type FlowState = "open" | "done" | "parked" | "dead";
export type MessageState = "accepted" | "held" | "invalid";
export type BreakerState = "closed" | "open" | "half_open";
export type BreakClass =
  "missing" | "duplicate" | "amount" | "timing" | "rate" | "rounding" | "ownership";

export interface Overview {
  as_of: string;
  received: { total: number; by_channel: Record<string, number> };
  flows: Record<FlowState, number>;
  held: number;
  invalid: number;
  waiting: { target: string; count: number; oldest_at: string | null }[];
  parked: { code: string; count: number; oldest_at: string | null }[];
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
  acknowledgement?: Acknowledgement | null;
}

export interface Leg {
  leg: number;
  kind: string;
  target: string;
  state: string;
  attempts: number;
  due_at: string | null;
  reason: string | null;
  steps: Step[];
}

export interface Link {
  line: number;
  disposition: string;
  covered: string;
  originals: { id: string; line: number; quantity: string }[];
}

/** A receipt as lists show it; `flow` is there only when the server includes it in lists. */
export interface ReceiptHead {
  id: string;
  state: MessageState;
  correlation_id: string;
  kind: string;
  channel: string;
  shop: string | null;
  register: string | null;
  sequence: string | null;
  external_id?: string | null;
  business_date: string | null;
  occurred_at: string | null;
  recorded_at: string;
  currency: string | null;
  gross: string | null;
  member: string | null;
  conflict_with: string | null;
  flow?: Partial<Flow> | null;
}

export interface Flow {
  state: FlowState;
  legs: Leg[];
  points: { expected: number | null; answered: number | null; reversed: number | null } | null;
  links: Link[];
}

export type Receipt = ReceiptHead;

export interface TimelineEntry {
  at: string;
  event: string;
  leg: number | null;
  kind: string | null;
  target: string | null;
  step: string | null;
  attempt: number | null;
  state: string | null;
  reference: string | null;
  detail: string | null;
}

export interface Timeline {
  id: string;
  correlation_id: string;
  entries: TimelineEntry[];
}

export interface Page<T> {
  items: T[];
  next: string | null;
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
  transaction: string | null;
  shop: string | null;
  business_date: string | null;
  currency: string | null;
  money: string | null;
  points: number | null;
  found_at: string;
  detail: string | null;
}
