/** `chat admin accounts import`: makes the accounts, rooms and roles of a list of people. */

import { utf8Encode } from "../../base/bytes.ts";
import { cardExpiry } from "../../base/card-day.ts";
import { asFault, Fault } from "../../base/fault.ts";
import { CLASS_LIST_BYTES_MAX } from "../../base/limits.ts";
import { counted } from "../../base/sizes.ts";
import { formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { externalAddress, resetPage } from "../../cli/connect/invite.ts";
import { expiryOf, type Operator } from "../../cli/connect/operator.ts";
import { faultLine, printNotice } from "../../cli/context.ts";
import { CounterLine } from "../../cli/output/progress.ts";
import { printJson, printResult } from "../../cli/output/result.ts";
import { readPreferences } from "../../cli/screen/settings/preferences.ts";
import { languageOf } from "../../cli/screen/text/texts.ts";
import { applyChange, batchesOf, newCard, UncreatedSubjects } from "../../client/class-import.ts";
import { BulkRequests } from "../../client/link/bulk.ts";
import { allAccounts, allRooms } from "../../client/link/lists.ts";
import { isSameName } from "../../core/model/item.ts";
import type { Card } from "../../core/people/cards.ts";
import { type AccountEntry, parseClassList } from "../../core/people/class-list.ts";
import {
  type CodeChange,
  type ImportChange,
  type ImportPlan,
  isCode,
  type LeftRoom,
  planImport,
  type Question,
} from "../../core/people/import-plan.ts";
import { type Problem, reasonText } from "../../core/people/list-text.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { readNamedInput } from "../../io/disk/data-folder.ts";
import { systemEntropy } from "../../io/entropy.ts";
import { ENGLISH_CARDS } from "../../ui/messages/en/cards.ts";
import { INDONESIAN_CARDS } from "../../ui/messages/id/cards.ts";
import { formatAddress } from "../../wire/invite.ts";
import { CardsFile, type CardsPage } from "./cards-file.ts";
import {
  changeLines,
  newRoomText,
  planLines,
  planText,
  sumText,
  titleChange,
} from "./plan-lines.ts";

interface PrintedProblem extends Pick<Problem, "line"> {
  readonly reason: string;
}

interface ImportFlags {
  readonly cards?: string | undefined;
  readonly instructions: boolean;
  readonly renew: boolean;
  readonly expires?: number | undefined;
  readonly dryRun: boolean;
  readonly account: readonly string[];
  readonly room: readonly string[];
  readonly newRoom: readonly string[];
  readonly plan?: string | undefined;
}

/** @throws {Fault} not-allowed if the list has problems; then nothing has changed */
export async function importList(
  operator: Operator,
  flags: ImportFlags,
  path: string,
): Promise<number> {
  const { client, context } = operator;
  context.continueWithoutOutput();
  const list = parseClassList((await readNamedInput(path, CLASS_LIST_BYTES_MAX)) ?? missing(path));
  // In the order of their registration, so that a new account moves no other to another page.
  const accounts = await allAccounts(client.request, { reverse: true, sort: "since" }, true);
  const rooms = await allRooms(client.request, { reverse: false, sort: "name" }, true);
  // A dry run does not log in.
  const me = client.user ?? operator.user;
  if (flags.dryRun && !accounts.some(({ user }) => isSameName(user, me)))
    accounts.push(importingAccount(me, context.clock.unixMs()));
  const confirmed = { accounts: flags.account, rooms: flags.room, newRooms: flags.newRoom };
  const owner = onlyOperator(accounts, me);
  const state = { accounts, rooms, me, owner, renews: flags.renew, confirmed };
  const plan = planImport(list, state);
  const { changes, problems, questions, waiting, left } = plan;
  const code = planCode(plan);
  printPlan(operator, plan, flags.dryRun);
  if (problems.length > 0) throw refused(operator, problems);
  if (questions.length > 0) throw undecided(questions);
  if (flags.plan !== undefined && flags.plan !== code) {
    throw new Fault("not-allowed", `the list no longer makes the plan ${flags.plan}`, {
      remedy: "run the command with --dry-run, and read the new plan",
    });
  }
  for (const room of left) printLeft(context, room);
  const run = new ImportRun(operator, flags, { changes, people: list.people.length });
  if (flags.dryRun) return run.show(code);
  const needed = new Map(accounts.map((entry) => [entry.user, !entry.password && !entry.devices]));
  return run.perform(waiting, ({ user, expires }) => {
    return needed.get(user) === true && expires > context.clock.unixMs();
  });
}

/**
 * Account of the person who runs the server, if the importing account is not an operator by role
 * but by the token in the data folder. `undefined` if there are several.
 */
function onlyOperator(accounts: readonly AccountEntry[], me: string): string | undefined {
  const operators = accounts.filter(({ operator, removed }) => operator && removed !== true);
  const [only] = operators;
  return operators.length === 1 && only !== undefined && !isSameName(only.user, me)
    ? only.user
    : undefined;
}

/** The account that the import would register before its first change. */
function importingAccount(user: string, since: number): AccountEntry {
  const row = { user, since, devices: 1, password: false, operator: false, banned: false };
  return { ...row, online: false, bytes: 0, unfinishedBytes: 0, rooms: [LOBBY], former: [] };
}

function refused({ context }: Operator, problems: readonly Problem[]): Fault {
  for (const { line, reason } of problems)
    printProblem(context, { line, reason: reasonText(reason) });
  const count = counted(problems.length, "problem");
  return new Fault("not-allowed", `the list has ${count}, and nothing was changed`, {
    remedy: "correct the lines named above, then run the same command again",
  });
}

/** Code that two plans share if they make the same changes. */
function planCode({ planned }: ImportPlan): string {
  return Buffer.from(sha256(utf8Encode(JSON.stringify(planned))))
    .toString("hex")
    .slice(0, 12);
}

/** Prints each line of a dry run or, in JSON, of a list with problems; otherwise what is open. */
function printPlan({ context }: Operator, plan: ImportPlan, isWhole: boolean): void {
  const isOpen = plan.problems.length + plan.questions.length > 0;
  for (const line of planLines(plan, textOf)) {
    const isNote = line.action === "note";
    const isPrinted = isNote || line.action === "question";
    if (context.json) {
      if (isNote) printJson(context, { kind: "note", line: line.line, why: line.why });
      else if (isWhole || isOpen || isPrinted) printJson(context, { kind: "plan", ...line });
    } else if (isPrinted || (isWhole && line.action !== "problem"))
      printNotice(context, planText(line));
  }
}

function undecided(questions: readonly Question[]): Fault {
  const count = counted(questions.length, "question");
  return new Fault("not-allowed", `the list leaves ${count}, and nothing was changed`, {
    remedy: "answer as each line above says, then run the same command again",
  });
}

function printProblem(context: Operator["context"], { line, reason }: PrintedProblem): void {
  printResult(context, { kind: "problem", line, reason }, `line ${line} ${reason}`);
}

function printLeft(context: Operator["context"], { line, user, room }: LeftRoom): void {
  const text = `line ${line}: ${user} has left ${room}, and is not added again`;
  printJson(context, { kind: "left", line, user, room });
  if (!context.json)
    printNotice(context, `${text}; to do so: chat admin add ${user} --room ${room}`);
}

class ImportRun {
  readonly #server;
  readonly #entropy = systemEntropy();
  readonly #pageOf = (code: string) => resetPage(this.#server, code);
  readonly #cards = new Map<string, Card>();
  /** Cards whose requests have no answer, because the connection was lost. */
  readonly #uncertain: Card[] = [];
  readonly #done: ImportChange[] = [];
  readonly #problems: PrintedProblem[] = [];
  readonly #uncreated = new UncreatedSubjects();

  constructor(
    private readonly operator: Operator,
    private readonly flags: ImportFlags,
    private readonly plan: { readonly changes: readonly ImportChange[]; readonly people: number },
  ) {
    this.#server = externalAddress(operator.context, operator);
  }

  show(code: string): number {
    const { context } = this.operator;
    if (context.json) this.#printAll(this.plan.changes);
    this.#printEnd(this.plan.changes, 0, code);
    if (!context.json && this.plan.changes.length > 0)
      printNotice(context, `to make these changes and no others: --plan ${code}`);
    return 0;
  }

  /** For scripts each change, and for people a line for each room and person. */
  #printAll(changes: readonly ImportChange[]): void {
    const { context } = this.operator;
    if (context.json) for (const change of changes) this.#print(change);
    else for (const line of changeLines(changes)) printNotice(context, line);
  }

  async perform(
    waiting: readonly string[],
    isNeeded: ConstructorParameters<typeof CardsFile>[2],
  ): Promise<number> {
    const { context } = this.operator;
    const { cards } = this.flags;
    const codes = this.plan.changes.filter(isCode).length;
    // Opened before anything changes.
    const file =
      cards === undefined || codes === 0
        ? undefined
        : new CardsFile(cards, this.#cardsPage(), isNeeded);
    let end: unknown;
    try {
      await this.#applyAll(file);
    } catch (error) {
      end = asFault(error);
    }
    try {
      file?.finish([...this.#cards.values()], this.#uncertain);
    } catch (error) {
      end ??= asFault(error);
      // The cards are on a page that another program has replaced.
      if (asFault(error).code === "data-locked") this.#cards.clear();
    }
    file?.close();
    if (!context.json) this.#printAll(this.#done);
    if (file !== undefined && this.#cards.size > 0) {
      const count = counted(this.#cards.size, "card");
      printNotice(context, `wrote ${count} to ${file.path}; keep them secret`);
    }
    for (const problem of this.#problems) printProblem(context, problem);
    const withoutCode = codes - this.#cards.size - this.#uncertain.length;
    this.#printEnd(this.#done, withoutCode);
    this.#printWaiting(waiting, file?.formerUsers ?? []);
    if (end !== undefined) throw this.#incomplete(asFault(end), codes);
    if (this.#problems.length === 0) return 0;
    const count = counted(this.#problems.length, "change");
    throw new Fault("not-allowed", `the server refused ${count}, and made the others`, {
      remedy: "correct the lines named above, then run the same command again",
    });
  }

  #cardsPage(): CardsPage {
    const { client, context } = this.operator;
    const origin = `https://${formatAddress(this.#server)}`;
    const name = client.loop.greeted?.welcome.server.name ?? formatAddress(this.#server);
    const { settings } = readPreferences(context.settings().screen);
    const language = languageOf(settings.language, context.env);
    const texts = language === "id" ? INDONESIAN_CARDS : ENGLISH_CARDS;
    return { server: { name, origin }, texts, hasGuide: this.flags.instructions };
  }

  async #applyAll(file: CardsFile | undefined): Promise<void> {
    const { context } = this.operator;
    const progress = new CounterLine(context);
    const requests = new BulkRequests(context.clock);
    let isStopped = false;
    const release = context.onSignal(() => {
      isStopped = true;
    });
    try {
      for (const batch of batchesOf(this.plan.changes)) {
        if (isStopped) throw new Fault("interrupted", "interrupted");
        const changes = batch.filter((change) => !this.#uncreated.concern(change));
        const cards = new Map(changes.filter(isCode).map((one) => [one.user, this.#newCard(one)]));
        // No code becomes void before its successor is on disk.
        if (cards.size > 0) file?.add([...cards.values()]);
        const send = (change: ImportChange) => this.#apply(change, cards);
        let lost: Fault | undefined;
        for await (const { item: change, fault } of requests.each(changes, send)) {
          if (fault === undefined) this.#settle(change, cards);
          else if (asFault(fault).blame === "user") this.#refuse(change, asFault(fault));
          else {
            lost ??= asFault(fault);
            this.#uncertain.push(...unanswered(change, cards));
          }
        }
        if (lost !== undefined) throw lost;
        progress.update(() => `${this.#done.length} of ${this.plan.changes.length}`);
      }
    } finally {
      release();
      progress.end();
    }
  }

  #newCard(change: CodeChange): Card {
    const { context } = this.operator;
    const expires = expiryOf(context, this.flags.expires) ?? cardExpiry(context.clock.unixMs());
    return newCard(change, { entropy: this.#entropy, pageOf: this.#pageOf, expires });
  }

  async #apply(change: ImportChange, cards: Map<string, Card>): Promise<void> {
    const card = isCode(change) ? (cards.get(change.user) ?? this.#newCard(change)) : undefined;
    const { request } = this.operator.client;
    const made = await applyChange(request, change, card, this.#pageOf);
    if (made !== undefined) cards.set(made.user, made);
  }

  #settle(change: ImportChange, cards: ReadonlyMap<string, Card>): void {
    const { context } = this.operator;
    this.#done.push(change);
    const card = isCode(change) ? cards.get(change.user) : undefined;
    if (card !== undefined) this.#cards.set(card.user, card);
    if (context.json) this.#print(change);
    else if (card !== undefined && this.flags.cards === undefined)
      context.stdout.write(`${card.user}\t${card.web}\n`);
  }

  #refuse(change: ImportChange, fault: Fault): void {
    this.#uncreated.addRefused(change);
    const reason = `was refused: ${textOf(change)}: ${faultLine(fault)}`;
    this.#problems.push({ line: change.line, reason });
  }

  #print(change: ImportChange): void {
    const { line: _, ...fields } = jsonOf(change);
    const card = isCode(change) ? this.#cards.get(change.user) : undefined;
    const code = card && { code: card.code, web: card.web, expires: formatUtc(card.expires) };
    printResult(this.operator.context, { ...fields, ...code }, textOf(change));
  }

  #printEnd(changes: readonly ImportChange[], withoutCode = 0, plan?: string): void {
    const { context } = this.operator;
    const { people } = this.plan;
    const { dryRun } = this.flags;
    const json = {
      kind: "imported",
      people,
      changes: changes.length,
      dryRun,
      ...defined({ plan }),
    };
    printJson(context, withoutCode > 0 ? { ...json, withoutCode } : json);
    if (context.json) return;
    const text = sumText(people, changes);
    printNotice(context, dryRun ? `${text}; a dry run changes nothing` : text);
  }

  #printWaiting(waiting: readonly string[], carded: readonly string[]): void {
    const count = waiting.filter((user) => !carded.includes(user)).length;
    if (count === 0) return;
    const people = count === 1 ? "1 person has" : `${count} people have`;
    const text = `${people} not signed in yet; if their codes are lost, add --renew --cards FILE`;
    printNotice(this.operator.context, text);
  }

  /** Says who has no code in hand, and how to continue. */
  #incomplete(fault: Fault, codes: number): Fault {
    const missing = codes - this.#cards.size - this.#uncertain.length;
    const done = `${this.#done.length} of ${counted(this.plan.changes.length, "change")} made`;
    const people = missing === 1 ? "1 person has" : `${missing} people have`;
    const without = missing > 0 ? `; ${people} no new code` : "";
    const inHand = this.flags.cards !== undefined && this.#cards.size > 0;
    const cards = inHand ? `; ${counted(this.#cards.size, "card")} in ${this.flags.cards}` : "";
    const again = "run the same command again";
    const first = fault.blame === "host" ? fault.remedy.replace(`, then ${again}`, "") : "";
    // The codes that were made are not in hand if another program has replaced their page.
    const isLost = fault.code === "data-locked";
    const next = `${again}${isLost ? " with --renew" : "; it makes the others"}`;
    return new Fault(fault.code, `${fault.message}: ${done}${without}${cards}`, {
      cause: fault,
      remedy: first === "" ? next : `${first}, then ${next}`,
    });
  }
}

function unanswered(change: ImportChange, cards: ReadonlyMap<string, Card>): Card[] {
  const card = isCode(change) ? cards.get(change.user) : undefined;
  return card === undefined ? [] : [card];
}

function jsonOf(change: ImportChange) {
  if (isCode(change)) {
    const id = defined({ id: change.kind === "create-account" ? change.externalId : undefined });
    return { line: change.line, kind: change.kind, user: change.user, ...id };
  }
  if (change.kind !== "display-name") return change;
  const { isNew: _, ...fields } = change;
  return fields;
}

function textOf(change: ImportChange): string {
  switch (change.kind) {
    case "rename-room":
      return `${change.room} renamed to ${change.to}${titleChange(change.title)}`;
    case "close-room":
      return `${change.room} closed`;
    case "remove-account":
      return `account ${change.user} removed`;
    case "remove-member":
      return `${change.user} removed from ${change.room}`;
    case "external-id":
      return change.from === undefined
        ? `${change.user} has the id ${change.value}`
        : `${change.user}: id changed from ${change.from} to ${change.value}`;
    case "create-room":
      return change.reusesName === true
        ? `${newRoomText(change)}, a name that another room had`
        : newRoomText(change);
    case "create-account":
      return change.externalId === undefined
        ? `new account ${change.user}`
        : `new account ${change.user}, id ${change.externalId}`;
    case "renew-code":
      return `new code for ${change.user}`;
    case "display-name":
      return change.from === undefined
        ? `${change.user} is now ${change.text}`
        : `${change.user} changed from '${change.from}' to '${change.text}'`;
    case "add":
      return `${change.user} added to ${change.room}`;
    case "leave":
      return `${change.user} leaves ${change.room}`;
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
