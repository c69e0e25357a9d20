/** Server requests of the finder, and the search in the loaded messages. */

import { ignoreFault } from "../../base/fault.ts";
import { FINDER_PAUSE_MS, FINDER_WARM_MESSAGES } from "../../base/limits-screen.ts";
import { MessageFinder } from "../../core/finder/messages.ts";
import type { SearchQuery } from "../../core/model/state.ts";
import type { Clock } from "../../io/clock.ts";
import type { Chat } from "../../ui/command.ts";
import { isSameSearch, type JoinableRoom } from "./state/finder.ts";

export interface ScreenFinderOptions {
  readonly clock: Pick<Clock, "after">;
  readonly chat: Chat;
}

export class ScreenFinder {
  readonly messages = new MessageFinder();
  joinable: readonly JoinableRoom[] = [];
  #cancelSearch: (() => void) | undefined;
  #cancelWarming: (() => void) | undefined;

  constructor(private readonly options: ScreenFinderOptions) {}

  /** Searches after a pause in typing, unless the results are known. */
  find(query: SearchQuery | undefined): void {
    const { clock, chat } = this.options;
    this.#cancelSearch?.();
    this.#cancelSearch = undefined;
    if (query === undefined) return;
    const { search } = chat.model;
    if (isSameSearch(search, query) && search?.fault === undefined) return;
    this.#cancelSearch = clock.after(FINDER_PAUSE_MS, () => chat.actions.search(query));
  }

  /** Loads the rooms that the user may join, which the next letter finds. */
  prepare(): void {
    const { chat } = this.options;
    this.#warm();
    if (chat.model.connection.kind !== "online") return;
    chat.request("rooms", {}).then(({ rooms }) => {
      this.joinable = rooms
        .filter(({ joined }) => !joined)
        .map(({ room, topic }) => ({ room, topic: topic ?? "" }));
    }, ignoreFault);
  }

  end(): void {
    this.#cancelSearch?.();
    this.#cancelWarming?.();
  }

  #warm(): void {
    const { clock, chat } = this.options;
    this.#cancelWarming?.();
    this.#cancelWarming = clock.after(0, () => {
      if (this.messages.warm(chat.model, FINDER_WARM_MESSAGES)) this.#warm();
    });
  }
}
