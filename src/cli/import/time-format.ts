/** Parser for times in the notation of `strftime`, which the settings of IRC clients use. */

import { Fault } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import { dateOf, MINUTE_MS } from "../../base/time.ts";
import type { MonthNames } from "./month-names.ts";

/** Year, month (1 to 12) and day. */
export type LogDay = readonly [year: number, month: number, day: number];

/** Time of a log line: an instant, or local time as if it were UTC. NaN if it does not exist. */
export interface LogTime {
  readonly isLocal: boolean;
  readonly unixMs: number;
}

export interface ParsedTime {
  readonly time: LogTime;
  /** Text after the time. */
  readonly rest: string;
}

interface TimeFormat {
  /**
   * Parses a time at the start of the text.
   * @param day day of a time without a date
   * @returns `undefined` if the text does not begin with such a time
   */
  parse(text: string, day: LogDay | undefined): ParsedTime | undefined;
}

/** Formats that stand for several others (`strftime`, in the C locale). */
const COMPOUND: Readonly<Record<string, string>> = {
  c: "%a %b %e %H:%M:%S %Y",
  D: "%m/%d/%y",
  F: "%Y-%m-%d",
  r: "%I:%M:%S %p",
  R: "%H:%M",
  T: "%H:%M:%S",
  x: "%m/%d/%y",
  X: "%H:%M:%S",
  "+": "%a %b %e %H:%M:%S %Z %Y",
};

const TWO_DIGITS = "[ \\d]?\\d";
const WORD = "[^\\d\\s,]+";

/** Expression for each specifier. Specifiers of weeks and weekdays are matched and ignored. */
const SPECIFIERS: Readonly<Record<string, string>> = {
  a: WORD,
  A: WORD,
  b: "\\d*[^\\d\\s,]+\\d*",
  B: "\\d*[^\\d\\s,]+\\d*",
  h: "\\d*[^\\d\\s,]+\\d*",
  C: "\\d\\d",
  d: TWO_DIGITS,
  e: TWO_DIGITS,
  f: "\\d{1,9}",
  g: "\\d\\d",
  G: "\\d{4}",
  H: TWO_DIGITS,
  I: TWO_DIGITS,
  j: "\\d{3}",
  k: TWO_DIGITS,
  l: TWO_DIGITS,
  m: TWO_DIGITS,
  M: "\\d\\d",
  p: "[AaPp]\\.?[Mm]\\.?",
  P: "[AaPp]\\.?[Mm]\\.?",
  s: "\\d{1,11}",
  "!": "\\d{1,11}",
  S: "\\d\\d",
  u: "\\d",
  U: "\\d\\d",
  V: "\\d\\d",
  w: "\\d",
  W: "\\d\\d",
  y: "\\d\\d",
  Y: "\\d{4}",
  z: "Z|[+-]\\d\\d(?::?\\d\\d)?",
  Z: "[A-Za-z]+|[+-]\\d\\d(?:\\d\\d)?",
};

const SPECIFIER = /%[-_0^#]?[EO]?(?:\.[1-6]|[a-zA-Z%!@+])|[^%]|%/gs;
const EXPANSIONS_MAX = 8;

/**
 * Supports the specifiers of `strftime` and those that WeeChat adds: `%f`, `%.1` to `%.6`, `%!`,
 * and `%@` for UTC.
 * @see https://weechat.org/files/doc/stable/weechat_plugin_api.en.html (util_strftimeval)
 * @throws {Fault} usage if a specifier is unknown
 */
function timeFormat(format: string, months: MonthNames): TimeFormat {
  let expanded = format;
  for (let count = 0; count < EXPANSIONS_MAX; count++) {
    expanded = expanded.replaceAll(
      /%[EO]?([cDFrRTxX+])/g,
      (_, name: string) => COMPOUND[name] ?? "",
    );
  }
  const fields: string[] = [];
  const pattern = (expanded.match(SPECIFIER) ?? []).map((token) => {
    if (!token.startsWith("%")) return RegExp.escape(token);
    if (token === "%%") return "%";
    if (token === "%@") {
      fields.push("@");
      return "()";
    }
    if (/^%[nt]$/.test(token)) return "\\s+";
    const name = token.includes(".") ? "f" : (token.at(-1) ?? "");
    const specifier = SPECIFIERS[name];
    if (specifier === undefined) {
      throw new Fault("usage", `unknown time format ${quoteText(format)}`, {
        remedy: "use the specifiers of strftime, such as '%Y-%m-%d %H:%M:%S'",
      });
    }
    fields.push(name);
    return `(${specifier})`;
  });
  const groups = Object.fromEntries(fields.map((name, index) => [name, index + 1]));
  const expression = new RegExp(`^${pattern.join("")}`);
  return {
    parse(text, day) {
      const match = expression.exec(text);
      if (match === null) return undefined;
      const time = timeOf(new FieldValues(match, groups), day, months);
      return time === undefined ? undefined : { time, rest: text.slice(match[0].length) };
    },
  };
}

/** Values of the specifiers in a time. */
class FieldValues {
  constructor(
    private readonly match: RegExpExecArray,
    private readonly groups: Readonly<Record<string, number>>,
  ) {}

  text(name: string): string | undefined {
    const group = this.groups[name];
    return group === undefined ? undefined : this.match[group];
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : Number(text);
  }
}

function timeOf(
  values: FieldValues,
  day: LogDay | undefined,
  months: MonthNames,
): LogTime | undefined {
  const fraction = values.text("f");
  const fractionMs = fraction === undefined ? 0 : Number(fraction.padEnd(3, "0").slice(0, 3));
  const unixSeconds = values.number("s") ?? values.number("!");
  if (unixSeconds !== undefined)
    return { isLocal: false, unixMs: unixSeconds * 1_000 + fractionMs };
  const date = dateIn(values, day, months);
  const hour = hourIn(values);
  if (date === undefined || hour === undefined) return undefined;
  const local =
    timeFields([...date, hour, values.number("M") ?? 0, values.number("S") ?? 0]) + fractionMs;
  const zone = zoneMinutes(values.text("z") ?? values.text("Z"));
  if (zone === undefined && values.text("@") === undefined) return { isLocal: true, unixMs: local };
  return { isLocal: false, unixMs: local - (zone ?? 0) * MINUTE_MS };
}

function dateIn(
  values: FieldValues,
  day: LogDay | undefined,
  months: MonthNames,
): LogDay | undefined {
  const short = values.number("y");
  const century = values.number("C");
  const shortYear = short === undefined ? undefined : short + (short < 69 ? 2000 : 1900);
  const year =
    values.number("Y") ?? (century === undefined ? shortYear : century * 100 + (short ?? 0));
  const dayOfYear = values.number("j");
  if (year !== undefined && dayOfYear !== undefined) {
    const date = dateOf(Date.UTC(year, 0, dayOfYear));
    return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  }
  const dayOfMonth = values.number("d") ?? values.number("e");
  const name = values.text("b") ?? values.text("B") ?? values.text("h");
  const weekday = values.text("a") ?? values.text("A") ?? "";
  const month =
    values.number("m") ??
    (name === undefined ? undefined : months.find(name, weekday, year ?? 0, dayOfMonth ?? 1));
  if (year === undefined && month === undefined && dayOfMonth === undefined) return day;
  if (month === undefined || dayOfMonth === undefined) return undefined;
  const knownYear = year ?? day?.[0];
  return knownYear === undefined ? undefined : [knownYear, month, dayOfMonth];
}

function hourIn(values: FieldValues): number | undefined {
  const hour = values.number("H") ?? values.number("k");
  if (hour !== undefined) return hour;
  const half = values.number("I") ?? values.number("l");
  const isAfternoon = /^p/i.test(values.text("p") ?? values.text("P") ?? "");
  return half === undefined ? undefined : (half % 12) + (isAfternoon ? 12 : 0);
}

/** Names of zones other than UTC are ambiguous; such a time is local. */
function zoneMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined;
  if (/^(?:z|utc|gmt)$/i.test(zone)) return 0;
  const [, sign, hours, minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  if (sign === undefined) return undefined;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/**
 * @param fields year, month (1 to 12), day, hour, minute and second
 * @returns milliseconds as if the fields were UTC; NaN if the day or hour does not exist
 */
function timeFields(fields: readonly number[]): number {
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = fields;
  const isExistingTime =
    mo >= 1 &&
    mo <= 12 &&
    h < 24 &&
    mi < 60 &&
    s < 61 &&
    dateOf(Date.UTC(y, mo - 1, d)).getUTCDate() === d;
  return isExistingTime ? Date.UTC(y, mo - 1, d, h, mi, s) : Number.NaN;
}

/** Formats whose meaning is clear. A date such as 03/04/2026 is not: see `--time-format`. */
const COMMON_FORMATS = [
  "%Y-%m-%d %H:%M:%S.%f%z",
  "%Y-%m-%d %H:%M:%S.%f",
  "%Y-%m-%d %H:%M:%S,%f",
  "%Y-%m-%d %H:%M:%S%z",
  "%Y-%m-%d %H:%M:%S %z",
  "%Y-%m-%d %H:%M:%S %Z",
  "%Y-%m-%d %H:%M:%S",
  "%Y-%m-%dT%H:%M:%S.%f%z",
  "%Y-%m-%dT%H:%M:%S.%f",
  "%Y-%m-%dT%H:%M:%S%z",
  "%Y-%m-%dT%H:%M:%S",
  "%Y-%m-%d %H:%M",
  "%Y/%m/%d %H:%M:%S",
  "%Y%m%d %H:%M:%S",
  "%Y%m%d %H%M%S",
  "%d.%m.%Y %H:%M:%S",
  "%d.%m.%Y, %H:%M:%S",
  "%d.%m.%Y %H:%M",
  "%a %b %e %H:%M:%S %Y",
  "%a %b %e %H:%M:%S %Z %Y",
  "%a, %d %b %Y %H:%M:%S %z",
  "%a, %d %b %Y %H:%M:%S",
  "%a %d %b %Y %I:%M:%S %p %Z",
  "%a %d %b %Y %H:%M:%S %Z",
  "%a %d %b %Y %H:%M:%S",
  "%d %b %Y %H:%M:%S",
  "%b %d %Y %H:%M:%S",
  "%I:%M:%S %p",
  "%I:%M %p",
  "%H:%M:%S.%f",
  "%H:%M:%S",
  "%H:%M",
  "%s",
] as const;

/** A number or a word after the time could be part of the message. */
const PREFIX_FORMATS = COMMON_FORMATS.filter((format) => !/%[sZ]/.test(format));

const NOTHING = /^$/;
const MESSAGE = /^ ?/;
/** Text after a time whose format is guessed. */
const NO_FURTHER_DIGITS = /^(?![\d:.,+-]) ?/;
const BRACKET = /^[\])}] ?/;

/** Tries the format of the line before first, because a log seldom changes it. */
export class TimeParser {
  readonly #named: TimeFormat | undefined;
  readonly #common: TimeFormat[];

  /** @param format named by the user, and tried before the common ones */
  constructor(
    format: string | undefined,
    months: MonthNames,
    /** `column` if nothing follows the time, `prefix` if the message does. */
    private readonly position: "column" | "prefix",
  ) {
    const common = position === "column" ? COMMON_FORMATS : PREFIX_FORMATS;
    this.#named = format === undefined ? undefined : timeFormat(format, months);
    this.#common = common.map((text) => timeFormat(text, months));
  }

  parse(text: string, day: LogDay | undefined): ParsedTime | undefined {
    const isColumn = this.position === "column";
    const named = this.#named && parseBefore(this.#named, text, day, isColumn ? NOTHING : MESSAGE);
    if (named !== undefined) return named;
    if (isColumn) return this.#guess(text.replace(/^[[({](.*)[\])}]$/, "$1"), day, NOTHING);
    const isBracketed = /^[[({]/.test(text);
    return isBracketed
      ? this.#guess(text.slice(1), day, BRACKET)
      : this.#guess(text, day, NO_FURTHER_DIGITS);
  }

  #guess(text: string, day: LogDay | undefined, end: RegExp): ParsedTime | undefined {
    for (const [index, format] of this.#common.entries()) {
      const parsed = parseBefore(format, text, day, end);
      if (parsed === undefined) continue;
      if (index > 0) this.#common.unshift(...this.#common.splice(index, 1));
      return parsed;
    }
    return undefined;
  }
}

function parseBefore(
  format: TimeFormat,
  text: string,
  day: LogDay | undefined,
  end: RegExp,
): ParsedTime | undefined {
  const parsed = format.parse(text, day);
  const ending = parsed === undefined ? null : end.exec(parsed.rest);
  if (parsed === undefined || ending === null) return undefined;
  return { time: parsed.time, rest: parsed.rest.slice(ending[0].length) };
}
