/** Names of months in log files, which IRC clients write in the user's language. */

import { DAY_MS, dateOf } from "../../base/time.ts";

const ENGLISH = ["january", "february", "march", "april", "may", "june"].concat([
  ...["july", "august", "september", "october", "november", "december"],
]);
const ENGLISH_WEEKDAY = /^(?:mon|tue|wed|thu|fri|sat|sun)(?:s?day|nesday|rsday|urday)?$/i;

/** Languages of the runtime's data (CLDR), and variants with names of their own. */
const LANGUAGES = (
  "af agq ak am ar ar-DZ ar-IQ ar-JO ar-MA ar-MR as asa ast az az-Cyrl ba bas be bem bez bg " +
  "bgc bho blo bm bn bn-IN bo br brx bs bs-Cyrl bua ca ccp ce ceb cgg chr ckb cs csw cv cy " +
  "da dav de de-AT dje doi dsb dua dyo dz ebu ee el en en-AU eo es es-CL es-PE es-PY et eu " +
  "ewo fa fa-AF ff ff-Adlm fi fil fo fr fr-CA fr-MA fur fy ga gaa gd gl gsw gu guz gv ha haw " +
  "he hi hi-Latn hr hsb hu hy ia id ie ig ii is it ja jgo jmc jv ka kab kam kde kea kgp khq " +
  "ki kk kk-Arab kkj kl kln km kn ko kok kok-Latn ks ks-Deva ksb ksf ksh ku ku-IQ kw kxv " +
  "kxv-Deva kxv-Telu ky lag lb lg lij lkt lmo ln lo lrc lt lu luo luy lv mai mas mer mfe mg " +
  "mgh mgo mi mk ml mn mni mr ms mt mua my mzn naq nb nd nds ne nl nmg nn nnh nqo nso nus " +
  "nyn oc om or os pa pa-Arab pcm pl pms prg ps pt pt-AO qu raj rm rn ro rof ru rw rwk sa " +
  "sah saq sat sbp sc scn sd sd-Deva se seh ses sg shi shi-Latn shn si sk sl smn sn so sq sr " +
  "sr-Latn sr-ME sr-XK st su sv sw syr szl ta te teo tg th ti tk tn to tok tr tt twq tyv tzm " +
  "ug uk ur uz uz-Arab uz-Cyrl vai vai-Latn vec vi vmw vun wae wo xh xnr xog yav yi yo yo-BJ " +
  "yrl yue za zgh zh zh-Hant zh-SG zu"
).split(" ");

interface Names {
  /** Names of each month, in lower case without punctuation. */
  readonly months: readonly ReadonlySet<string>[];
  /** Names of each weekday, from Sunday. */
  readonly weekdays: readonly ReadonlySet<string>[];
}

/** Similarity of two names; 0 if they differ. */
const EXACT = 3;
const PREFIX = 2;
const SHORTENED = 1;
/** Similarity of names that are equal without the last letter of the word. */
const CUT = 0.5;
/** Combined similarity of month and weekday that suffices to choose a language. */
const CERTAIN = EXACT + CUT;
/** Such as `10月`, or `10` behind the Tibetan word for month. */
const NUMBERED = /^\p{Script=Tibetan}*(\d{1,2})\p{L}*$/u;

interface Candidate {
  /** 1 to 12. */
  readonly month: number;
  readonly similarity: number;
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
    const english = ENGLISH.findIndex((month) => name.length >= 3 && month.startsWith(name)) + 1;
    if (english > 0 && (weekday === "" || ENGLISH_WEEKDAY.test(weekday))) return english;
    const number = Number(NUMBERED.exec(name)?.[1]);
    if (number > 0 && number <= ENGLISH.length) return number;
    const candidates = this.#candidatesFor(name);
    const named = onlyMonth(candidates);
    const weekdayName = normalized(weekday);
    const confirmed = candidates.flatMap((one) => {
      const dayOfWeek = dateOf(Date.UTC(year, one.month - 1, day)).getUTCDay();
      const similarity = similarityTo(one.weekdays[dayOfWeek], weekdayName);
      return similarity === 0 ? [] : [{ ...one, similarity: one.similarity + similarity }];
    });
    const month = onlyMonth(confirmed);
    if (best(confirmed) >= CERTAIN) return month;
    if (month !== undefined && month === named) return month;
    if (weekdayName === "") return named;
    // The C library and CLDR shorten weekdays differently in Arabic, Greek, Hebrew and others.
    const isLatin = /\p{Script=Latin}/u.test(name);
    return isLatin || best(candidates) < PREFIX ? undefined : named;
  }

  #candidatesFor(name: string): readonly Candidate[] {
    const known = this.#candidates.get(name);
    if (known !== undefined) return known;
    this.#languages ??= LANGUAGES.map(readNames);
    const candidates = this.#languages.flatMap(({ months, weekdays }) =>
      months.flatMap((names, index) => {
        const similarity = similarityTo(names, name);
        return similarity === 0 ? [] : [{ month: index + 1, similarity, weekdays }];
      }),
    );
    if (this.#candidates.size >= CANDIDATES_MAX) this.#candidates.clear();
    this.#candidates.set(name, candidates);
    return candidates;
  }
}

const CANDIDATES_MAX = 1_000;

/**
 * A letter and its mark, as in `ž`, may be stored as one or two characters. Older C libraries
 * accent the Greek abbreviations, as in `Μάρ`.
 */
function normalized(name: string): string {
  const composed = name.normalize("NFKC").toLowerCase();
  const isGreek = /\p{Script=Greek}/u.test(composed);
  const plain = isGreek ? composed.normalize("NFD").replaceAll(/\p{M}/gu, "") : composed;
  return plain
    .replaceAll(/[\p{P}\p{Cf}]/gu, "")
    .replaceAll(/\p{Nd}/gu, toAsciiDigit)
    .trim();
}

/** The digits of each script are ten consecutive characters. */
function toAsciiDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 10 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1;
  return String(value);
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

/**
 * The C library and CLDR shorten names differently: `Sep` and `Sept`, `Prş` and `Perşembe`.
 * @returns EXACT, PREFIX, SHORTENED, CUT, or 0
 */
function similarityTo(names: ReadonlySet<string> = new Set(), name: string): number {
  if (names.has(name)) return EXACT;
  // Two words may be a weekday and a month.
  if (name.includes(" ")) return 0;
  const all = [...names];
  const isPrefix = all.some((known) => {
    const [short, long] = known.length < name.length ? [known, name] : [name, known];
    return short.length >= 2 && long.startsWith(short);
  });
  if (isPrefix) return PREFIX;
  const words = all.filter((known) => isShortened(known, name));
  if (words.length === 0) return 0;
  return words.some((word) => word.at(-1) === name.at(-1)) ? SHORTENED : CUT;
}

/** Reports whether `name` has the first letter of the word, and others in their order. */
function isShortened(word: string, name: string): boolean {
  if (word[0] !== name[0]) return false;
  let at = -1;
  return [...name].every((letter) => {
    at = word.indexOf(letter, at + 1);
    return at >= 0;
  });
}

function best(candidates: readonly Candidate[]): number {
  return Math.max(0, ...candidates.map(({ similarity }) => similarity));
}

/** @returns the month of the most similar candidates, if it is the same */
function onlyMonth(candidates: readonly Candidate[]): number | undefined {
  const highest = best(candidates);
  const similar = candidates.filter(({ similarity }) => similarity === highest);
  const months = new Set(similar.map(({ month }) => month));
  const [month] = months;
  return months.size === 1 ? month : undefined;
}
