import { dateOf, nearestMoment } from "../../base/time.ts";
import type { Texts } from "../messages/en/first.ts";

const DAY_MS = 24 * 60 * 60_000;

/** Moments, and lists, as people of that language write them; in the time of this device. */
export interface Times {
  /** `05:46` */
  readonly clock: (unixMs: number) => string;
  /** Today, yesterday, or the date. */
  readonly day: (unixMs: number) => string;
  /** Date and time. */
  readonly full: (unixMs: number) => string;
  /** The date of a moment of which only the day is known, in UTC. */
  readonly utcDay: (unixMs: number) => string;
  /** With seconds, for logs. */
  readonly exact: (unixMs: number) => string;
  /** `ana, bob, and mia` */
  readonly list: (names: readonly string[]) => string;
}

/**
 * The locale that browser and page share: the browser's order of dates and its 12 or 24 hours, in
 * the language of the page.
 * @param preferred as browsers have it, best first: `en-US`, `id`
 */
export function localeFor(lang: string, preferred: readonly string[]): Intl.Locale {
  const own = preferred.find((tag) => tag.toLowerCase().split("-")[0] === lang);
  const format = new Intl.DateTimeFormat(preferred[0], { hour: "numeric" });
  const { hourCycle = "h23" } = format.resolvedOptions();
  return new Intl.Locale(own ?? lang, { hourCycle });
}

/** @param locale in the language of the texts; in a terminal that language alone, and 24 hours */
export function timesIn(
  texts: Texts,
  locale = new Intl.Locale(texts.lang, { hourCycle: "h23" }),
): Times {
  // A format takes some milliseconds to make, and few screens need all of them.
  const made = (options: Intl.DateTimeFormatOptions) => {
    let format: Intl.DateTimeFormat | undefined;
    return (unixMs: number) => {
      format ??= new Intl.DateTimeFormat(locale, options);
      return format.format(nearestMoment(unixMs));
    };
  };
  let list: Intl.ListFormat | undefined;
  const hour = locale.hourCycle === "h12" || locale.hourCycle === "h11" ? "numeric" : "2-digit";
  const date = made({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const clock = made({ hour, minute: "2-digit" });
  return {
    clock,
    day: (unixMs) => {
      const midnight = new Date().setHours(0, 0, 0, 0);
      if (unixMs >= midnight && unixMs < midnight + DAY_MS) return texts.today;
      const before = dateOf(midnight - 1).setHours(0, 0, 0, 0);
      return unixMs >= before && unixMs < midnight ? texts.yesterday : date(unixMs);
    },
    utcDay: made({ dateStyle: "medium", timeZone: "UTC" }),
    full: made({ dateStyle: "medium", timeStyle: "short" }),
    exact: made({ hour, minute: "2-digit", second: "2-digit" }),
    list: (names) => {
      list ??= new Intl.ListFormat(texts.lang);
      return list.format(names);
    },
  };
}

/** Minutes that this device's time is ahead of UTC at that moment. */
export function offsetMinutes(unixMs: number): number {
  return -dateOf(unixMs).getTimezoneOffset();
}

/** As servers write moments into sentences: `2026-11-20T05:46:33.123Z`, and years of six digits. */
const MOMENT = /(?<![\w+-])(?:[+-]\d\d)?\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z/g;

/** The first moment that a server's sentence names, for people; undefined: it names none. */
export function momentIn(sentence: string, texts: Texts): string | undefined {
  const [moment] = sentence.match(MOMENT) ?? [];
  if (moment === undefined || !Number.isFinite(Date.parse(moment))) return undefined;
  return timesIn(texts).full(Date.parse(moment));
}

/** A server's sentence with its moments as people write them; what is no moment stays. */
export function withLocalMoments(sentence: string, texts: Texts): string {
  return sentence.replace(MOMENT, (moment) => momentIn(moment, texts) ?? moment);
}
