/** Rows of the finder: what it finds, and the act that the user most wants with it. */

import type { Candidate } from "../../../core/finder/finder.ts";
import type { FoundItem, Model } from "../../../core/model/state.ts";
import { type FoundFile, fileRows } from "../../../ui/finder/files.ts";
import { type PlaceRow, placeRows } from "../../../ui/finder/places.ts";
import { findAnswers, type HelpAnswer, helpEntries } from "../../../ui/help/help.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import type { ListedRoom } from "../../driver/room-lists.ts";
import { helpLanguage } from "../help/texts.ts";
import { titleOfEntry } from "../room/room-list.ts";
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
  readonly entry: HelpAnswer;
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

function helpRow(entry: HelpAnswer): FoundRow {
  const { question, answer, words } = entry;
  return { kind: "help", id: question, entry, names: [question], texts: [answer, words] };
}

export function helpRows({ lang }: Texts): readonly FoundRow[] {
  return helpEntries(helpLanguage(lang).questions).map(helpRow);
}

/** Returns the answers to a question in any words, or the one about finding things again. */
export function answerRows({ lang }: Texts, question: string): readonly FoundRow[] {
  const { questions } = helpLanguage(lang);
  const found = findAnswers(questions, question);
  const entries = found.length > 0 ? found : helpEntries(questions).filter(isAboutFinding);
  return entries.map(helpRow);
}

function isAboutFinding({ id }: HelpAnswer): boolean {
  return id === "findAgain";
}
