import type { TimelineEntry, Maybe } from "../api/types";
import { ageBetween, formatInstant, formatOffset } from "../words/format";
import { isErrorCode, reasonSaid, stateSaid, timelineSentence } from "../words/words";

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
          <Detail detail={entry.detail} />
          <p className="tech">{technical(entry)}</p>
        </li>
      ))}
    </ol>
  );
}

function toneOf(entry: TimelineEntry): string {
  return entry.state == null ? "quiet" : stateSaid(entry.state).tone;
}

function Detail({ detail }: { detail: Maybe<string> }) {
  if (detail == null || detail === "") return null;
  const reason = reasonSaid(detail);
  if (reason.known || isErrorCode(detail)) {
    return (
      <p className="timeline-detail">
        {reason.label}. {reason.explanation}
      </p>
    );
  }
  return <p className="timeline-detail">{detail}</p>;
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
