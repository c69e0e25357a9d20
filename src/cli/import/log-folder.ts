/** Finds the logs of one channel in a folder, as irssi, WeeChat and ZNC leave it. */

import { basename } from "node:path";
import { Fault } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import { absolutePath } from "../../io/disk/working-folder.ts";
import { firstOf, folded } from "./channel.ts";
import type { LogDay } from "./time-format.ts";

/** File of a log in a folder. */
export interface FolderLog {
  readonly path: string;
  /** Parts of the path that name the channel: folders and the name of the file, without dates. */
  readonly parts: readonly string[];
  /** `YYYY`, `YYYYMM` or `YYYYMMDD`; empty if the path has no date. */
  readonly date: string;
  /** Number that a rotation added: the higher, the older. 0 for the newest file. */
  readonly rotation: number;
  readonly isCompressed: boolean;
}

const LOG_FILE =
  /^(?<stem>.+)\.(?:log|weechatlog)(?:[.-](?<suffix>\d[\d-]*))?(?<packed>\.(?:gz|bz2|xz|zst))?$/i;
const FULL_DATE = /(?<!\d)((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?!\d)/g;
const MONTH_DATE = /(?<!\d)((?:19|20)\d\d)-(\d\d)(?!\d)/;
const YEAR = /^(?:19|20)\d\d$/;
/** Month and day in the name of a file, in the folder of a year. */
const DAY_OF_YEAR = /(?:^|[-_.])(\d\d)-(\d\d)$/;
const TWO_DIGITS = /^\d\d$/;

/** Lists the logs among the paths, which are relative to the folder. */
export function logsIn(paths: readonly string[]): readonly FolderLog[] {
  return paths.flatMap((path) => folderLog(path) ?? []);
}

/** @returns `undefined` if the file is no log of a channel or a private conversation */
function folderLog(path: string): FolderLog | undefined {
  const folders = path.split("/");
  const { stem, suffix = "", packed } = LOG_FILE.exec(folders.pop() ?? "")?.groups ?? {};
  if (stem === undefined) return undefined;
  let date = "";
  const undated = (part: string): string => {
    const found = datePart(part, date);
    date = found?.date ?? date;
    return found?.rest ?? part;
  };
  const parts = [...folders.map(undated), ...channelParts(undated(stem))];
  // WeeChat also logs its own messages and those of servers.
  if (/^(?:core\.|irc\.server\.[^#&+!])/.test(stem) && /\.weechatlog/i.test(path)) return undefined;
  const isDated = suffix !== "" && undated(suffix) === "";
  return {
    path,
    parts: parts.filter((part) => part !== ""),
    date,
    rotation: isDated || suffix === "" ? 0 : Number.parseInt(suffix, 10),
    isCompressed: packed !== undefined,
  };
}

/** Splits a name of WeeChat, such as `irc.libera.#chat`. */
function channelParts(stem: string): readonly string[] {
  const match = /^irc\.(.+?)\.([#&+!].*)$/.exec(stem) ?? /^irc\.([^.]+)\.(.+)$/.exec(stem);
  return match === null ? [stem] : match.slice(1);
}

/**
 * Finds a date in a part of a path. A lone number, as in `#chat-2026`, is a part of the name.
 * @param known date in the parts before it
 */
function datePart(part: string, known: string): { date: string; rest: string } | undefined {
  const full = [...part.matchAll(FULL_DATE)].filter(([, , , m, d]) => isDay(m, d)).at(-1);
  if (full !== undefined) {
    const [, year = "", , month = "", day = ""] = full;
    return { date: year + month + day, rest: without(part, full) };
  }
  const ofMonth = MONTH_DATE.exec(part);
  if (ofMonth !== null && isDay(ofMonth[2], "01")) {
    return { date: `${ofMonth[1]}${ofMonth[2]}`, rest: without(part, ofMonth) };
  }
  if (known === "" && YEAR.test(part)) return { date: part, rest: "" };
  const isYearKnown = known.length === 4;
  const ofYear = isYearKnown ? DAY_OF_YEAR.exec(part) : null;
  if (ofYear !== null && isDay(ofYear[1], ofYear[2])) {
    return { date: `${known}${ofYear[1]}${ofYear[2]}`, rest: without(part, ofYear) };
  }
  const isNext = (isYearKnown || known.length === 6) && TWO_DIGITS.test(part);
  return isNext ? { date: known + part, rest: "" } : undefined;
}

function isDay(month: string | undefined, day: string | undefined): boolean {
  return inRange(Number(month), 12) && inRange(Number(day), 31);
}

function inRange(value: number, max: number): boolean {
  return value >= 1 && value <= max;
}

function without(part: string, { index, 0: found }: RegExpExecArray): string {
  const before = part.slice(0, index).replace(/[-_. ]+$/, "");
  const after = part.slice(index + found.length).replace(/^[-_. ]+/, "");
  return before === "" || after === "" ? before + after : `${before}.${after}`;
}

/** @returns the day in the name of a file; `undefined` if there is none */
export function dayInName(name: string): LogDay | undefined {
  return dayOf(datePart(name, "")?.date ?? "");
}

export function dayOf(date: string): LogDay | undefined {
  if (date.length !== 8) return undefined;
  return [Number(date.slice(0, 4)), Number(date.slice(4, 6)), Number(date.slice(6))];
}

/**
 * Selects the logs of one channel, the oldest first.
 * @param channel name as the user gave it
 * @throws {Fault} usage with a list if there are several; not-found; usage if one is compressed
 */
export function selectLogs(
  root: string,
  logs: readonly FolderLog[],
  channel: string | undefined,
): readonly FolderLog[] {
  const channels = Map.groupBy(logs, ({ parts }) => parts.join("/"));
  const key = selectChannel(root, [...channels.keys()].sort(), channel);
  const selected = [...(channels.get(key) ?? [])].sort(
    (a, b) =>
      compare(a.date || NEWEST, b.date || NEWEST) ||
      b.rotation - a.rotation ||
      compare(a.path, b.path),
  );
  const compressed = selected.find(({ isCompressed }) => isCompressed);
  if (compressed === undefined) return selected;
  throw new Fault("usage", `${quoteText(basename(compressed.path))} is compressed`, {
    remedy: "unpack it, such as with gunzip, then run the same command again",
  });
}

/** Sorts after each date: the log that its program still writes. */
const NEWEST = "9";

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function selectChannel(root: string, keys: readonly string[], channel: string | undefined): string {
  const [only] = keys;
  if (channel === undefined && keys.length === 1 && only !== undefined) return only;
  const labels = labelsOf(root, keys);
  const lastOf = (label: string) => label.split("/").slice(-1).join();
  const bare = (label: string) =>
    label
      .split("/")
      .map((part) => part.replace(/^#/, ""))
      .join("/");
  const forms = [(label: string) => label, lastOf, bare, (label: string) => bare(lastOf(label))];
  const wanted = folded(channel ?? "");
  const matches = forms
    .map((form) => keys.filter((key) => folded(form(labels.get(key) ?? key)) === wanted))
    .find((found) => found.length > 0);
  const [match] = matches ?? [];
  if (matches?.length === 1 && match !== undefined) return match;
  const list = firstOf((matches ?? keys).map((key) => quoteText(labels.get(key) ?? key)));
  const remedy = "choose one with --channel NETWORK/NAME";
  if (channel === undefined || matches !== undefined) {
    throw new Fault("usage", `the folder has several channels: ${list}`, { remedy });
  }
  throw new Fault("not-found", `no channel ${quoteText(channel)}; channels: ${list}`, { remedy });
}

/** Names each channel with its network, or with all folders if two would have the same name. */
function labelsOf(root: string, keys: readonly string[]): ReadonlyMap<string, string> {
  const above = absolutePath(root).split(/[\\/]/);
  const shortOf = (key: string) => {
    const parts = [...above, ...(key === "" ? [] : key.split("/"))].filter((part) => part !== "");
    // ZNC's module `log` of one network: networks/libera/moddata/log/#chat.
    const named = parts.filter(
      (part, index) =>
        !(part === "moddata" && parts[index + 1] === "log") &&
        !(part === "log" && parts[index - 1] === "moddata"),
    );
    return named.slice(-2).join("/");
  };
  const counts = Map.groupBy(keys, shortOf);
  return new Map(
    keys.map((key) => [key, counts.get(shortOf(key))?.length === 1 ? shortOf(key) : key]),
  );
}
