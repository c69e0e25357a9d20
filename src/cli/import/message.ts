/** Messages of structured exports: texts that are in several fields, long texts, reactions. */

import { cutText } from "../../base/bytes.ts";
import { REACTION_BYTES_MAX, TEXT_BYTES_MAX } from "../../base/limits.ts";
import { emojiWithName } from "./emoji-names.ts";
import type { EntryList } from "./entry.ts";

/** A longer text is a mistake or an attack. */
const PARTS_MAX = 16;

export interface ExportedMessage {
  readonly location: string;
  readonly from: string;
  readonly timeUnixMs: number;
  readonly kind: "text" | "action";
  readonly text: string;
  readonly key: string;
  readonly re?: string | undefined;
}

/**
 * Messages of one channel. A source can have a message twice: in two exports that overlap, or once
 * more after it was edited.
 */
export class MessageList {
  /** Texts by key. */
  readonly #texts = new Map<string, string>();
  readonly #reactions = new Set<string>();

  /** @param channel distinguishes keys of different channels, also in other exports */
  constructor(
    readonly list: EntryList,
    private readonly channel: string,
  ) {}

  /** @param message with an empty key if the source has none */
  add(message: ExportedMessage): void {
    const { location, from, timeUnixMs, key, text } = message;
    const known = this.#texts.get(key);
    if (key !== "") this.#texts.set(key, text);
    if (known === undefined) addMessage(this.list, message, this.channel);
    else if (known === text) this.list.skip("repeated message", location, text);
    else this.list.add({ location, from, timeUnixMs, kind: "edit", re: key, text });
  }

  react({ userId, ...reaction }: ExportedReaction): void {
    const { re, from, react, location } = reaction;
    const sourceId = JSON.stringify([this.channel, re, userId || from, react]);
    if (this.#reactions.has(sourceId)) return;
    this.#reactions.add(sourceId);
    if (Buffer.byteLength(react) > REACTION_BYTES_MAX) {
      this.list.skip("reaction with a long name", location, react);
    } else this.list.add({ ...reaction, kind: "reaction", sourceId });
  }
}

/** Adds a message. A text that is too long for one message is divided between several. */
function addMessage(list: EntryList, message: ExportedMessage, channel: string): void {
  const parts = partsOf(message.text);
  if (parts === undefined) {
    list.problem(message.location, `the text exceeds ${PARTS_MAX * TEXT_BYTES_MAX} bytes`);
    return;
  }
  const [first = "", ...others] = parts;
  // The parts of a long text are identified by their contents.
  const isIdentified = others.length === 0 && message.key !== "";
  const sourceId = isIdentified ? JSON.stringify([channel, message.key]) : undefined;
  list.add({ ...message, text: first, sourceId });
  for (const text of others) {
    const { location, from, timeUnixMs, kind, re } = message;
    list.add({ location, from, timeUnixMs, kind, text, re });
  }
}

export interface ExportedReaction {
  readonly location: string;
  readonly from: string;
  readonly timeUnixMs: number;
  readonly react: string;
  readonly re: string;
  /** The user's id, if the export has one. */
  readonly userId: string;
}

/** Returns the emoji, or its name between colons if only the exported server has it. */
export function emojiText(name: string): string {
  return emojiWithName(name) ?? `:${name}:`;
}

/** @returns `undefined` if there are too many parts */
function partsOf(text: string): readonly string[] | undefined {
  if (Buffer.byteLength(text) <= TEXT_BYTES_MAX) return [text];
  if (Buffer.byteLength(text) > PARTS_MAX * TEXT_BYTES_MAX) return undefined;
  const parts: string[] = [];
  for (let rest = text; rest !== ""; ) {
    const part = firstPart(rest);
    parts.push(part);
    rest = rest.slice(part.length);
  }
  return parts
    .map((part) => part.replaceAll(/^\n+|(?<!\n)\n+$/g, ""))
    .filter((part) => part !== "");
}

/** Ends at a line break or a space, if there is one in the second half. */
function firstPart(text: string): string {
  const fitting = cutText(text, TEXT_BYTES_MAX);
  if (fitting.length === text.length) return fitting;
  for (const mark of ["\n", " "]) {
    const at = fitting.lastIndexOf(mark);
    if (at > fitting.length / 2) return fitting.slice(0, at + 1);
  }
  return fitting;
}
