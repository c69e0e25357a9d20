/** Search in the loaded messages, as the server searches all of them. */

import { ROOMS_PER_ACCOUNT_MAX } from "../../base/limits.ts";
import { foldWords } from "../../base/word-fold.ts";
import { titleOf } from "../client/chat-record.ts";
import { setNewest } from "../evict.ts";
import { isMessage, isSameName } from "../model/item.ts";
import { shownName } from "../model/people.ts";
import type { FoundItem, Item, Model, RoomState, SearchQuery } from "../model/state.ts";
import { isHiddenWork } from "../model/unignored.ts";
import { isExtended } from "./finder.ts";

export interface LocalResults {
  /** The newest first. */
  readonly found: readonly FoundItem[];
  /** Number of all, or at least the limit. */
  readonly count: number;
}

/** Folded texts of a room, as of these items. */
interface FoldedRoom {
  readonly items: readonly Item[];
  readonly jump: readonly Item[] | undefined;
  readonly loaded: readonly Item[];
  readonly all: string;
  /** Folded names of the room and of the authors. */
  readonly names: string;
  readonly displayNames: Model["displayNames"];
}

/** A class or an office; those of other authors are folded again. */
const AUTHORS_MAX = 4_096;

export class MessageFinder {
  readonly #folded = new WeakMap<Item, string>();
  /** Folded names of authors. */
  readonly #names = new Map<string, string>();
  #displayNames: Model["displayNames"] | undefined;
  readonly #rooms = new Map<string, FoldedRoom>();
  /** Words of the last query, and rooms without them. */
  #words: readonly string[] = [];
  #without = new WeakSet<FoldedRoom>();

  find(model: Model, query: SearchQuery, limit: number): LocalResults {
    if (this.#displayNames !== model.displayNames) this.#names.clear();
    this.#displayNames = model.displayNames;
    const { words = [] } = query;
    if (!isExtended(this.#words, words)) this.#without = new WeakSet();
    this.#words = words;
    let found: FoundItem[] = [];
    let count = 0;
    let oldest = 0;
    const lastSeq = ({ tail }: RoomState) => tail.items.at(-1)?.seq ?? 0;
    // The newest first, so that most messages of the others need not be searched.
    const rooms = [...model.rooms.values()].sort((a, b) => lastSeq(b) - lastSeq(a));
    for (const room of rooms) {
      const { target } = query;
      if (target !== undefined && !isSameName(room.target, target)) continue;
      const loaded = this.#candidatesIn(model, room, query);
      const title = loaded.length === 0 ? "" : foldWords(titleOf(room));
      for (let at = loaded.length - 1; at >= 0; at--) {
        const item = loaded[at];
        if (item === undefined || item.seq < oldest) break;
        if (!this.#matches(model, item, title, query)) continue;
        found.push({ room: room.id, target: room.target, item });
        count++;
      }
      // Older ones than the newest are no longer counted.
      if (found.length >= limit * 2) {
        found = newest(found, limit);
        oldest = found.at(-1)?.item.seq ?? 0;
      }
    }
    return { found: newest(found, limit), count };
  }

  /** None if a word is neither in the messages of the room nor in its names. */
  #candidatesIn(model: Model, room: RoomState, { words = [] }: SearchQuery): readonly Item[] {
    if (words.length === 0) return loadedItems(room);
    const folded = this.#foldedRoom(model, room);
    if (this.#without.has(folded)) return [];
    const { loaded, all, names } = folded;
    if (words.every((word) => all.includes(word) || names.includes(word)))
      return words.some((word) => all.includes(word)) ? loaded : [];
    this.#without.add(folded);
    return [];
  }

  #foldedRoom(model: Model, room: RoomState): FoldedRoom {
    const known = this.#rooms.get(room.id);
    const { items } = room.tail;
    const { displayNames } = model;
    const jump = room.jump?.items;
    if (known?.items === items && known.jump === jump && known.displayNames === displayNames)
      return known;
    const loaded = loadedItems(room);
    const all = loaded.map((item) => this.#textOf(item)).join("\0");
    const authors = new Set(loaded.map((item) => this.#authorOf(model, item)));
    const names = [foldWords(titleOf(room)), ...authors].join("\0");
    const folded = { items, jump, loaded, all, names, displayNames };
    setNewest(this.#rooms, room.id, folded, ROOMS_PER_ACCOUNT_MAX);
    return folded;
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

  /** @param title folded title of the room */
  #matches(model: Model, item: Item, title: string, query: SearchQuery): boolean {
    const { from, sinceUnixMs = 0, untilUnixMs = Number.POSITIVE_INFINITY, files, re } = query;
    if (!isMessage(item) || item.state !== "whole") return false;
    if (item.timeUnixMs < sinceUnixMs || item.timeUnixMs > untilUnixMs) return false;
    if (re !== undefined && item.re !== re) return false;
    if (files === true && item.files.length === 0) return false;
    if (from !== undefined && !isSameName(item.from, from)) return false;
    if (from === undefined && isHiddenWork(model, item.kind, item.from)) return false;
    const { words = [], grep = "" } = query;
    if (grep !== "") return item.text.includes(grep);
    if (words.length === 0) return true;
    const text = this.#textOf(item);
    const others = words.filter((word) => !text.includes(word));
    if (others.length === 0) return true;
    // The text has at least one of them, so that a name alone does not find all messages.
    if (others.length === words.length) return false;
    const author = this.#authorOf(model, item);
    return others.every((word) => author.includes(word) || title.includes(word));
  }

  /** Folded names of the author. */
  #authorOf(model: Model, { from = "" }: Item): string {
    const known = this.#names.get(from);
    if (known !== undefined) return known;
    const folded = foldWords(`${from}\0${shownName(model, from)}`);
    setNewest(this.#names, from, folded, AUTHORS_MAX);
    return folded;
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

function newest(found: FoundItem[], limit: number): FoundItem[] {
  return found.sort((a, b) => b.item.seq - a.item.seq).slice(0, limit);
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
