import type { ReactNode } from "react";
import { Problem, Unreachable } from "../api/client";
import { isErrorCode, type Tone } from "../words/words";

interface NoticeProps {
  tone: Tone;
  title: string;
  children?: ReactNode;
}

export function Notice({ tone, title, children }: NoticeProps) {
  return (
    <div className={`notice tone-${tone}`} role={tone === "bad" ? "alert" : undefined}>
      <p className="notice-title">{title}</p>
      {children !== undefined && <div className="notice-body">{children}</div>}
    </div>
  );
}

/** Why a part of a page has no figures, in words; the technical side in a quiet second line. */
export function Failure({ error, what }: { error: Error; what: string }) {
  if (error instanceof Unreachable) {
    return (
      <Notice tone="bad" title="The server is not reachable">
        {what} will appear as soon as it answers again.
        <span className="tech">{error.message}</span>
      </Notice>
    );
  }
  if (error instanceof Problem) {
    return (
      <Notice tone="attention" title={error.message}>
        {error.detail ?? `${what} could not be read.`}
        <span className="tech">
          {error.status}{" "}
          {isErrorCode(error.code) && <a href={`/errors/${error.code}`}>{error.code}</a>}
          {error.correlationId !== null && ` · correlation ${error.correlationId}`}
        </span>
      </Notice>
    );
  }
  return (
    <Notice tone="bad" title={`${what} could not be shown`}>
      <span className="tech">{error.message}</span>
    </Notice>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      {what} …
    </p>
  );
}
