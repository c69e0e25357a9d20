import { cleanText } from "../../../base/text.ts";
import { isSame } from "../../../core/model/item.ts";
import type { Member, RoomState } from "../../../core/model/state.ts";
import type { FaceTexts } from "../text/faces.ts";
import { nickRole } from "./message.ts";
import { fitLine, type Line } from "./style.ts";

const SIGNS: Readonly<Record<string, string>> = { operator: "@", moderator: "+" };

/** Those who are online first, by name; the last line says how many more there are. */
export function memberColumn(
  room: RoomState | undefined,
  me: string | undefined,
  texts: FaceTexts,
  columns: number,
  height: number,
): readonly Line[] {
  const members = membersOf(room);
  const sorted = [...members].sort((one, other) => {
    if (one.isOnline !== other.isOnline) return one.isOnline ? -1 : 1;
    return one.name.toLowerCase() < other.name.toLowerCase() ? -1 : 1;
  });
  const isAll = sorted.length + 1 <= height;
  const shown = isAll ? sorted : sorted.slice(0, Math.max(0, height - 2));
  const lines: Line[] = [
    [
      { text: ` ${texts.people} `, role: "title" },
      { text: `${sorted.length}`, role: "dim" },
    ],
    ...shown.map((member) => memberLine(member, isSame(member.name, me), texts)),
  ];
  if (!isAll) {
    const more = sorted.length - shown.length;
    lines.push([{ text: ` ${texts.screen.moreHere(more)}`, role: "dim" }]);
  }
  while (lines.length < height) lines.push([]);
  return lines.slice(0, height).map((line) => fitLine(line, columns));
}

/** Until a room has told of its members, those who are known to be there. */
function membersOf(room: RoomState | undefined): readonly Member[] {
  if (room === undefined) return [];
  if (room.members !== undefined) return room.members;
  return [...room.online].map((name) => ({ name, isOnline: true, role: "member" }));
}

function memberLine({ name, isOnline, role }: Member, isMe: boolean, texts: FaceTexts): Line {
  const shown = cleanText(name);
  return [
    { text: isOnline ? " ●" : " ○", role: isOnline ? "online" : "dim" },
    { text: SIGNS[role] ?? " ", role: "dim" },
    { text: shown, role: isOnline ? nickRole(shown) : "dim" },
    { text: isMe ? ` ${texts.you}` : "", role: "dim" },
  ];
}
