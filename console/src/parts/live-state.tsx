import { Problem } from "../api/client";
import type { useOverview } from "../api/queries";
import { formatAge, formatClock } from "../words/format";
import { Notice } from "./notice";

interface Props {
  overview: ReturnType<typeof useOverview>;
}

/** The small sign in the bar: whether figures are fresh and as of when. */
export function LiveState({ overview }: Props) {
  const { data, isError } = overview;
  const state = isError ? "lost" : data === undefined ? "starting" : "live";
  const label = { lost: "Not reachable", starting: "Connecting", live: "Live" }[state];
  return (
    <p className={`live live-${state}`} data-live={state}>
      <span className="live-dot" aria-hidden="true" />
      <span>{label}</span>
      {data !== undefined && (
        <span className="live-time">
          {isError ? "figures of" : "as of"}{" "}
          <time dateTime={data.as_of}>{formatClock(data.as_of)}</time>
        </span>
      )}
    </p>
  );
}

/** Says plainly that figures are old, on whatever page one is. */
export function UnreachableBanner({ overview }: Props) {
  const { data, error, errorUpdatedAt, dataUpdatedAt } = overview;
  if (error === null) return null;
  const refused = error instanceof Problem;
  const title = refused ? "The server is not ready" : "The server is not reachable";
  return (
    <Notice tone="bad" title={title}>
      {data === undefined
        ? "There are no figures to show yet. This page tries again every two seconds."
        : `What you see is from ${formatClock(data.as_of)}, ${formatAge(
            errorUpdatedAt - dataUpdatedAt,
          )} old, and may have changed. This page tries again every two seconds.`}
      <span className="tech">
        {refused ? `${error.status} ${error.message}` : error.message}
      </span>
    </Notice>
  );
}
