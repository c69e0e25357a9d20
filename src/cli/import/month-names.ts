/** Names of months in log files, which IRC clients write in the user's language. */

import { DAY_MS, dateOf } from "../../base/time.ts";

const ENGLISH = ["jan", "feb", "mar", "apr", "may", "jun"].concat([
  ...["jul", "aug", "sep", "oct", "nov", "dec"],
]);
const ENGLISH_WEEKDAY = /^(?:mon|tue|wed|thu|fri|sat|sun)/i;

/** Languages with names of months in the runtime's data (CLDR). */
const LANGUAGES = (
  "en af am ar az be bg bn br bs ca cs cy da de de-AT el eo es et eu fa fi fil fo fr fr-CA fy " +
  "ga gd gl gu he hi hr hu hy id is it ja ka kk km kn ko ky lb lo lt lv mk ml mn mr ms mt my " +
  "nb ne nl nn oc om or pa pl ps pt qu ro ru rw se si sk sl so sq sr sr-Latn sv sw ta te tg th " +
  "ti tk tr tt ug uk ur uz vi wo xh yi yo zh zh-Hant zu"
).split(" ");

interface Names {
  /** Names of each month, in lower case without punctuation. */
  readonly months: readonly ReadonlySet<string>[];
  /** Names of each weekday, from Sunday. */
  readonly weekdays: readonly ReadonlySet<string>[];
}

interface Candidate {
  /** 1 to 12. */
  readonly month: number;
  readonly isExact: boolean;
  readonly weekdays: Names["weekdays"];
}

/** Finds months by name. One object is used for a whole import: the first search takes a while. */
export class MonthNames {
  #languages: readonly Names[] | undefined;
  /** At most CANDIDATES_MAX names. */
  readonly #candidates = new Map<string, readonly Candidate[]>();

  /**
   * Some abbreviations mean different months in two languages, such as `lis`; the weekday of the
   * date tells them apart.
   * @param weekday name of the weekday, empty if the log has none
   * @returns 1 to 12; `undefined` if the name is unknown or ambiguous
   */
  find(monthName: string, weekday: string, year: number, day: number): number | undefined {
    const name = normalized(monthName);
    const english = ENGLISH.indexOf(name.slice(0, 3)) + 1;
    const isEnglish = weekday === "" || ENGLISH_WEEKDAY.test(weekday);
    if (english > 0 && /^[a-z]+$/.test(name) && isEnglish) return english;
    const [number, ...others] = name.match(/\d+/g) ?? [];
    if (number !== undefined && others.length === 0 && Number(number) <= ENGLISH.length) {
      return Number(number) || undefined;
    }
    const weekdayName = normalized(weekday);
    const candidates = this.#candidatesFor(name);
    const confirmed = candidates.filter(({ weekdays, month }) => {
      const dayOfWeek = dateOf(Date.UTC(year, month - 1, day)).getUTCDay();
      return weekdayName === "" || isWeekday(weekdays[dayOfWeek], weekdayName);
    });
    // The C library and CLDR shorten weekdays differently in Arabic, Greek, Hebrew and others.
    const isLatin = /\p{Script=Latin}/u.test(name);
    return onlyMonth(confirmed.length > 0 || isLatin ? confirmed : candidates);
  }

  #candidatesFor(name: string): readonly Candidate[] {
    const known = this.#candidates.get(name);
    if (known !== undefined) return known;
    this.#languages ??= LANGUAGES.map(readNames);
    const candidates = this.#languages.flatMap(({ months, weekdays }) =>
      months.flatMap((names, index) => {
        const isExact = names.has(name);
        if (!isExact && !isSimilar(names, name)) return [];
        return [{ month: index + 1, isExact, weekdays }];
      }),
    );
    if (this.#candidates.size >= CANDIDATES_MAX) this.#candidates.clear();
    this.#candidates.set(name, candidates);
    return candidates;
  }
}

const CANDIDATES_MAX = 1_000;

/** A letter and its mark, as in `ž`, may be stored as one or two characters. */
function normalized(name: string): string {
  const plain = name.normalize("NFKC").toLowerCase();
  return plain.replaceAll(/[\p{P}\p{Cf}]/gu, "").trim();
}

/** 4 January 1970 was a Sunday. */
const SUNDAY_MS = 3 * DAY_MS;

function readNames(language: string): Names {
  const namesIn = (options: Intl.DateTimeFormatOptions, part: string, times: readonly number[]) => {
    const locale = `${language}-u-ca-gregory-nu-latn`;
    const format = new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });
    return times.map((unixMs) => {
      const { value = "" } = format.formatToParts(unixMs).find(({ type }) => type === part) ?? {};
      return normalized(value);
    });
  };
  const months = ENGLISH.map((_, index) => Date.UTC(1970, index, 1));
  const weekdays = Array.from({ length: 7 }, (_, day) => SUNDAY_MS + day * DAY_MS);
  const styles = ["long", "short"] as const;
  const monthNames = styles.flatMap((month) => [
    namesIn({ month }, "month", months),
    // Many languages inflect the name of a month beside a day.
    namesIn({ month, day: "numeric" }, "month", months),
  ]);
  const weekdayNames = styles.map((weekday) => namesIn({ weekday }, "weekday", weekdays));
  const setAt = (lists: readonly (readonly string[])[], index: number) =>
    new Set(lists.map((names) => names[index] ?? ""));
  return {
    months: months.map((_, index) => setAt(monthNames, index)),
    weekdays: weekdays.map((_, index) => setAt(weekdayNames, index)),
  };
}

/** The C library and CLDR shorten names differently: `Sep` and `Sept`, `Mär` and `März`. */
function isSimilar(names: ReadonlySet<string>, name: string): boolean {
  return [...names].some((known) => {
    const [short, long] = known.length < name.length ? [known, name] : [name, known];
    return short.length >= 2 && long.startsWith(short);
  });
}

/** Also finds abbreviations without vowels, such as `Prş` for `Perşembe`. */
function isWeekday(names: ReadonlySet<string> = new Set(), name: string): boolean {
  if (isSimilar(names, name)) return true;
  return [...names].some((known) => {
    let at = -1;
    const isSubsequence = [...name].every((letter) => {
      at = known.indexOf(letter, at + 1);
      return at >= 0;
    });
    return known[0] === name[0] && isSubsequence;
  });
}

function onlyMonth(candidates: readonly Candidate[]): number | undefined {
  const exact = candidates.filter(({ isExact }) => isExact);
  const months = new Set((exact.length > 0 ? exact : candidates).map(({ month }) => month));
  const [month] = months;
  return months.size === 1 ? month : undefined;
}
