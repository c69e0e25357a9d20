/** Member list beside the timeline. */

import { compareNames } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import { isSameName } from "../../../core/model/item.ts";
import type { People } from "../../../core/model/people.ts";
import { isOnline, openRoom } from "../../../core/model/selectors.ts";
import type { Member, Model } from "../../../core/model/state.ts";
import { isMutedAt } from "../../../core/rooms/prefs.ts";
import type { ListScroll } from "../state/hit.ts";
import type { ScreenTexts } from "../text/texts.ts";
import { nameRole } from "./message.ts";
import { fitLine, type Line } from "./style.ts";

const ROLE_SIGNS: Readonly<Record<string, string>> = { operator: "@", moderator: "+" };
const MUTED_SIGN = "-";

export interface MemberColumn extends ListScroll {
  readonly lines: readonly Line[];
  readonly names: readonly (string | undefined)[];
}

/**
 * Online members come first. The last line contains the number of hidden members.
 * @param requestedTop number of members above the visible lines
 */
export function memberColumn(
  model: Model,
  people: People,
  texts: ScreenTexts,
  columns: number,
  height: number,
  requestedTop: number,
  nowUnixMs: number,
): MemberColumn {
  const { me } = model;
  const members = membersOf(model);
  const sorted = [...members].sort((a, b) => {
    if (a.isOnline !== b.isOnline) return a.isOnline ? -1 : 1;
    return compareNames(a.name, b.name);
  });
  const topMax = Math.max(0, sorted.length + 1 - height);
  const top = Math.max(0, Math.min(requestedTop, topMax));
  const visible = sorted.slice(top, top + Math.max(0, height - (top === topMax ? 1 : 2)));
  const lines: Line[] = [
    [
      { text: ` ${texts.people} `, role: "title" },
      { text: `${sorted.length}`, role: "dim" },
    ],
    ...visible.map((member) =>
      memberLine(member, roleSign(member, nowUnixMs), people, isSameName(member.name, me), texts),
    ),
  ];
  const more = sorted.length - top - visible.length;
  if (more > 0) lines.push([{ text: ` ${texts.screen.moreCount(more)}`, role: "dim" }]);
  while (lines.length < height) lines.push([]);
  return {
    lines: lines.slice(0, height).map((line) => fitLine(line, columns)),
    names: [undefined, ...visible.map(({ name }) => name)].slice(0, height),
    top,
    topMax,
  };
}

/** Until the server has sent the full list, returns only the online members. */
function membersOf(model: Model): readonly Member[] {
  const { open, me } = model;
  const room = openRoom(model);
  if (open?.startsWith("@") === true) {
    const partner = room?.name ?? open.slice(1);
    const names = me === undefined || isSameName(partner, me) ? [partner] : [partner, me];
    return names.map((name) => ({ name, isOnline: isOnline(model, name), role: "member" }));
  }
  if (room === undefined) return [];
  if (room.members !== undefined) return room.members;
  return [...room.online].map((name) => ({ name, isOnline: true, role: "member" }));
}

function roleSign({ role, mutedUntilUnixMs }: Member, nowUnixMs: number): string {
  return ROLE_SIGNS[role] ?? (isMutedAt(mutedUntilUnixMs, nowUnixMs) ? MUTED_SIGN : " ");
}

function memberLine(
  { name, isOnline }: Member,
  sign: string,
  people: People,
  isMe: boolean,
  texts: ScreenTexts,
): Line {
  const cleanName = cleanText(name);
  return [
    { text: isOnline ? " ●" : " ○", role: isOnline ? "online" : "dim" },
    { text: sign, role: "dim" },
    { text: cleanName, role: isOnline ? nameRole(cleanName, people) : "dim" },
    { text: isMe ? ` ${texts.you}` : "", role: "dim" },
  ];
}
