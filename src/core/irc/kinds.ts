/** How IRC clients learn of the records of a room's history. */

import { isKnownKind, isOfLog, type KindIn } from "../../wire/kinds.ts";

type HistoryKind = KindIn<"history">;

interface IrcRow {
  /** Lines that show the record, if the client's capabilities allow any. */
  readonly as:
    | ("message" | "reaction" | "erasure" | "join" | "knock" | "invitation" | "event")
    /** No line, or that of a notice about the changed room. */
    | "nothing";
  /** Played back as a message to all clients, or as an event to those that request events. */
  readonly playback?: "message" | "event";
  /** Each session shows it in its own way, or changes its state. */
  readonly isPersonal?: true;
}

const NOTHING = { as: "nothing" } as const;
const EVENT = { as: "event", playback: "event" } as const;

const IRC_KINDS: Readonly<Record<HistoryKind, IrcRow>> = {
  room: NOTHING,
  join: { as: "join", playback: "event" },
  leave: { ...EVENT, isPersonal: true },
  topic: EVENT,
  text: { as: "message", playback: "message" },
  action: { as: "message", playback: "message" },
  reaction: { as: "reaction", playback: "event" },
  edit: { as: "message" },
  erase: { as: "erasure" },
  kick: { ...EVENT, isPersonal: true },
  mute: EVENT,
  admission: { as: "invitation" },
  grant: EVENT,
  file: { as: "message", playback: "message", isPersonal: true },
  rename: { as: "nothing", isPersonal: true },
  close: EVENT,
  remove: NOTHING,
  retention: NOTHING,
  pin: NOTHING,
  receipts: NOTHING,
  hand: NOTHING,
  poll: NOTHING,
  vote: NOTHING,
  knock: { as: "knock" },
  rules: EVENT,
  group: NOTHING,
  sealed: { as: "nothing", isPersonal: true },
  checkpoint: NOTHING,
  fork: NOTHING,
  clock: NOTHING,
};

/** Row of a kind; records of newer programs are not shown. */
export function ircRow(kind: string): IrcRow {
  return isKnownKind(kind) && isOfLog(kind, "history") ? IRC_KINDS[kind] : NOTHING;
}

const KINDS = Object.keys(IRC_KINDS) as HistoryKind[];

/** Kinds that every client shows as messages. */
export const PLAYED_MESSAGES = KINDS.filter((kind) => IRC_KINDS[kind].playback === "message");
/** Also the kinds that clients with event-playback show. */
export const PLAYED_EVENTS = KINDS.filter((kind) => IRC_KINDS[kind].playback !== undefined);
