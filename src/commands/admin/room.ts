/** `chat admin room`. */

import { Fault } from "../../base/fault.ts";
import { counted } from "../../base/sizes.ts";
import {
  argument,
  defineGroup,
  defineVerb,
  type FlagDefs,
  flag,
  stringFlag,
  type Verb,
  verbRow,
} from "../../cli/command.ts";
import { confirmed, YES_FLAG } from "../../cli/confirm.ts";
import { ADMIN_FLAGS, operatorVerb, roomOf, withOperator } from "../../cli/connect/operator.ts";
import { type Context, say } from "../../cli/context.ts";
import { printResult } from "../../cli/output/result.ts";
import type { Client } from "../../client/client.ts";
import { allRooms } from "./lists.ts";

const ROOM = { room: argument("Which") } as const satisfies FlagDefs;
const rename = defineVerb({
  args: {
    ...ROOM,
    to: argument("The new name"),
    ...ADMIN_FLAGS,
  },
  details: "Who is in stays in, and the old name still leads there.",
  async run(args, context) {
    const [room, to] = [roomOf(args.room), roomOf(args.to)];
    return withOperator(context, args, async ({ client }) => {
      await client.request("rename", { room, to });
      return printResult(
        context,
        { kind: "renamed", room, name: to },
        `${room} is called ${to} now`,
      );
    });
  },
});

const close = closingVerb(true, "Its members read on, and others may still enter.");
const reopen = closingVerb(false, "");

function closingVerb(on: boolean, details: string): Verb {
  return operatorVerb({
    args: ROOM,
    details,
    async run(args, context, client) {
      const room = roomOf(args.room);
      const { seq } = await client.request("close", { room, on });
      const sentence = on ? `${room} is closed for writing` : `${room} is open again`;
      return printResult(context, { kind: on ? "closed" : "reopened", room, seq }, sentence);
    },
  });
}

const remove = defineVerb({
  args: {
    room: argument("Which", { many: true, required: false }),
    empty: flag("All rooms without members, messages and topic"),
    match: stringFlag("PATTERN", "All rooms of such a name: * is any text, ? any character"),
    ...YES_FLAG,
    ...ADMIN_FLAGS,
  },
  details:
    "Removed rooms can no longer be read. Their records stay in the data folder; erase messages " +
    "first. With --empty and --match, rooms that fit both are removed.",
  async run(args, context) {
    const named = args.room.map(roomOf);
    const isFiltered = args.empty || args.match !== undefined;
    if (isFiltered === named.length > 0) {
      throw new Fault("usage", "name the rooms to remove, or choose them by --empty or --match", {
        remedy: "see them first: chat admin rooms",
      });
    }
    const ask = (rooms: readonly string[]) => confirmed(context, args, questionOf(rooms));
    if (!isFiltered && !(await ask(named))) return 130;
    return withOperator(context, args, async ({ client }) => {
      const rooms = isFiltered ? await roomsLike(client, args) : named;
      if (rooms.length === 0) {
        say(context, "no room fits");
        return 0;
      }
      if (isFiltered && !(await ask(rooms))) return 130;
      await removeAll(context, client, rooms);
      return 0;
    });
  },
});

/** Maximum names in the question; for more rooms it shows their number. */
const NAMES_ASKED_MAX = 5;
/** Concurrent requests: the server's disk is the limit. */
const REMOVED_AT_ONCE = 64;

function questionOf(rooms: readonly string[]): string {
  if (rooms.length === 1) return `Remove the room ${rooms[0]} for good?`;
  const named = rooms.slice(0, NAMES_ASKED_MAX).join(", ");
  const more = rooms.length - NAMES_ASKED_MAX;
  const rest = more > 0 ? ` and ${more} more` : "";
  return `Remove ${counted(rooms.length, "room")} for good: ${named}${rest}?`;
}

/** Excludes the lobby, which cannot be removed. */
async function roomsLike(
  client: Client,
  { empty, match }: { readonly empty: boolean; readonly match?: string | undefined },
): Promise<readonly string[]> {
  const all = await allRooms(client, { reverse: false, sort: "name" });
  const like = patternOf(match ?? "*");
  return all
    .filter(
      ({ room, vacant }) => room !== "lobby" && (!empty || vacant === true) && like.test(room),
    )
    .map(({ room }) => room);
}

function patternOf(glob: string): RegExp {
  const parts = [...roomOf(glob)].map((char) => {
    if (char === "*") return ".*";
    return char === "?" ? "." : RegExp.escape(char);
  });
  return new RegExp(`^${parts.join("")}$`, "i");
}

/** Removes all that can be removed. @throws Fault of the first that cannot */
async function removeAll(
  context: Context,
  client: Client,
  rooms: readonly string[],
): Promise<void> {
  const faults: unknown[] = [];
  for (let from = 0; from < rooms.length; from += REMOVED_AT_ONCE) {
    const batch = rooms.slice(from, from + REMOVED_AT_ONCE);
    const outcomes = await Promise.allSettled(
      batch.map((room) => client.request("remove", { room })),
    );
    for (const [at, outcome] of outcomes.entries()) {
      const room = batch[at] ?? "";
      if (outcome.status === "rejected") faults.push(outcome.reason);
      else printResult(context, { kind: "removed", room }, `the room ${room} is removed`);
    }
  }
  if (faults.length > 0) throw faults[0];
}

const of = (command: Verb) => () => Promise.resolve({ command });

export const command = defineGroup({
  rename: verbRow("Give a room another name", of(rename), ["chat admin room rename lab workshop"]),
  close: verbRow("Stop new messages in a room", of(close), ["chat admin room close lab"]),
  reopen: verbRow("Allow new messages there again", of(reopen), ["chat admin room reopen lab"]),
  remove: verbRow("Remove rooms", of(remove), [
    "chat admin room remove lab",
    "chat admin room remove --empty --yes",
    "chat admin room remove --match 'spam-*'",
  ]),
});
