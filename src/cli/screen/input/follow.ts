/** Updates the screen state after a change of the model. */

import { openRoom } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { type Editor, EMPTY_EDITOR, restarted } from "../editor/editor.ts";
import type { Act } from "../state/act.ts";
import type { ScreenState } from "../state/screen-state.ts";
import { centered } from "../state/scroll.ts";
import {
  acting,
  draftAct,
  draftActFor,
  draftNow,
  keptDraft,
  NOWHERE,
  openTarget,
  type Parts,
  timelineOf,
  type Updated,
} from "./parts.ts";
import { older } from "./reading.ts";

/** The model and state before the change. */
export interface Before {
  readonly model: Model;
  /** Key of the row that was jumped to. */
  readonly shownKey: string | undefined;
  readonly bottoms: number;
  /** The account is logged out; the input belonged to it. */
  readonly isLeft?: boolean;
}

/**
 * Call once for each shown model, with the parts of the new one. Another room loads its draft, a
 * jump moves the timeline, and a page that is not full requests older rows.
 */
export function follow(state: ScreenState, before: Before, parts: Parts): Updated {
  const { model, rows } = parts;
  const isOther = before.isLeft === true || isElsewhere(before.model, model);
  const { state: opened, acts } = isOther
    ? entered(state, before, model)
    : acting(refilled(state, before.model, model));
  const isJump = rows.shownKey !== undefined && (isOther || rows.shownKey !== before.shownKey);
  const isBottom = !isOther && rows.bottoms !== before.bottoms;
  const moved = isJump
    ? shown(opened, rows.shownKey, parts)
    : isBottom
      ? { ...opened, scroll: undefined }
      : opened;
  return { state: gone(moved, parts), acts: [...acts, ...filling(parts)] };
}

/** A renamed room counts as the same one. */
function isElsewhere(before: Model, model: Model): boolean {
  const [was, is] = [openRoom(before), openRoom(model)];
  if (was !== undefined && is !== undefined) return was.id !== is.id;
  return openTarget(before) !== openTarget(model);
}

/**
 * Loads the room's own draft; the previous room keeps what was written in it. Text written while no
 * room was open moves to a room without a draft, and always to the first room, whose draft returns
 * after it.
 */
function entered(state: ScreenState, { model: before, isLeft }: Before, model: Model): Updated {
  if (isLeft === true) return acting(elsewhere(state, before, EMPTY_EDITOR));
  const left = openTarget(before) ?? NOWHERE;
  const kept = keptDraft(model);
  const written = draftNow(state, before);
  const isFirst = state.lastOpen === undefined && written.text !== "";
  const isCarried = left === NOWHERE && (kept === undefined || isFirst);
  const leaving = [
    ...draftActFor(left, model, isCarried ? undefined : written),
    ...(isCarried && kept !== undefined
      ? draftAct(model, { text: written.text, before: kept })
      : []),
  ];
  const editor = isCarried ? state.editor : restarted(state.editor, kept?.text ?? "");
  return { state: elsewhere(state, before, editor), acts: leaving };
}

function elsewhere(state: ScreenState, before: Model, editor: Editor): ScreenState {
  return {
    ...state,
    editor,
    completion: undefined,
    recall: undefined,
    scroll: undefined,
    selected: undefined,
    lastOpen: openTarget(before) ?? state.lastOpen,
    overlay: state.overlay?.kind === "menu" ? undefined : state.overlay,
  };
}

/** Restores the text of a refused post if the input is empty. */
function refilled(state: ScreenState, before: Model, model: Model): ScreenState {
  const [was, is] = [keptDraft(before), keptDraft(model)];
  if (was === is || is === undefined || state.editor.text !== "") return state;
  if (is.text === "") return state;
  return { ...state, editor: restarted(state.editor, is.text) };
}

function shown(state: ScreenState, key: string | undefined, parts: Parts): ScreenState {
  const index = parts.rows.rows.findIndex((row) => row.key === key);
  if (index < 0) return state;
  const row = parts.rows.rows[index];
  const shownSeq = openRoom(parts.model)?.jumpSeq;
  const selected = row?.kind === "item" ? (shownSeq ?? row.item.seq) : undefined;
  const anchor = centered(timelineOf(parts), index);
  const last = parts.rows.rows.at(-1)?.key ?? "";
  const scroll = anchor ?? { key: last, below: 0 };
  return { ...state, scroll, selected };
}

/** Clears the selection if the selected message is gone. */
function gone(state: ScreenState, { rows }: Parts): ScreenState {
  const { selected } = state;
  if (selected === undefined) return state;
  const isThere = rows.rows.some((row) =>
    row.kind === "item"
      ? [row.item, ...row.earlier].some(({ seq }) => seq === selected)
      : row.kind === "pending" && row.post.key === selected,
  );
  if (isThere) return state;
  const overlay = state.overlay?.kind === "menu" ? undefined : state.overlay;
  return { ...state, selected: undefined, overlay };
}

/** Requests older rows if the rows do not fill the page. */
function filling(parts: Parts): readonly Act[] {
  const { rows, layout } = parts;
  let lines = 0;
  for (let at = rows.rows.length - 1; at >= 0 && lines < parts.layout.pageRows; at--) {
    lines += layout.heightOf(rows.rows[at]?.key ?? "");
  }
  return older(lines < parts.layout.pageRows, parts);
}
