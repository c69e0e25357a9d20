/** Messages of an import, independent of the file format. */

import { NEWLINE } from "../../base/ascii.ts";
import { Fault } from "../../base/fault.ts";
import { IMPORTED_NAME_BYTES_MAX, REACTION_BYTES_MAX, TEXT_BYTES_MAX } from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import { UNIX_MS_MAX } from "../../base/time.ts";

interface CommonFields {
  readonly location: string;
  readonly from: string;
  readonly timeUnixMs: number;
}

interface PostFields extends CommonFields {
  /**
   * Identifies the message or reaction in every export of its channel, also after its text or the
   * name of its author changed.
   */
  readonly sourceId?: string | undefined;
}

export type ImportEntry =
  | (PostFields & {
      readonly kind: "text" | "action";
      readonly text: string;
      /** Identifies this message in replies, reactions and edits within the same file. */
      readonly key?: string | undefined;
      readonly re?: string | undefined;
      /** Shown only in the thread of `re`. */
      readonly thread?: boolean | undefined;
      /** A text that alerts nobody. */
      readonly notice?: boolean | undefined;
    })
  | (PostFields & { readonly kind: "reaction"; readonly react: string; readonly re: string })
  | (CommonFields & { readonly kind: "edit"; readonly text: string; readonly re: string });

interface Problem {
  readonly location: string;
  readonly reason: string;
}

/** Parts of the export that are not imported, such as joins. */
export interface SkippedKind {
  /** Kind of the export, in a few words. */
  readonly reason: string;
  readonly count: number;
  /** Location and text of the first one. */
  readonly example: string;
  /** True if these are messages, so that the import is incomplete. */
  readonly isLost: boolean;
}

export interface ParsedFile {
  readonly format: string;
  readonly entries: readonly ImportEntry[];
  readonly problems: readonly Problem[];
  readonly skippedKinds: readonly SkippedKind[];
}

export interface ReadOptions {
  readonly channel: string;
  /** False if the channel is only assumed from the room's name. */
  readonly isChannelGiven: boolean;
}

/** An export can name any number of kinds; further ones are counted together. */
const SKIPPED_KINDS_MAX = 50;
const EXAMPLE_CODE_POINTS_MAX = 100;

export class EntryList {
  readonly entries: ImportEntry[] = [];
  readonly problems: Problem[] = [];
  readonly #skippedKinds = new Map<string, SkippedKind>();

  add(entry: ImportEntry): void {
    const reason = validationError(entry);
    if (reason === undefined) this.entries.push(wellFormed(entry));
    else this.problem(entry.location, reason);
  }

  problem(location: string, reason: string): void {
    this.problems.push({ location, reason });
  }

  /**
   * Counts something that is not a message.
   * @param kind groups equal things in the report
   * @param text shown as the example if this is the first one of its kind
   */
  skip(kind: string, location: string, text = ""): void {
    this.#count(kind, location, text, false);
  }

  /** Counts a message whose content the export lacks. */
  lose(kind: string, location: string, text = ""): void {
    this.#count(kind, location, text, true);
  }

  #count(kind: string, location: string, text: string, isLost: boolean): void {
    const isNew = !this.#skippedKinds.has(kind);
    const reason =
      isNew && !isLost && this.#skippedKinds.size >= SKIPPED_KINDS_MAX ? "other kinds" : kind;
    const { count, example } = this.#skippedKinds.get(reason) ?? {
      count: 0,
      example: text === "" ? location : `${location}: ${quoteText(text, EXAMPLE_CODE_POINTS_MAX)}`,
    };
    this.#skippedKinds.set(reason, { reason, count: count + 1, example, isLost });
  }

  parsed(format: string): ParsedFile {
    const { entries, problems } = this;
    const skippedKinds = [...this.#skippedKinds.values()];
    return { format, entries, problems, skippedKinds };
  }
}

const CONTROL = /\p{Cc}/u;

function validationError(entry: ImportEntry): string | undefined {
  const { from, timeUnixMs } = entry;
  if (from === "") return "no author";
  if (CONTROL.test(from)) return "the author's name contains control characters";
  if (Buffer.byteLength(from) > IMPORTED_NAME_BYTES_MAX) return "the author's name is too long";
  const isValidTime = Number.isSafeInteger(timeUnixMs) && timeUnixMs >= 0;
  if (!isValidTime || timeUnixMs > UNIX_MS_MAX) return "invalid time";
  if (entry.kind === "reaction") {
    if (entry.react === "") return "empty reaction";
    const isLong = Buffer.byteLength(entry.react) > REACTION_BYTES_MAX;
    return isLong ? "the reaction is too long" : undefined;
  }
  if (entry.text === "") return "empty text";
  if (Buffer.byteLength(entry.text) <= TEXT_BYTES_MAX) return undefined;
  return `the text exceeds ${TEXT_BYTES_MAX} bytes`;
}

/** Replaces unpaired surrogates as the server does, so that texts equal their stored form. */
function wellFormed(entry: ImportEntry): ImportEntry {
  const from = entry.from.toWellFormed();
  if (entry.kind === "reaction") return { ...entry, from, react: entry.react.toWellFormed() };
  return { ...entry, from, text: entry.text.toWellFormed() };
}

/** Also the answer to logs of IRC clients, which have no common format. */
export function unknownFormat(path: string): Fault {
  const example = `{"kind":"text","time":"2026-01-31 18:05","from":"ana","text":"hi"}`;
  return new Fault(
    "usage",
    `${path} is no export of chat, Slack, Mattermost or Discord; ` +
      `convert other messages to JSON lines such as ${example}`,
    { remedy: "for logs of IRC clients, chat help history has a command" },
  );
}

export interface TextLine {
  readonly location: string;
  readonly text: string;
  readonly isUtf8: boolean;
}

export function* linesIn(bytes: Uint8Array): Generator<TextLine> {
  const strict = new TextDecoder("utf-8", { fatal: true });
  const lenient = new TextDecoder();
  let number = 0;
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const line = bytes.subarray(start, end);
    start = end + 1;
    number++;
    let text: string;
    let isUtf8 = true;
    try {
      text = strict.decode(line);
    } catch {
      text = lenient.decode(line);
      isUtf8 = false;
    }
    yield { location: `line ${number}`, text: text.replace(/\r$/, ""), isUtf8 };
  }
}
