import type { Maybe } from "../api/types";
import { useEffect, useId, useState, type ReactNode } from "react";
import { formatAge, formatAmount, formatInstant } from "../words/format";
import type { Said, Tone } from "../words/words";

export function Pill({ said }: { said: Said }) {
  return (
    <span className={`pill tone-${said.tone}`} title={said.explanation}>
      <ToneMark tone={said.tone} />
      {said.label}
    </span>
  );
}

/** A shape for each tone, so that colour never carries a meaning alone. */
function ToneMark({ tone }: { tone: Tone }) {
  return (
    <svg className="tone-mark" viewBox="0 0 12 12" aria-hidden="true">
      {tone === "good" && <path d="M2 6.5 5 9.5 10.5 3" fill="none" strokeWidth="2" />}
      {tone === "busy" && <circle cx="6" cy="6" r="3.6" fill="none" strokeWidth="2" />}
      {tone === "attention" && <path d="M6 1.5 11 10.5H1Z" className="filled" />}
      {tone === "bad" && (
        <rect x="1.5" y="1.5" width="9" height="9" rx="1.5" className="filled" />
      )}
      {tone === "quiet" && <path d="M2.5 6h7" fill="none" strokeWidth="2" />}
    </svg>
  );
}

interface PanelProps {
  title: string;
  note?: ReactNode;
  children: ReactNode;
  className?: string;
}

export function Panel({ title, note, children, className = "" }: PanelProps) {
  const heading = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={heading}>
      <div className="panel-head">
        <h2 id={heading}>{title}</h2>
        {note !== undefined && <p className="panel-note">{note}</p>}
      </div>
      {children}
    </section>
  );
}

/** An amount with its currency code a little quieter than its digits. */
export function Money({
  amount,
  currency,
}: {
  amount: Maybe<string>;
  currency: Maybe<string>;
}) {
  if (amount == null) return <span className="quiet">–</span>;
  return (
    <span className="money">
      {formatAmount(amount, currency)}
      {currency != null && <span className="currency"> {currency}</span>}
    </span>
  );
}

/** "3 min" with the exact instant for those who point at it. */
export function Age({ at, ms }: { at: string; ms: number }) {
  return (
    <time dateTime={at} title={formatInstant(at)}>
      {formatAge(ms)}
    </time>
  );
}

const copiedForMs = 1_600;

/** A technical id: monospaced, and copied with one press. */
export function CopyId({ label, value }: { label: string; value: string }) {
  const [said, setSaid] = useState<"" | "Copied" | "Select and copy it by hand">("");
  useEffect(() => {
    if (said === "") return;
    const timer = setTimeout(() => {
      setSaid("");
    }, copiedForMs);
    return () => {
      clearTimeout(timer);
    };
  }, [said]);

  function copy() {
    // The clipboard is missing on plain http outside loopback; then the reader is told.
    const clipboard = navigator.clipboard as Clipboard | undefined;
    if (clipboard === undefined) {
      setSaid("Select and copy it by hand");
      return;
    }
    clipboard.writeText(value).then(
      () => {
        setSaid("Copied");
      },
      () => {
        setSaid("Select and copy it by hand");
      },
    );
  }

  return (
    <span className="copy-id">
      <span className="copy-label">{label}</span> <code>{value}</code>{" "}
      <button type="button" className="copy" onClick={copy} aria-label={`Copy ${label}`}>
        Copy
      </button>
      <span className="copy-said" role="status">
        {said}
      </span>
    </span>
  );
}

interface FactProps {
  name: string;
  children: ReactNode;
}

export function Fact({ name, children }: FactProps) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
