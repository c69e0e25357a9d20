/** Rows of the finder: what it finds, and the act that the user most wants with it. */

import type { Candidate } from "../../../core/finder/finder.ts";
import type { FoundItem, Model } from "../../../core/model/state.ts";
import { type FoundFile, fileRows } from "../../../ui/finder/files.ts";
import { type PlaceRow, placeRows } from "../../../ui/finder/places.ts";
import { HELP_EN } from "../../../ui/help/en.ts";
import { findAnswers, type HelpEntry, type HelpTexts, helpEntries } from "../../../ui/help/help.ts";
import { HELP_ID } from "../../../ui/help/id.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { type ListedRoom, titleOfEntry } from "../room/room-list.ts";
import type { ActionRow, PageSettingRow } from "./actions.ts";

interface PersonRow extends Candidate {
  readonly kind: "people";
  readonly target: string;
}

interface RoomRow extends Candidate {
  readonly kind: "rooms";
  readonly target: string;
  /** First message of a thread. */
  readonly root?: number | undefined;
  /** Room of the server's list that the user has not joined. */
  readonly entry?: ListedRoom;
}

interface MessageRow extends Candidate {
  readonly kind: "messages";
  readonly found: FoundItem;
}

interface HelpRow extends Candidate {
  readonly kind: "help";
  readonly entry: HelpEntry;
}

export type FoundRow =
  | PersonRow
  | RoomRow
  | MessageRow
  | FoundFile
  | ActionRow
  | PageSettingRow
  | HelpRow;

function ofPlace({ kind, root, ...row }: PlaceRow): PersonRow | RoomRow {
  return kind === "people" ? { ...row, kind } : { ...row, root, kind: "rooms" };
}

/** Returns places in the order of `placeRows`, and the files of loaded messages. */
export function modelRows(model: Model, texts: Texts): readonly FoundRow[] {
  return [...placeRows(model, texts).map(ofPlace), ...fileRows(model)];
}

/** Returns the rooms that the user may join. */
export function entryRows(entries: readonly ListedRoom[]): readonly FoundRow[] {
  return entries
    .filter(({ joined }) => !joined)
    .map((entry): FoundRow => {
      const { room, topic } = entry;
      const title = titleOfEntry(entry).replace(/^#/, "");
      const names = title === room ? [room] : [title, room];
      return { kind: "rooms", id: `join ${room}`, target: room, entry, names, texts: [topic] };
    });
}

export function messageRow(found: FoundItem): FoundRow {
  return { kind: "messages", id: `message ${found.item.seq}`, found, names: [] };
}

export function personRow(target: string): FoundRow {
  return { kind: "people", id: target, target, names: [target.slice(1)] };
}

function helpRow(entry: HelpEntry): FoundRow {
  const { question, answer, words } = entry;
  return { kind: "help", id: question, entry, names: [question], texts: [answer, words] };
}

function helpTexts({ lang }: Texts): HelpTexts {
  return lang === "id" ? HELP_ID : HELP_EN;
}

export function helpRows(texts: Texts): readonly FoundRow[] {
  return helpEntries(helpTexts(texts)).map(helpRow);
}

/** Returns the answers to a question in any words. */
export function answerRows(texts: Texts, question: string): readonly FoundRow[] {
  return findAnswers(helpTexts(texts), question).map(helpRow);
}

/** Answer about finding things again. */
export function findingRow(texts: Texts): FoundRow {
  return helpRow(helpTexts(texts).write.entries.findAgain);
}
