/** Checks of the display names of rooms: nobody may take one room for another. */

import { checkDisplayName } from "../../base/display-names.ts";
import { Fault, msg, unlessFault } from "../../base/fault.ts";
import { proposeRoomName, stableRoomName } from "../../base/new-names.ts";
import type { Room, Rooms } from "./rooms.ts";

/**
 * @param room undefined if it is being created
 * @throws {Fault} sealed-room or name-taken
 */
export function checkTitle(
  rooms: Rooms,
  title: string,
  { room, isSealed = room?.isSealed }: { readonly room?: Room; readonly isSealed?: boolean },
): void {
  if (isSealed === true) throw sealedTitle();
  const other = rooms.calledLike(title, room)?.name;
  if (other === undefined) return;
  throw new Fault(
    "name-taken",
    msg`the room '${other}' has the name '${title}' or one that looks like it`,
    { remedy: msg`choose another display name` },
  );
}

export function sealedTitle(): Fault {
  return new Fault(
    "sealed-room",
    msg`an encrypted room cannot have a display name, because it would not be encrypted`,
    { remedy: msg`post it as a message` },
  );
}

/**
 * Display name after a rename. One that only spells the old name differently, such as "Year 7 Blue"
 * of `year-7-blue`, follows the new name; one that somebody chose stays.
 * @returns `undefined` if it stays, empty if the new name needs none
 */
export function followingTitle(title: string, was: string, to: string): string | undefined {
  if (!isSpelling(title, was)) return undefined;
  const [gap = "-", ...others] = new Set(title.match(GAPS));
  const next = withCaseOf(title, others.length === 0 ? to.replaceAll("-", gap) : to);
  const valid = unlessFault(() => checkDisplayName(next, "room"));
  return valid === undefined || valid === to ? "" : valid;
}

/** Reports whether the display name is the room's name, written with other signs. */
export function isSpelling(title: string, name: string): boolean {
  const written: readonly string[] = [stableRoomName(title), proposeRoomName(title)];
  return written.includes(name.toLowerCase());
}

const GAPS = /[^\p{L}\p{M}\p{Nd}]+/gu;
const WORDS = /[\p{L}\p{M}\p{Nd}]+/gu;

function withCaseOf(title: string, text: string): string {
  if (title === title.toUpperCase()) return text.toUpperCase();
  const capital = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1);
  return title === title.replaceAll(WORDS, capital) ? text.replaceAll(WORDS, capital) : text;
}

/** @throws {Fault} name-taken if another room's display name looks like the name */
export function checkNameUnlikeTitles(rooms: Rooms, name: string, room?: Room): void {
  const { title, name: other } = rooms.titledLike(name, room) ?? {};
  if (other === undefined) return;
  throw new Fault("name-taken", msg`'${title}' is the display name of the room '${other}'`, {
    remedy: msg`to join it: ${`/join ${other}`}; or choose another name`,
  });
}
