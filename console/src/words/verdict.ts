// The one sentence on top of the overview: what a person who has ten seconds needs to know.
import type { Overview, Reconciliation } from "../api/types";
import { plural } from "./format";
import { targetName, type Tone } from "./words";

export interface Verdict {
  tone: Tone;
  /** The worst alone, so that it can be read in a glance. */
  headline: string;
  /** The rest, and what is on its way. */
  detail: string;
}

/** `latest` is the newest finished reconciliation, if there is one. */
export function verdictOf(overview: Overview, latest: Reconciliation | undefined): Verdict {
  const { flows, held, invalid, targets } = overview;
  const bad: string[] = [];
  const attention: string[] = [];
  const breaks = latest?.items.break ?? 0;
  if (breaks > 0) bad.push(plural(breaks, "break"));
  for (const { target, breaker } of targets) {
    if (breaker === "open") bad.push(`${targetName(target)} is not answering`);
    if (breaker === "half_open") attention.push(`${targetName(target)} is being tested`);
  }
  if (flows.dead > 0) bad.push(`${plural(flows.dead, "receipt")} given up`);
  if (flows.parked > 0) attention.push(`${plural(flows.parked, "receipt")} parked`);
  if (held > 0) attention.push(`${plural(held, "receipt")} held`);
  if (invalid > 0) attention.push(`${plural(invalid, "message")} unreadable`);

  const open = underway(overview, latest);
  if (bad.length > 0) {
    const also = attention.length === 0 ? "" : `Also ${list(attention)}. `;
    return { tone: "bad", headline: capital(list(bad)), detail: also + open };
  }
  if (attention.length > 0) {
    return { tone: "attention", headline: capital(list(attention)), detail: open };
  }
  return { tone: "good", headline: "Everything is in order", detail: open };
}

function underway(overview: Overview, latest: Reconciliation | undefined): string {
  const open = overview.flows.open;
  const flow = open === 0 ? "Nothing is on its way." : `${plural(open, "receipt")} on the way.`;
  if (latest === undefined) return `${flow} The books have not been compared yet.`;
  return latest.items.break === 0 ? `${flow} The latest comparison found no break.` : flow;
}

function list(parts: readonly string[]): string {
  const last = parts.at(-1) ?? "";
  const rest = parts.slice(0, -1);
  return rest.length === 0 ? last : `${rest.join(", ")} and ${last}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
