/** Sums up the new messages of the open room, and undoes that messages were marked as read. */

import { asFault } from "../../base/fault.ts";
import { UNDO_MS } from "../../base/limits-page.ts";
import { queryCatchUp } from "../../client/catch-up.ts";
import { newMessagesOf } from "../../core/model/new-messages.ts";
import { openRoom, roomOf } from "../../core/model/selectors.ts";
import type { Model, ReadingPlace } from "../../core/model/state.ts";
import type { Clock } from "../../io/clock.ts";
import type { Chat } from "../../ui/command.ts";
import type { ScreenHost } from "./notices.ts";
import type { ScreenState } from "./state/screen-state.ts";

export interface ScreenCatchUpOptions {
  readonly clock: Pick<Clock, "after">;
  readonly chat: Chat;
  readonly host: Pick<ScreenHost, "state" | "patch">;
}

/** State of the screen before messages were marked as read. */
interface Undo extends Pick<ScreenState, "newMessages" | "loadedCatchUp"> {
  readonly target: string | undefined;
  readonly place: ReadingPlace | undefined;
  readonly cancel: () => void;
}

export class ScreenCatchUp {
  #requested: ScreenState["newMessages"];
  #undo: Undo | undefined;

  constructor(private readonly options: ScreenCatchUpOptions) {}

  /** Returns the state with the new messages of the open room. */
  withNewMessages(state: ScreenState): ScreenState {
    const { model } = this.options.chat;
    const isWatched = model.isFocused && model.isCaughtUp;
    const newMessages = newMessagesOf(openRoom(model), state.newMessages, isWatched);
    return newMessages === state.newMessages ? state : { ...state, newMessages };
  }

  /** Without an answer, as of an older server, the line of new messages stands alone. */
  load(): void {
    const { chat, host } = this.options;
    const { newMessages: messages } = host.state;
    const isNeeded = messages?.hasCard === true && messages !== host.state.loadedCatchUp?.messages;
    const isOnline = chat.model.connection.kind === "online";
    if (!isNeeded || messages === this.#requested || !isOnline) return;
    this.#requested = messages;
    queryCatchUp(chat, messages).then(
      (catchUp = "missing" as never) => this.#loaded({ messages, catchUp }),
      (error: unknown) => {
        if (asFault(error).code === "link-closed") this.#requested = undefined;
        else this.#loaded({ messages, catchUp: "missing" });
      },
    );
  }

  #loaded(loadedCatchUp: NonNullable<ScreenState["loadedCatchUp"]>): void {
    const { host } = this.options;
    if (host.state.newMessages === loadedCatchUp.messages) host.patch({ loadedCatchUp });
  }

  /**
   * Starts or ends the time in which the user can undo that messages were marked as read.
   * @param place of the first visible message before that; `undefined` at the end of the room
   */
  follow(before: Model, place: ReadingPlace | undefined): void {
    const { chat, clock, host } = this.options;
    const { allRead } = chat.model;
    if (allRead === before.allRead || isSameRead(allRead, before.allRead)) return;
    this.#undo?.cancel();
    const { newMessages, loadedCatchUp } = host.state;
    const cancel = clock.after(UNDO_MS, () => chat.actions.endAllRead(false));
    this.#undo = allRead && { newMessages, loadedCatchUp, target: before.open, place, cancel };
    if (allRead === undefined) cancel();
  }

  undo(): void {
    const { chat, host } = this.options;
    const { newMessages, loadedCatchUp, target, place } = this.#undo ?? {};
    const isHere = openRoom(chat.model)?.id === roomOf(chat.model, target ?? "")?.id;
    if (isHere) host.patch({ newMessages, loadedCatchUp });
    chat.actions.endAllRead(true);
    if (!isHere || place === undefined || target === undefined) return;
    host.patch({ returnTo: place });
    chat.actions.jump(target, place.seq);
  }

  end(): void {
    this.options.chat.actions.endAllRead(false);
    this.#undo?.cancel();
  }
}

/** Reports whether the same rooms can be marked as unread, up to the same records. */
function isSameRead(a: Model["allRead"], b: Model["allRead"]): boolean {
  if (a === undefined || a.size !== b?.size) return false;
  return [...a].every(([room, { n }]) => b.get(room)?.n === n);
}
