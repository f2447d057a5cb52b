import { Problem } from "../api/client";
import { useReceipt, useTimeline } from "../api/queries";
import type { Flow, Leg, MessageState, Receipt, Step } from "../api/types";
import { useAsOf } from "../as-of";
import { CopyId, Fact, Money, Panel, Pill } from "../parts/bits";
import { DataTable } from "../parts/data-table";
import { Failure, Loading, Notice } from "../parts/notice";
import { TimelineList } from "../parts/timeline-list";
import { href, receiptHref, whyHref } from "../router";
import {
  ageBetween,
  formatAge,
  formatBusinessDate,
  formatCount,
  formatDecimal,
  formatInstant,
  formatTillClock,
  plural,
} from "../words/format";
import {
  channelName,
  dispositionName,
  isErrorCode,
  isExplained,
  kindName,
  legName,
  legTarget,
  reasonSaid,
  receiptSaid,
  stateSaid,
} from "../words/words";
import { receiptName } from "./receipts";

export function ReceiptPage({ id }: { id: string }) {
  const receipt = useReceipt(id);
  const timeline = useTimeline(id, receipt.data);
  const back = (
    <p className="crumbs">
      <a href={href(["receipts"])}>Receipts</a>
    </p>
  );
  if (receipt.data === undefined) {
    return (
      <>
        {back}
        <h1>Receipt</h1>
        {receipt.error === null ? (
          <Loading what="Reading the receipt" />
        ) : (
          <ReceiptFailure id={id} error={receipt.error} />
        )}
      </>
    );
  }
  return (
    <>
      {back}
      <Head receipt={receipt.data} />
      {receipt.data.conflict_with != null && <Conflict other={receipt.data.conflict_with} />}
      <div className="grid grid-receipt">
        <div>
          <Legs state={receipt.data.state} legs={receipt.data.flow?.legs ?? []} />
          <Originals links={receipt.data.flow?.links ?? []} />
        </div>
        <Panel title="What happened" note="Oldest first" className="timeline-panel">
          {timeline.isPending && <Loading what="Reading the history" />}
          {timeline.data === undefined && timeline.error !== null && (
            <Failure error={timeline.error} what="The history" />
          )}
          {timeline.data !== undefined && <TimelineList entries={timeline.data.entries} />}
        </Panel>
      </div>
    </>
  );
}

function ReceiptFailure({ id, error }: { id: string; error: Error }) {
  if (error instanceof Problem && error.status === 404) {
    return (
      <Notice tone="attention" title="There is no receipt with this id">
        It may be mistyped. <a href={href(["receipts"])}>Search by store, date and number</a>{" "}
        instead.
        <span className="tech">{id}</span>
      </Notice>
    );
  }
  return <Failure error={error} what="The receipt" />;
}

function Head({ receipt }: { receipt: Receipt }) {
  const asOf = useAsOf();
  const age = ageBetween(receipt.recorded_at, asOf);
  const till = formatTillClock(receipt.occurred_at);
  const said = receiptSaid(receipt.state, receipt.flow?.state);
  return (
    <div className="receipt-head panel">
      <div className="receipt-title">
        <div>
          {receipt.kind != null && (
            <p className="kicker">
              {kindName(receipt.kind)} · {channelName(receipt.channel)}
            </p>
          )}
          <h1>{receiptName(receipt)}</h1>
        </div>
        <p className="receipt-amount">
          <Money amount={receipt.gross} currency={receipt.currency} />
        </p>
      </div>
      <p className="receipt-state" data-state={receipt.flow?.state ?? receipt.state}>
        <Pill said={said} /> <span>{said.explanation}</span>
        {isErrorCode(receipt.code) && <a href={`/errors/${receipt.code}`}>{receipt.code}</a>}
      </p>
      <dl className="facts">
        <Fact name="Business date">{formatBusinessDate(receipt.business_date)}</Fact>
        <Fact name="At the till">
          {formatInstant(receipt.occurred_at)}
          {till !== null && <span className="tech">its clock: {till}</span>}
        </Fact>
        <Fact name="Came in">
          {formatInstant(receipt.recorded_at)}
          {age !== null && <span className="tech">{formatAge(age)} ago</span>}
        </Fact>
        <Fact name="Member">{receipt.member ?? <span className="quiet">none</span>}</Fact>
        <Fact name="Points">
          <Points points={receipt.flow?.points} />
          {isExplained(receipt.kind) && (
            <a className="line" href={whyHref(receipt.id)}>
              Why these points?
            </a>
          )}
        </Fact>
      </dl>
      <div className="ids">
        <CopyId label="Id" value={receipt.id} />
        <CopyId label="Correlation id" value={receipt.correlation_id} />
      </div>
    </div>
  );
}

function Points({ points }: { points: Flow["points"] }) {
  if (points == null) return <span className="quiet">none</span>;
  const { expected, answered, reversed } = points;
  const takenBack = reversed != null && reversed !== 0;
  if ((expected ?? 0) === 0 && (answered ?? 0) === 0) {
    return takenBack ? (
      <>{formatCount(Math.abs(reversed))} taken back</>
    ) : (
      <span className="quiet">none</span>
    );
  }
  const differs = expected != null && answered != null && expected !== answered;
  const lines = [
    ...(expected == null ? [] : [`${formatCount(expected)} expected`]),
    ...(takenBack ? [`${formatCount(Math.abs(reversed))} taken back`] : []),
  ];
  return (
    <>
      {answered == null ? (
        <span className="quiet">not confirmed yet</span>
      ) : (
        <span className={differs ? "strong bad-text" : undefined}>
          {formatCount(answered)} confirmed
        </span>
      )}
      <span className="tech">{lines.join(" · ")}</span>
    </>
  );
}

function Conflict({ other }: { other: string }) {
  return (
    <Notice tone="attention" title="Another receipt has the same number">
      The two have different content, so nothing was sent for this one. A person decides which
      is right. <a href={receiptHref(other)}>See the other receipt</a>
      <span className="tech">{other}</span>
    </Notice>
  );
}

function Legs({ state, legs }: { state: MessageState; legs: readonly Leg[] }) {
  return (
    <Panel title="Where it has to go">
      {legs.length === 0 ? (
        <p className="empty">
          {state === "accepted"
            ? "Nothing has to be sent for this receipt."
            : "Nothing was sent."}
        </p>
      ) : (
        <ol className="legs">
          {legs.map((leg) => (
            <LegItem key={leg.leg} leg={leg} />
          ))}
        </ol>
      )}
    </Panel>
  );
}

function LegItem({ leg }: { leg: Leg }) {
  const asOf = useAsOf();
  const said = stateSaid(leg.state);
  const wait = ageBetween(asOf, leg.due_at);
  return (
    <li
      className="leg"
      data-kind={leg.kind}
      data-target={leg.target ?? ""}
      data-state={leg.state}
    >
      <div className="leg-head">
        <h3>
          {legTarget(leg.target)} <span className="leg-what">{legName(leg.kind)}</span>
        </h3>
        <Pill said={said} />
      </div>
      {leg.state !== "done" && said.explanation !== "" && (
        <p className="leg-why">
          {said.explanation}
          {wait !== null && wait > 0 && ` Next try in ${formatAge(wait)}.`}
        </p>
      )}
      {leg.reason != null && leg.reason !== "" && <LegReason code={leg.reason} />}
      <p className="tech">
        leg {leg.leg} · {leg.kind}
        {leg.target != null &&
          ` · ${leg.attempts === 0 ? "not sent yet" : plural(leg.attempts, "attempt")}`}
      </p>
      {leg.steps.length > 0 && (
        <ul className="steps">
          {leg.steps.map((step) => (
            <StepItem
              key={`${step.name}/${step.reference}`}
              step={step}
              alone={leg.steps.length === 1}
            />
          ))}
        </ul>
      )}
    </li>
  );
}

function LegReason({ code }: { code: string }) {
  const reason = reasonSaid(code);
  return (
    <p className="leg-reason">
      <span className="strong">{reason.label}.</span> {reason.explanation}{" "}
      {isErrorCode(code) ? (
        <a href={`/errors/${code}`}>{code}</a>
      ) : (
        reason.known && <span className="code">{code}</span>
      )}
    </p>
  );
}

function StepItem({ step, alone }: { step: Step; alone: boolean }) {
  const { acknowledgement } = step;
  return (
    <li>
      {!alone && (
        <p>
          {legName(step.name)} <Pill said={stateSaid(step.state)} />
        </p>
      )}
      {acknowledgement ? (
        <p>
          Confirmed {formatInstant(acknowledgement.at)} as <code>{acknowledgement.id}</code>
        </p>
      ) : (
        <p className="quiet">No confirmation yet</p>
      )}
      <p className="tech">
        reference <code>{step.reference}</code>
        {acknowledgement && (
          <>
            {" · "}answer <code>{acknowledgement.response_hash}</code>
          </>
        )}
      </p>
    </li>
  );
}

function Originals({ links }: { links: Flow["links"] }) {
  if (links.length === 0) return null;
  return (
    <Panel title="The sale it brings back">
      <DataTable
        caption="Returned lines and their original sales"
        rows={links}
        rowKey={({ line }) => String(line)}
        columns={[
          { header: "Line", cell: ({ line }) => line },
          {
            header: "Result",
            cell: ({ disposition }) => (
              <>
                {dispositionName(disposition)}
                <span className="tech">{disposition}</span>
              </>
            ),
          },
          { header: "Covered", end: true, cell: ({ covered }) => formatDecimal(covered) },
          {
            header: "Original",
            cell: ({ originals }) =>
              originals.length === 0 ? (
                <span className="quiet">none</span>
              ) : (
                originals.map(({ id, line, quantity }) => (
                  <span key={`${id ?? ""}/${line}`} className="line">
                    {id == null ? (
                      <>Not here yet, line {line}</>
                    ) : (
                      <a href={receiptHref(id)}>Sale, line {line}</a>
                    )}
                    , {formatDecimal(quantity)} of it
                    <span className="tech">{id}</span>
                  </span>
                ))
              ),
          },
        ]}
      />
    </Panel>
  );
}
