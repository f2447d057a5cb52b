// Goal: nothing is rounded, cut or guessed between the API's decimal strings and the reader's eye.
import { describe, expect, it } from "vitest";
import {
  absolute,
  ageBetween,
  formatAge,
  formatAmount,
  formatBusinessDate,
  formatCount,
  formatDecimal,
  formatMoney,
  formatOffset,
  formatShare,
  formatTillClock,
  isZeroDecimal,
  minorDigits,
  plural,
  subtractDecimals,
  sumDecimals,
} from "./format";

describe("money", () => {
  it("groups digits and keeps every decimal", () => {
    expect(formatMoney("35.48", "EUR")).toBe("35.48 EUR");
    expect(formatMoney("5796666.412", "GBP")).toBe("5,796,666.412 GBP");
    expect(formatMoney("-520770.56", "GBP")).toBe("\u2212520,770.56 GBP");
    expect(formatMoney("9007199254740993.01", "EUR")).toBe("9,007,199,254,740,993.01 EUR");
  });

  it("pads to the currency's decimals and never cuts", () => {
    expect(formatAmount("5", "EUR")).toBe("5.00");
    expect(formatAmount("5", "JPY")).toBe("5");
    expect(formatAmount("1.5", "KWD")).toBe("1.500");
    expect(formatAmount("0.005", "EUR")).toBe("0.005");
    expect(formatAmount("7", null)).toBe("7");
    expect(minorDigits("not a currency")).toBe(2);
  });

  it("has no negative zero and no leading zeros", () => {
    expect(formatDecimal("-0.00", 2)).toBe("0.00");
    expect(formatDecimal("0007.10")).toBe("7.10");
  });

  it("shows what is not a decimal as it came", () => {
    for (const odd of ["", "1e5", "NaN", "1,5", "--1", ".5"]) {
      expect(formatDecimal(odd, 2)).toBe(odd);
    }
  });
});

describe("sums", () => {
  it("are exact where floating point is not", () => {
    expect(sumDecimals(["0.1", "0.2"])).toBe("0.3");
    expect(sumDecimals(["0.01", "-0.010"])).toBe("0.000");
    expect(subtractDecimals("5772993.44", "5772993.442")).toBe("-0.002");
    expect(subtractDecimals("1.00", "-2.5")).toBe("3.50");
    expect(sumDecimals([])).toBe("0");
    expect(sumDecimals(["-0.05", "0.02"])).toBe("-0.03");
  });

  it("refuse what is not a decimal", () => {
    expect(sumDecimals(["1.00", "x"])).toBeNull();
  });

  it("know zero and size", () => {
    expect(isZeroDecimal("-0.000")).toBe(true);
    expect(isZeroDecimal("0.001")).toBe(false);
    expect(isZeroDecimal("x")).toBe(false);
    expect(absolute("-3.20")).toBe("3.20");
  });
});

describe("counts and shares", () => {
  it("group thousands and agree in number", () => {
    expect(formatCount(312804)).toBe("312,804");
    expect(plural(1, "break")).toBe("1 break");
    expect(plural(1204, "break")).toBe("1,204 breaks");
  });

  it("never round a share up to everything", () => {
    expect(formatShare(99_999, 100_000)).toBe("99.99 %");
    expect(formatShare(100_000, 100_000)).toBe("100.00 %");
    expect(formatShare(1, 3)).toBe("33.33 %");
    expect(formatShare(0, 0)).toBe("–");
  });
});

describe("ages", () => {
  it.each([
    [-5_000, "under 1 s"],
    [999, "under 1 s"],
    [4_999, "4 s"],
    [60_000, "1 min"],
    [3_599_999, "59 min"],
    [3_600_000, "1 h"],
    [7_500_000, "2 h 5 min"],
    [86_400_000, "1 day"],
    [273_600_000, "3 days 4 h"],
  ])("%d ms is %s", (ms, shown) => {
    expect(formatAge(ms)).toBe(shown);
  });

  it("are counted between two instants of the server", () => {
    expect(ageBetween("2026-11-21T10:00:00Z", "2026-11-21T11:00:00+01:00")).toBe(0);
    expect(ageBetween(null, "2026-11-21T10:00:00Z")).toBeNull();
    expect(ageBetween("yesterday", "2026-11-21T10:00:00Z")).toBeNull();
  });

  it("are offsets in a timeline", () => {
    expect(formatOffset(0)).toBe("+0 ms");
    expect(formatOffset(212)).toBe("+212 ms");
    expect(formatOffset(1_290)).toBe("+1.2 s");
    expect(formatOffset(41_000)).toBe("+41 s");
    expect(formatOffset(-250)).toBe("\u2212250 ms");
  });
});

describe("dates", () => {
  it("keep a business date whatever the reader's zone", () => {
    expect(formatBusinessDate("2026-11-21")).toBe("Sat, 21 Nov 2026");
    expect(formatBusinessDate(null)).toBe("–");
    expect(formatBusinessDate("soon")).toBe("soon");
  });

  it("read the till's own clock from the instant", () => {
    expect(formatTillClock("2026-11-21T10:03:04+01:00")).toBe("10:03:04 (UTC+01:00)");
    expect(formatTillClock("2026-11-21T10:03:04.250-05:00")).toBe("10:03:04 (UTC-05:00)");
    expect(formatTillClock("2026-11-21T10:03:04Z")).toBeNull();
  });
});
