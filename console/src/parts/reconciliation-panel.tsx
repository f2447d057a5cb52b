import type { useBreakSample } from "../api/queries";
import type { Reconciliation } from "../api/types";
import { href } from "../router";
import {
  formatAmount,
  formatBusinessDate,
  formatCount,
  formatInstant,
  formatShare,
  isZeroDecimal,
  plural,
  subtractDecimals,
} from "../words/format";
import { sumBreaks, type BreakSum } from "../words/break-sums";
import { breakSaid } from "../words/words";
import { Money, Panel } from "./bits";
import { DataTable } from "./data-table";
import { Failure, Notice } from "./notice";

interface Props {
  latest: Reconciliation | undefined;
  running: Reconciliation | undefined;
  /** The newest comparison came to no result, so `latest` is older than one would think. */
  newestFailed: boolean;
  error: Error | null;
  sample: ReturnType<typeof useBreakSample>["data"];
}

/** Do the channels, the ERP and the loyalty platform agree? */
export function ReconciliationPanel(props: Props) {
  const { latest, running, newestFailed, error, sample } = props;
  return (
    <Panel
      title="Do the books agree?"
      note={
        latest && (
          <>
            {formatBusinessDate(latest.from)} to {formatBusinessDate(latest.to)}, as of{" "}
            {formatInstant(latest.as_of)}
          </>
        )
      }
    >
      {error !== null && <Failure error={error} what="Reconciliations" />}
      {running !== undefined && <Running reconciliation={running} />}
      {newestFailed && (
        <Notice tone="attention" title="The newest comparison failed">
          {latest === undefined
            ? "There is no earlier result."
            : "What follows is the result before it."}
        </Notice>
      )}
      {latest === undefined && error === null && running === undefined && (
        <p className="empty">
          The books have not been compared yet. A comparison reads back what each system has
          really booked and holds it against the receipts.
        </p>
      )}
      {latest !== undefined && (
        <>
          <Agreement reconciliation={latest} />
          <div className="grid grid-inner">
            <BreakKinds reconciliation={latest} sample={sample} />
            <Totals reconciliation={latest} />
          </div>
        </>
      )}
    </Panel>
  );
}

function Running({ reconciliation }: { reconciliation: Reconciliation }) {
  const { progress, from, to } = reconciliation;
  return (
    <Notice tone="busy" title="A comparison is running">
      <label className="progress">
        {formatBusinessDate(from)} to {formatBusinessDate(to)}, {formatCount(progress.done)} of{" "}
        {formatCount(progress.total)} done
        <progress value={progress.done} max={Math.max(1, progress.total)} />
      </label>
    </Notice>
  );
}

const parts = [
  {
    key: "agreed",
    name: "Agreed",
    means: "The same in every system, to the cent and the point.",
  },
  { key: "in_flight", name: "In flight", means: "Still on the way and within its time." },
  {
    key: "explained",
    name: "Explained",
    means: "Different for a stated reason, such as being parked. See the reasons below.",
  },
  { key: "unverified", name: "Unverified", means: "The other system cannot be read back." },
  { key: "break", name: "Breaks", means: "Different without a reason. Someone has to look." },
] as const;

function Agreement({ reconciliation }: { reconciliation: Reconciliation }) {
  const { items } = reconciliation;
  const total = parts.reduce((sum, { key }) => sum + items[key], 0);
  return (
    <div className="agreement">
      <p className="figure">
        <strong data-figure="agreed">{formatShare(items.agreed, total)}</strong>{" "}
        <span>
          of {plural(total, "item")} from {plural(reconciliation.receipts, "receipt")} agree
        </span>
      </p>
      <div className="stack" aria-hidden="true">
        {parts.map(
          ({ key }) =>
            items[key] > 0 && (
              <span key={key} className={`part part-${key}`} style={{ flexGrow: items[key] }} />
            ),
        )}
      </div>
      <dl className="parts">
        {parts.map(({ key, name, means }) => (
          <div
            key={key}
            className={key === "break" && items[key] > 0 ? "has-breaks" : undefined}
          >
            <dt>
              <span className={`swatch part-${key}`} aria-hidden="true" />
              {name}
            </dt>
            <dd>
              <strong data-part={key}>{formatCount(items[key])}</strong>
              <span className="means">{means}</span>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

interface BreakKindsProps {
  reconciliation: Reconciliation;
  sample: Props["sample"];
}

function BreakKinds({ reconciliation, sample }: BreakKindsProps) {
  const worth = new Map(sumBreaks(sample?.items ?? []).map((sum) => [sum.breakClass, sum]));
  const rows = reconciliation.breaks.filter(({ count }) => count > 0);
  return (
    <div>
      <h3>Breaks by kind</h3>
      {rows.length === 0 ? (
        <p className="empty">No break was found.</p>
      ) : (
        <>
          <DataTable
            slim
            caption="Breaks by kind"
            rows={rows}
            rowKey={(row) => row.class}
            columns={[
              {
                header: "Kind",
                cell: (row) => (
                  <a
                    href={href(["breaks"], {
                      reconciliation: reconciliation.id,
                      class: row.class,
                    })}
                    title={breakSaid(row.class).explanation}
                  >
                    {breakSaid(row.class).label}
                  </a>
                ),
              },
              { header: "Count", end: true, cell: ({ count }) => formatCount(count) },
              {
                header: "Differs by",
                end: true,
                cell: (row) => <Worth sum={worth.get(row.class)} />,
              },
            ]}
          />
          {sample?.complete === false && (
            <p className="tech">
              The money is that of the first {formatCount(sample.items.length)} breaks.
            </p>
          )}
        </>
      )}
    </div>
  );
}

function Worth({ sum }: { sum: BreakSum | undefined }) {
  if (sum === undefined) return <span className="quiet">–</span>;
  const money = sum.money.filter(({ amount }) => !isZeroDecimal(amount));
  if (money.length === 0 && sum.points === 0) return <span className="quiet">no amount</span>;
  return (
    <>
      {money.map(({ currency, amount }) => (
        <span key={currency} className="line">
          <Money amount={amount} currency={currency} />
        </span>
      ))}
      {sum.points > 0 && <span className="line">{plural(sum.points, "point")}</span>}
    </>
  );
}

function Totals({ reconciliation }: { reconciliation: Reconciliation }) {
  const { money, points, control } = reconciliation;
  const difference = points.loyalty - points.crossfoot;
  return (
    <div>
      <h3>Money and points</h3>
      <DataTable
        caption="Money by currency"
        rows={money}
        rowKey={({ currency }) => currency}
        columns={[
          { header: "Currency", cell: ({ currency }) => <strong>{currency}</strong> },
          {
            header: "Channels",
            end: true,
            cell: ({ channel, currency }) => <Bare amount={channel} currency={currency} />,
          },
          {
            header: "ERP",
            end: true,
            cell: ({ erp, currency }) => <Bare amount={erp} currency={currency} />,
          },
          {
            header: "Difference",
            end: true,
            cell: (row) => (
              <Bare
                amount={subtractDecimals(row.erp, row.channel)}
                currency={row.currency}
                mark
              />
            ),
          },
          {
            header: "Of it rounding",
            end: true,
            cell: ({ rounding, currency }) => <Bare amount={rounding} currency={currency} />,
          },
        ]}
      />
      <p className="sums">
        Points: <strong>{formatCount(points.crossfoot)}</strong> expected,{" "}
        <strong>{formatCount(points.loyalty)}</strong> at Loyalty
        {difference === 0 && ", the same."}
        {difference !== 0 &&
          `, ${formatCount(Math.abs(difference))} ${difference > 0 ? "more" : "fewer"}.`}
      </p>
      <p className="sums">
        Control totals: <strong>{formatCount(control.compared)}</strong> compared,{" "}
        {control.different === 0
          ? "all the same."
          : `${formatCount(control.different)} different.`}
      </p>
    </div>
  );
}

/** An amount in a column whose row already names the currency. */
function Bare(props: { amount: string | null; currency: string; mark?: boolean }) {
  const { amount, currency, mark = false } = props;
  if (amount === null) return <span className="quiet">–</span>;
  const zero = isZeroDecimal(amount);
  return (
    <span className={zero ? "quiet" : mark ? "strong" : undefined}>
      {formatAmount(amount, currency)}
    </span>
  );
}
