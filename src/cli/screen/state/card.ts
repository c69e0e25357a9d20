/** Card of new messages in the full screen, and the parts of them through which the user walks. */

import { UNREAD_LISTED_MAX, UNREAD_MODERATORS_MAX } from "../../../base/limits.ts";
import type { CatchUpPart, RoomCatchUp } from "../../../core/model/catch-up.ts";
import { mergedCalls, type NewMessages } from "../../../core/model/new-messages.ts";
import type { ScreenState, ScreenWalk } from "./screen-state.ts";

/** Key of the row with the line of new messages, which selects the card below it. */
export const CARD_KEY = "unread";

export interface CardPart {
  readonly kind: CatchUpPart["kind"];
  readonly messages: CatchUpPart["messages"];
  /** Such as `3`, or `500+` if the server lists no more. */
  readonly count: string;
}

/** `missing` without an answer of the server; `undefined` until it has answered. */
export function catchUpOfState({
  newMessages,
  loadedCatchUp,
}: Pick<ScreenState, "newMessages" | "loadedCatchUp">): RoomCatchUp | "missing" | undefined {
  return loadedCatchUp?.messages === newMessages ? loadedCatchUp?.catchUp : undefined;
}

/** Returns the parts with messages. All moderators are one part. */
export function cardParts({ parts }: RoomCatchUp): readonly CardPart[] {
  const moderators = parts.filter(({ kind }) => kind === "moderator");
  const merged = moderators.reduce<CatchUpPart["messages"]>(
    (all, { messages }) => mergedCalls(all, messages),
    [],
  );
  const isCut =
    moderators.length >= UNREAD_MODERATORS_MAX ||
    moderators.some(({ messages }) => messages.length >= UNREAD_LISTED_MAX);
  const others = parts.flatMap(({ kind, messages }): CardPart[] => {
    if (kind === "moderator") return [];
    const more = messages.length >= UNREAD_LISTED_MAX ? "+" : "";
    return [{ kind, messages, count: `${messages.length}${more}` }];
  });
  if (merged.length === 0) return others;
  const count = `${merged.length}${isCut ? "+" : ""}`;
  const part: CardPart = { kind: "moderator", messages: merged, count };
  const calls = others.filter(({ kind }) => kind === "calls");
  return [...calls, part, ...others.filter(({ kind }) => kind !== "calls")];
}

export function walkedPart({ kind, messages }: CardPart, target: string): ScreenWalk["part"] {
  return { kind, messages: messages.map(({ seq }) => ({ target, seq })) };
}

/** Calls among the new messages, the oldest first. */
export function callsAmong(
  { calls }: NewMessages,
  catchUp: RoomCatchUp | "missing" | undefined,
): NewMessages["calls"] {
  if (catchUp === undefined || catchUp === "missing") return calls;
  return catchUp.parts.find(({ kind }) => kind === "calls")?.messages ?? [];
}

/** Message at which the walk is, if the prompt shows the walk. */
export function walkedMessage(state: ScreenState) {
  const { walk, highlighted, selected, overlay, question, editor } = state;
  const message = walk?.part.messages[walk.at];
  const isCovered = overlay !== undefined || question !== undefined || selected !== undefined;
  if (isCovered || editor.text !== "") return undefined;
  return message !== undefined && message.seq === highlighted ? message : undefined;
}
