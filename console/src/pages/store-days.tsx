import { useStoreDays } from "../api/queries";
import type { StoreDayLine } from "../api/types";
import { Money, Panel, Pill } from "../parts/bits";
import { DataTable, MoreFoot, type Column } from "../parts/data-table";
import { Failure, Loading } from "../parts/notice";
import { navigate, storeDayHref } from "../router";
import { formatCount, formatInstant, plural } from "../words/format";
import { reasonSaid, storeDaySaid, storeDayStates } from "../words/words";

/** The shops of one business date, and how far their days are. */
export function StoreDaysPage({ params }: { params: URLSearchParams }) {
  const date = params.get("date") ?? "";
  const region = params.get("region") ?? "";
  const state = params.get("state") ?? "";
  const choose = (changed: Record<string, string>) => {
    navigate(["store-days"], { date, region, state, ...changed });
  };
  return (
    <>
      <h1>Store days</h1>
      <p className="lead">
        What each shop has sent of a business date, and whether its day may be closed.
      </p>
      <div className="search filters">
        <label>
          Business date
          <input
            type="date"
            value={date}
            onChange={(event) => {
              choose({ date: event.currentTarget.value });
            }}
          />
        </label>
        <label>
          Region
          <input
            type="text"
            defaultValue={region}
            placeholder="DE or DE-BY"
            onBlur={(event) => {
              choose({ region: event.currentTarget.value.trim() });
            }}
          />
        </label>
        <label>
          State
          <select
            value={state}
            onChange={(event) => {
              choose({ state: event.currentTarget.value });
            }}
          >
            <option value="">All states</option>
            {storeDayStates.map((name) => (
              <option key={name} value={name}>
                {storeDaySaid(name).label}
              </option>
            ))}
          </select>
        </label>
      </div>
      {date === "" ? (
        <p className="empty">Choose a business date.</p>
      ) : (
        <DayList date={date} region={region} state={state} />
      )}
    </>
  );
}

function DayList({ date, region, state }: { date: string; region: string; state: string }) {
  const days = useStoreDays({ date, region, state });
  const rows = days.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Panel title="Shops">
      {days.isPending && <Loading what="Reading the days" />}
      {days.error !== null && rows.length === 0 && (
        <Failure error={days.error} what="Store days" />
      )}
      {days.isSuccess && rows.length === 0 && (
        <p className="empty">
          No shop has sent anything of this date, and none was expected to.
        </p>
      )}
      {rows.length > 0 && (
        <>
          <DataTable
            caption="Store days"
            columns={columns}
            rows={rows}
            rowKey={({ shop, tenant }) => `${tenant}|${shop}`}
          />
          <MoreFoot
            shown={rows.length}
            noun={["shop", "shops"]}
            hasMore={days.hasNextPage}
            busy={days.isFetchingNextPage}
            more={() => void days.fetchNextPage()}
          />
        </>
      )}
    </Panel>
  );
}

const columns: readonly Column<StoreDayLine>[] = [
  {
    header: "Shop",
    cell: (row) => (
      <>
        <a className="strong" href={storeDayHref(row.shop, row.business_date)}>
          {row.shop}
        </a>
        <span className="tech">{row.region ?? "no region"}</span>
      </>
    ),
  },
  { header: "State", cell: ({ state }) => <Pill said={storeDaySaid(state)} /> },
  { header: "Receipts", end: true, cell: ({ receipts }) => formatCount(receipts) },
  {
    header: "Sold",
    end: true,
    cell: ({ gross }) =>
      Object.entries(gross).map(([currency, amount]) => (
        <span key={currency} className="line">
          <Money amount={amount} currency={currency} />
        </span>
      )),
  },
  {
    header: "What was found",
    cell: ({ reasons }) =>
      reasons.length === 0 ? (
        <span className="quiet">nothing</span>
      ) : (
        reasons.map((code) => (
          <span key={code} className="line">
            {reasonSaid(code).label} <span className="tech">{code}</span>
          </span>
        ))
      ),
  },
  {
    header: "Closed",
    cell: ({ slices, last_z_at }) => (
      <>
        {slices === 0 ? "not yet" : plural(slices, "slice")}
        {last_z_at != null && (
          <span className="tech">last Z-report {formatInstant(last_z_at)}</span>
        )}
      </>
    ),
  },
];
