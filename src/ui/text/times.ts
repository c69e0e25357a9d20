/** Dates, times and lists in a user's language and time zone. */

import type { TimeContext } from "../../base/parse-time.ts";
import { clampUnixMs, DAY_MS, dateOf } from "../../base/time.ts";
import type { StartTexts } from "../messages/en/start.ts";

export interface Times {
  readonly clock: (unixMs: number) => string;
  /** Maximum width of a clock time in a terminal. */
  readonly clockColumns: number;
  readonly day: (unixMs: number) => string;
  readonly date: (unixMs: number) => string;
  /** Clock today, weekday of the last six days, otherwise a date without year. */
  readonly brief: (unixMs: number) => string;
  /** Weekday and clock of the next six days, otherwise a date without year and the clock. */
  readonly ahead: (unixMs: number) => string;
  readonly full: (unixMs: number) => string;
  readonly utcDay: (unixMs: number) => string;
  readonly exact: (unixMs: number) => string;
  readonly list: (names: readonly string[]) => string;
}

/**
 * Combines the language of the page with the date order and clock of the browser.
 * @param preferred locales of the browser, best first, such as `en-US` and `id`
 */
export function localeFor(lang: string, preferred: readonly string[]): Intl.Locale {
  const preferredLocale = preferred.find((tag) => tag.toLowerCase().split("-")[0] === lang);
  const format = new Intl.DateTimeFormat(preferred[0], { hour: "numeric" });
  const { hourCycle = "h23" } = format.resolvedOptions();
  return new Intl.Locale(preferredLocale ?? lang, { hourCycle });
}

/** A time with two digits for the hour, on every clock. */
const LATE_UNIX_MS = dateOf(0).setHours(22, 30);

/** Without a locale, as in the terminal, uses the language of the texts and a 24-hour clock. */
export function timesIn(texts: StartTexts): Times {
  const { locale = new Intl.Locale(texts.lang, { hourCycle: "h23" }) } = texts;
  // Creating a format takes milliseconds, and few screens need all formats.
  const lazyFormat = (options: Intl.DateTimeFormatOptions) => {
    let format: Intl.DateTimeFormat | undefined;
    return (unixMs: number) => {
      format ??= new Intl.DateTimeFormat(locale, options);
      return format.format(clampUnixMs(unixMs));
    };
  };
  let list: Intl.ListFormat | undefined;
  const hour = locale.hourCycle === "h12" || locale.hourCycle === "h11" ? "numeric" : "2-digit";
  const longDate = lazyFormat({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const clock = lazyFormat({ hour, minute: "2-digit" });
  const shortDate = lazyFormat({ day: "numeric", month: "short" });
  const shortWeekday = lazyFormat({ weekday: "short" });
  const weekday = lazyFormat({ weekday: "long" });
  const midnightAfter = (days: number) => new Date().setHours(24 * days, 0, 0, 0);
  return {
    clock,
    get clockColumns() {
      return clock(LATE_UNIX_MS).length;
    },
    date: lazyFormat({ dateStyle: "medium" }),
    day: (unixMs) => {
      const midnight = new Date().setHours(0, 0, 0, 0);
      if (unixMs >= midnight && unixMs < midnight + DAY_MS) return texts.today;
      const before = dateOf(midnight - 1).setHours(0, 0, 0, 0);
      return unixMs >= before && unixMs < midnight ? texts.yesterday : longDate(unixMs);
    },
    brief: (unixMs) => {
      if (unixMs >= midnightAfter(0)) return clock(unixMs);
      return (unixMs >= midnightAfter(-6) ? shortWeekday : shortDate)(unixMs);
    },
    ahead: (unixMs) => {
      const isSoon = unixMs >= midnightAfter(0) && unixMs < midnightAfter(7);
      return `${(isSoon ? weekday : shortDate)(unixMs)} ${clock(unixMs)}`;
    },
    utcDay: lazyFormat({ dateStyle: "medium", timeZone: "UTC" }),
    full: lazyFormat({ dateStyle: "medium", timeStyle: "short" }),
    exact: lazyFormat({ hour, minute: "2-digit", second: "2-digit" }),
    list: (names) => {
      // Without a comma before "and".
      list ??= new Intl.ListFormat(texts.lang === "en" ? "en-GB" : texts.lang);
      return list.format(names);
    },
  };
}

/** Clock today, weekday and clock of the last six days, otherwise a date without year. */
export function dayAndClock({ brief, clock }: Times, unixMs: number): string {
  const [day, time] = [brief(unixMs), clock(unixMs)];
  // A date is long enough without the clock.
  return day === time || /\d/.test(day) ? day : `${day} ${time}`;
}

/** Minutes, positive east of UTC. */
export function offsetMinutes(unixMs: number): number {
  return -dateOf(unixMs).getTimezoneOffset();
}

/** Context of the times that the user of this browser types. */
export function timesNow(): TimeContext {
  return { nowUnixMs: Date.now(), offsetMinutes };
}

const TIMESTAMP = /(?<![\w+-])(?:[+-]\d\d)?\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z/g;

/** @returns `undefined` if the server's message contains no timestamp */
/** @internal */
export function formatTimestampIn(message: string, texts: StartTexts): string | undefined {
  const [timestamp] = message.match(TIMESTAMP) ?? [];
  if (timestamp === undefined || !Number.isFinite(Date.parse(timestamp))) return undefined;
  return timesIn(texts).full(Date.parse(timestamp));
}

export function withLocalTimestamps(message: string, texts: StartTexts): string {
  return message.replace(
    TIMESTAMP,
    (timestamp) => formatTimestampIn(timestamp, texts) ?? timestamp,
  );
}
