import type { Break } from "../api/types";
import { absolute, sumDecimals } from "./format";

export interface BreakSum {
  breakClass: string;
  count: number;
  /** What the differences come to, without their signs: two that cancel out are still two. */
  money: { currency: string; amount: string }[];
  points: number;
}

/** Adds breaks up by kind and, inside, by currency; the kind with most breaks first. */
export function sumBreaks(breaks: readonly Break[]): BreakSum[] {
  const byClass = new Map<string, Break[]>();
  for (const item of breaks) {
    byClass.set(item.class, [...(byClass.get(item.class) ?? []), item]);
  }
  return [...byClass]
    .map(([breakClass, items]) => ({
      breakClass,
      count: items.length,
      money: sumMoney(items),
      points: items.reduce((sum, item) => sum + Math.abs(item.points ?? 0), 0),
    }))
    .sort((a, b) => b.count - a.count || a.breakClass.localeCompare(b.breakClass));
}

function sumMoney(items: readonly Break[]): BreakSum["money"] {
  const amounts = new Map<string, string[]>();
  for (const { money, currency } of items) {
    if (money == null || currency == null) continue;
    amounts.set(currency, [...(amounts.get(currency) ?? []), absolute(money)]);
  }
  return [...amounts].flatMap(([currency, list]) => {
    const amount = sumDecimals(list);
    return amount == null ? [] : [{ currency, amount }];
  });
}
