/** Entries of a log, made from the parts of its lines. */

import { TEXT_BYTES_MAX } from "../../base/limits.ts";
import type { EntryList } from "./entry.ts";
import type { SourceLine } from "./line-reader.ts";
import type { EntryTime } from "./log-clock.ts";

/** Reads one log line by line. */
export interface LogParser {
  line(line: SourceLine): void;
  /** Ends a file of the log. */
  end(): void;
}

/** Author of a line that the owner of the log wrote, if the line does not name its author. */
export interface LogOwner {
  readonly name: string;
}

/** Kinds of events by their English text, with the name under which they are counted. */
const EVENTS: readonly (readonly [RegExp, string])[] = [
  [/^Joins: | has joined\b/, "joins"],
  [/^Parts: | has left\b/, "departures"],
  [/^Quits: | has quit\b/, "departures"],
  [/ (?:is|are) now known as /, "changes of nicks"],
  [/^mode[/ ]| sets mode: |^Mode /, "changes of modes"],
  [/^Topic |\btopic\b/i, "topics"],
  [/ was kicked | has kicked /, "kicks"],
  [/^Netsplit |^Netjoin /i, "splits of the network"],
];

export function eventKind(text: string): string {
  return EVENTS.find(([pattern]) => pattern.test(text))?.[1] ?? "other events";
}

interface PendingEntry {
  readonly location: string;
  readonly time: EntryTime;
  readonly kind: "text" | "action";
  readonly from: string;
  readonly lines: string[];
  chars: number;
}

/** Adds messages whose text may continue on further lines. */
export class LogEntries {
  #pending: PendingEntry | undefined;
  #skippedKind: string | undefined;

  constructor(private readonly list: EntryList) {}

  message(location: string, time: EntryTime, kind: "text" | "action", from: string, text: string) {
    this.flush();
    this.#pending = { location, time, kind, from, lines: [text], chars: text.length };
  }

  skip(kind: string, location: string, text: string): void {
    this.flush();
    this.#skippedKind = kind;
    this.list.skip(kind, location, text);
  }

  problem(location: string, reason: string): void {
    this.flush();
    this.list.problem(location, reason);
  }

  /**
   * Adds a line without a time to the message, or to what was skipped.
   * @returns false if there is neither
   */
  continue(location: string, text: string): boolean {
    const pending = this.#pending;
    if (pending === undefined) {
      if (this.#skippedKind === undefined) return false;
      if (text !== "") this.list.skip(this.#skippedKind, location, text);
      return true;
    }
    pending.chars += text.length + 1;
    // The entry is refused for its length; more of it need not be stored.
    if (pending.chars <= 2 * TEXT_BYTES_MAX) pending.lines.push(text);
    return true;
  }

  flush(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#skippedKind = undefined;
    if (pending === undefined) return;
    const { location, time, kind, from, lines } = pending;
    const text = lines.join("\n").replace(/\n+$/, "");
    if (text.trim() === "") this.list.skip("messages without text", location, `<${from}>`);
    else this.list.add({ location, ...time, kind, from, text });
  }
}
