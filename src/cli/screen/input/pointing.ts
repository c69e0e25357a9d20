/** Mouse clicks and the wheel. */

import { unreachable } from "../../../base/assert.ts";
import { isSameName } from "../../../core/model/item.ts";
import { placed } from "../editor/editor.ts";
import type { Hit } from "../state/hit.ts";
import type { ScreenState } from "../state/screen-state.ts";
import { activeEditor, withEditor } from "./field.ts";
import type { Key } from "./keys.ts";
import { closedOverlay, moved, toFound, turnedBy } from "./lists.ts";
import { acting, changed, type Handler, type Parts, type Updated } from "./parts.ts";
import { newest, opening, READING, scrolled } from "./reading.ts";
import {
  isSelectable,
  menu,
  selectedHere,
  transferOf,
  unfoldedOrNot,
  unselected,
} from "./selection.ts";

/** Lines per turn of the wheel. */
const WHEEL_LINES = 3;

type Pointed = Extract<Hit, { kind: "timeline" }>;

function hitOf({ text }: Key, parts: Parts): Hit | undefined {
  const [column = Number.NaN, row = Number.NaN] = text.split(";").map(Number);
  return parts.layout.hitAt(column, row);
}

/** @param choose accepts the current choice of the open list */
export function clicked(state: ScreenState, key: Key, parts: Parts, choose: Handler): Updated {
  const hit = hitOf(key, parts);
  if (hit?.kind === "input") return inInput(state, hit.at, parts);
  // A question is answered first.
  if (hit === undefined || state.question !== undefined) return acting(state);
  switch (hit.kind) {
    case "rooms":
      return toRoom(state, hit.target, parts);
    case "members":
      return toPerson(state, hit.name, parts);
    case "overlay":
      return onOverlay(state, hit, parts, choose);
    case "newest":
      return newest(state, parts) ?? acting(state);
    case "unread":
      return READING["room-unread"](state, parts);
    case "timeline":
      return closedOverlay(state) ?? onTimeline(state, hit, parts);
    default:
      return unreachable(hit);
  }
}

function inInput(state: ScreenState, at: number, parts: Parts): Updated {
  const isCovered = state.overlay !== undefined && !("query" in state.overlay);
  const bare = isCovered && state.question === undefined ? { ...state, overlay: undefined } : state;
  const now =
    bare.selected !== undefined && bare.overlay === undefined
      ? unselected(bare, parts).state
      : bare;
  const editor = activeEditor(now);
  return editor === undefined ? acting(state) : withEditor(now, placed(editor, at), parts);
}

/** The list keeps its position; otherwise the open target would be centered. */
function toRoom(state: ScreenState, target: string | undefined, parts: Parts): Updated {
  if (target === undefined) return acting(state);
  const roomsTop = { open: target, top: parts.layout.rooms.top };
  return opening({ ...state, roomsTop }, target, parts);
}

function toPerson(state: ScreenState, name: string | undefined, parts: Parts): Updated {
  if (name === undefined || isSameName(name, parts.model.me)) return acting(state);
  return opening(state, `@${name}`, parts);
}

function onOverlay(
  state: ScreenState,
  { choice, isHeading }: Extract<Hit, { kind: "overlay" }>,
  parts: Parts,
  choose: Handler,
): Updated {
  const { overlay } = state;
  if (isHeading) return closedOverlay(state) ?? acting(state);
  if (choice === undefined || overlay === undefined || !("at" in overlay)) return acting(state);
  // Enter would search for the text typed meanwhile.
  if (overlay.kind === "search") return toFound(state, choice, parts);
  return choose({ ...state, overlay: { ...overlay, at: choice } }, parts) ?? acting(state);
}

/** The first click selects a message, the second opens its menu. */
function onTimeline(state: ScreenState, { key, does, link }: Pointed, parts: Parts): Updated {
  const { model, rows } = parts;
  const row = rows.rows.find((one) => one.key === key);
  if (row === undefined || !isSelectable(row)) {
    return state.selected !== undefined ? unselected(state, parts) : acting(state);
  }
  const { state: next } = selectedHere(state, row, parts);
  const isAgain = next.selected === state.selected;
  if (does === "unfold") return unfoldedOrNot(next, parts) ?? acting(next);
  const item = row.kind === "item" ? row.item : undefined;
  if (does === "fetch" && item?.file !== undefined && transferOf(item, model) === undefined) {
    return acting(state, { kind: "fetch", file: item.file.file, name: item.file.name });
  }
  if (isAgain || does === "fetch") return menu(next, parts);
  return link === undefined ? acting(next) : acting(next, { kind: "copy", text: link });
}

/** @param by positive: up */
export function wheeled(state: ScreenState, key: Key, by: 1 | -1, parts: Parts): Updated {
  if (state.question !== undefined) return acting(state);
  const hit = hitOf(key, parts);
  const list = hit?.kind === "rooms" || hit?.kind === "members" ? hit.kind : undefined;
  // A list that is fully visible does not scroll.
  if (list !== undefined && parts.layout[list].topMax > 0) return listed(state, list, by, parts);
  const { overlay } = state;
  if (overlay === undefined) return scrolled(state, by * WHEEL_LINES, parts);
  if ("top" in overlay) return turnedBy(state, -by * WHEEL_LINES, parts) ?? acting(state);
  return moved(() => -by, false)(state, parts) ?? acting(state);
}

function listed(
  state: ScreenState,
  list: "rooms" | "members",
  by: 1 | -1,
  { model, layout }: Parts,
): Updated {
  const { top, topMax } = layout[list];
  const wanted = Math.max(0, Math.min(top - by * WHEEL_LINES, topMax));
  const to = { open: model.open, top: wanted };
  return changed(state, list === "rooms" ? { roomsTop: to } : { membersTop: to });
}
