import type { ReactNode } from "react";

export interface Column<T> {
  header: string;
  cell: (row: T) => ReactNode;
  /** Numbers line up at their end. */
  end?: boolean;
  /** On a narrow screen the cell needs no header of its own beside it. */
  plain?: boolean;
}

interface Props<T> {
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  /** Few and short columns, which fit a narrow screen as they are. */
  slim?: boolean;
}

/**
 * A table that turns each row into a small card on a narrow screen. The roles are stated because a
 * browser forgets that a table is one when its rows are laid out as blocks.
 */
export function DataTable<T>({ caption, columns, rows, rowKey, slim = false }: Props<T>) {
  return (
    <table className={slim ? "data" : "data data-cards"} role="table">
      <caption className="sr-only">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ header, end }) => (
            <th
              key={header}
              role="columnheader"
              scope="col"
              className={end ? "end" : undefined}
            >
              {header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={rowKey(row)} role="row">
            {columns.map(({ header, cell, end, plain }) => (
              <td
                key={header}
                role="cell"
                data-label={plain ? undefined : header}
                className={end ? "end" : undefined}
              >
                <div className="cell">{cell(row)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface MoreProps {
  shown: number;
  noun: [one: string, many: string];
  hasMore: boolean;
  busy: boolean;
  more: () => void;
}

/** The foot of a list that is read page by page: how many are shown, and a way to the next. */
export function MoreFoot({ shown, noun, hasMore, busy, more }: MoreProps) {
  const counted = `${shown} ${shown === 1 ? noun[0] : noun[1]}`;
  return (
    <div className="more">
      <p role="status">{hasMore ? `The first ${counted}` : `${counted}, that is all`}</p>
      {hasMore && (
        <button type="button" onClick={more} disabled={busy}>
          {busy ? "Loading …" : "Show more"}
        </button>
      )}
    </div>
  );
}
