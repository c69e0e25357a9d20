/** Key handlers of the second pane. */

import { isSameName } from "../../../core/model/item.ts";
import { isOpenPane, openPane, type Pane } from "../state/pane.ts";
import type { Action, ScreenState } from "../state/screen-state.ts";
import {
  currentDraft,
  draftActions,
  type HandlerContext,
  openTarget,
  type UpdateResult,
  withChange,
} from "./handler.ts";

/** Whether the screen has room for two panes. */
export function isWideIn({ layout }: HandlerContext): boolean {
  return layout.isWide === true;
}

/** Whether two panes are visible. */
function hasPanes({ pane }: ScreenState, context: HandlerContext): boolean {
  return pane !== undefined && isWideIn(context);
}

function openedPane(pane: Pane, state: ScreenState, { model }: HandlerContext): readonly Action[] {
  const thread = { kind: "thread", seq: pane.thread?.root } as const;
  const draft = draftActions(model, currentDraft(state, model));
  if (isSameName(openTarget(model), pane.target)) return [...draft, thread];
  return [...draft, { kind: "open", target: pane.target }, thread];
}

/** Gives the other pane the input, from an empty line. */
export function switchPane(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  const { pane, editor, overlay, question, selected } = state;
  const isBusy = overlay !== undefined || question !== undefined || selected !== undefined;
  if (pane === undefined || !hasPanes(state, context) || isBusy || editor.text !== "")
    return undefined;
  const next = openPane(context.model, !pane.isLeft);
  return withChange(state, { pane: next }, ...openedPane(pane, state, context));
}

/** Closes the right pane. */
export function closePane(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  const { pane } = state;
  if (pane === undefined || !hasPanes(state, context)) return undefined;
  const isRightOpen = pane.isLeft;
  const actions = isRightOpen ? openedPane(pane, state, context) : [];
  return withChange(state, { pane: undefined }, ...actions);
}

/** Puts the place that a key opens into the right pane, and the one before into the left. */
export function beside(
  { state, actions }: UpdateResult,
  before: ScreenState,
  context: HandlerContext,
): UpdateResult {
  const { model } = context;
  const isOpening = actions.some(({ kind }) => kind === "open" || kind === "jump");
  const opensThread = actions.some(
    (action) => action.kind === "thread" && action.seq !== undefined,
  );
  if (!isWideIn(context) || !(isOpening || opensThread)) return { state, actions };
  const left = before.pane?.isLeft === true ? before.pane : openPane(model, true);
  return { state: { ...state, pane: left }, actions };
}

/** Ends the pane when the input comes to the same place. */
export function withoutSamePane(state: ScreenState, { model }: HandlerContext): ScreenState {
  const { pane } = state;
  return pane !== undefined && isOpenPane(model, pane) ? { ...state, pane: undefined } : state;
}
