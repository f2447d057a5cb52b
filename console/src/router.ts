// Routes live in the part after '#', so the server needs no rule for them and any page can be
// bookmarked and sent to a colleague.
import { useMemo, useSyncExternalStore } from "react";

export interface Route {
  /** Without leading slash, decoded, e.g. ["receipts", "01KAX…"]; [] is the overview. */
  path: string[];
  params: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const parts = path.split("/").filter((part) => part !== "");
  return { path: parts.map(decode), params: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** "#/receipts?shop=DE-001"; empty parameters are left out. */
export function href(path: readonly string[], params: Record<string, string> = {}): string {
  const search = new URLSearchParams(
    Object.entries(params).filter(([, value]) => value !== ""),
  );
  const query = search.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${query === "" ? "" : `?${query}`}`;
}

export const storeDayHref = (shop: string, date: string) => href(["store-days", shop, date]);
export const receiptHref = (id: string) => href(["receipts", id]);
export const whyHref = (id: string) => href(["receipts", id, "why"]);

export function navigate(path: readonly string[], params: Record<string, string> = {}): void {
  window.location.hash = href(path, params);
}

function subscribe(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => {
    window.removeEventListener("hashchange", changed);
  };
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return useMemo(() => parseRoute(hash), [hash]);
}
