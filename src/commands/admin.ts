/** `chat admin`, with its subcommands. */

import { checkDisplayName } from "../base/display-names.ts";
import { Fault, msg } from "../base/fault.ts";
import { type FileId, isFileId } from "../base/ids.ts";
import { RETENTION_MS_MAX, RETENTION_MS_MIN } from "../base/limits.ts";
import { parseRoom } from "../base/names.ts";
import { counted, formatDuration } from "../base/sizes.ts";
import { formatLocal, formatUtc } from "../base/time.ts";
import { defined } from "../base/values.ts";
import {
  argument,
  defineGroup,
  defineVerb,
  enumFlag,
  flag,
  stringFlag,
  type VerbRow,
  verbRow,
} from "../cli/command.ts";
import { inviteUrl } from "../cli/connect/invite.ts";
import { eraseAll } from "../cli/connect/lists.ts";
import {
  ADMIN_FLAGS,
  durationFlag,
  expiryOf,
  type Operator,
  operatorVerb,
  ROOM_FLAG,
  roomNameOf,
  USER_ARGUMENT,
  userNameOf,
  withOperator,
} from "../cli/connect/operator.ts";
import type { Context } from "../cli/context.ts";
import { printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { confirmAction, YES_FLAG } from "../cli/flags.ts";
import { formatTimestamp, styleOf } from "../cli/output/render.ts";
import { printData, printList, printResult } from "../cli/output/result.ts";
import type { Client } from "../client/client.ts";
import { clockText } from "../core/clock-check.ts";
import { parseDuration, withUtcTime } from "../core/duration.ts";
import { LOBBY } from "../core/rooms/rooms.ts";
import { banTarget } from "../ui/commands.ts";
import { ENGLISH } from "../ui/messages/en/page.ts";
import { serverRuleFacts } from "../ui/text/rules-text.ts";
import { ROOM_CREATORS, WHO_ON_SERVER } from "../wire/field.ts";
import { parseServerSpec, quoteInvite } from "../wire/invite.ts";
import { accounts, add } from "./admin/accounts.ts";
import { groups, removeGroups } from "./admin/groups.ts";
import * as lists from "./admin/lists.ts";
import { log } from "./admin/log.ts";
import { reset } from "./admin/reset.ts";
import { room } from "./admin/room.ts";
import { webhook } from "./admin/webhook.ts";

const FOR_FLAG = durationFlag("Duration: 30s, 10m, 2h or 7d (Default: permanent)");

/** Everything that a server expires or deletes by time. */
const WAITS = ["retention", "invites", "bans", "mutes", "resets", "uploads", "key-packages"];

const DIRECTIONS = ["up", "down"] as const;

const cancel = operatorVerb({
  summary: "Cancel a transfer",
  examples: ["chat admin cancel fAB12CD34EF56GH78 bob"],
  args: {
    id: argument("File ID, as listed by chat admin transfers"),
    name: argument("User who uploads or downloads it", { parse: userNameOf }),
    direction: enumFlag([...DIRECTIONS], "Only uploads (up) or downloads (down)", {
      valueHint: "WAY",
    }),
  },
  details: "Removes the incomplete upload of a file that is being sent.",
  async run({ id, name: user, direction: only }, { client, context }) {
    let notFound: unknown;
    let cancelled = 0;
    for (const direction of only === undefined ? DIRECTIONS : [only]) {
      try {
        await client.request("cancel", { file: id, user, direction });
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== "not-found") throw error;
        notFound = error;
        continue;
      }
      cancelled++;
      const transfer = direction === "up" ? "upload" : "download";
      const line = { kind: "cancelled", id, user, direction };
      printResult(context, line, `cancelled the ${transfer} of ${id} by ${user}`);
    }
    if (cancelled === 0) throw notFound;
    return 0;
  },
});

const clock = operatorVerb({
  summary: "Show or accept the server's clock",
  examples: ["chat admin clock", "chat admin clock accept"],
  args: {
    action: argument("accept: the clock is right (Default: show the current state)", {
      required: false,
      choices: ["accept"],
    }),
  },
  details:
    "A server that has been off for more than a day waits a day before anything expires. " +
    "Accept the clock only if it is right: what expires is deleted.",
  isQuery: ({ action }) => action === undefined,
  async run({ action }, { client, context }) {
    const status = await client.request("clock", action === undefined ? {} : { accept: true });
    const { plausible, now, newest } = status;
    const times = { now: formatUtc(now), newest: formatUtc(newest) };
    const json = { kind: "clock", plausible, ...times, waits: plausible ? [] : WAITS };
    const text = plausible ? "the clock is plausible" : clockText(status);
    return printData(context, json, `${text}\n`);
  },
});

const announce = operatorVerb({
  summary: "Publish or withdraw an announcement",
  examples: ["chat admin announce 'We move at noon.'", "chat admin announce --withdraw"],
  args: {
    text: argument("Announcement text", { required: false, parse: (text: string) => text.trim() }),
    withdraw: flag("Withdraw the announcement"),
  },
  details: "Users see it above their rooms until it is replaced or withdrawn.",
  check({ text = "", withdraw }) {
    if ((text === "") === withdraw) return;
    throw new Fault("usage", "specify either a text or --withdraw", {
      remedy: "usage: chat admin announce 'TEXT', or chat admin announce --withdraw",
    });
  },
  async run({ text = "", withdraw }, { client }) {
    await client.request("announce", { text });
    return withdraw
      ? { json: { kind: "announcement-withdrawn" }, text: "announcement withdrawn" }
      : { json: { kind: "announcement", text }, text: "announcement published" };
  },
});

const EVEN_LAST = { evenLast: flag("Also the only moderator of a room that needs one") } as const;

/**
 * Asks before a room remains without a moderator.
 * @throws {Fault} last-moderator in a script
 */
async function despiteLast<Answer>(
  { terminal }: Context,
  evenLast: boolean,
  send: (isAllowed: boolean) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await send(evenLast);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "last-moderator") throw error;
    const { message } = error;
    if (await terminal?.confirm(`${message}. Nobody will see what members hand in. Continue?`))
      return send(true);
    const remedy = "make somebody else a moderator (chat admin grant), or add --even-last";
    throw new Fault("last-moderator", message, { remedy });
  }
}

const CHOSEN_ROOM = stringFlag("ROOM", "Room", { parse: roomNameOf, alias: "r" });

/** @throws {Fault} usage without a room: a default would be the room of everybody */
function chosenRoom(verb: string, user: string, room: string | undefined): string {
  if (room !== undefined) return room;
  throw new Fault("usage", msg`missing --room: the room to ${verb} ${user} in`, {
    remedy: msg`name the room: ${`chat admin ${verb} ${user} --room ROOM`}`,
  });
}

const kickUser = operatorVerb({
  summary: "Remove a user from a room",
  examples: ["chat admin kick bob --room lab"],
  args: {
    name: USER_ARGUMENT,
    room: CHOSEN_ROOM,
    reason: stringFlag("TEXT", "Shown in the room"),
    ...EVEN_LAST,
  },
  check: ({ name, room }) => void chosenRoom("kick", name, room),
  async run({ name: user, room: named, reason, evenLast }, { client, context }) {
    const room = chosenRoom("kick", user, named);
    const seq = await despiteLast(context, evenLast, (isAllowed) =>
      client.actions.kick(room, user, reason, isAllowed),
    );
    return {
      json: { kind: "kicked", user, room, seq, reason },
      text: `removed ${user} from ${room}; undo: chat admin add ${user} --room ${room}`,
    };
  },
});

const mute = operatorVerb({
  summary: "Mute a user in a room",
  examples: ["chat admin mute bob --room lab --for 10m"],
  args: { name: USER_ARGUMENT, room: CHOSEN_ROOM, for: FOR_FLAG },
  check: ({ name, room }) => void chosenRoom("mute", name, room),
  async run({ name: user, room: named, for: forMs }, { client, context }) {
    const room = chosenRoom("mute", user, named);
    const until = defined({ until: expiryOf(context, forMs) });
    const { seq } = await client.request("mute", { room, user, on: true, ...until });
    const json = { kind: "muted", user, room, seq, ...withUtcTime(until, "until") };
    const time = until.until && formatLocal(until.until, context.offsetMinutes);
    const end = time === undefined ? "" : ` until ${time}`;
    const undo = `undo: chat admin unmute ${user} --room ${room}`;
    return { json, text: `${user} is muted in ${room}${end}; ${undo}` };
  },
});

const unmute = operatorVerb({
  summary: "Unmute a user",
  examples: ["chat admin unmute bob --room lab"],
  args: { name: USER_ARGUMENT, room: ROOM_FLAG },
  async run({ name: user, room }, { client }) {
    const { seq } = await client.request("mute", { room, user, on: false });
    return { json: { kind: "unmuted", user, room, seq }, text: `${user} is unmuted in ${room}` };
  },
});

const ROLE_ARGS = {
  name: USER_ARGUMENT,
  room: stringFlag("ROOM", "Room to moderate (Default: operator of the server)", {
    parse: roomNameOf,
    alias: "r",
  }),
} as const;

function roleVerb(on: boolean, summary: string, examples: readonly string[]): VerbRow {
  return operatorVerb({
    summary,
    examples,
    args: ROLE_ARGS,
    async run({ name: user, room }, { client }) {
      if (room === undefined) await client.request("grant", { user, on });
      else await client.actions.grant(room, user, on);
      const role = room === undefined ? "operator" : "moderator";
      const roomText = room === undefined ? "" : ` of ${room}`;
      return {
        json: { kind: on ? "granted" : "revoked", user, role, room },
        text: `${user} is ${on ? "now" : "no longer"} ${role}${roomText}`,
      };
    },
  });
}

const BANNED_ARGUMENT = argument("User name, or address as in the output of chat serve");

const ban = operatorVerb({
  summary: "Ban an account or an address",
  examples: ["chat admin ban bob --for 2h --reason 'Cool down.'", "chat admin ban 192.0.2.9"],
  args: {
    target: BANNED_ARGUMENT,
    for: FOR_FLAG,
    reason: stringFlag("TEXT", "Shown to the banned user"),
    ...EVEN_LAST,
  },
  details: "For an IPv6 address, its whole /64 network is banned. This machine cannot be banned.",
  async run({ target, for: forMs, reason, evenLast }, { client, context }) {
    const until = expiryOf(context, forMs);
    const fields = { ...banTarget(target), ...defined({ until, reason }) };
    await despiteLast(context, evenLast, (isAllowed) =>
      client.request("ban", { ...fields, on: true, ...(isAllowed && { evenLast: true }) }),
    );
    return {
      json: { kind: "banned", ...withUtcTime(fields, "until") },
      text: `${target} is banned`,
    };
  },
});

const unban = operatorVerb({
  summary: "Unban an account or address",
  examples: ["chat admin unban bob"],
  args: { target: BANNED_ARGUMENT },
  async run({ target }, { client }) {
    await client.request("ban", { ...banTarget(target), on: false });
    return { json: { kind: "unbanned", ...banTarget(target) }, text: `${target} is unbanned` };
  },
});

const erase = defineVerb({
  args: {
    seq: argument("Message numbers, as in chat history --json, or IDs of unfinished uploads", {
      many: true,
      required: false,
      valueHint: "SEQ",
      parse: parseErased,
    }),
    ...ADMIN_FLAGS,
    file: stringFlag("ID", "Only this file of the message, which stays", {
      many: true,
      parse: parseFileId,
    }),
    user: stringFlag(
      "NAME",
      "Without numbers: delete everything by this user; with numbers: your user name",
    ),
    ...YES_FLAG,
  },
  details:
    "Text is overwritten on the server's disk, and files are removed. Copies on other devices " +
    "stay. Everything by a user includes unfinished uploads.",
  async run(args, context) {
    const files = args.file;
    if (files.length > 0 && (args.seq.length !== 1 || typeof args.seq[0] !== "number")) {
      throw usageFault("--file needs one message", "specify its number");
    }
    if (args.seq.length > 0) {
      return withOperator(context, args, async ({ client }) => {
        for (const seq of args.seq) {
          if (typeof seq === "string") {
            const user = await eraseUpload(client, seq);
            const line = { kind: "erased", id: seq, user };
            printResult(context, line, `deleted the unfinished upload ${seq} of ${user}`);
            continue;
          }
          if (files.length > 0) {
            const { seq: by } = await client.request("erase", { seq, files: [...files] });
            const text = `deleted ${counted(files.length, "file")} of message ${seq}`;
            printResult(context, { kind: "erased-files", seq, files, by }, text);
            continue;
          }
          const { seq: by } = await client.request("erase", { seq });
          printResult(context, { kind: "erased", seq, by }, `deleted message ${seq}`);
        }
        return 0;
      });
    }
    if (args.user === undefined) {
      throw new Fault("usage", "no messages given", {
        remedy: "specify numbers from chat history --json, or --user NAME for everything by a user",
      });
    }
    const user = userNameOf(args.user);
    const yes = args.yes || context.terminal === undefined;
    if (!(await confirmAction(context, { yes }, `Delete everything ${user} posted?`))) return 130;
    return withOperator(context, { ...args, user: undefined }, async ({ client }) => {
      const erased = await eraseAll(context, client, { user });
      const line = { kind: "erased-all", user, erased };
      return printResult(context, line, `deleted ${counted(erased, "message")} by ${user}`);
    });
  },
});

function parseFileId(text: string): FileId {
  if (isFileId(text)) return text;
  throw usageFault(msg`'${text}' is not the id of a file`, "see chat files --json");
}

function parseErased(text: string): number | FileId {
  return isFileId(text) ? text : parseSeq(text);
}

/** @throws {Fault} file-unknown if there is no such upload; usage if it is posted */
async function eraseUpload(client: Client, file: FileId): Promise<string> {
  const order = { sort: "time", reverse: false };
  const found = (await lists.allFiles(client, order)).find((entry) => entry.file === file);
  if (found === undefined) {
    throw new Fault("file-unknown", msg`no unfinished upload ${file}`, {
      remedy: "list them: chat admin files",
    });
  }
  if (found.unfinished === undefined) {
    const [seq] = found.seqs;
    throw usageFault(
      msg`${file} is not an unfinished upload`,
      seq === undefined
        ? "ask its sender to delete it"
        : `delete it: chat admin erase ${seq} --file ${file}`,
    );
  }
  await client.request("cancel", { file, user: found.user, direction: "up" });
  return found.user;
}

function parseSeq(text: string): number {
  const seq = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(seq)) return seq;
  throw usageFault(
    `invalid message number: '${text.slice(0, 40)}'`,
    "list them: chat history --json",
  );
}

const RETENTION_LIMITS = { min: RETENTION_MS_MIN, max: RETENTION_MS_MAX, alternative: "off" };

const retention = operatorVerb({
  summary: "Set how long a room keeps messages and files",
  examples: ["chat admin retention lab 90d", "chat admin retention lab off"],
  args: {
    room: argument("Room name", { parse: roomNameOf }),
    keep: argument("Retention time: 30m, 12h, 90d, or off", {
      parse: (text: string) => (text === "off" ? 0 : parseDuration(text, RETENTION_LIMITS)),
    }),
  },
  details:
    "Older messages, reactions and files are deleted from the server. Members see this in the " +
    "room header. Turning retention off does not restore deleted data.",
  async run({ room, keep: keepMs }, { client }) {
    const fields = keepMs === 0 ? {} : { keepMs };
    const { seq } = await client.request("retention", { room, ...fields });
    const text =
      keepMs === 0
        ? `${room} keeps messages permanently`
        : `messages in ${room} are deleted after ${formatDuration(keepMs)}`;
    return { json: { kind: "retention", room, ...fields, seq }, text };
  },
});

const invite = operatorVerb({
  summary: "Create an invite",
  examples: ["chat admin invite --uses 20 --expires 7d", "chat admin invite --post build"],
  args: {
    uses: stringFlag("N", "Maximum uses; 0 = unlimited", {
      integer: { min: 0, max: 1_000_000 },
      default: "1",
    }),
    expires: durationFlag("Lifetime: 30s, 10m, 2h or 7d"),
    room: stringFlag("ROOM", "Room to open", { parse: parseRoom }),
    post: stringFlag("ROOM", "Create a token to post to this room over HTTP", { parse: parseRoom }),
    read: stringFlag("ROOM", "Create a token to read this room over HTTP; with --post for both", {
      parse: parseRoom,
    }),
  },
  check({ room, post, read }) {
    if (room === undefined || (post ?? read) === undefined) return;
    const other = post === undefined ? "--read" : "--post";
    throw usageFault(`--room and ${other} cannot be combined`, "use only one of them");
  },
  async run({ uses, expires: forMs, room, post, read }, operator) {
    const { client, context } = operator;
    const expires = defined({ expires: expiryOf(context, forMs) });
    const until = withUtcTime(expires, "expires");
    if ((post ?? read) !== undefined) {
      const rooms = defined({ post, read });
      const { invite, token } = await client.request("invite", { ...rooms, ...expires });
      const json = { kind: "invite", invite, token, ...rooms, ...until };
      return printData(context, json, `${token}\n`);
    }
    const limits = defined({ uses: uses || undefined, room });
    const { invite, token } = await client.request("invite", { ...limits, ...expires });
    const url = inviteUrl(context, operator, { token, room: room ?? LOBBY });
    const json = { kind: "invite", invite, token, url, ...until };
    return printData(context, json, `${quoteInvite(parseServerSpec(url))}\n`);
  },
});

const ircPassword = operatorVerb({
  summary: "Create, list or revoke passwords for a user's IRC clients",
  examples: [
    "chat admin irc-password ana --label WeeChat",
    "chat admin irc-password ana --list",
    "chat admin irc-password ana --revoke 57",
  ],
  args: {
    name: USER_ARGUMENT,
    label: stringFlag("TEXT", "Name of the IRC client, shown in the list"),
    list: flag("List IRC passwords"),
    revoke: stringFlag("ID", "Revoke this IRC password", {
      integer: { min: 1, max: Number.MAX_SAFE_INTEGER },
    }),
  },
  details: "Prints a random password for one IRC client of the user. It cannot be shown again.",
  check({ label, list, revoke }) {
    if ([label !== undefined, list, revoke !== undefined].filter(Boolean).length < 2) return;
    throw usageFault("--label, --list and --revoke cannot be combined", "use only one of them");
  },
  async run({ name, label, list, revoke: id }, operator) {
    const { client, context } = operator;
    if (list) return listIrcPasswords(operator, name);
    if (id !== undefined) {
      await client.request("irc-password-revoke", { user: name, id });
      const json = { kind: "irc-password-revoked", user: name, id };
      return { json, text: `revoked IRC password ${id} of ${name}` };
    }
    const fields = defined({ user: name, label });
    const { user, id: newId, password } = await client.request("irc-password", fields);
    const json = { kind: "irc-password", ...fields, user, id: newId, password };
    printData(context, json, `${password}\n`);
    if (!context.json) {
      printNotice(context, `IRC password ${newId} of ${user}; it cannot be shown again`);
    }
    return 0;
  },
});

async function listIrcPasswords({ client, context }: Operator, name: string): Promise<number> {
  const style = styleOf(context);
  const { user, passwords } = await client.request("irc-passwords", { user: name });
  const entries = passwords.map(({ since, ...entry }) => {
    return { user, ...entry, since: formatTimestamp(since, style) };
  });
  return printList(context, entries, {
    json: (entry) => ({ kind: "irc-password", ...entry }),
    columns: {
      id: ({ id }) => id,
      since: ({ since }) => since,
      online: ({ online }) => (online ? "online" : "offline"),
      label: ({ label }) => label,
    },
  });
}

const signOut = operatorVerb({
  summary: "Sign out all devices of a user",
  examples: ["chat admin sign-out bob"],
  args: { name: USER_ARGUMENT },
  details:
    "All devices need the password to sign in again, and IRC passwords stop working. If there is " +
    "no password, first run chat admin reset NAME --sign-out.",
  question: ({ name }) => `Sign out all devices of ${name}?`,
  async run({ name: user }, { client }) {
    await client.request("sign-out", { user });
    return { json: { kind: "signed-out", user }, text: `signed out all devices of ${user}` };
  },
});

const rename = operatorVerb({
  summary: "Rename an account",
  examples: ["chat admin rename bob robert"],
  args: {
    name: USER_ARGUMENT,
    to: argument("New name", { parse: userNameOf }),
    quiet: flag("Leave no notice of the old name in rooms"),
  },
  details:
    "Their devices stay signed in, and the old name still works. Each of their rooms has a " +
    "notice, which moderators can delete with /erase SEQ.",
  async run({ name: user, to, quiet }, { client }) {
    await client.request("rename", { user, to, ...(quiet && { quiet }) });
    return { json: { kind: "renamed", user, name: to }, text: `renamed ${user} to ${to}` };
  },
});

const displayName = operatorVerb({
  summary: "Set the display name of a user",
  examples: ["chat admin display-name bob 'Bob Ruíz'"],
  args: {
    name: USER_ARGUMENT,
    text: argument("Display name (Default: none)", { required: false }),
  },
  details: "Others see it in place of the account name, which stays the name to mention and type.",
  async run({ name: user, text: typed = "" }, { client }) {
    const name = typed === "" ? "" : checkDisplayName(typed);
    const { text } = await client.request("display-name", { user, text: name });
    const result = text === "" ? `removed the display name of ${user}` : `${user} is now ${text}`;
    return { json: { kind: "display-name", user, text }, text: result };
  },
});

const remove = operatorVerb({
  summary: "Remove an account",
  examples: ["chat admin remove bob"],
  args: { name: USER_ARGUMENT, ...EVEN_LAST },
  details: "Their messages stay under their name. To block a user temporarily: chat admin ban.",
  question: ({ name }) => `Permanently remove the account ${name}?`,
  async run({ name: user, evenLast }, { client, context }) {
    await despiteLast(context, evenLast, (isAllowed) =>
      client.request("remove", { user, ...(isAllowed && { evenLast: true }) }),
    );
    return { json: { kind: "removed", user }, text: `removed the account ${user}` };
  },
});

const registration = operatorVerb({
  summary: "Show, close or open registration",
  examples: ["chat admin registration closed"],
  args: {
    state: argument("open or closed (Default: show the current state)", {
      required: false,
      choices: ["open", "closed"],
    }),
  },
  details: "If closed, new users need an invite. Existing accounts sign in as before.",
  isQuery: ({ state }) => state === undefined,
  async run({ state }, { client, context }) {
    const change = state === undefined ? {} : { closed: state === "closed" };
    const { closed } = await client.request("registration", change);
    const text = closed ? "closed\n" : "open\n";
    return printData(context, { kind: "registration", closed }, text);
  },
});

const rules = operatorVerb({
  summary: "Show or change the rules of the server",
  examples: ["chat admin rules --direct moderators --rooms operators"],
  args: {
    direct: enumFlag([...WHO_ON_SERVER], "From and to whom direct messages are possible", {
      valueHint: "WHO",
    }),
    rooms: enumFlag([...ROOM_CREATORS], "Who may create rooms", { valueHint: "WHO" }),
    files: enumFlag([...WHO_ON_SERVER], "Who may send files", { valueHint: "WHO" }),
  },
  details:
    "Without flags, shows the rules. For direct messages, a moderator is one who moderates a " +
    "room that the other person is in. For a room's rules: chat admin room ROOM.",
  isQuery: ({ direct, rooms, files }) => (direct ?? rooms ?? files) === undefined,
  async run({ direct, rooms, files }, { client, context }) {
    const change = defined({ direct, rooms, files });
    const answer = await client.request("server-rules", change);
    const lines = serverRuleFacts(answer.rules, ENGLISH).map((fact) => `${fact.join(": ")}\n`);
    return printData(context, { kind: "server-rules", ...answer.rules }, lines.join(""));
  },
});

export const command = defineGroup({
  accounts,
  add,
  rooms: lists.adminRooms,
  groups,
  files: lists.adminFiles,
  clients: lists.clients,
  transfers: lists.transfers,
  cancel,
  clock,
  stats: lists.stats,
  log,
  announce,
  kick: kickUser,
  mute,
  unmute,
  grant: roleVerb(true, "Make a user an operator, or a moderator with --room", [
    "chat admin grant ana",
    "chat admin grant bob --room lab",
  ]),
  revoke: roleVerb(false, "Remove a user as operator or moderator", [
    "chat admin revoke bob --room lab",
  ]),
  ban,
  unban,
  bans: lists.bans,
  erase: verbRow("Delete messages, or everything a user posted", erase, [
    "chat admin erase 12 13",
    "chat admin erase 12 --file fq3Lr9mVt0sX",
    "chat admin erase --user bob",
  ]),
  retention,
  invite,
  invites: lists.invites,
  webhook,
  reset,
  "irc-password": ircPassword,
  "sign-out": signOut,
  rename,
  "display-name": displayName,
  remove,
  "remove-groups": removeGroups,
  room,
  registration,
  rules,
});
