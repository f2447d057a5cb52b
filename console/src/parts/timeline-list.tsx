import type { TimelineEntry } from "../api/types";
import { ageBetween, formatInstant, formatOffset } from "../words/format";
import { reasonSaid, stateSaid, timelineSentence, type Tone } from "../words/words";

/** What happened to a receipt, oldest first, counted from the moment it came in. */
export function TimelineList({ entries }: { entries: readonly TimelineEntry[] }) {
  const [first] = entries;
  if (first === undefined) return <p className="empty">Nothing has happened yet.</p>;
  return (
    <ol className="timeline">
      {entries.map((entry, index) => (
        <li
          // Entries are only ever added at the end, so the place is the identity.
          key={index}
          className={`tone-${toneOf(entry)}`}
          data-event={entry.event}
          data-kind={entry.kind ?? ""}
          data-target={entry.target ?? ""}
          data-state={entry.state ?? ""}
        >
          <p className="timeline-what">{timelineSentence(entry)}</p>
          <p className="timeline-when">
            <span>{formatOffset(ageBetween(first.at, entry.at) ?? 0)}</span>
            <time dateTime={entry.at}>{formatInstant(entry.at)}</time>
          </p>
          <Detail {...entry} />
          <p className="tech">{technical(entry)}</p>
        </li>
      ))}
    </ol>
  );
}

function toneOf({ event, state }: TimelineEntry): Tone {
  // One step of several is confirmed while the leg as a whole goes on.
  if (event === "acknowledged" || event === "found") return "good";
  return stateSaid(state ?? event).tone;
}

/** A fault's detail starts with its code: "CF-3106: connection refused". */
const codedDetail = /^(CF-\d{4})(?:: (.*))?$/s;

function Detail({ event, detail }: TimelineEntry) {
  if (detail == null || detail === "") return null;
  if (event === "acknowledged" || event === "found") {
    return (
      <p className="timeline-detail">
        Its number there: <code>{detail}</code>
      </p>
    );
  }
  const [, code, cause] = codedDetail.exec(detail) ?? [];
  if (code === undefined) return <p className="timeline-detail">{detail}</p>;
  const reason = reasonSaid(code);
  return (
    <p className="timeline-detail">
      {reason.label}. {reason.explanation}
      <span className="tech">
        <a href={`/errors/${code}`}>{code}</a> {cause}
      </span>
    </p>
  );
}

function technical(entry: TimelineEntry): string {
  return [
    entry.event,
    entry.leg == null ? null : `leg ${entry.leg}`,
    entry.step,
    entry.attempt == null || entry.attempt === 0 ? null : `attempt ${entry.attempt}`,
    entry.reference,
  ]
    .filter((part) => part != null && part !== "")
    .join(" · ");
}
