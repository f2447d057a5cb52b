import { useBreaks, useReconciliations } from "../api/queries";
import type { Break, Reconciliation } from "../api/types";
import { Money, Panel } from "../parts/bits";
import { DataTable, MoreFoot, type Column } from "../parts/data-table";
import { Failure, Loading } from "../parts/notice";
import { navigate, receiptHref } from "../router";
import {
  formatBusinessDate,
  formatCount,
  formatInstant,
  isZeroDecimal,
  plural,
} from "../words/format";
import { breakClassNames, breakSaid, sideName } from "../words/words";

export function BreaksPage({ params }: { params: URLSearchParams }) {
  const reconciliations = useReconciliations();
  const breakClass = params.get("class") ?? "";
  const known = reconciliations.data ?? [];
  const wanted = params.get("reconciliation") ?? "";
  const chosen =
    known.find(({ id }) => id === wanted) ??
    (wanted === "" ? (known.find(({ state }) => state === "done") ?? known[0]) : undefined);
  return (
    <>
      <h1>Breaks</h1>
      <p className="lead">
        A break is a difference between the receipts and what a system has really booked, with
        no reason that explains it.
      </p>
      {reconciliations.isPending && <Loading what="Reading the comparisons" />}
      {reconciliations.data === undefined && reconciliations.error !== null && (
        <Failure error={reconciliations.error} what="Comparisons" />
      )}
      {reconciliations.isSuccess && known.length === 0 && (
        <p className="empty">
          The books have not been compared yet, so there is nothing to list.
        </p>
      )}
      {known.length > 0 && (
        <Filters known={known} chosen={chosen} wanted={wanted} breakClass={breakClass} />
      )}
      {chosen === undefined && known.length > 0 && (
        <p className="empty">That comparison is not known any more. Choose another one.</p>
      )}
      {chosen !== undefined && <BreakList reconciliation={chosen} breakClass={breakClass} />}
    </>
  );
}

interface FiltersProps {
  known: readonly Reconciliation[];
  chosen: Reconciliation | undefined;
  wanted: string;
  breakClass: string;
}

function Filters({ known, chosen, wanted, breakClass }: FiltersProps) {
  const counts = new Map(chosen?.breaks.map((item) => [item.class, item.count]));
  const choose = (reconciliation: string, chosenClass: string) => {
    navigate(["breaks"], { reconciliation, class: chosenClass });
  };
  return (
    <div className="search filters">
      <label>
        Comparison
        <select
          value={chosen?.id ?? wanted}
          onChange={(event) => {
            choose(event.currentTarget.value, breakClass);
          }}
        >
          {chosen === undefined && <option value={wanted}>unknown</option>}
          {known.map((item) => (
            <option key={item.id} value={item.id}>
              {comparisonName(item)}
            </option>
          ))}
        </select>
      </label>
      <label>
        Kind
        <select
          value={breakClass}
          onChange={(event) => {
            choose(chosen?.id ?? wanted, event.currentTarget.value);
          }}
        >
          <option value="">All kinds</option>
          {breakClassNames.map((name) => (
            <option key={name} value={name}>
              {breakSaid(name).label} ({formatCount(counts.get(name) ?? 0)})
            </option>
          ))}
        </select>
      </label>
      {breakClass !== "" && <p className="filter-means">{breakSaid(breakClass).explanation}</p>}
    </div>
  );
}

function comparisonName({ from, to, as_of, state, items }: Reconciliation): string {
  const days = from === to ? from : `${from} to ${to}`;
  const result =
    state === "done"
      ? plural(items.break, "break")
      : state === "running"
        ? "running"
        : "failed";
  return `${days}, as of ${formatInstant(as_of)}: ${result}`;
}

interface BreakListProps {
  reconciliation: Reconciliation;
  breakClass: string;
}

function BreakList({ reconciliation, breakClass }: BreakListProps) {
  const breaks = useBreaks(reconciliation.id, breakClass);
  const rows = breaks.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Panel title={breakClass === "" ? "All breaks" : breakSaid(breakClass).label}>
      {breaks.isPending && <Loading what="Reading the breaks" />}
      {breaks.error !== null && rows.length === 0 && (
        <Failure error={breaks.error} what="Breaks" />
      )}
      {breaks.isSuccess && rows.length === 0 && (
        <p className="empty">
          {breakClass === "" ? "No break was found." : "No break of this kind was found."}
        </p>
      )}
      {rows.length > 0 && (
        <div className={breaks.isPlaceholderData ? "stale" : undefined}>
          <DataTable caption="Breaks" columns={columns} rows={rows} rowKey={({ id }) => id} />
          <MoreFoot
            shown={rows.length}
            noun={["break", "breaks"]}
            hasMore={breaks.hasNextPage}
            busy={breaks.isFetchingNextPage}
            more={() => void breaks.fetchNextPage()}
          />
        </div>
      )}
    </Panel>
  );
}

const columns: readonly Column<Break>[] = [
  {
    header: "Kind",
    cell: (row) => (
      <>
        <span className="strong" title={breakSaid(row.class).explanation}>
          {breakSaid(row.class).label}
        </span>
        <span className="tech">{row.class}</span>
      </>
    ),
  },
  { header: "Side", cell: ({ side }) => sideName(side) },
  { header: "Store", cell: ({ shop }) => shop ?? "–" },
  { header: "Business date", cell: (row) => formatBusinessDate(row.business_date) },
  {
    header: "Differs by",
    end: true,
    cell: ({ money, currency, points }) => <Difference {...{ money, currency, points }} />,
  },
  {
    header: "What was found",
    cell: (row) => (
      <>
        {row.detail ?? breakSaid(row.class).explanation}
        <span className="tech">found {formatInstant(row.found_at)}</span>
      </>
    ),
  },
  {
    header: "Receipt",
    cell: ({ transaction }) =>
      transaction == null ? (
        <span className="quiet">none known</span>
      ) : (
        <a href={receiptHref(transaction)} aria-label={`Open receipt ${transaction}`}>
          Open
        </a>
      ),
  },
];

function Difference({ money, currency, points }: Pick<Break, "money" | "currency" | "points">) {
  const hasMoney = money != null && !isZeroDecimal(money);
  const hasPoints = points != null && points !== 0;
  if (!hasMoney && !hasPoints) return <span className="quiet">no amount</span>;
  return (
    <>
      {hasMoney && (
        <span className="line">
          <Money amount={money} currency={currency} />
        </span>
      )}
      {hasPoints && <span className="line">{plural(points, "point")}</span>}
    </>
  );
}
