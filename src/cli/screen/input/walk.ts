/** Walks through the messages that call the user, first those of the open room. */

import type { Model } from "../../../core/model/state.ts";
import type { CallWalk, ScreenState } from "../state/screen-state.ts";
import { type HandlerContext, openTarget, type UpdateResult, withChange } from "./handler.ts";
import { openRoomOf } from "./reading.ts";

/**
 * Opens the next or the previous call. A walk that has ended, or was left for another room, begins
 * again with what is unread then.
 */
export function walkCalls(
  state: ScreenState,
  by: 1 | -1,
  context: HandlerContext,
): UpdateResult | undefined {
  const { model, texts } = context;
  const walk = continued(state, model) ?? { calls: callsOf(model), at: by > 0 ? -1 : 0 };
  const at = walk.at + by;
  const call = walk.calls[at];
  if (call === undefined) {
    const text = by > 0 ? texts.noMoreCalls : texts.noEarlierCalls;
    const ended = by > 0 ? undefined : state.walk;
    return withChange(state, { walk: ended, notes: [...state.notes, { text, tone: "plain" }] });
  }
  const opened = openRoomOf({ ...state, completion: undefined }, call.target, context);
  const text = texts.callOf(at + 1, walk.calls.length);
  const notes = [
    ...opened.state.notes.filter(({ text: earlier }) => earlier !== walk.note),
    { text, tone: "plain" as const },
  ];
  return {
    state: { ...opened.state, selected: call.seq, walk: { ...walk, at, note: text }, notes },
    // The user steps on after reading the page.
    actions: [{ kind: "turn-page" }, ...opened.actions, { kind: "jump", ...call }],
  };
}

function continued({ walk }: ScreenState, model: Model): CallWalk | undefined {
  const call = walk?.calls[walk.at];
  return call?.target === openTarget(model) ? walk : undefined;
}

function callsOf(model: Model): CallWalk["calls"] {
  const open = openTarget(model);
  const calls = [...model.rooms.values()].flatMap(({ target, mentions }) =>
    mentions.map(({ seq }) => ({ target, seq })),
  );
  const isElsewhere = ({ target }: { readonly target: string }) => Number(target !== open);
  return calls.sort((a, b) => isElsewhere(a) - isElsewhere(b) || a.seq - b.seq);
}
