import { useBreakSample, useOverview, useReconciliations } from "../api/queries";
import type { Overview, Maybe } from "../api/types";
import { useAsOf } from "../as-of";
import { Age, Panel, Pill } from "../parts/bits";
import { DataTable } from "../parts/data-table";
import { Loading } from "../parts/notice";
import { ReconciliationPanel } from "../parts/reconciliation-panel";
import { href } from "../router";
import { ageBetween, formatAge, formatCount, formatShare, plural } from "../words/format";
import { verdictOf } from "../words/verdict";
import {
  breakerSaid,
  channelName,
  isErrorCode,
  reasonSaid,
  waitingSentence,
} from "../words/words";

export function OverviewPage() {
  const overview = useOverview();
  const reconciliations = useReconciliations();
  const latest = reconciliations.data?.find(({ state }) => state === "done");
  const running = reconciliations.data?.find(({ state }) => state === "running");
  const newestFailed = reconciliations.data?.[0]?.state === "failed";
  const sample = useBreakSample(latest?.id);

  const { data } = overview;
  if (data === undefined) {
    return (
      <>
        <h1>Overview</h1>
        {overview.error === null && <Loading what="Reading the figures" />}
      </>
    );
  }
  const verdict = verdictOf(data, latest);
  return (
    <div className={overview.isError ? "stale" : undefined}>
      <div className={`verdict tone-${verdict.tone}`} data-verdict={verdict.tone}>
        <h1>
          <span className="sr-only">Overview: </span>
          {verdict.headline}
        </h1>
        <p>{verdict.detail}</p>
      </div>
      <Tiles overview={data} />
      <div className="grid">
        <ReceivedPanel overview={data} />
        <SystemsPanel overview={data} />
      </div>
      <ReconciliationPanel
        latest={latest}
        running={running}
        newestFailed={newestFailed}
        error={reconciliations.data === undefined ? reconciliations.error : null}
        sample={sample.data}
      />
      <ParkedPanel overview={data} />
    </div>
  );
}

function ReceivedPanel({ overview }: { overview: Overview }) {
  const { received } = overview;
  const channels = Object.entries(received.by_channel).sort(([, a], [, b]) => b - a);
  const most = Math.max(1, ...channels.map(([, count]) => count));
  return (
    <Panel title="What came in">
      <p className="figure">
        <strong data-figure="received">{formatCount(received.total)}</strong>{" "}
        <span>{received.total === 1 ? "receipt" : "receipts"}</span>
      </p>
      <ul className="bars" aria-label="By channel">
        {channels.map(([channel, count]) => (
          <li key={channel}>
            <span className="bar-name">{channelName(channel)}</span>
            <span className="bar-track" aria-hidden="true">
              <span className="bar" style={{ width: `${(count * 100) / most}%` }} />
            </span>
            <span className="bar-count">
              {formatCount(count)}
              <span className="quiet share"> {formatShare(count, received.total)}</span>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Tiles({ overview }: { overview: Overview }) {
  const { flows, held, invalid } = overview;
  return (
    <ul className="tiles" aria-label="What became of the receipts">
      <Tile name="Complete" count={flows.done} />
      <Tile name="On the way" count={flows.open} />
      <Tile name="Parked" count={flows.parked} attention />
      <Tile name="Given up" count={flows.dead} attention />
      <Tile name="Held" count={held} attention state="held" />
      <Tile name="Unreadable" count={invalid} attention state="invalid" />
    </ul>
  );
}

interface TileProps {
  name: string;
  count: number;
  attention?: boolean;
  /** The tile leads to the list of these receipts, where the list can be asked for them. */
  state?: string;
}

function Tile({ name, count, attention = false, state }: TileProps) {
  const look = attention && count > 0 ? "tile tile-attention" : "tile";
  const content = (
    <>
      <strong>{formatCount(count)}</strong> <span>{name}</span>
    </>
  );
  return (
    <li>
      {state === undefined ? (
        <div className={look}>{content}</div>
      ) : (
        <a className={look} href={href(["receipts"], { state })}>
          {content}
          <span className="tile-go" aria-hidden="true">
            ›
          </span>
        </a>
      )}
    </li>
  );
}

interface SystemRow {
  target: string;
  count: number;
  oldest_at: Maybe<string>;
  health: Overview["targets"][number] | undefined;
}

/** Targets with their backlog; either list may name one that the other does not. */
function systemRows({ waiting, targets }: Overview): SystemRow[] {
  const names = new Set([...targets, ...waiting].map(({ target }) => target));
  return [...names].sort().map((target) => {
    const backlog = waiting.find((item) => item.target === target);
    return {
      target,
      count: backlog?.count ?? 0,
      oldest_at: backlog?.oldest_at ?? null,
      health: targets.find((item) => item.target === target),
    };
  });
}

function SystemsPanel({ overview }: { overview: Overview }) {
  const rows = systemRows(overview);
  return (
    <Panel title="What is waiting" note="For each system that must know of a receipt">
      {rows.length === 0 && <p className="empty">No other system is connected.</p>}
      <ul className="systems">
        {rows.map(({ target, count, oldest_at, health }) => {
          const age = ageBetween(oldest_at, overview.as_of);
          const said = health === undefined ? null : breakerSaid(health.breaker);
          return (
            <li key={target} className="system" data-target={target}>
              <div className="system-head">
                <h3 data-waiting={target}>
                  {waitingSentence(target, count, age === null ? null : formatAge(age))}
                </h3>
                {said !== null && <Pill said={said} />}
              </div>
              {said !== null && health?.breaker !== "closed" && (
                <p className="system-why">{said.explanation}</p>
              )}
              {health !== undefined && (
                <p className="tech">
                  {plural(health.in_flight, "call")} under way · {formatCount(health.due)} due ·
                  breaker {health.breaker.replace("_", " ")}
                </p>
              )}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

function ParkedPanel({ overview }: { overview: Overview }) {
  const asOf = useAsOf();
  const { parked } = overview;
  const rows = [...parked].sort((a, b) => b.count - a.count);
  return (
    <Panel
      title="Parked, and why"
      note="These wait for something. They are not lost, and hold up nothing else."
    >
      {rows.length === 0 ? (
        <p className="empty">Nothing is parked.</p>
      ) : (
        <DataTable
          caption="Parked by reason"
          rows={rows}
          rowKey={({ code }) => code}
          columns={[
            { header: "Reason", cell: ({ code }) => <ReasonCell code={code} /> },
            {
              header: "What it means",
              plain: true,
              cell: ({ code }) => reasonSaid(code).explanation,
            },
            {
              header: "Oldest",
              end: true,
              cell: ({ oldest_at }) => {
                const age = ageBetween(oldest_at, asOf);
                return oldest_at == null || age === null ? (
                  "–"
                ) : (
                  <Age at={oldest_at} ms={age} />
                );
              },
            },
            {
              header: "Count",
              end: true,
              cell: ({ count }) => <strong>{formatCount(count)}</strong>,
            },
          ]}
        />
      )}
    </Panel>
  );
}

function ReasonCell({ code }: { code: string }) {
  return (
    <>
      <span className="strong">{reasonSaid(code).label}</span>
      <span className="tech">
        {isErrorCode(code) ? <a href={`/errors/${code}`}>{code}</a> : code}
      </span>
    </>
  );
}
