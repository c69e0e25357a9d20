/** Header line. */

import { formatDuration } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { plainLine } from "../../../core/markup/plain.ts";
import { isOnline, openRoom } from "../../../core/model/selectors.ts";
import type { Model, RoomState } from "../../../core/model/state.ts";
import type { ScreenTexts } from "../text/texts.ts";
import { type Line, lineWidth, splitLine, widthOf } from "./style.ts";

/** A topic may be as long as a message. */
const TOPIC_COLUMNS = 500;

export function nameOf(target: string): string {
  const name = cleanText(target);
  return name.startsWith("@") ? name : `#${name}`;
}

export function headerLine(
  model: Model,
  texts: ScreenTexts,
  nothing: string,
  columns: number,
): Line {
  const room = openRoom(model);
  const { open } = model;
  if (open === undefined) return splitLine([{ text: ` ${nothing}`, role: "bar" }], [], columns);
  const left: Line = [
    { text: ` ${nameOf(open)} `, role: "bar", bold: true },
    { text: ` ${plainLine(room?.topic ?? "", TOPIC_COLUMNS)}`, role: "bar" },
  ];
  // The topic may use half of the line. Facts that do not fit beside it are omitted from the left.
  const topic = Math.min(lineWidth(left), Math.floor(columns / 2));
  let facts = factsOf(model, room, texts);
  while (facts.length > 0 && widthOf(factsText(facts)) + topic + 1 > columns)
    facts = facts.slice(1);
  const right: Line = facts.length === 0 ? [] : [{ text: factsText(facts), role: "bar-dim" }];
  return splitLine(left, right, columns);
}

function factsText(facts: readonly string[]): string {
  return `${facts.join(" · ")} `;
}

function factsOf(model: Model, room: RoomState | undefined, texts: ScreenTexts): readonly string[] {
  if (room === undefined) return [];
  const facts: string[] = [];
  if (room.isSealed) facts.push(texts.screen.sealed);
  if (room.isClosed) facts.push(texts.screen.closed);
  if (room.keepMs !== undefined)
    facts.push(texts.retention(texts.span(formatDuration(room.keepMs))));
  if (room.kind === "person") {
    facts.push(isOnline(model, room.name) ? texts.online : texts.offlineStatus);
  } else if (room.members === undefined) {
    if (room.online.size > 0) facts.push(texts.screen.nowOnline(room.online.size));
  } else {
    const online = room.members.filter(({ isOnline }) => isOnline).length;
    facts.push(texts.screen.membersOnline(online, room.members.length));
  }
  return facts.filter((fact) => fact !== "");
}
