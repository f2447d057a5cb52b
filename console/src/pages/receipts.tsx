import { useEffect, useId, useRef, useState, type SubmitEvent } from "react";
import { Problem } from "../api/client";
import { useReceiptSearch, type ReceiptFilter } from "../api/queries";
import type { ReceiptHead } from "../api/types";
import { Money, Panel, Pill } from "../parts/bits";
import { DataTable, MoreFoot, type Column } from "../parts/data-table";
import { Failure, Loading } from "../parts/notice";
import { navigate, receiptHref } from "../router";
import { formatBusinessDate, formatInstant } from "../words/format";
import { channelName, kindName, receiptSaid } from "../words/words";

const states = [
  ["", "Any state"],
  ["accepted", "Accepted"],
  ["held", "Held"],
  ["invalid", "Unreadable"],
] as const;

function filterOf(params: URLSearchParams): ReceiptFilter {
  const field = (name: keyof ReceiptFilter) => params.get(name) ?? "";
  return {
    shop: field("shop"),
    business_date: field("business_date"),
    register: field("register"),
    sequence: field("sequence"),
    member: field("member"),
    gross: field("gross"),
    state: field("state"),
  };
}

export function ReceiptsPage({ params }: { params: URLSearchParams }) {
  const filter = filterOf(params);
  const search = useReceiptSearch(filter);
  const unfiltered = Object.values(filter).every((value) => value === "");
  const rows = search.data?.pages.flatMap(({ items }) => items) ?? [];
  // Some servers want at least one field; then the form itself is the answer.
  // What no index finds comes in pages that may be empty while others are not.
  const looksOn = search.isSuccess && rows.length === 0 && search.hasNextPage;
  const { isFetchingNextPage, fetchNextPage } = search;
  useEffect(() => {
    if (looksOn && !isFetchingNextPage) void fetchNextPage();
  }, [looksOn, isFetchingNextPage, fetchNextPage]);
  const needsFilter =
    unfiltered && search.error instanceof Problem && search.error.status === 400;
  return (
    <>
      <h1>Receipts</h1>
      <div className="search-forms">
        <SearchForm key={params.toString()} filter={filter} />
        <IdForm />
      </div>
      <Panel title={unfiltered ? "Receipts" : "Found"}>
        {search.isPending && <Loading what="Looking" />}
        {needsFilter && (
          <p className="empty">Fill in at least one field to look for receipts.</p>
        )}
        {search.error !== null && !needsFilter && rows.length === 0 && (
          <Failure error={search.error} what="Receipts" />
        )}
        {looksOn && <Loading what="Looking further" />}
        {search.isSuccess && rows.length === 0 && !looksOn && (
          <p className="empty">
            {unfiltered ? "No receipt has come in yet." : "No receipt fits. Try fewer fields."}
          </p>
        )}
        {rows.length > 0 && (
          <>
            <DataTable
              caption="Receipts"
              columns={columns}
              rows={rows}
              rowKey={(row) => row.id}
            />
            <MoreFoot
              shown={rows.length}
              noun={["receipt", "receipts"]}
              hasMore={search.hasNextPage}
              busy={search.isFetchingNextPage}
              more={() => void search.fetchNextPage()}
            />
          </>
        )}
      </Panel>
    </>
  );
}

const columns: readonly Column<ReceiptHead>[] = [
  {
    header: "Receipt",
    cell: (row) => (
      <>
        <a className="strong" href={receiptHref(row.id)} data-receipt={row.id}>
          {receiptName(row)}
        </a>
        <span className="tech">{row.id}</span>
      </>
    ),
  },
  {
    header: "Kind",
    cell: (row) => (
      <>
        {kindName(row.kind)}
        <span className="tech">{channelName(row.channel)}</span>
      </>
    ),
  },
  {
    header: "Business date",
    cell: (row) => (
      <>
        {formatBusinessDate(row.business_date)}
        <span className="tech">in {formatInstant(row.recorded_at)}</span>
      </>
    ),
  },
  { header: "Member", cell: (row) => row.member ?? <span className="quiet">none</span> },
  {
    header: "Amount",
    end: true,
    cell: (row) => <Money amount={row.gross} currency={row.currency} />,
  },
  { header: "State", cell: (row) => <Pill said={receiptSaid(row.state, row.flow?.state)} /> },
];

/** How the shop would name it. */
export function receiptName(row: ReceiptHead): string {
  if (row.sequence == null || row.sequence === "") {
    const own = row.external_id ?? "";
    if (own !== "") return own;
    const kind = row.kind == null ? "Message" : kindName(row.kind);
    return row.shop == null ? kind : `${kind}, ${row.shop}`;
  }
  const till = row.register == null || row.register === "" ? "" : `, till ${row.register}`;
  return `${row.shop ?? "No store"}${till}, no. ${row.sequence}`;
}

function SearchForm({ filter }: { filter: ReceiptFilter }) {
  const [dateMissing, setDateMissing] = useState(false);
  const date = useRef<HTMLInputElement>(null);
  const dateHint = useId();

  // A till counts its receipts from 1 every day, so a number means nothing without its day.
  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const wanted = textFields(new FormData(event.currentTarget));
    const named = [
      wanted.shop,
      wanted.register,
      wanted.sequence,
      wanted.member,
      wanted.gross,
    ].some((text) => text !== "");
    const missing = named && wanted.business_date === "";
    setDateMissing(missing);
    if (missing) date.current?.focus();
    else navigate(["receipts"], wanted);
  }
  return (
    <form className="search" onSubmit={submit} role="search" aria-label="Search receipts">
      <label>
        Store
        <input name="shop" defaultValue={filter.shop} placeholder="DE-001" />
      </label>
      <label>
        Business date
        <input
          ref={date}
          name="business_date"
          type="date"
          defaultValue={filter.business_date}
          aria-invalid={dateMissing}
          aria-describedby={dateMissing ? dateHint : undefined}
        />
      </label>
      <label>
        Till
        <input name="register" defaultValue={filter.register} placeholder="3" />
      </label>
      <label>
        Receipt number
        <input name="sequence" defaultValue={filter.sequence} placeholder="1234" />
      </label>
      <label>
        Member
        <input name="member" defaultValue={filter.member} placeholder="M-1001" />
      </label>
      <label>
        Amount
        <input
          name="gross"
          defaultValue={filter.gross}
          placeholder="35.48"
          inputMode="decimal"
          pattern="\d+(\.\d+)?"
          title="An amount like 35.48"
        />
      </label>
      <label>
        State
        <select name="state" defaultValue={filter.state}>
          {states.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <div className="search-buttons">
        <button type="submit" className="primary">
          Search
        </button>
        <button
          type="button"
          onClick={() => {
            navigate(["receipts"]);
          }}
        >
          Clear
        </button>
      </div>
      {dateMissing && (
        <p id={dateHint} className="hint" role="alert">
          Choose the business date as well: receipts are found within one day.
        </p>
      )}
    </form>
  );
}

function textFields(data: FormData): Record<string, string> {
  const texts = [...data].flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value.trim()]] : [],
  );
  return Object.fromEntries(texts) as Record<string, string>;
}

function IdForm() {
  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const id = textFields(new FormData(event.currentTarget)).id ?? "";
    if (id !== "") navigate(["receipts", id]);
  }
  return (
    <form className="search search-id" onSubmit={submit} aria-label="Open by id">
      <label>
        Or by id
        <input name="id" placeholder="01KAX…" spellCheck={false} autoComplete="off" required />
      </label>
      <div className="search-buttons">
        <button type="submit">Open</button>
      </div>
    </form>
  );
}
