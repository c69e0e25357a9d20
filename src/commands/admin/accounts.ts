/** `chat admin accounts`, which lists, imports and exports accounts, and `chat admin add`. */

import { CSV_MARK, formatCsv } from "../../base/csv.ts";
import { asFault, Fault, msg } from "../../base/fault.ts";
import { defined } from "../../base/values.ts";
import { argument, enumFlag, flag, stringFlag } from "../../cli/command.ts";
import {
  durationFlag,
  type Operator,
  operatorVerb,
  ROOM_FLAG,
  roomNameOf,
  userNameOf,
} from "../../cli/connect/operator.ts";
import { usageFault } from "../../cli/errors.ts";
import { YES_FLAG } from "../../cli/flags.ts";
import { printData, printList, printResult, sizeCell, timeCell } from "../../cli/output/result.ts";
import { BulkRequests } from "../../client/link/bulk.ts";
import { allAccounts } from "../../client/link/lists.ts";
import type { SendRequest } from "../../client/link/queries.ts";
import { SKIPPED_CODES } from "../../client/put-in.ts";
import { withUtcTime } from "../../core/duration.ts";
import { isSameName } from "../../core/model/item.ts";
import { type AccountEntry, classListOf } from "../../core/people/class-list.ts";
import { ENGLISH } from "../../ui/messages/en/page.ts";
import { importList } from "./import.ts";
import { LIST_FLAGS } from "./lists.ts";

const ARGS = {
  action: argument("import or export (Default: list)", {
    required: false,
    choices: ["import", "export"],
  }),
  file: argument(
    "List to import: CSV with id, name, display name, rooms and role, or one name per line",
    { required: false },
  ),
  cards: stringFlag("FILE", "Import: write a page to print, with a sign-in code per new person"),
  instructions: flag("Import: print instructions with the cards"),
  renew: flag("Import: new codes for people who have not signed in yet"),
  expires: durationFlag("Import: lifetime of the codes (Default: 7d)"),
  dryRun: flag("Import: only show what would change"),
  account: stringFlag("NAME", "Import: confirm the account that a question names", {
    many: true,
    parse: userNameOf,
  }),
  room: stringFlag("ROOM", "Import: confirm the room that a question names", {
    many: true,
    parse: roomNameOf,
  }),
  newRoom: stringFlag("ROOM", "Import: make a new room, though another had the name before", {
    many: true,
    parse: roomNameOf,
  }),
  plan: stringFlag("CODE", "Import: refuse if the changes are not those of this dry run"),
  sort: enumFlag(
    ["name", "since", "seen", "devices", "bytes"],
    "Sort by name, registration, last visit, devices, or file size",
    { default: "name", valueHint: "ORDER" },
  ),
  online: flag("Only online users"),
  ...LIST_FLAGS,
} as const;

export const accounts = operatorVerb({
  summary: "List, import or export accounts",
  examples: [
    "chat admin accounts --sort seen --json",
    "chat admin accounts import class.csv --cards cards.html",
    "chat admin accounts export",
  ],
  args: ARGS,
  details:
    "An import creates missing accounts, each with a code to sign in once and set a password, " +
    "creates missing rooms, adds people to rooms, and sets display names and roles. " +
    "A room with :moderator after it makes a person its moderator. " +
    "If a line has a problem, all problems are named and nothing changes. " +
    "A person is the account whose id or name the line has. If only the display name or a former " +
    "name fits, or somebody else made the room, the import asks and changes nothing: " +
    "write the account's name, or confirm with --account, --room or --new-room. " +
    "A line with the name #7a and the room 8a renames a room; the role left closes a room or " +
    "removes an account. " +
    "Importing the same list again changes only what differs, and removes nobody from a room. " +
    "People who have left a room are not added to it again.",
  isQuery: ({ action, dryRun }) => action !== "import" || dryRun,
  check(args) {
    const { action, file, cards, instructions, renew, expires, dryRun } = args;
    const { account, room, newRoom, plan } = args;
    if ((action === "import") !== (file !== undefined)) {
      throw usageFault("specify a list to import", "chat admin accounts import class.csv");
    }
    if (instructions && action === "import" && cards === undefined)
      throw usageFault("--instructions needs --cards", "add --cards FILE");
    if (action === "import") return;
    const isConfirming = account.length + room.length + newRoom.length > 0;
    const isMaking = renew || instructions || (cards ?? expires ?? plan) !== undefined;
    if (isMaking || dryRun || isConfirming)
      throw usageFault("these flags need import", "chat admin accounts import class.csv");
  },
  async run(args, operator) {
    const { client, context } = operator;
    if (args.action === "import") return importList(operator, args, args.file ?? "");
    const isExport = args.action === "export";
    const all = await allAccounts(client.request, args, isExport);
    const items = all.filter(({ online, removed }) => removed !== true && (online || !args.online));
    if (isExport) {
      const rows = items.map(({ user, displayName, rooms, moderates, operator, externalId }) => {
        const id = defined({ id: externalId });
        return { kind: "account", user, ...id, displayName, rooms, moderates, operator };
      });
      const text = CSV_MARK + formatCsv(classListOf(items));
      return printData(context, { kind: "accounts", accounts: rows }, text);
    }
    return printList(context, items, {
      json: ({ bytes, unfinishedBytes, externalId, ...entry }) => ({
        kind: "account",
        ...withUtcTime(withUtcTime(entry, "since"), "seen"),
        sizeBytes: bytes,
        unfinishedBytes,
        ...defined({ id: externalId }),
      }),
      columns: {
        user: ({ user }) => user,
        state: ({ online, banned }) => (banned ? "banned" : online ? "online" : "offline"),
        role: ({ operator: isOperator }) => (isOperator ? "operator" : "member"),
        seen: ({ seen }, style) => timeCell(seen, style),
        since: ({ since }, style) => timeCell(since, style),
        devices: ({ devices }) => devices,
        password: ({ password }) => (password ? "yes" : "no"),
        files: ({ bytes }, style) => sizeCell(bytes, style),
        unfinished: ({ unfinishedBytes }, style) => sizeCell(unfinishedBytes, style),
        id: ({ externalId = "" }) => externalId,
      },
    });
  },
});

export const add = operatorVerb({
  summary: "Add people to a room",
  examples: [
    "chat admin add ana ben --room lab",
    "chat admin add --from math --room essay",
    "chat admin add --everyone --room lab",
  ],
  args: {
    name: argument("User names", { many: true, required: false, parse: userNameOf }),
    from: stringFlag("ROOM", "Everyone in this room", { parse: roomNameOf }),
    everyone: flag("Everyone with an account"),
    room: ROOM_FLAG,
    ...YES_FLAG,
  },
  details:
    "They become members without being asked. The room shows who added them. With --from or " +
    "--everyone, a terminal asks before it adds anybody.",
  check({ name, from, everyone }) {
    if (Number(everyone) + Number(from !== undefined) + Number(name.length > 0) === 1) return;
    throw usageFault(
      "specify names, --from or --everyone",
      "chat admin add --from math --room essay",
    );
  },
  async run({ name, from, everyone, room, yes }, { client, context }) {
    context.continueWithoutOutput();
    if (from !== undefined || everyone) {
      const people = await peopleIn(client.request, from);
      const question = ENGLISH.askPutIn(people.length, `#${room}`, true);
      const isAsked = !yes && context.terminal !== undefined && people.length > 0;
      if (isAsked && !(await context.terminal.confirm(question))) return 130;
      return await addAll(people, room, { client, context });
    }
    const users = name;
    const faults: unknown[] = [];
    const send = (user: string) => client.request("add", { room, user });
    const requests = new BulkRequests(context.clock);
    for await (const { item: user, answer, fault } of requests.each(users, send)) {
      if (answer === undefined) faults.push(fault);
      else {
        const { joined } = answer;
        const text = joined ? `${user} added to ${room}` : `${user} is already in ${room}`;
        printResult(context, { kind: "added", user, room, joined }, text);
      }
    }
    if (faults.length > 0) throw faults[0];
    return 0;
  },
});

/** Returns the people of a room, or everyone with an account. */
async function peopleIn(request: SendRequest, room: string | undefined): Promise<string[]> {
  const accounts = await allAccounts(request, { reverse: false, sort: "name" }, true);
  const isIn = ({ rooms = [] }: AccountEntry) =>
    room === undefined || rooms.some((entry) => isSameName(entry, room));
  const people = accounts.filter((entry) => entry.removed !== true && isIn(entry));
  if (people.length > 0) return people.map(({ user }) => user);
  throw new Fault("room-unknown", msg`nobody is in '${room ?? ""}'`, {
    remedy: "see the rooms: chat admin rooms",
  });
}

/** Adds people, and prints one sum. Those who are removed meanwhile are skipped. */
async function addAll(
  users: readonly string[],
  room: string,
  { client, context }: Pick<Operator, "client" | "context">,
): Promise<number> {
  const counts = { added: 0, present: 0, skipped: 0 };
  let fault: unknown;
  const send = (user: string) => client.request("add", { room, user });
  const requests = new BulkRequests(context.clock);
  for await (const { item: user, answer, fault: refusal } of requests.each(users, send)) {
    if (answer !== undefined && context.json)
      printResult(context, { kind: "added", user, room, joined: answer.joined }, "");
    if (answer?.joined === true) counts.added++;
    else if (answer !== undefined) counts.present++;
    else if (SKIPPED_CODES.has(asFault(refusal).code)) counts.skipped++;
    else fault ??= refusal;
  }
  const text = `${room}: ${ENGLISH.putIn({ invited: 0, ...counts })}`;
  printResult(context, { kind: "put-in", room, ...counts }, text);
  if (fault !== undefined) throw fault;
  return 0;
}
