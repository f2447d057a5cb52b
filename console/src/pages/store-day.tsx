import { useStoreDay } from "../api/queries";
import type { DayReason, DayTill, SliceHead, StoreDay } from "../api/types";
import { Fact, Money, Panel, Pill } from "../parts/bits";
import { DataTable, type Column } from "../parts/data-table";
import { Failure, Loading } from "../parts/notice";
import { receiptHref } from "../router";
import { formatBusinessDate, formatCount, formatInstant, plural } from "../words/format";
import { reasonSaid, storeDaySaid } from "../words/words";

/** One shop's day: may it be closed, and why not. */
export function StoreDayPage({ shop, date }: { shop: string; date: string }) {
  const day = useStoreDay(shop, date);
  return (
    <>
      <h1>
        {shop}, {formatBusinessDate(date)}
      </h1>
      {day.isPending && <Loading what="Reading the day" />}
      {day.error !== null && day.data === undefined && (
        <Failure error={day.error} what="The store day" />
      )}
      {day.data !== undefined && <Day day={day.data} />}
    </>
  );
}

function Day({ day }: { day: StoreDay }) {
  return (
    <>
      <p className="lead">
        <Pill said={storeDaySaid(day.state)} /> {stateSentence(day)}
      </p>
      <Panel title="What was found">
        {day.reasons.length === 0 ? (
          <p className="empty">Nothing: all numbers are there, and everything ties.</p>
        ) : (
          <DataTable
            caption="What was found"
            columns={reasonColumns}
            rows={day.reasons}
            rowKey={({ code, detail }) => code + detail}
          />
        )}
      </Panel>
      {day.totals.map((totals) => (
        <Panel key={totals.currency} title={`Totals in ${totals.currency}`}>
          <dl className="facts">
            <Fact name="Receipts">{totals.receipts}</Fact>
            <Fact name="Gross">
              <Money amount={totals.gross} currency={totals.currency} />
            </Fact>
            <Fact name="Net">
              <Money amount={totals.net} currency={totals.currency} />
            </Fact>
            <Fact name="Tax">
              <Money amount={totals.tax} currency={totals.currency} />
            </Fact>
          </dl>
        </Panel>
      ))}
      <Panel title="Tills">
        <DataTable
          caption="Tills"
          columns={tillColumns}
          rows={day.registers}
          rowKey={({ register, register_epoch }) => `${register ?? ""}.${register_epoch}`}
        />
      </Panel>
      {day.slices.length > 0 && (
        <Panel title="Slices">
          <DataTable
            caption="Slices"
            columns={sliceColumns}
            rows={day.slices}
            rowKey={({ id }) => id}
          />
        </Panel>
      )}
    </>
  );
}

function stateSentence({ state, since_last_close: since }: StoreDay): string {
  switch (state) {
    case "open":
      return "Something keeps the day open.";
    case "ready":
      return "The day may be closed.";
    case "closed":
      return "Everything that counts is in a slice.";
    case "late":
      return `Since the last close: ${plural(since.added + since.removed, "receipt")}.`;
  }
}

const reasonColumns: readonly Column<DayReason>[] = [
  {
    header: "What",
    cell: ({ code }) => (
      <>
        <span className="strong">{reasonSaid(code).label}</span>
        <span className="tech">{code}</span>
      </>
    ),
  },
  { header: "Keeps the day open", cell: ({ blocks }) => (blocks ? "yes" : "no") },
  {
    header: "More",
    cell: ({ detail, missing, differences }) => (
      <>
        {detail}
        {missing.map(({ first, last }) => (
          <span key={first} className="line tech">
            {first === last ? first : `${first} to ${last}`}
          </span>
        ))}
        {differences.map(({ what, received, stated }) => (
          <span key={what} className="line tech">
            {what}: received {received}, stated {stated}
          </span>
        ))}
      </>
    ),
  },
  {
    header: "Money",
    end: true,
    cell: ({ money }) =>
      Object.entries(money).map(([currency, amount]) => (
        <span key={currency} className="line">
          <Money amount={amount} currency={currency} />
        </span>
      )),
  },
  {
    header: "Receipts",
    cell: ({ transactions }) =>
      transactions.map((id) => (
        <span key={id} className="line">
          <a href={receiptHref(id)} aria-label={`Open receipt ${id}`}>
            Open
          </a>
        </span>
      )),
  },
];

const tillColumns: readonly Column<DayTill>[] = [
  {
    header: "Till",
    cell: ({ register, register_epoch }) => (
      <>
        {register ?? "no till"}
        {register_epoch > 0 && <span className="tech">epoch {register_epoch}</span>}
      </>
    ),
  },
  { header: "Numbers", cell: (row) => `${row.first_sequence} to ${row.last_sequence}` },
  { header: "Receipts", end: true, cell: ({ receipts }) => formatCount(receipts) },
  { header: "Other records", end: true, cell: ({ records }) => formatCount(records) },
  {
    header: "Z-reports",
    cell: ({ sessions }) =>
      sessions.map(({ z_report, ties }, index) => (
        <span key={index} className="line">
          {z_report == null ? "none yet" : `${z_report}: ${ties === true ? "ties" : "differs"}`}
        </span>
      )),
  },
  {
    header: "Over or short",
    end: true,
    cell: ({ sessions }) =>
      sessions.flatMap(({ cash }, index) =>
        cash.map(({ currency, over_short }) => (
          <span key={`${index} ${currency}`} className="line">
            <Money amount={over_short} currency={currency} />
          </span>
        )),
      ),
  },
];

const sliceColumns: readonly Column<SliceHead>[] = [
  { header: "Slice", cell: ({ slice, id }) => <a href={receiptHref(id)}>{slice}</a> },
  { header: "Closed", cell: ({ closed_at, by }) => `${formatInstant(closed_at)} by ${by}` },
  {
    header: "Why",
    cell: ({ reason, in_spite_of }) => (
      <>
        {reason}
        {in_spite_of.length > 0 && (
          <span className="tech">in spite of {in_spite_of.join(", ")}</span>
        )}
      </>
    ),
  },
  {
    header: "Receipts",
    end: true,
    cell: ({ added, removed }) =>
      removed === 0 ? formatCount(added) : `${formatCount(added)}, ${removed} taken out`,
  },
  {
    header: "Gross",
    end: true,
    cell: ({ totals }) =>
      totals.map(({ currency, gross }) => (
        <span key={currency} className="line">
          <Money amount={gross} currency={currency} />
        </span>
      )),
  },
];
