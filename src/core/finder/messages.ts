/** Search in the loaded messages, as the server searches all of them. */

import { foldWords } from "../../base/word-fold.ts";
import { isMessage, isSameName } from "../model/item.ts";
import type { FoundItem, Item, Model, RoomState, SearchQuery } from "../model/state.ts";
import { isHiddenWork } from "../model/unignored.ts";

export interface LocalResults {
  /** The newest first. */
  readonly found: readonly FoundItem[];
  /** Including those beyond the limit. */
  readonly count: number;
}

export class MessageFinder {
  readonly #folded = new WeakMap<Item, string>();

  find(model: Model, query: SearchQuery, limit: number): LocalResults {
    const found: FoundItem[] = [];
    for (const room of model.rooms.values()) {
      const { target } = query;
      if (target !== undefined && !isSameName(room.target, target)) continue;
      for (const item of loadedItems(room))
        if (this.#matches(model, item, query))
          found.push({ room: room.id, target: room.target, item });
    }
    found.sort((a, b) => b.item.seq - a.item.seq);
    return { found: found.slice(0, limit), count: found.length };
  }

  /**
   * Folds messages beforehand, so that the first letter does not wait for it.
   * @returns whether messages remain that are not folded
   */
  warm(model: Model, count: number): boolean {
    let rest = count;
    for (const room of model.rooms.values()) {
      for (const item of loadedItems(room)) {
        if (this.#folded.has(item)) continue;
        if (rest-- <= 0) return true;
        this.#textOf(item);
      }
    }
    return false;
  }

  #matches(model: Model, item: Item, query: SearchQuery): boolean {
    const { from, sinceUnixMs = 0, untilUnixMs = Number.POSITIVE_INFINITY, files, re } = query;
    if (!isMessage(item) || item.state !== "whole") return false;
    if (item.timeUnixMs < sinceUnixMs || item.timeUnixMs > untilUnixMs) return false;
    if (re !== undefined && item.re !== re) return false;
    if (files === true && item.files.length === 0) return false;
    if (from !== undefined && !isSameName(item.from, from)) return false;
    if (from === undefined && isHiddenWork(model, item.kind, item.from)) return false;
    const { words = [], grep = "" } = query;
    if (grep !== "") return item.text.includes(grep);
    const text = words.length === 0 ? "" : this.#textOf(item);
    return words.every((word) => text.includes(word));
  }

  #textOf(item: Item): string {
    const known = this.#folded.get(item);
    if (known !== undefined) return known;
    const names = item.files.map(({ name }) => name);
    const folded = foldWords([item.text, ...names].join("\0"));
    this.#folded.set(item, folded);
    return folded;
  }
}

/** The newest messages and those around the one to which the user jumped, each once. */
function loadedItems({ tail, jump }: RoomState): readonly Item[] {
  if (jump === undefined) return tail.items;
  const first = tail.items[0]?.seq ?? Number.POSITIVE_INFINITY;
  return [...jump.items.filter(({ seq }) => seq < first), ...tail.items];
}

/** The local results, and those of the server that are not among them. */
export function mergedResults(
  local: readonly FoundItem[],
  found: readonly FoundItem[],
): readonly FoundItem[] {
  const listed = new Set(local.map(({ item }) => item.seq));
  return [...local, ...found.filter(({ item }) => !listed.has(item.seq))];
}
