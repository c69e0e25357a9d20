/** Key handlers of the inbox. */

import { formatTarget } from "../../../base/names.ts";
import { startReply } from "../../../ui/text/draft.ts";
import { EMPTY_EDITOR, insert, replaceText } from "../editor/editor.ts";
import {
  type InboxAction,
  type InboxOverlay,
  inboxActions,
  inboxChoices,
  unfoldGroup,
} from "../state/inbox.ts";
import type { Action, CommandName, ScreenState } from "../state/screen-state.ts";
import { openFinder } from "./finder.ts";
import {
  currentDraft,
  draftActions,
  type HandlerContext,
  type KeyHandler,
  type UpdateResult,
  withActions,
  withChange,
} from "./handler.ts";
import { beside, isWideIn } from "./pane.ts";
import { openRoomOf } from "./reading.ts";

type InboxState = ScreenState & { readonly overlay: InboxOverlay };
type Choice = ReturnType<typeof inboxChoices>[number];

function hasInbox(state: ScreenState): state is InboxState {
  return state.overlay?.kind === "inbox" && state.question === undefined;
}

function inInbox(
  apply: (state: InboxState, choice: Choice, context: HandlerContext) => UpdateResult | undefined,
): KeyHandler {
  return (state, context) => {
    if (!hasInbox(state)) return undefined;
    const choice = inboxChoices(state.overlay)[state.overlay.selectedIndex];
    return choice === undefined ? withActions(state) : apply(state, choice, context);
  };
}

/** Opens the place of a row at its first new message, or a call in its place. */
function open(
  state: InboxState,
  choice: Choice,
  context: HandlerContext,
  atCall: boolean,
): UpdateResult {
  if (choice.kind === "more") {
    return withChange(state, { overlay: unfoldGroup(state.overlay, choice.group) });
  }
  if (choice.kind === "call" && choice.call.reason === "invite") {
    const draft = draftActions(context.model, currentDraft(state, context.model));
    const editor = replaceText(EMPTY_EDITOR, `/join ${choice.call.room.name}`);
    return withChange(state, { overlay: undefined, editor, recall: undefined }, ...draft);
  }
  const { target, seq, thread } = placeOf(choice);
  const opened = openRoomOf(state, target, context);
  const jump: readonly Action[] =
    atCall && seq !== undefined ? [{ kind: "jump", target, seq }] : [];
  const inThread: readonly Action[] = thread === undefined ? [] : [{ kind: "thread", seq: thread }];
  return { state: opened.state, actions: [...opened.actions, ...jump, ...inThread] };
}

function placeOf(choice: Exclude<Choice, { readonly kind: "more" }>) {
  if (choice.kind === "call") {
    const { room, seq } = choice.call;
    return { target: formatTarget(room), seq, thread: undefined };
  }
  const { room, thread } = choice.place;
  return { target: formatTarget(room), seq: undefined, thread };
}

function runAction(
  action: InboxAction,
  state: InboxState,
  choice: Choice,
  context: HandlerContext,
): UpdateResult {
  const uncovered = { ...state, overlay: { ...state.overlay, action: undefined } };
  if (action === "open" || choice.kind === "more") return open(uncovered, choice, context, true);
  if (action === "open-beside")
    return beside(open(uncovered, choice, context, true), state, context);
  const { target, seq } = placeOf(choice);
  if (action === "mark-read") return withActions(uncovered, { kind: "all-read", target });
  if (action === "mute") return withActions(uncovered, { kind: "mute", target });
  const opened = open(uncovered, choice, context, true);
  const draft = startReply(context.model.drafts.get(target) ?? { text: "" }, seq ?? 0);
  return withActions(opened.state, { kind: "draft", target, draft }, ...opened.actions);
}

/** The number of entries among which the cursor moves. */
export function inboxCount(overlay: InboxOverlay, context: HandlerContext): number {
  const choices = inboxChoices(overlay);
  if (overlay.action === undefined) return choices.length;
  return inboxActions(choices[overlay.selectedIndex], isWideIn(context)).length;
}

export function moveInInbox(overlay: InboxOverlay, at: number): InboxOverlay {
  return overlay.action === undefined
    ? { ...overlay, selectedIndex: at }
    : { ...overlay, action: at };
}

export const choose = inInbox((state, choice, context) => {
  const { action } = state.overlay;
  if (action === undefined) return open(state, choice, context, true);
  const chosen = inboxActions(choice, isWideIn(context))[action];
  return chosen === undefined ? withActions(state) : runAction(chosen, state, choice, context);
});

export const readOnFromInbox = inInbox((state, choice, context) =>
  open(state, choice, context, false),
);

export const inboxMenu = inInbox((state, choice, context) => {
  if (inboxActions(choice, isWideIn(context)).length === 0) return withActions(state);
  return withChange(state, { overlay: { ...state.overlay, action: 0 } });
});

/** Opens a row in the right pane; on a narrow screen, as Enter does. */
export const openInboxBeside = inInbox((state, choice, context) =>
  runAction("open-beside", state, choice, context),
);

/** Esc closes the actions first. */
export function closeInboxMenu(state: ScreenState): UpdateResult | undefined {
  if (!hasInbox(state) || state.overlay.action === undefined) return undefined;
  return withChange(state, { overlay: { ...state.overlay, action: undefined } });
}

/** A letter opens the finder with it, and a slash begins a command. */
export function typeInInbox(
  state: ScreenState,
  text: string,
  context: HandlerContext,
): UpdateResult | undefined {
  if (!hasInbox(state)) return undefined;
  const isWord = /^[\p{L}\p{N}#@]/u.test(text);
  if (!isWord) return withChange(state, { overlay: undefined, editor: insert(state.editor, text) });
  return openFinder(state, { text }, context);
}

export const INBOX = { inbox: (state) => withActions(state, { kind: "inbox" }) } satisfies Partial<
  Record<CommandName, KeyHandler>
>;
