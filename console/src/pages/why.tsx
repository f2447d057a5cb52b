import { Problem } from "../api/client";
import { useExplanation } from "../api/queries";
import type { ExplainedLine, Explanation } from "../api/types";
import { Fact, Panel } from "../parts/bits";
import { DataTable } from "../parts/data-table";
import { Failure, Loading, Notice } from "../parts/notice";
import { href, receiptHref } from "../router";
import { formatCount, formatDecimal, formatMoney, plural } from "../words/format";
import { humanise, nothingEarned, verdictOfCampaign } from "../words/words";
import { receiptName } from "./receipts";

export function WhyPage({ id }: { id: string }) {
  const explanation = useExplanation(id);
  return (
    <>
      <p className="crumbs">
        <a href={href(["receipts"])}>Receipts</a> · <a href={receiptHref(id)}>Receipt</a>
      </p>
      {explanation.data !== undefined ? (
        <Told told={explanation.data} />
      ) : (
        <>
          <h1>Why these points?</h1>
          {explanation.error === null ? (
            <Loading what="Reading how the points came about" />
          ) : (
            <WhyFailure error={explanation.error} />
          )}
        </>
      )}
    </>
  );
}

function WhyFailure({ error }: { error: Error }) {
  if (error instanceof Problem && error.status === 404) {
    return (
      <Notice tone="attention" title="There is nothing to explain">
        No receipt has this id, or it is of a kind that neither earns nor takes points back.
      </Notice>
    );
  }
  return <Failure error={error} what="The explanation" />;
}

function Told({ told }: { told: Explanation }) {
  const { points, transaction } = told;
  const currency = transaction.currency;
  return (
    <>
      <h1>
        {points.counts === null ? "Why no points?" : `Why ${plural(points.counts, "point")}?`}
      </h1>
      <p className="panel-note">{receiptName(transaction)}</p>
      <div className="panel">
        <dl className="facts">
          <Fact name="Expected by the rules">{count(points.expected)}</Fact>
          <Fact name="Answered by the platform">{count(points.answered)}</Fact>
          <Fact name="Taken back since">{formatCount(points.taken_back)}</Fact>
          <Fact name="Left">{count(points.left)}</Fact>
          {told.rules !== null && (
            <Fact name="Rules">
              {told.rules.programme}, version {told.rules.version}
              <span className="tech">
                {told.rules.local_time?.replace("T", " ")} {told.rules.zone}
              </span>
            </Fact>
          )}
        </dl>
      </div>
      <Panel title="In words">
        <ol className="why">
          {told.why.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ol>
      </Panel>
      <Panel title="Line by line">
        <DataTable
          caption="What each line earned"
          rows={told.lines}
          rowKey={({ line }) => String(line)}
          columns={[
            {
              header: "Line",
              cell: ({ line, article, description }) => (
                <>
                  {line} · {description ?? article}
                  {description !== null && <span className="tech">{article}</span>}
                </>
              ),
            },
            { header: "Quantity", end: true, cell: ({ quantity }) => formatDecimal(quantity) },
            {
              header: "Paid",
              end: true,
              cell: ({ gross }) => formatMoney(gross, currency),
            },
            {
              header: "Earns on",
              end: true,
              cell: (line) => <Earns line={line} currency={currency} />,
            },
            { header: "Points", end: true, cell: (line) => <LinePoints line={line} /> },
          ]}
        />
      </Panel>
      {told.campaigns.length > 0 && (
        <Panel title="Campaigns that were tried">
          <DataTable
            caption="Campaigns and what became of them"
            rows={told.campaigns}
            rowKey={({ id }) => id}
            columns={[
              {
                header: "Campaign",
                cell: ({ id, multiplier }) => (
                  <>
                    {id} <span className="tech">× {multiplier}</span>
                  </>
                ),
              },
              { header: "Result", cell: ({ verdict }) => verdictOfCampaign(verdict) },
            ]}
          />
        </Panel>
      )}
      <Returns told={told} />
      {told.postings.length > 0 && (
        <Panel title="In the accounts">
          <DataTable
            caption="Postings of this receipt"
            rows={told.postings}
            rowKey={({ account, side, tax_code }) => `${account}/${side}/${tax_code ?? ""}`}
            columns={[
              { header: "Account", cell: ({ account }) => humanise(account) },
              {
                header: "Debit",
                end: true,
                cell: ({ side, amount }) => (side === "debit" ? formatDecimal(amount, 2) : ""),
              },
              {
                header: "Credit",
                end: true,
                cell: ({ side, amount }) => (side === "credit" ? formatDecimal(amount, 2) : ""),
              },
            ]}
          />
        </Panel>
      )}
    </>
  );
}

function count(points: number | null) {
  return points === null ? <span className="quiet">not known</span> : formatCount(points);
}

function Earns({
  line,
  currency,
}: {
  line: ExplainedLine;
  currency: Explanation["transaction"]["currency"];
}) {
  if (line.earns_nothing_because !== null) {
    return <span className="quiet">{nothingEarned(line.earns_nothing_because)}</span>;
  }
  return <>{line.eligible === null ? "–" : formatMoney(line.eligible, currency)}</>;
}

function LinePoints({ line }: { line: ExplainedLine }) {
  if (line.points === null) return <span className="quiet">–</span>;
  const split = line.units.map(
    ({ units, points }) => `${formatCount(units)} × ${formatCount(points)}`,
  );
  return (
    <>
      {formatCount(line.points)}
      <span className="tech">{split.join(" + ")}</span>
      {line.taken_back.points !== 0 && (
        <span className="tech">{formatCount(line.taken_back.points)} taken back</span>
      )}
    </>
  );
}

function Returns({ told }: { told: Explanation }) {
  const rows = [...told.reversals, ...told.takes_back];
  if (rows.length === 0) return null;
  const own = told.transaction.id;
  return (
    <Panel title="What returns took back">
      <DataTable
        caption="Returns and the points they took back"
        rows={rows}
        rowKey={({ by, of }) => `${by}/${of ?? ""}`}
        columns={[
          {
            header: "Receipt",
            cell: ({ by, of }) => {
              const other = by === own ? of : by;
              return other === null ? (
                "Not here yet"
              ) : (
                <a href={receiptHref(other)}>{by === own ? "The sale" : "The return"}</a>
              );
            },
          },
          {
            header: "Lines",
            cell: ({ lines }) =>
              lines
                .map(({ line, quantity }) => `line ${String(line)}: ${formatDecimal(quantity)}`)
                .join(", "),
          },
          {
            header: "Points",
            end: true,
            cell: ({ points }) =>
              points < 0
                ? `${formatCount(-points)} given again`
                : `${formatCount(points)} taken back`,
          },
        ]}
      />
    </Panel>
  );
}
