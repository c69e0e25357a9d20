/** `chat admin accounts`, which lists, imports and exports accounts, and `chat admin add`. */

import { formatCsv } from "../../base/csv.ts";
import { Fault } from "../../base/fault.ts";
import { RESET_MS_MAX } from "../../base/limits.ts";
import { counted } from "../../base/sizes.ts";
import { formatUtc } from "../../base/time.ts";
import { argument, enumFlag, flag, stringFlag } from "../../cli/command.ts";
import { BulkRequests } from "../../cli/connect/bulk.ts";
import { externalAddress, resetPage } from "../../cli/connect/invite.ts";
import {
  durationFlag,
  expiryOf,
  type Operator,
  operatorVerb,
  ROOM_FLAG,
  userNameOf,
} from "../../cli/connect/operator.ts";
import { printNotice } from "../../cli/context.ts";
import { usageFault } from "../../cli/errors.ts";
import { OutputFile } from "../../cli/export/output-file.ts";
import { CounterLine } from "../../cli/output/progress.ts";
import { printData, printList, printResult, sizeCell, timeCell } from "../../cli/output/result.ts";
import { withUtcTime } from "../../core/duration.ts";
import { readNamedFile } from "../../io/disk/data-folder.ts";
import { formatAddress } from "../../wire/invite.ts";
import { type Card, formatCards } from "./cards.ts";
import { type Change, changesFor, classListOf, parseClassList } from "./class-list.ts";
import { allAccounts, allRooms, LIST_FLAGS } from "./lists.ts";

const LIST_BYTES_MAX = 8 << 20;

const ARGS = {
  action: argument("import or export (Default: list)", {
    required: false,
    choices: ["import", "export"],
  }),
  file: argument(
    "List to import: CSV with name, display name, rooms and role, or one name per line",
    { required: false },
  ),
  cards: stringFlag("FILE", "Import: write a page to print, with a sign-in code per new person"),
  renew: flag("Import: new codes for people who have not signed in yet"),
  expires: durationFlag("Import: lifetime of the codes (Default: 7d)"),
  dryRun: flag("Import: only show what would change"),
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
    "Importing the same list again changes only what differs, and removes nobody from a room.",
  isQuery: ({ action }) => action !== "import",
  check({ action, file, cards, renew, expires, dryRun }) {
    if ((action === "import") !== (file !== undefined)) {
      throw usageFault("specify a list to import", "chat admin accounts import class.csv");
    }
    if (action === "import") return;
    if (renew || dryRun || (cards ?? expires) !== undefined)
      throw usageFault("these flags need import", "chat admin accounts import class.csv");
  },
  async run(args, operator) {
    const { client, context } = operator;
    if (args.action === "import") return await new Import(operator, args).run(args.file ?? "");
    const isExport = args.action === "export";
    const all = await allAccounts(client, args, isExport);
    const items = args.online ? all.filter(({ online }) => online) : all;
    if (isExport) {
      const rows = items.map(({ user, displayName, rooms, moderates, operator: isOperator }) => {
        return { kind: "account", user, displayName, rooms, moderates, operator: isOperator };
      });
      const text = formatCsv(classListOf(items));
      return printData(context, { kind: "accounts", accounts: rows }, text);
    }
    return printList(context, items, {
      json: ({ bytes, unfinishedBytes, ...entry }) => ({
        kind: "account",
        ...withUtcTime(withUtcTime(entry, "since"), "seen"),
        sizeBytes: bytes,
        unfinishedBytes,
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
      },
    });
  },
});

interface ImportFlags {
  readonly cards?: string | undefined;
  readonly renew: boolean;
  readonly expires?: number | undefined;
  readonly dryRun: boolean;
}

class Import {
  readonly #server;
  readonly #cards = new Map<string, Card>();
  readonly #displayNames = new Map<string, string | undefined>();
  readonly #faults = new Map<Change, unknown>();

  constructor(
    private readonly operator: Operator,
    private readonly flags: ImportFlags,
  ) {
    this.#server = externalAddress(operator.context, operator);
  }

  async run(path: string): Promise<number> {
    const { client, context } = this.operator;
    const { dryRun } = this.flags;
    const people = parseClassList(readNamedFile(path, LIST_BYTES_MAX) ?? missing(path));
    for (const { name, displayName } of people) this.#displayNames.set(name, displayName);
    const order = { reverse: false, sort: "name" };
    const changes = changesFor(people, {
      accounts: await allAccounts(client, order, true),
      rooms: (await allRooms(client, order)).map(({ room }) => room),
      me: client.user,
      renews: this.flags.renew,
    });
    if (!dryRun) await this.#applyWithCards(changes);
    for (const change of changes) if (!this.#faults.has(change)) this.#print(change);
    const done = changes.length - this.#faults.size;
    const json = { kind: "imported", people: people.length, changes: done, dryRun };
    const text = `${counted(people.length, "name")}, ${counted(done, "change")}`;
    printResult(context, json, dryRun ? `${text} to make` : text);
    for (const fault of this.#faults.values()) throw fault;
    return 0;
  }

  /** Opens the file first, because codes that cannot be written are lost. */
  async #applyWithCards(changes: readonly Change[]): Promise<void> {
    const { cards } = this.flags;
    if (cards === undefined) return this.#applyAll(changes);
    const file = new OutputFile(cards, { existing: "replace" });
    try {
      await this.#applyAll(changes);
      if (this.#cards.size > 0) this.#writeCards(file);
    } finally {
      file.discard();
    }
  }

  /** Each kind of change may need those before it. */
  async #applyAll(changes: readonly Change[]): Promise<void> {
    const { context } = this.operator;
    const progress = new CounterLine(context);
    const requests = new BulkRequests(context.clock);
    let done = 0;
    for (const group of Object.values(Object.groupBy(changes, ({ kind }) => kind))) {
      const send = (change: Change) => this.#apply(change);
      for await (const { item: change, fault } of requests.each(group, send)) {
        if (fault !== undefined) this.#faults.set(change, fault);
        done += 1;
        progress.update(() => `${done} of ${changes.length}`);
      }
    }
    progress.end();
  }

  async #apply(change: Change): Promise<void> {
    const { client, context } = this.operator;
    const expires = context.clock.unixMs() + RESET_MS_MAX - 1_000;
    const code = { expires: expiryOf(context, this.flags.expires) ?? expires };
    switch (change.kind) {
      case "create-room":
        await client.request("join", { room: change.room, create: true });
        return;
      case "create-account":
        return this.#addCard(await client.request("enrol", { user: change.user, ...code }));
      case "renew-code":
        return this.#addCard(await client.request("reset", { user: change.user, ...code }));
      case "display-name":
        await client.request("display-name", { user: change.user, text: change.text });
        return;
      case "add":
        await client.request("add", { room: change.room, user: change.user });
        return;
      default: {
        const { user, on, room } = change;
        if (room === undefined) await client.request("grant", { user, on });
        else await client.actions.grant(room, user, on);
      }
    }
  }

  #addCard({ user, token, expires }: { user: string; token: string; expires: number }): void {
    const displayName = this.#displayNames.get(user);
    const web = resetPage(this.#server, token);
    this.#cards.set(user, { user, displayName, code: token, web, expires });
  }

  #writeCards(file: OutputFile): void {
    file.write(formatCards(formatAddress(this.#server), [...this.#cards.values()]));
    file.finish();
    const cards = counted(this.#cards.size, "card");
    printNotice(this.operator.context, `wrote ${cards} to ${file.path}; keep them secret`);
  }

  #print(change: Change): void {
    const { context } = this.operator;
    const { kind, ...fields } = change;
    const isCode = kind === "create-account" || kind === "renew-code";
    const card = isCode ? this.#cards.get(change.user) : undefined;
    const code = card && { code: card.code, web: card.web, expires: formatUtc(card.expires) };
    printResult(context, { kind, ...fields, ...code }, textOf(change));
    if (card === undefined || context.json || this.flags.cards !== undefined) return;
    context.stdout.write(`${card.user}\t${card.web}\n`);
  }
}

function textOf(change: Change): string {
  switch (change.kind) {
    case "create-room":
      return `new room ${change.room}`;
    case "create-account":
      return `new account ${change.user}`;
    case "renew-code":
      return `new code for ${change.user}`;
    case "display-name":
      return `${change.user} is now ${change.text}`;
    case "add":
      return `${change.user} added to ${change.room}`;
    default: {
      const { user, on, room } = change;
      const role = room === undefined ? "operator" : `moderator of ${room}`;
      return `${user} ${on ? "becomes" : "is no longer"} ${role}`;
    }
  }
}

function missing(path: string): never {
  throw new Fault("not-found", `there is no file ${path}`, { remedy: "check the path" });
}

export const add = operatorVerb({
  summary: "Add people to a room",
  examples: ["chat admin add ana ben --room lab", "chat admin add --everyone --room lab"],
  args: {
    name: argument("User names", { many: true, required: false, parse: userNameOf }),
    everyone: flag("Everyone with an account"),
    room: ROOM_FLAG,
  },
  details: "They become members without being asked. The room shows who added them.",
  check({ name, everyone }) {
    if (everyone === name.length > 0)
      throw usageFault("specify names or --everyone", "chat admin add ana ben --room lab");
  },
  async run({ name, everyone, room }, { client, context }) {
    const order = { reverse: false, sort: "name" };
    const users = everyone ? (await allAccounts(client, order)).map(({ user }) => user) : name;
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
