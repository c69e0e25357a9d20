/** Detector of pasted lines, for terminals that do not mark pastes. */

import { PASTE_BYTES_MAX } from "../../base/limits-page.ts";

/**
 * Pasted characters follow each other within this time, even over a serial line. A person takes
 * longer to press Enter and then another key.
 */
export const UNMARKED_PASTE_MS = 30;

export type UnmarkedPaste =
  | {
      readonly kind: "unmarked-paste";
      /** Several lines, separated by line feeds. */
      readonly text: string;
      /** Beginning of `text` that was already handled as typed keys. */
      readonly typed: string;
    }
  | { readonly kind: "oversize" };

/**
 * Holds an Enter that follows text without a pause until it is clear whether more text follows.
 * Several lines in one read, or without a pause, are a paste, in which Enter and Tab are text.
 */
export class UnmarkedPastes<Key> {
  #typed = "";
  #enter: Key | undefined;
  #held = "";
  #at = Number.NEGATIVE_INFINITY;

  /** @param textOf a carriage return or line feed for Enter; `undefined` if the key is no text */
  constructor(private readonly textOf: (key: Key) => string | undefined) {}

  /** If true, the caller must call `expire` when no key has arrived for UNMARKED_PASTE_MS. */
  get isHolding(): boolean {
    return this.#enter !== undefined;
  }

  /** @returns the keys to handle now, and pastes that have ended */
  push(keys: readonly Key[], now: number): (Key | UnmarkedPaste)[] {
    const handled: (Key | UnmarkedPaste)[] = [];
    if (now - this.#at > UNMARKED_PASTE_MS) handled.push(...this.expire());
    this.#at = now;
    for (let at = 0; at < keys.length; ) {
      const run = this.#runAt(keys, at);
      at += Math.max(1, run.length);
      if (run.length === 0) {
        const key = keys[at - 1];
        handled.push(...this.expire(), ...(key === undefined ? [] : [key]));
      } else handled.push(...this.#pushText(run));
    }
    return handled;
  }

  expire(): (Key | UnmarkedPaste)[] {
    const enter = this.#enter;
    const typed = this.#typed;
    const text = `${typed}${this.#held}`
      .replaceAll(/\r\n?/g, "\n")
      .replaceAll(/^\n+|(?<!\n)\n+$/g, "");
    this.#typed = "";
    this.#held = "";
    this.#enter = undefined;
    if (enter === undefined) return [];
    if (!text.includes("\n") && text === typed) return [enter];
    if (text.length > PASTE_BYTES_MAX) return [{ kind: "oversize" }];
    return [{ kind: "unmarked-paste", text, typed }];
  }

  #runAt(keys: readonly Key[], from: number): readonly Key[] {
    let end = from;
    while (end < keys.length && this.textOf(keys[end] as Key) !== undefined) end++;
    return keys.slice(from, end);
  }

  #pushText(run: readonly Key[]): readonly Key[] {
    const handled: Key[] = [];
    const texts = run.map((key) => this.textOf(key) ?? "");
    const isPaste = /[\r\n][^\r\n]/.test(texts.join(""));
    for (const [i, text] of texts.entries()) {
      const key = run[i] as Key;
      const isEnter = /^[\r\n]/.test(text);
      if (this.#enter === undefined && (isPaste || (isEnter && this.#typed !== "")))
        this.#enter = key;
      if (this.#enter !== undefined) {
        if (this.#held.length <= PASTE_BYTES_MAX) this.#held += text;
        continue;
      }
      handled.push(key);
      // Tab completes, so the text on the screen is no longer the typed one.
      const isText = !isEnter && text !== "\t";
      this.#typed = isText ? (this.#typed + text).slice(-PASTE_BYTES_MAX) : "";
    }
    return handled;
  }
}
