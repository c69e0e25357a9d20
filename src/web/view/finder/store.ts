/** State of the finder, which outlasts its closing. */

import { createContext, useContext, useSyncExternalStore } from "react";
import type { FoundItem, SearchQuery } from "../../../core/model/state.ts";

export type FoundKind = "people" | "rooms" | "messages" | "files" | "actions" | "settings" | "help";

/** Query of the finder. */
export interface FinderView {
  readonly text: string;
  readonly group: FoundKind | undefined;
  /** Only in this room or conversation. */
  readonly target: string | undefined;
}

interface LeftView extends FinderView {
  readonly at: number;
  readonly scrollTop: number;
  readonly leftUnixMs: number;
}

export interface FoundWalk {
  readonly query: SearchQuery;
  /** The newest first. */
  readonly messages: readonly FoundItem[];
  readonly at: number;
  readonly count: string;
}

/** Act that can be undone for a while. */
export interface DoneAct {
  readonly text: string;
  readonly undo: () => void;
}

interface FinishedAct extends DoneAct {
  /** Another one for each act, also for one that is done again. */
  readonly id: number;
}

interface Opening extends Partial<FinderView> {
  /** Shows the results as they were left. */
  readonly resumes?: boolean;
}

export interface FinderState {
  readonly open?: Opening | undefined;
  readonly walk?: FoundWalk | undefined;
  readonly done?: FinishedAct | undefined;
}

const RECENT_MAX = 3;
/** Results stay for this long after they were left. */
const LEFT_MS_MAX = 10 * 60_000;

export class FinderStore {
  state: FinderState = {};
  /** Texts that found something, the last one first. */
  recent: readonly string[] = [];
  #left: LeftView | undefined;
  #acts = 0;
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(change: FinderState): void {
    this.state = { ...this.state, ...change };
    for (const listener of [...this.#listeners]) listener();
  }

  readonly find = (view: Opening = {}): void => {
    this.set({ open: view, walk: undefined });
  };

  finish(act: DoneAct): void {
    this.set({ done: { ...act, id: ++this.#acts } });
  }

  /** Keeps the results while the user is at one of them. */
  leave(view: Omit<LeftView, "leftUnixMs">): void {
    this.#left = { ...view, leftUnixMs: Date.now() };
  }

  /** Results as they were left; `undefined` after some minutes. */
  get left(): LeftView | undefined {
    const { leftUnixMs = 0 } = this.#left ?? {};
    return Date.now() - leftUnixMs > LEFT_MS_MAX ? undefined : this.#left;
  }

  addRecent(text: string): void {
    const others = this.recent.filter((other) => other !== text);
    this.recent = [text, ...others].slice(0, RECENT_MAX);
  }

  clearRecent(): void {
    this.recent = [];
    this.set({});
  }
}

const FinderContext = createContext(new FinderStore());

export const FinderProvider = FinderContext.Provider;

/** Returns the function that opens the finder. */
export function useFind(): FinderStore["find"] {
  return useContext(FinderContext).find;
}

export function useFinder(): readonly [FinderStore, FinderState] {
  const store = useContext(FinderContext);
  return [store, useSyncExternalStore(store.subscribe, () => store.state)];
}

export interface FinderProps {
  readonly onOpen: (target: string) => void;
  readonly onJump: (target: string, seq: number) => void;
}
