/** `chat admin room`, which manages rooms. */

import { Fault, msg } from "../../base/fault.ts";
import { globTest } from "../../base/glob.ts";
import { ROOM_CHALKS } from "../../base/limits.ts";
import { counted } from "../../base/sizes.ts";
import { formatOffset } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import {
  argument,
  defineGroup,
  defineVerb,
  enumFlag,
  flag,
  stringFlag,
  verbRow,
} from "../../cli/command.ts";
import { ADMIN_FLAGS, operatorVerb, roomNameOf, withOperator } from "../../cli/connect/operator.ts";
import { type Context, printNotice } from "../../cli/context.ts";
import { confirmAction, YES_FLAG } from "../../cli/flags.ts";
import type { JsonOutput } from "../../cli/output/render.ts";
import { printData, printResult } from "../../cli/output/result.ts";
import type { Client } from "../../client/client.ts";
import { BulkRequests } from "../../client/link/bulk.ts";
import { allRooms } from "../../client/link/lists.ts";
import { roomAt } from "../../core/client/room-names.ts";
import { isSpelling } from "../../core/rooms/titles.ts";
import { parseColour, parseDue, parseSlow } from "../../ui/commands.ts";
import { ENGLISH } from "../../ui/messages/en/page.ts";
import { rulesText } from "../../ui/text/rules-text.ts";
import { offsetMinutes, timesNow } from "../../ui/text/times.ts";
import { BOX_RULES, JOIN_RULES, POSTERS, WHO } from "../../wire/field.ts";
import type { RoomRules } from "../../wire/messages.ts";

const ROOM_ARGUMENT = argument("Room name", { parse: roomNameOf });

const rename = operatorVerb({
  summary: "Rename a room",
  examples: ["chat admin room rename lab workshop"],
  args: { room: ROOM_ARGUMENT, to: argument("New name", { parse: roomNameOf }) },
  details:
    "Members stay, and the old name still works. A display name that only spells the old name " +
    "differently follows the new name; another one stays.",
  async run({ room, to }, { client }) {
    const { title: shown } = await client.request("rename", { room, to });
    const change = `; to change that: chat admin room title ${to} TEXT`;
    const remark =
      shown === undefined
        ? ""
        : isSpelling(shown, to)
          ? `, shown as ${shown}`
          : `, still shown as ${shown}${change}`;
    const json = { kind: "renamed", room, name: to, ...defined({ title: shown }) } as const;
    return { json, text: `renamed ${room} to ${to}${remark}` };
  },
});

const title = operatorVerb({
  summary: "Set the display name of a room",
  examples: ['chat admin room title year-7-blue "Year 7 Blue"'],
  args: { room: ROOM_ARGUMENT, text: argument("Display name", { required: false }) },
  details: "Without a display name, the room is shown by its name again.",
  async run({ room, text = "" }, { client }) {
    const { title: shown = "", seq } = await client.request("profile", { room, title: text });
    return {
      json: { kind: "title", room, title: shown, ...defined({ seq }) },
      text: shown === "" ? `${room} has no display name` : `${room} is now called ${shown}`,
    };
  },
});

const face = operatorVerb({
  summary: "Set the face of a room",
  examples: ["chat admin room face lab 8B --colour 3"],
  args: {
    room: ROOM_ARGUMENT,
    mark: argument("One emoji, or one or two letters", { required: false }),
    colour: stringFlag("NUMBER", `1 to ${ROOM_CHALKS}; 0 for the one that follows from its id`, {
      parse: parseColour,
    }),
  },
  details: "Pages show it on the tile of the room. Without arguments, the tile has its sign again.",
  async run({ room, mark, colour: chalk }, { client }) {
    const isReset = mark === undefined && chalk === undefined;
    const change = isReset ? { mark: "", chalk: 0 } : defined({ mark, chalk });
    const { face: chosen = {}, seq } = await client.request("profile", { room, ...change });
    const { mark: shownMark = "sign", chalk: colour } = chosen;
    const colourText = colour === undefined ? "" : ` on colour ${colour}`;
    return {
      json: { kind: "face", room, ...chosen, ...defined({ seq }) },
      text: `${room} has the face ${shownMark}${colourText}`,
    };
  },
});

const close = operatorVerb({
  summary: "Close a room for new messages",
  examples: ["chat admin room close lab"],
  args: { room: ROOM_ARGUMENT },
  details: "Members can still read, and others can still join.",
  async run({ room }, { client }) {
    const { seq } = await client.request("close", { room, on: true });
    return { json: { kind: "closed", room, seq }, text: `${room} is closed for new messages` };
  },
});

const reopen = operatorVerb({
  summary: "Reopen a closed room",
  examples: ["chat admin room reopen lab"],
  args: { room: ROOM_ARGUMENT },
  async run({ room }, { client }) {
    const { seq } = await client.request("close", { room, on: false });
    return { json: { kind: "reopened", room, seq }, text: `${room} is open again` };
  },
});

const remove = defineVerb({
  args: {
    room: argument("Room names", { many: true, required: false, parse: roomNameOf }),
    empty: flag("All rooms without members, messages or topic"),
    match: stringFlag("PATTERN", "All rooms whose name matches: * any text, ? any character"),
    ...YES_FLAG,
    ...ADMIN_FLAGS,
  },
  details:
    "Removed rooms can no longer be read. Their records stay in the data folder; delete messages " +
    "first. With --empty and --match, removes rooms that match both.",
  async run(args, context) {
    const isFiltered = args.empty || args.match !== undefined;
    if (isFiltered === args.room.length > 0) {
      throw new Fault("usage", "no rooms given", {
        remedy: "specify rooms, --empty or --match; list rooms with chat admin rooms",
      });
    }
    const confirm = (rooms: readonly string[]) =>
      confirmAction(context, args, confirmationOf(rooms));
    if (!isFiltered && !(await confirm(args.room))) return 130;
    return withOperator(context, args, async ({ client }) => {
      const rooms = isFiltered ? await matchingRooms(client, args) : args.room;
      if (rooms.length === 0) {
        printNotice(context, "no matching rooms");
        return 0;
      }
      if (isFiltered && !(await confirm(rooms))) return 130;
      await removeAll(context, client, rooms);
      return 0;
    });
  },
});

const NAMES_LISTED_MAX = 5;

function confirmationOf(rooms: readonly string[]): string {
  if (rooms.length === 1) return `Permanently remove the room ${rooms[0]}?`;
  const listed = rooms.slice(0, NAMES_LISTED_MAX).join(", ");
  const moreCount = rooms.length - NAMES_LISTED_MAX;
  const moreText = moreCount > 0 ? ` and ${moreCount} more` : "";
  return `Permanently remove ${counted(rooms.length, "room")}: ${listed}${moreText}?`;
}

async function matchingRooms(
  client: Client,
  { empty, match }: { readonly empty: boolean; readonly match?: string | undefined },
): Promise<readonly string[]> {
  const allRoomEntries = await allRooms(client.request, { reverse: false, sort: "name" });
  const isMatch = globTest(roomNameOf(match ?? "*"));
  return allRoomEntries
    .filter(({ room, vacant }) => room !== "lobby" && (!empty || vacant === true) && isMatch(room))
    .map(({ room }) => room);
}

async function removeAll(
  context: Context,
  client: Client,
  rooms: readonly string[],
): Promise<void> {
  const faults: unknown[] = [];
  const remove = (room: string) => client.request("remove", { room });
  for await (const { item: room, fault } of new BulkRequests(context.clock).each(rooms, remove)) {
    if (fault !== undefined) faults.push(fault);
    else printResult(context, { kind: "removed", room }, `removed the room ${room}`);
  }
  if (faults.length > 0) throw faults[0];
}

const rules = operatorVerb({
  summary: "Show or change the rules of a room",
  examples: ["chat admin room rules lab --post moderators --slow 30"],
  args: {
    room: ROOM_ARGUMENT,
    post: enumFlag([...POSTERS], "Who may post; private: an assignment"),
    topic: enumFlag([...WHO], "Who may set the topic"),
    slow: stringFlag("SECONDS", "Time between two messages of a member, or off", {
      parse: parseSlow,
    }),
    join: enumFlag([...JOIN_RULES], "Who may join", { valueHint: "HOW" }),
    newcomers: enumFlag(["on", "off"], "Whether new accounts join the room"),
    boxes: enumFlag([...BOX_RULES], "Whether members still hand in work after an assignment"),
    due: stringFlag("TIME", "When the work of an assignment is due, or off", {
      parse: (text: string) => parseDue(text, timesNow()),
    }),
    mentionEveryone: enumFlag([...WHO], "Who may mention @everyone and @here"),
  },
  details:
    "Without flags, shows the rules. The word rules may be omitted. CHAT_ROOM_PASSWORD becomes " +
    "the password with --join password. Moderators are exempt from slow mode.",
  isQuery: (args) => Object.keys(changeOf(args)).length === 0,
  async run({ room, ...flags }, { client, roomSecret, context }) {
    const change = changeOf(flags);
    if (Object.keys(change).length === 0) {
      const all = await allRooms(client.request, { reverse: false, sort: "name" }, true);
      const named = all.map((entry) => {
        return { ...entry, kind: "room", name: entry.room, formerNames: entry.former } as const;
      });
      const found = roomAt(named, room);
      if (found === undefined) throw new Fault("room-unknown", msg`no room named '${room}'`);
      return printData(context, ...shown(room, found.rules ?? {}));
    }
    const password = change.join === "password" ? roomSecret : undefined;
    const answer = await client.request("rules", { room, ...change, ...defined({ password }) });
    const [json, text] = shown(room, answer.rules);
    return { json: { ...json, seq: answer.seq }, text: text.trimEnd() };
  },
});

interface RuleFlags {
  readonly [rule: string]: unknown;
}

function changeOf(flags: RuleFlags): RoomRules {
  const {
    post,
    topic,
    slow,
    join,
    mentionEveryone: everyone,
    newcomers: value,
    boxes,
    due,
  } = flags;
  const newcomers = value === undefined ? undefined : value === "on";
  return defined({ post, topic, slow, join, everyone, newcomers, boxes, due }) as RoomRules;
}

function shown(room: string, rules: RoomRules): [json: JsonOutput, text: string] {
  const { due } = rules;
  // The server's machine may use another time zone than its users.
  const zone = due === undefined ? "" : ` (${formatOffset(offsetMinutes(due))})`;
  return [{ kind: "rules", room, ...rules }, `${rulesText(rules, ENGLISH)}${zone}\n`];
}

const command = defineGroup(
  {
    rules,
    rename,
    title,
    face,
    close,
    reopen,
    remove: verbRow("Remove rooms", remove, [
      "chat admin room remove lab",
      "chat admin room remove --empty --yes",
      'chat admin room remove --match "spam-*"',
    ]),
  },
  "rules",
);

export const room = verbRow("Set the rules of a room; rename, close or remove it", command, [
  "chat admin room lab --post moderators",
  "chat admin room rename lab workshop",
  "chat admin room close lab",
]);
