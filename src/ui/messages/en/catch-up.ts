/** Texts of the card of new messages, of the walk through them, and of undoing "All read". */

import { counted } from "../../../base/sizes.ts";

export const ENGLISH_CATCH_UP = {
  label: "New messages in short",
  since: (time: string) => `Since ${time}`,
  sum: (messages: number, hasMore: boolean, people: number) =>
    `${messages.toLocaleString("en")}${hasMore ? "+" : ""} ` +
    `${messages === 1 ? "message" : "messages"} from ` +
    `${people === 1 ? "1 person" : `${people} people`}`,
  partial: "Older ones are on your other devices.",
  parts: {
    calls: (_: number): string => "For you",
    photos: (n: number): string => (n === 1 ? "Photo" : "Photos"),
    files: (n: number): string => (n === 1 ? "File" : "Files"),
    polls: (n: number): string => (n === 1 ? "Poll" : "Polls"),
  },
  from: (name: string) => `From ${name}`,
  allRead: "All read",
  allReadDone: (n: number) => `${counted(n, "message")} read`,
  undo: "Undo",
  walk: (part: string) => `Walk through: ${part}`,
  position: (at: number, of: string) => `${at} of ${of}`,
  previous: (part: string) => `Previous: ${part}`,
  next: (part: string) => `Next: ${part}`,
  back: "Back to where I was",
  offline: "The next one comes with the connection",
  rail: (n: string, calls: string) => `${n} new messages, ${calls} for you`,
};

export type CatchUpTexts = typeof ENGLISH_CATCH_UP;
