/** How IRC clients learn of the records of a room's history. */

import { isKnownKind, isOfLog, type KindIn } from "../../wire/kinds.ts";

type HistoryKind = KindIn<"history">;

interface IrcRow {
  /** Lines that show the record, if the client's capabilities allow any. */
  readonly as:
    | ("message" | "reaction" | "erasure" | "join" | "leave" | "knock" | "hand" | "invitation")
    | ("topic" | "kick" | "mute" | "grant" | "close" | "rules")
    /** No line, or that of a notice about the changed room. */
    | "nothing";
  /** Played back as a message to all clients, or as an event to those that request events. */
  readonly playback?: "message" | "event";
  /** Each session shows it in its own way, or changes its state. */
  readonly isPersonal?: true;
}

const NOTHING = { as: "nothing" } as const;

const IRC_KINDS: Readonly<Record<HistoryKind, IrcRow>> = {
  room: NOTHING,
  join: { as: "join", playback: "event" },
  leave: { as: "leave", playback: "event", isPersonal: true },
  topic: { as: "topic", playback: "event" },
  text: { as: "message", playback: "message" },
  action: { as: "message", playback: "message" },
  reaction: { as: "reaction", playback: "event" },
  edit: { as: "message" },
  erase: { as: "erasure" },
  kick: { as: "kick", playback: "event", isPersonal: true },
  mute: { as: "mute", playback: "event" },
  admission: { as: "invitation" },
  grant: { as: "grant", playback: "event" },
  file: { as: "message", playback: "message", isPersonal: true },
  rename: { as: "nothing", isPersonal: true },
  close: { as: "close", playback: "event" },
  remove: NOTHING,
  retention: NOTHING,
  pin: NOTHING,
  receipts: NOTHING,
  hand: { as: "hand" },
  wall: NOTHING,
  poll: NOTHING,
  vote: NOTHING,
  knock: { as: "knock" },
  rules: { as: "rules", playback: "event" },
  profile: NOTHING,
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
