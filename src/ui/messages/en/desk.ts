/** Texts of the desk, where moderators read the work of an assignment. */

import type { WorkState } from "../../../core/rooms/stamps.ts";
import type { Stamp } from "../../../wire/messages.ts";

export const ENGLISH_DESK = {
  desk: "Desk",
  toTable: "Back to the table",
  all: "All",
  notDone: "Not done",
  progress: "Progress",
  people: "People of this assignment",
  doneOf: (done: number, of: number) => `${done} of ${of} done`,
  state: (state: WorkState) =>
    ({ new: "New", read: "Read", answered: "Answered", done: "Done", missing: "Missing" })[state],
  stamp: (stamp: Stamp) =>
    ({ seen: "Seen", "well-done": "Well done", fix: "One thing to fix", again: "Please again" })[
      stamp
    ],
  stamps: "Stamps",
  doneNext: "Done, next",
  work: "Work",
  talk: "Talk",
  handedInAt: (time: string) => `Handed in ${time}`,
  nothing: "Nothing was handed in yet.",
  olderWork: "Show older work",
  allAnswered: "All work is answered.",
  keys: "next, previous",
  keyStamp: "stamp",
  keyComment: "comment",
  keyDone: "done",
  draw: "Draw on it",
  pens: "Pens",
  pen: (colour: "red" | "blue" | "green") =>
    ({ red: "Red pen", blue: "Blue pen", green: "Green pen" })[colour],
  pressStamp: (word: string) => `Press on the photo: ${word}`,
  ownStamp: "Own words",
  ownStampHint: "A word or two, such as “Lovely drawing”",
  stampIt: "Stamp",
  sign: "Sign",
  noView: "This kind of file can't be shown here. Save it to open it.",
  undo: "Undo",
  redo: "Redo",
  sendBack: "Send back",
  discardAsk: "Discard the drawing?",
  discardText: "What you have drawn is not sent.",
  discard: "Discard",
  previous: "Previous person",
  next: "Next person",
};

export type DeskTexts = typeof ENGLISH_DESK;
