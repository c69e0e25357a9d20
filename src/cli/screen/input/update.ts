/** Handles a key: pure function from state and key to the next state and acts. */

import { PASTE_BYTES_MAX } from "../../../base/limits-page.ts";
import type { CommandName } from "../state/commands.ts";
import type { ScreenState } from "../state/screen-state.ts";
import { activeEditor } from "./field.ts";
import { helpRows } from "./help.ts";
import type { Mode } from "./keymap.ts";
import type { Key } from "./keys.ts";
import { closedOverlay, LISTS, unanswered } from "./lists.ts";
import { acting, changed, type Handler, type Parts, type Updated } from "./parts.ts";
import { clicked, wheeled } from "./pointing.ts";
import { newest, READING } from "./reading.ts";
import { SELECTION, unselected } from "./selection.ts";
import { cleared, letGo, typing, uncompleted, WRITING } from "./writing.ts";

/**
 * Letters that arrive together count as commands up to this number; more are a paste without
 * bracketed paste markers, and are ignored.
 */
const RUN_MAX = 32;

const EVERYWHERE = {
  cancel: (state, parts) => cancelled(state, parts) ?? acting(state),
  interrupt: interrupted,
  leave: (state, parts) => left(state, parts),
  help: (state, parts) => {
    const { keymap, texts, source } = parts;
    const rows = helpRows(keymap, texts, source.commands);
    return changed(state, { overlay: { kind: "help", rows, top: 0 }, completion: undefined });
  },
  redraw: (state) => acting(state, { kind: "redraw" }),
  suspend: (state) => acting(state, { kind: "suspend" }),
} satisfies Partial<Record<CommandName, Handler>>;

const HANDLERS: Readonly<Record<CommandName, Handler>> = {
  ...EVERYWHERE,
  ...READING,
  ...WRITING,
  ...SELECTION,
  ...LISTS,
  choose: (state, parts) => fromMenu(state, parts) ?? LISTS.choose(state, parts),
  copy: (state, parts) => copiedText(state) ?? SELECTION.copy(state, parts),
};

/** Executes the current menu entry. */
function fromMenu(state: ScreenState, parts: Parts): Updated | undefined {
  const { overlay } = state;
  if (overlay?.kind !== "menu") return undefined;
  const entry = overlay.entries[overlay.at];
  return entry === undefined ? undefined : HANDLERS[entry.command](state, parts);
}

/** Copies the whole open text, such as an invite or an answer. */
function copiedText({ overlay, ...state }: ScreenState): Updated | undefined {
  if (overlay?.kind !== "text") return undefined;
  return acting({ overlay, ...state }, { kind: "copy", text: overlay.lines.join("\n") });
}

/** Pure: the same state, key and parts give the same result. */
export function update(state: ScreenState, key: Key, parts: Parts): Updated {
  switch (key.name) {
    case "focus-in":
    case "focus-out": {
      const on = key.name === "focus-in";
      return changed(state, { isFocused: on }, { kind: "focus", on });
    }
    case "report":
      return acting(state);
    case "click":
      return clicked(state, key, parts, HANDLERS.choose);
    case "scroll-up":
      return wheeled(state, key, 1, parts);
    case "scroll-down":
      return wheeled(state, key, -1, parts);
    case "paste":
      return pasted(state, key.text, parts);
    case "paste-oversize": {
      const text = parts.texts.pasteTooLong(PASTE_BYTES_MAX / 1024);
      return changed(state, { notes: [...state.notes, { text, tone: "fault" }] });
    }
    default:
      return pressed(state, key, parts);
  }
}

/** A run of letters is handled letter by letter where letters are commands. */
function ran(state: ScreenState, text: string, parts: Parts): Updated {
  let now = acting(state);
  const characters = [...text];
  if (characters.length > RUN_MAX) return now;
  for (const one of characters) {
    const next = pressed(now.state, { name: one === " " ? "space" : one, text: one }, parts);
    now = { state: next.state, acts: [...now.acts, ...next.acts] };
  }
  return now;
}

function pressed(state: ScreenState, key: Key, parts: Parts): Updated {
  const isTyped = modeOf(state) === "input" || modeOf(state) === "list";
  // Text typed before the question appeared does not answer it.
  if (key.name === "text" && modeOf(state) === "question") return acting(state);
  if (key.name === "text" && !isTyped) return ran(state, key.text, parts);
  for (const command of parts.keymap.commandsAt(modeOf(state), key.name)) {
    const updated = HANDLERS[command](state, parts);
    if (updated !== undefined) return updated;
  }
  if (key.text === "" || modeOf(state) === "selected") return acting(state);
  return typing(key.text)(state, parts) ?? acting(state);
}

function modeOf(state: ScreenState): Mode {
  const { question, overlay } = state;
  if (question !== undefined) return question.kind === "yes-no" ? "question" : "list";
  if (overlay !== undefined) {
    if (overlay.kind === "menu") return "menu";
    return "query" in overlay ? "list" : "text";
  }
  return state.selected === undefined ? "input" : "selected";
}

/** Closes the last opened element. `undefined` if there is nothing to close. */
function cancelled(state: ScreenState, parts: Parts): Updated | undefined {
  return (
    closed(state, parts) ?? unsaid(state, parts) ?? letGo(state, parts) ?? newest(state, parts)
  );
}

/** Removes notes and results. */
function unsaid(state: ScreenState, { model }: Parts): Updated | undefined {
  const hasFailed = [...model.transfers.values()].some((one) => one.state.kind === "failed");
  if (state.notes.length + model.faults.length === 0 && !hasFailed) return undefined;
  return changed(state, { notes: [] }, { kind: "dismiss" });
}

function closed(state: ScreenState, parts: Parts): Updated | undefined {
  return (
    unanswered(state) ??
    closedOverlay(state) ??
    uncompleted(state) ??
    (state.selected === undefined ? undefined : unselected(state, parts))
  );
}

function interrupted(state: ScreenState, parts: Parts): Updated {
  const done = closed(state, parts) ?? cleared(state, parts);
  return done ?? acting(state, { kind: "leave", exitCode: 130 });
}

/** Applies only to an empty line. Questions have priority. */
function left(state: ScreenState, parts: Parts): Updated | undefined {
  const editor = activeEditor(state);
  if (editor !== undefined && editor.text !== "") return undefined;
  return (
    closed(state, parts) ?? letGo(state, parts) ?? acting(state, { kind: "leave", exitCode: 0 })
  );
}

/**
 * Inserts pasted text as if typed; a pasted line feed does not send. Several lines are never a
 * command: a second slash before the first line sends it as text.
 */
function pasted(state: ScreenState, text: string, parts: Parts): Updated {
  const isInput = state.question === undefined && state.overlay === undefined;
  if (!isInput) {
    // A pasted secret may end with a line feed; a query has one line.
    const flat = text.replaceAll("\n", state.question?.kind === "secret" ? "" : " ");
    return typing(flat)(state, parts) ?? acting(state);
  }
  const from = state.selected === undefined ? state : unselected(state, parts).state;
  const isFirst = from.editor.text.slice(0, from.editor.cursor) === "";
  const isCommand = isFirst && text.includes("\n") && text.startsWith("/");
  return typing(isCommand ? `/${text}` : text)(from, parts) ?? acting(from);
}
