// Numbers, money and time as people read them. Amounts arrive as decimal strings and are handled as
// digits throughout, so that nothing is ever rounded on the way to the screen.
import type { Maybe } from "../api/types";

const minus = "\u2212";
const decimalPattern = /^([+-]?)(\d+)(?:\.(\d+))?$/;

/** How many decimals a currency has (ISO 4217); 2 for a code that is not known. */
export function minorDigits(currency: string): number {
  try {
    const format = new Intl.NumberFormat("en", { style: "currency", currency });
    return format.resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/**
 * "-520770.56" → "−520,770.56". Pads to `digits` decimals and never cuts any off; text that is not
 * a decimal is shown as it came rather than guessed at.
 */
export function formatDecimal(amount: string, digits = 0): string {
  const match = decimalPattern.exec(amount.trim());
  if (match === null) return amount;
  const [, sign = "", whole = "0", fraction = ""] = match;
  const grouped = whole.replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+$)/g, ",");
  const decimals = fraction.padEnd(digits, "0");
  const isZero = /^0*$/.test(whole + fraction);
  const shown = decimals === "" ? grouped : `${grouped}.${decimals}`;
  return sign === "-" && !isZero ? minus + shown : shown;
}

/** An amount with its currency's decimals, without the code. */
export function formatAmount(amount: string, currency: Maybe<string>): string {
  return formatDecimal(amount, currency == null ? 0 : minorDigits(currency));
}

/** "35.5", "EUR" → "35.50 EUR". */
export function formatMoney(amount: string, currency: Maybe<string>): string {
  const shown = formatAmount(amount, currency);
  return currency == null || currency === "" ? shown : `${shown} ${currency}`;
}

interface Scaled {
  units: bigint;
  places: number;
}

function scaled(amount: string): Scaled | null {
  const match = decimalPattern.exec(amount.trim());
  if (match === null) return null;
  const [, sign = "", whole = "0", fraction = ""] = match;
  const units = BigInt(whole + fraction);
  return { units: sign === "-" ? -units : units, places: fraction.length };
}

function unscaled({ units, places }: Scaled): string {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places);
  const sign = units < 0n ? "-" : "";
  return sign + (places === 0 ? whole : `${whole}.${fraction}`);
}

/** The exact sum of decimal strings, or null when one of them is not a decimal. */
export function sumDecimals(amounts: readonly string[]): string | null {
  let total: Scaled = { units: 0n, places: 0 };
  for (const amount of amounts) {
    const next = scaled(amount);
    if (next === null) return null;
    const places = Math.max(total.places, next.places);
    const lift = (value: Scaled) => value.units * 10n ** BigInt(places - value.places);
    total = { units: lift(total) + lift(next), places };
  }
  return unscaled(total);
}

/** a − b, exactly. */
export function subtractDecimals(a: string, b: string): string | null {
  return sumDecimals([a, negate(b)]);
}

export function absolute(amount: string): string {
  return amount.trim().replace(/^[+-]/, "");
}

export function isZeroDecimal(amount: string): boolean {
  return scaled(amount)?.units === 0n;
}

function negate(amount: string): string {
  const trimmed = amount.trim();
  return trimmed.startsWith("-") ? trimmed.slice(1) : `-${trimmed.replace(/^\+/, "")}`;
}

const countFormat = new Intl.NumberFormat("en");

export function formatCount(count: number): string {
  return countFormat.format(count).replace("-", minus);
}

/** "1 receipt", "1,204 receipts". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** A part of a whole for reading, e.g. "99.98 %": cut, never rounded up to 100. */
export function formatShare(part: number, whole: number): string {
  if (whole <= 0) return "–";
  const hundredths = Math.floor((part * 10_000) / whole);
  const decimals = String(hundredths % 100).padStart(2, "0");
  return `${Math.floor(hundredths / 100)}.${decimals} %`;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** How long something lasts or is old: "4 s", "3 min", "2 h 5 min", "3 days 4 h". */
export function formatAge(ms: number): string {
  const age = Math.max(0, ms);
  if (age < second) return "under 1 s";
  if (age < minute) return `${Math.floor(age / second)} s`;
  if (age < hour) return `${Math.floor(age / minute)} min`;
  if (age < day)
    return join(Math.floor(age / hour), "h", Math.floor((age % hour) / minute), "min");
  const days = Math.floor(age / day);
  return join(days, days === 1 ? "day" : "days", Math.floor((age % day) / hour), "h");
}

function join(major: number, majorUnit: string, minor: number, minorUnit: string): string {
  const head = `${formatCount(major)} ${majorUnit}`;
  return minor === 0 ? head : `${head} ${minor} ${minorUnit}`;
}

/** Age between two instants, null when either cannot be read. */
export function ageBetween(from: Maybe<string>, to: Maybe<string>): number | null {
  if (from == null || to == null) return null;
  const age = Date.parse(to) - Date.parse(from);
  return Number.isNaN(age) ? null : age;
}

/** The distance of a timeline entry from its start: "+120 ms", "+1.2 s", "+3 min". */
export function formatOffset(ms: number): string {
  const sign = ms < 0 ? minus : "+";
  const size = Math.abs(ms);
  if (size < second) return `${sign}${Math.round(size)} ms`;
  if (size < 10 * second) return `${sign}${Math.floor(size / 100) / 10} s`;
  return sign + formatAge(size);
}

const instantFormat = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const clockFormat = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const dateFormat = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});

/** An instant in the reader's time zone: "21 Nov 2026, 10:03:04". */
export function formatInstant(iso: Maybe<string>): string {
  return formatWith(instantFormat, iso);
}

/** Only the time of day, in the reader's time zone. */
export function formatClock(iso: Maybe<string>): string {
  return formatWith(clockFormat, iso);
}

function formatWith(format: Intl.DateTimeFormat, iso: Maybe<string>): string {
  if (iso == null || iso === "") return "–";
  const at = Date.parse(iso);
  return Number.isNaN(at) ? iso : format.format(at);
}

/** A business date has no zone: "2026-11-21" → "Sat, 21 Nov 2026" everywhere. */
export function formatBusinessDate(date: Maybe<string>): string {
  if (date == null || date === "") return "–";
  const at = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(at) ? date : dateFormat.format(at);
}

const offsetPattern = /T(\d{2}:\d{2}:\d{2})(?:\.\d+)?([+-]\d{2}:\d{2})$/;

/**
 * What the till's own clock showed, which is what stands on the paper receipt:
 * "10:03:04 (UTC+01:00)". Null when the instant carries no zone of its own.
 */
export function formatTillClock(iso: Maybe<string>): string | null {
  const match = iso == null ? null : offsetPattern.exec(iso);
  return match === null ? null : `${match[1] ?? ""} (UTC${match[2] ?? ""})`;
}

export function readersTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
