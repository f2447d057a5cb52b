import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getJson, Problem, queryString } from "./client";
import type {
  Break,
  Explanation,
  Overview,
  Page,
  Receipt,
  ReceiptHead,
  Reconciliation,
  StoreDay,
  StoreDayLine,
  Timeline,
} from "./types";

const overviewEveryMs = 2_000;
const reconciliationsEveryMs = 5_000;
const openReceiptEveryMs = 2_000;
const settledReceiptEveryMs = 15_000;
const pageSize = 50;
const storeDayPageSize = 20;

/** The figures of the first page, fetched again every two seconds while the tab is visible. */
export function useOverview() {
  return useQuery({
    queryKey: ["overview"],
    queryFn: ({ signal }) => getJson<Overview>("/v1/overview", signal),
    refetchInterval: overviewEveryMs,
    retry: false,
  });
}

/** All known reconciliations, the newest as-of first whatever order the server has. */
export function useReconciliations() {
  return useQuery({
    queryKey: ["reconciliations"],
    queryFn: ({ signal }) => getJson<Page<Reconciliation>>("/v1/reconciliations", signal),
    select: (page) => [...page.items].sort((a, b) => Date.parse(b.as_of) - Date.parse(a.as_of)),
    refetchInterval: reconciliationsEveryMs,
    retry: false,
  });
}

export interface ReceiptFilter {
  shop: string;
  business_date: string;
  register: string;
  sequence: string;
  member: string;
  gross: string;
  state: string;
}

export function useReceiptSearch(filter: ReceiptFilter) {
  return useInfiniteQuery({
    queryKey: ["receipts", filter],
    queryFn: ({ signal, pageParam }) => {
      const query = queryString({ ...filter, after: pageParam, limit: String(pageSize) });
      return getJson<Page<ReceiptHead>>(`/v1/transactions${query}`, signal);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    retry: retryUnlessRefused,
  });
}

export interface StoreDayFilter {
  date: string;
  region: string;
  state: string;
}

/** Each day is read from its receipts, so that a page has few and is not read again by itself. */
export function useStoreDays(filter: StoreDayFilter) {
  return useInfiniteQuery({
    queryKey: ["store-days", filter],
    queryFn: ({ signal, pageParam }) => {
      const query = queryString({
        ...filter,
        after: pageParam,
        limit: String(storeDayPageSize),
      });
      return getJson<Page<StoreDayLine>>(`/v1/store-days${query}`, signal);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    retry: retryUnlessRefused,
  });
}

export function useStoreDay(shop: string, date: string) {
  return useQuery({
    queryKey: ["store-day", shop, date],
    queryFn: ({ signal }) => {
      const path = [shop, date].map(encodeURIComponent).join("/");
      return getJson<StoreDay>(`/process/v1/settlement/store-days/${path}`, signal);
    },
    retry: retryUnlessRefused,
  });
}

export function useReceipt(id: string) {
  return useQuery({
    queryKey: ["receipt", id],
    queryFn: ({ signal }) =>
      getJson<Receipt>(`/v1/transactions/${encodeURIComponent(id)}`, signal),
    refetchInterval: (query) => receiptInterval(query.state.data),
    retry: retryUnlessRefused,
  });
}

export function useTimeline(id: string, receipt: Receipt | undefined) {
  return useQuery({
    queryKey: ["timeline", id],
    queryFn: ({ signal }) =>
      getJson<Timeline>(`/v1/transactions/${encodeURIComponent(id)}/timeline`, signal),
    refetchInterval: receiptInterval(receipt),
    retry: retryUnlessRefused,
  });
}

export function useExplanation(id: string) {
  return useQuery({
    queryKey: ["explanation", id],
    queryFn: ({ signal }) =>
      getJson<Explanation>(`/v1/transactions/${encodeURIComponent(id)}/explanation`, signal),
    refetchInterval: settledReceiptEveryMs,
    retry: retryUnlessRefused,
  });
}

export function useBreaks(reconciliation: string | undefined, breakClass: string) {
  return useInfiniteQuery({
    queryKey: ["breaks", reconciliation, breakClass],
    queryFn: ({ signal, pageParam }) => {
      const query = queryString({
        reconciliation,
        class: breakClass,
        after: pageParam,
        limit: String(pageSize),
      });
      return getJson<Page<Break>>(`/v1/breaks${query}`, signal);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    enabled: reconciliation !== undefined,
    placeholderData: keepPreviousData,
    retry: retryUnlessRefused,
  });
}

const sampleSize = 1_000;

/**
 * The breaks of one finished reconciliation, at most a thousand: enough to add up what they are
 * worth on the overview. `complete` is false when there are more, and the page says so.
 */
export function useBreakSample(reconciliation: string | undefined) {
  return useQuery({
    queryKey: ["break-sample", reconciliation],
    queryFn: async ({ signal }) => {
      const items: Break[] = [];
      let after: string | null = null;
      do {
        const query = queryString({ reconciliation, after, limit: "200" });
        const page: Page<Break> = await getJson<Page<Break>>(`/v1/breaks${query}`, signal);
        items.push(...page.items);
        after = page.next ?? null;
      } while (after !== null && items.length < sampleSize);
      return { items, complete: after === null };
    },
    enabled: reconciliation !== undefined,
    // A finished reconciliation does not change.
    staleTime: Infinity,
    retry: retryUnlessRefused,
  });
}

function receiptInterval(receipt: Receipt | undefined): number {
  return receipt?.flow?.state === "open" ? openReceiptEveryMs : settledReceiptEveryMs;
}

function retryUnlessRefused(failures: number, error: Error): boolean {
  return !(error instanceof Problem && error.status < 500) && failures < 2;
}
