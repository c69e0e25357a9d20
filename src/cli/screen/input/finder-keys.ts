/** Key handlers of the open finder. */

import type { FoundItem } from "../../../core/model/state.ts";
import { terminalName } from "../../../ui/settings.ts";
import { editorOf, replaceText } from "../editor/editor.ts";
import {
  type FinderAction,
  type FinderChoice,
  type FinderOverlay,
  type FinderRow,
  finderActions,
  foundMessages,
  isHelpQuery,
  type KeyRow,
  type LastFinder,
} from "../state/finder.ts";
import type { CommandName, ScreenState } from "../state/screen-state.ts";
import { choiceIn, choicesIn, openFinder, withQuery } from "./finder.ts";
import {
  type HandlerContext,
  type KeyHandler,
  type UpdateResult,
  withActions,
  withChange,
} from "./handler.ts";
import { beside, isWideIn } from "./pane.ts";
import { openRoomOf } from "./reading.ts";
import { openResult } from "./walk.ts";

type FinderState = ScreenState & { readonly overlay: FinderOverlay };
type Handlers = Readonly<Record<CommandName, KeyHandler>>;

function hasFinder(state: ScreenState): state is FinderState {
  return state.overlay?.kind === "finder" && state.question === undefined;
}

/** Number of entries among which the cursor moves. */
export function finderCount(overlay: FinderOverlay, context: HandlerContext): number {
  if (overlay.action === undefined) return choicesIn(overlay, context).length;
  return finderActions(choiceIn(overlay, context), isWideIn(context)).length;
}

export function moveInFinder(overlay: FinderOverlay, at: number): FinderOverlay {
  const { action } = overlay;
  if (action !== undefined) return { ...overlay, action: at };
  return { ...overlay, selectedIndex: at, selectedFrom: undefined };
}

/** Applies to the selected row. */
type ChoiceHandler = (
  state: FinderState,
  choice: FinderChoice,
  context: HandlerContext,
  handlers: Handlers,
) => UpdateResult;

function onChoice(apply: ChoiceHandler) {
  return (
    state: ScreenState,
    context: HandlerContext,
    handlers: Handlers,
  ): UpdateResult | undefined => {
    if (!hasFinder(state)) return undefined;
    const choice = choiceIn(state.overlay, context);
    return choice === undefined ? withActions(state) : apply(state, choice, context, handlers);
  };
}

export const chooseInFinder = onChoice((state, choice, context, handlers) => {
  const { action } = state.overlay;
  if (action === undefined) return chosen(state, choice, context, handlers);
  const acts = finderActions(choice, isWideIn(context))[action];
  return acts === undefined ? withActions(state) : acted(acts, state, choice, context, handlers);
});

/** Opens the selected place or message in a pane of its own; on a narrow screen, as Enter does. */
export function openBeside(
  state: ScreenState,
  context: HandlerContext,
  handlers: Handlers,
): UpdateResult | undefined {
  if (!hasFinder(state)) return undefined;
  const choice = choiceIn(state.overlay, context);
  if (choice?.kind !== "row" || !isPlaceRow(choice.row)) return withActions(state);
  const uncovered = { ...state, overlay: { ...state.overlay, action: undefined } };
  return beside(chosen(uncovered, choice, context, handlers), state, context);
}

function isPlaceRow({ kind }: FinderRow): boolean {
  return ["people", "rooms", "threads", "files", "messages"].includes(kind);
}

/** Lists the actions of the selected row; of a command, fills the input line. */
export const finderMenu = onChoice((state, choice, context, handlers) => {
  const { overlay } = state;
  const kind = choice.kind === "row" ? choice.row.kind : undefined;
  if (kind === "commands" || kind === "filters") return chosen(state, choice, context, handlers);
  if (finderActions(choice, isWideIn(context)).length === 0) return withActions(state);
  const action = overlay.action === undefined ? 0 : undefined;
  return withChange(state, { overlay: { ...overlay, action } });
});

/** Closes the actions, then the query or group that Enter has opened, and then the finder. */
export function escapeFinder(
  state: ScreenState,
  context: HandlerContext,
): UpdateResult | undefined {
  if (!hasFinder(state)) return undefined;
  const { overlay } = state;
  if (overlay.action !== undefined) {
    return withChange(state, { overlay: { ...overlay, action: undefined } });
  }
  if (overlay.back !== undefined) {
    return withQuery(state, overlay, editorOf(overlay.back), context);
  }
  if (overlay.unfolded !== undefined && !overlay.result.isSearch) {
    return withChange(state, { overlay: { ...overlay, unfolded: undefined, selectedIndex: 0 } });
  }
  return withChange(
    state,
    { overlay: undefined, lastFinder: lastOf(overlay, state.lastFinder) },
    { kind: "find-messages", query: undefined },
  );
}

function lastOf({ query, unfolded }: FinderOverlay, last: LastFinder | undefined): LastFinder {
  const { text } = query;
  const openedSeq = last?.text === text ? last.openedSeq : undefined;
  return { text, openedSeq, isUnfolded: unfolded === "messages" };
}

/** Closes the finder, whose next use begins empty. */
function closed(state: FinderState): ScreenState {
  return { ...state, overlay: undefined, lastFinder: undefined };
}

function chosen(
  state: FinderState,
  choice: FinderChoice,
  context: HandlerContext,
  handlers: Handlers,
): UpdateResult {
  const { overlay } = state;
  if (choice.kind === "more") {
    const change = { unfolded: choice.group, selectedIndex: 0, selectedFrom: undefined };
    const more = context.model.search?.hasMore === true && choice.group === "messages";
    return withChange(
      state,
      { overlay: { ...overlay, ...change } },
      ...(more ? [{ kind: "search-more" } as const] : []),
    );
  }
  const { row } = choice;
  switch (row.kind) {
    case "people":
    case "rooms":
      return openRoomOf(closed(state), row.target, context);
    case "threads": {
      const opened = openRoomOf(closed(state), row.target, context);
      return withActions(opened.state, ...opened.actions, { kind: "thread", seq: row.root });
    }
    case "files":
      return openFile(state, row, context);
    case "messages":
      return openMessage(state, row.found, context);
    case "joinable":
      return askToJoin(state, row.target, context);
    case "commands":
      return filled(state, `/${row.name} `);
    case "settings":
      return narrowed(state, `/${terminalName(row.setting)}`, context);
    case "values":
      return withActions(closed(state), { kind: "set", setting: row.id.slice(1) });
    case "keys":
      return pressed(state, row, context, handlers);
    case "answers":
      return answered(state, row, context);
    case "shorter":
      return narrowed(state, row.query, context);
    case "filters":
      return withFilter(state, row.word, context);
    default:
      return narrowed(state, `?${context.texts.finder.all.keys}`, context);
  }
}

/** Replaces the query, to which Esc returns. */
function narrowed(state: FinderState, text: string, context: HandlerContext): UpdateResult {
  const { overlay } = state;
  const back = overlay.back ?? overlay.query.text;
  return withQuery(state, overlay, editorOf(text), context, { back });
}

function filled(state: FinderState, line: string): UpdateResult {
  const editor = { ...replaceText(state.editor, line), past: state.editor.past };
  return withActions({ ...closed(state), editor, recall: undefined });
}

function openFile(
  state: FinderState,
  { target, item }: Extract<FinderRow, { readonly kind: "files" }>,
  context: HandlerContext,
): UpdateResult {
  const opened = openRoomOf(closed(state), target, context);
  const jump = { kind: "jump" as const, target, seq: item.seq };
  return withActions(opened.state, ...opened.actions, jump);
}

function openMessage(state: FinderState, found: FoundItem, context: HandlerContext): UpdateResult {
  const { overlay } = state;
  const { search } = overlay.result;
  const all = search === undefined ? [found] : foundMessages(overlay, context.model);
  const last = lastOf(overlay, undefined);
  const lastFinder = search === undefined ? undefined : { ...last, openedSeq: found.item.seq };
  return openResult({ ...state, lastFinder }, all, found, search, context);
}

function askToJoin(state: FinderState, room: string, { texts }: HandlerContext): UpdateResult {
  const { askJoin, join, cancel } = texts.finder;
  const entries = [
    { action: { kind: "enter", text: `/join ${room}` }, chord: "", label: join(room) },
    { action: { kind: "close" }, chord: "", label: cancel },
  ] as const;
  const overlay = { kind: "menu", title: askJoin(room), selectedIndex: 0, entries } as const;
  return withChange({ ...state, lastFinder: undefined }, { overlay });
}

const RUN_GROUPS: ReadonlySet<string> = new Set(["rooms", "reading", "everywhere"]);
const NOT_RUN: ReadonlySet<CommandName> = new Set(["leave", "interrupt", "suspend", "cancel"]);

/** Does what the key does, unless that depends on what is typed or selected. */
function pressed(
  state: FinderState,
  { command, id, line }: KeyRow,
  context: HandlerContext,
  handlers: Handlers,
): UpdateResult {
  if (line !== undefined) return filled(state, `${line} `);
  const [group = ""] = id.split(" ");
  const isRun = (RUN_GROUPS.has(group) || group === "first") && !NOT_RUN.has(command);
  if (!isRun) return withActions(state);
  if (command === "switcher") return openFinder(closed(state), { text: "" }, context);
  return handlers[command](closed(state), context) ?? withActions(closed(state));
}

const TYPED_COMMAND = /`(\/[a-z-]+)/;

/** Shows the answer below its question; there, fills in the command that it names. */
function answered(
  state: FinderState,
  { entry }: Extract<FinderRow, { readonly kind: "answers" }>,
  context: HandlerContext,
): UpdateResult {
  const { overlay } = state;
  const [, command] = TYPED_COMMAND.exec(entry.answer) ?? [];
  if (isHelpQuery(overlay.result.query))
    return command === undefined ? withActions(state) : filled(state, `${command} `);
  const next = narrowed(state, `?${overlay.result.query.text}`, context);
  const { overlay: opened } = next.state;
  if (opened?.kind !== "finder") return next;
  const at = choicesIn(opened, context).findIndex(
    (choice) =>
      choice.kind === "row" &&
      choice.row.kind === "answers" &&
      choice.row.entry.question === entry.question,
  );
  const selected = { ...opened, selectedIndex: Math.max(0, at) };
  return { state: { ...next.state, overlay: selected }, actions: next.actions };
}

function withFilter(state: FinderState, word: string, context: HandlerContext): UpdateResult {
  const { overlay } = state;
  const text = overlay.query.text.replace(/(?<!\S)\S*$/, "") + word;
  const query = editorOf(text.endsWith(":") ? text : `${text} `);
  return withQuery(state, overlay, query, context);
}

function acted(
  action: FinderAction,
  state: FinderState,
  choice: FinderChoice,
  context: HandlerContext,
  handlers: Handlers,
): UpdateResult {
  const uncovered = { ...state, overlay: { ...state.overlay, action: undefined } };
  if (choice.kind !== "row" || action === "open" || action === "fill") {
    return chosen(uncovered, choice, context, handlers);
  }
  if (action === "open-beside") {
    return openBeside(uncovered, context, handlers) ?? withActions(state);
  }
  const { row } = choice;
  const copied = (text: string) => withActions(closed(state), { kind: "copy", text });
  switch (row.kind) {
    case "people":
    case "rooms": {
      const { target } = row;
      if (action === "mark-read") return withActions(closed(state), { kind: "all-read", target });
      if (action === "mute") return withActions(closed(state), { kind: "mute", target });
      return copied(target);
    }
    case "files": {
      const { file, name } = row.file;
      if (action === "copy-name") return copied(name);
      return withActions(closed(state), { kind: "fetch", file, name });
    }
    case "messages": {
      const { seq, text } = row.found.item;
      return copied(action === "copy-number" ? `#${seq}` : text);
    }
    case "commands":
      return copied(`/${row.name}`);
    default:
      return withActions(state);
  }
}
