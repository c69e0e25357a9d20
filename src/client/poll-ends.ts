/** Ends of polls, which pass without a record of the server. */

import { openRoom } from "../core/model/selectors.ts";
import type { Item } from "../core/model/state.ts";
import { type Clock, TIMER_MS_MAX } from "../io/clock.ts";
import type { ModelStore } from "./model-store.ts";

/** Closes the visible polls of the model when their time has passed, so that they are redrawn. */
export function closePollsInTime(
  store: Pick<ModelStore, "model" | "subscribe" | "enqueue">,
  clock: Pick<Clock, "unixMs" | "after">,
): void {
  let checked: readonly Item[] | undefined;
  let cancel = () => {};
  const check = () => {
    const room = openRoom(store.model);
    const items = (room?.jump ?? room?.tail)?.items;
    if (items === checked) return;
    checked = items;
    cancel();
    const now = clock.unixMs();
    let nextUnixMs = Number.POSITIVE_INFINITY;
    for (const { seq, poll } of items ?? []) {
      if (room === undefined || poll?.untilUnixMs === undefined || poll.isClosed) continue;
      if (poll.untilUnixMs > now) nextUnixMs = Math.min(nextUnixMs, poll.untilUnixMs);
      else store.enqueue({ kind: "poll-ended", room: room.id, seq });
    }
    if (nextUnixMs === Number.POSITIVE_INFINITY) return;
    cancel = clock.after(Math.min(nextUnixMs - now, TIMER_MS_MAX), () => {
      checked = undefined;
      check();
    });
  };
  store.subscribe(check);
}
