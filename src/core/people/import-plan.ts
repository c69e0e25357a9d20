/** Changes that the import of a list of people makes on a server, and problems that prevent it. */

import { skeletonsOf } from "../../base/display-names.ts";
import { looseIdKey } from "../../base/external-ids.ts";
import { msg, unlessFault } from "../../base/fault.ts";
import { ACCOUNTS_MAX, JOINED_ROOMS_MAX, ROOM_MEMBERS_MAX, ROOMS_MAX } from "../../base/limits.ts";
import { type FoldedName, foldName, isGroupName, type Name } from "../../base/names.ts";
import { checkNewName } from "../../base/new-names.ts";
import { formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import type { Answer } from "../../wire/messages.ts";
import type {
  AccountEntry,
  ClassList,
  DerivedName,
  ListedPerson,
  RoomLine,
  RoomRole,
} from "./class-list.ts";
import type { Problem, Reason } from "./list-text.ts";
import { type ListedRoomState, planRoomLines } from "./room-lines.ts";

export interface ImportedRoom extends RoomRow {
  /** In lower case. */
  readonly former?: readonly string[];
}

/** An account or room that the list may mean, which only the importing user can know. */
export interface Question {
  readonly line: number;
  readonly reason: Reason;
  /** Name that confirms it; `undefined` if only a corrected list can. */
  readonly subject?: { readonly kind: "account" | "room"; readonly name: Name };
  /** Name of the new room that the line means instead; `undefined` if there is no such answer. */
  readonly newRoom?: Name;
}

type RoomRow = Answer<"all-rooms">["rooms"][number];

/** A change, and the line of the list that asks for it. */
export type ImportChange = { readonly line: number } & (
  | {
      readonly kind: "rename-room";
      readonly room: Name;
      readonly to: Name;
      /** New display name; empty to remove the former one. */
      readonly title?: string;
    }
  | { readonly kind: "close-room"; readonly room: Name }
  | { readonly kind: "remove-account"; readonly user: Name }
  | {
      readonly kind: "create-room";
      readonly room: Name;
      readonly title?: string;
      /** Another room had the name before. */
      readonly reusesName?: true;
    }
  | {
      readonly kind: "create-account" | "renew-code";
      readonly user: Name;
      /**
       * Display name of the account to create; `undefined` if another account must give the name up
       * first.
       */
      readonly displayName: string | undefined;
      readonly externalId?: string | undefined;
    }
  | {
      readonly kind: "external-id";
      readonly user: Name;
      readonly value: string;
      readonly from: string | undefined;
    }
  | {
      readonly kind: "display-name";
      readonly user: Name;
      readonly text: string;
      readonly from?: string | undefined;
      /** True if the same import creates the account. */
      readonly isNew: boolean;
    }
  | { readonly kind: "add"; readonly user: Name; readonly room: Name }
  | { readonly kind: "remove-member"; readonly user: Name; readonly room: Name }
  /** The importing user, who has created a room for others, leaves it. */
  | { readonly kind: "leave"; readonly user: Name; readonly room: Name }
  | {
      readonly kind: "grant";
      readonly user: Name;
      readonly on: boolean;
      /** `undefined` for the role of an operator. */
      readonly room: Name | undefined;
    }
);

export type CodeChange = Extract<ImportChange, { kind: "create-account" | "renew-code" }>;
type GrantChange = Extract<ImportChange, { kind: "grant" }>;

export function isCode(change: ImportChange): change is CodeChange {
  return change.kind === "create-account" || change.kind === "renew-code";
}

interface ServerState {
  /** Includes removed accounts, unless the server is too old to list them. */
  readonly accounts: readonly AccountEntry[];
  readonly rooms: readonly ImportedRoom[];
  /** User who imports, and who keeps their own roles. */
  readonly me: string | undefined;
  /** Account that moderates new rooms in place of `me`, unless the list names a moderator. */
  readonly owner?: string | undefined;
  /** True to replace the codes of people who have never signed in. */
  readonly renews: boolean;
  /** Accounts and rooms that the importing user has confirmed, after questions. */
  readonly confirmed?: Confirmed;
}

export interface Confirmed {
  readonly accounts: readonly string[];
  readonly rooms: readonly string[];
  /** Rooms to create although others had their names before. */
  readonly newRooms?: readonly string[];
}

export interface ImportPlan {
  /** In the order in which the server must change; none if there are problems or questions. */
  readonly changes: readonly ImportChange[];
  readonly problems: readonly Problem[];
  readonly questions: readonly Question[];
  /** All changes that the lines ask for, also if problems or questions prevent them. */
  readonly planned: readonly ImportChange[];
  /** People on the list, and who they are on the server. */
  readonly people: readonly PlannedPerson[];
  /** Names of accounts on the list that have never signed in and get no code by this import. */
  readonly waiting: readonly string[];
  /** Roles of the importing user that the list would end. */
  readonly kept: readonly GrantChange[];
  /** Rooms on the list to which a person who has left them is not added again. */
  readonly left: readonly LeftRoom[];
  /** Lines about rooms, and about people to remove, that ask for nothing any more. */
  readonly settled: readonly SettledLine[];
  readonly notes: ClassList["notes"];
}

export interface SettledLine {
  readonly line: number;
  readonly reason: Reason;
}

export interface PlannedPerson {
  readonly line: number;
  readonly user: Name;
  /** `undefined` if the import creates the account. */
  readonly entry: AccountEntry | undefined;
}

export interface LeftRoom {
  readonly line: number;
  readonly user: Name;
  readonly room: Name;
}

/** An account during the import: as it is on the server, and as it changes. */
interface Subject {
  readonly user: Name;
  readonly entry: AccountEntry | undefined;
  /** How the line means the account, if it does not name it. */
  readonly guess?: Guess | undefined;
}

/**
 * `id`: the id fits, but no word of the display name does. `name`: the name fits, but not the id,
 * or its user has registered, is to get a role, and calls themselves otherwise.
 * `derived`: an operator created the account with the name that the line's text has.
 * `display-name`: its user may have chosen the display name. `former-name`: it was renamed.
 */
type Guess = "derived" | "display-name" | "former-name" | "id" | "name" | "registered";

interface PlannedRoom {
  readonly name: Name;
  readonly title: string | undefined;
  readonly isSealed: boolean;
  /** `undefined` if an operator, the importing user or this import made the room. */
  readonly maker: string | undefined;
  members: number;
}

export function planImport(list: ClassList, state: ServerState): ImportPlan {
  return new Planner(list.problems, state).plan(list);
}

class Planner {
  readonly #problems: Problem[];
  readonly #questions: Question[] = [];
  readonly #confirmed: ReadonlySet<string>;
  readonly #asked = new Set<string>();
  /** Names of rooms, as the list has them. */
  readonly #listed = new Set<FoldedName>();
  readonly #byName = new Map<FoldedName, AccountEntry>();
  readonly #byFormerName = new Map<FoldedName, AccountEntry>();
  readonly #byDisplayName = new Map<string, AccountEntry>();
  readonly #byId = new Map<string, AccountEntry>();
  readonly #byLooseId = new Map<string, AccountEntry>();
  readonly #rooms = new Map<FoldedName, PlannedRoom>();
  readonly #newRoomNames: ReadonlySet<FoldedName>;
  readonly #formerRooms = new Map<FoldedName, PlannedRoom>();
  readonly #names = new NameIndex();
  readonly #looks = new RoomLooks();
  /** New accounts that are created with their display names. */
  readonly #named = new Set<Name>();
  readonly #created = new Set<PlannedRoom>();
  /** New rooms to which the list adds the importing user. */
  readonly #ownRooms = new Set<Name>();
  readonly #lines = new Map<FoldedName, number>();
  /** Ids of the list by their loose keys. */
  readonly #ids = new Map<string, { readonly id: string; readonly line: number }>();
  readonly #roomChanges: ImportChange[] = [];
  #renamed: ReadonlyMap<FoldedName, Name> = new Map();
  #vacated: ReadonlySet<FoldedName> = new Set();
  readonly #idChanges: ImportChange[] = [];
  readonly #removals: ImportChange[] = [];
  readonly #settled: SettledLine[] = [];
  readonly #newRooms: ImportChange[] = [];
  readonly #accounts: ImportChange[] = [];
  readonly #members: ImportChange[] = [];
  readonly #roles: ImportChange[] = [];
  readonly #left: LeftRoom[] = [];
  readonly #me;

  constructor(
    problems: readonly Problem[],
    private readonly state: ServerState,
  ) {
    this.#problems = [...problems];
    this.#me = folded(state.me ?? "");
    for (const entry of state.accounts) {
      this.#byName.set(folded(entry.user), entry);
      for (const name of entry.former ?? []) this.#byFormerName.set(folded(name), entry);
      if (entry.externalId !== undefined) {
        this.#byId.set(entry.externalId, entry);
        this.#byLooseId.set(looseIdKey(entry.externalId), entry);
      }
      if (entry.displayName !== undefined) this.#byDisplayName.set(entry.displayName, entry);
      this.#names.add(entry);
    }
    const { accounts = [], rooms = [], newRooms = [] } = state.confirmed ?? {};
    this.#newRoomNames = new Set(newRooms.map(folded));
    this.#confirmed = new Set([
      ...accounts.map((name) => keyOf("account", name)),
      ...rooms.map((name) => keyOf("room", name)),
    ]);
    for (const { room, title, members, sealed, maker, former = [] } of state.rooms) {
      const other = folded(maker ?? "") === this.#me ? undefined : maker;
      const planned = { name: room as Name, title, isSealed: sealed, maker: other, members };
      for (const name of former) this.#formerRooms.set(folded(name), planned);
      this.#rooms.set(folded(room), planned);
    }
  }

  plan({ people, rooms: roomLines = [], notes }: ClassList): ImportPlan {
    this.#planRoomLines(roomLines);
    for (const { rooms } of people) for (const { room } of rooms) this.#listed.add(folded(room));
    const found = people.flatMap((person) => {
      const subject = this.#subjectOf(person);
      return subject === undefined ? [] : [{ person, subject }];
    });
    const [leavers, subjects] = [
      found.filter(({ person }) => person.leaves === true),
      found.filter(({ person }) => person.leaves !== true),
    ];
    for (const { person, subject } of leavers) this.#planRemoval(person, subject);
    for (const { person, subject } of subjects) this.#createOrRenew(person, subject);
    for (const { person, subject } of subjects) this.#planId(person, subject);
    const displayNames = this.#displayNames(subjects);
    const ofLine = Map.groupBy([...this.#idChanges, ...displayNames], ({ line }) => line);
    for (const { person, subject } of subjects) {
      const from = [this.#members.length, this.#roles.length] as const;
      this.#planRooms(person, subject);
      this.#askWho(person, subject, [
        ...(ofLine.get(person.line) ?? []),
        ...this.#members.slice(from[0]),
        ...this.#roles.slice(from[1]),
      ]);
    }
    const departures = this.#departures();
    this.#checkLimits();
    const changes = [
      ...this.#roomChanges,
      ...this.#removals,
      ...this.#newRooms,
      ...this.#accounts,
      ...this.#idChanges,
      ...displayNames,
      ...this.#members,
      ...this.#roles,
      ...departures,
    ];
    const isOwnLoss = (change: ImportChange): change is GrantChange =>
      change.kind === "grant" && !change.on && folded(change.user) === this.#me;
    const renewed = new Set(this.#accounts.map((change) => "user" in change && change.user));
    const waiting = subjects.flatMap(({ subject: { user, entry } }) =>
      entry !== undefined && isWaiting(entry) && !renewed.has(user) ? [user] : [],
    );
    const isOpen = this.#problems.length + this.#questions.length > 0;
    return {
      changes: isOpen ? [] : changes.filter((change) => !isOwnLoss(change)),
      problems: this.#problems.sort((a, b) => a.line - b.line),
      questions: this.#questions.sort((a, b) => a.line - b.line),
      planned: changes.filter((change) => !isOwnLoss(change)),
      people: found.map(({ person: { line }, subject: { user, entry } }) => {
        return { line, user, entry };
      }),
      waiting,
      kept: changes.filter(isOwnLoss),
      left: this.#left,
      settled: this.#settled,
      notes,
    };
  }

  #planRoomLines(lines: readonly RoomLine[]): void {
    const states = new Map<FoldedName, ListedRoomState>();
    for (const { room, title, closed, former = [] } of this.state.rooms)
      states.set(folded(room), { name: room as Name, title, isClosed: closed, former });
    const isConfirmed = (to: Name) => this.#confirmed.has(keyOf("room", to));
    const plan = planRoomLines(lines, states, isConfirmed);
    this.#problems.push(...plan.problems);
    this.#settled.push(...plan.settled);
    for (const question of plan.questions) this.#ask(question);
    this.#roomChanges.push(...plan.changes);
    this.#renamed = plan.renamed;
    this.#vacated = plan.vacated;
    const renamed = [...plan.renamed].flatMap(([from, to]) => {
      const room = this.#rooms.get(from);
      this.#rooms.delete(from);
      return room === undefined ? [] : [{ from, to, room }];
    });
    for (const { to, room } of renamed) {
      const change = plan.changes.find((one) => one.kind === "rename-room" && one.to === to);
      const title = change?.kind === "rename-room" ? change.title || undefined : undefined;
      this.#rooms.set(folded(to), { ...room, name: to, title });
    }
    for (const change of plan.changes) {
      if (change.kind !== "rename-room" && change.kind !== "close-room") continue;
      const room = this.#rooms.get(folded(change.kind === "rename-room" ? change.to : change.room));
      if (room !== undefined) this.#askWhose(change.line, room);
    }
    for (const name of plan.vacated) this.#formerRooms.delete(name);
    for (const room of this.#rooms.values()) this.#looks.add(room);
  }

  /** Rooms of an account, by the names that they have after the import. */
  #namesOf(rooms: readonly string[] = []): ReadonlySet<FoldedName> {
    return new Set(rooms.map((room) => folded(this.#renamed.get(folded(room)) ?? room)));
  }

  #refuse(line: number, ...reason: Reason): void {
    this.#problems.push({ line, reason });
  }

  #ask(question: Question): void {
    const { subject } = question;
    if (subject !== undefined) {
      const key = keyOf(subject.kind, subject.name);
      if (this.#confirmed.has(key) || (subject.kind === "room" && this.#asked.has(key))) return;
      this.#asked.add(key);
    }
    this.#questions.push(question);
  }

  /** Finds a person by the id, or the account name. Anything else is a guess to confirm. */
  #subjectOf(person: ListedPerson): Subject | undefined {
    const { account, line, id } = person;
    const isWritten = typeof account === "string";
    if (id !== undefined && !this.#checkId(line, id)) return undefined;
    const byId = id === undefined ? undefined : this.#byId.get(id);
    const { entry, guess } =
      byId !== undefined
        ? this.#identified(person, byId)
        : isWritten
          ? this.#written(account, person)
          : this.#guessed(person, account);
    if (person.leaves === true && (entry === undefined || entry.removed === true)) {
      this.#settled.push({ line, reason: [msg`has no account to close`] });
      return undefined;
    }
    if (entry?.removed === true) {
      const { user } = entry;
      const problem =
        user === account || !isWritten
          ? msg`names ${user}, whose account was removed`
          : msg`names ${user}, formerly ${account}, whose account was removed`;
      this.#refuse(line, problem, msg`remove the line, or choose another name`);
      return undefined;
    }
    const user = (entry?.user ?? (isWritten ? account : account.name)) as Name;
    if (entry !== undefined && byId !== undefined && isWritten && this.#isOther(account, entry)) {
      this.#refuse(
        line,
        msg`has the name ${account}, but the id of ${user}`,
        msg`write ${user} in the column 'name', or correct the id`,
      );
      return undefined;
    }
    if (entry === undefined && !isWritten) {
      if (person.displayName === undefined) {
        if (id !== undefined)
          this.#refuse(line, msg`has the id '${id}', which nobody has`, msg`add a name`);
        return undefined;
      }
      if (!this.#checkDerived(line, account)) return undefined;
    }
    const earlier = this.#lines.get(folded(user));
    this.#lines.set(folded(user), earlier ?? line);
    if (earlier === undefined) return { user, entry, guess };
    if (isWritten && folded(account) === folded(user))
      this.#refuse(
        line,
        msg`repeats the name '${user}' of line ${earlier}`,
        msg`give each person a name`,
      );
    else if (entry !== undefined)
      this.#refuse(
        line,
        msg`names the account ${user}, as line ${earlier} does`,
        msg`remove one of them`,
      );
    else if (!isWritten) this.#refuse(line, ...repeatReason(account, earlier));
    return undefined;
  }

  /** Refuses ids that are equal, or that a program has changed on their way. */
  #checkId(line: number, id: string): boolean {
    const key = looseIdKey(id);
    const earlier = this.#ids.get(key);
    this.#ids.set(key, earlier ?? { id, line });
    const holder = this.#byId.has(id) ? undefined : this.#byLooseId.get(key);
    if (earlier?.id === id)
      this.#refuse(line, msg`repeats the id '${id}' of line ${earlier.line}`, msg`correct one`);
    else if (earlier !== undefined)
      this.#refuse(
        line,
        msg`has the id '${id}', which is like '${earlier.id}' of line ${earlier.line}`,
        msg`write both as the school does, with their zeros`,
      );
    else if (holder !== undefined)
      this.#refuse(
        line,
        msg`has the id '${id}', which is like '${holder.externalId ?? ""}' of ${holder.user}`,
        msg`write it as the school does, with its zeros`,
      );
    else return true;
    return false;
  }

  /** An id decides, unless nothing of the display name fits: a table may number its own lines. */
  #identified(
    { account, displayName }: ListedPerson,
    entry: AccountEntry,
  ): Pick<Subject, "entry" | "guess"> {
    const isNamed = typeof account === "string";
    const isLike = isNamed || sharesWord(displayName, entry.displayName);
    return { entry, guess: isLike ? undefined : "id" };
  }

  #isOther(written: Name, { user, former = [] }: AccountEntry): boolean {
    const name = folded(written);
    return name !== folded(user) && !former.some((one) => folded(one) === name);
  }

  #written(name: Name, { id }: Pick<ListedPerson, "id"> = {}): Pick<Subject, "entry" | "guess"> {
    const entry = this.#byName.get(folded(name));
    if (entry === undefined)
      return { entry: this.#byFormerName.get(folded(name)), guess: "former-name" };
    const hasOtherId = id !== undefined && entry.externalId !== undefined;
    return { entry, guess: hasOtherId ? "name" : undefined };
  }

  #guessed(
    { displayName = "", id }: ListedPerson,
    derived: DerivedName,
  ): Pick<Subject, "entry" | "guess"> {
    const entry = this.#byDisplayName.get(displayName);
    // Another id is another person.
    if (id !== undefined && entry?.externalId !== undefined) return { entry: undefined };
    const isDerived = entry?.enrolled === true && folded(entry.user) === folded(derived.name);
    return { entry, guess: isDerived ? "derived" : "display-name" };
  }

  /**
   * Asks about an account that the line does not name. No question is needed if an operator made
   * the account from the same text, and the line changes nothing: it was imported before.
   */
  #askWho(
    { line, account, displayName }: ListedPerson,
    subject: Subject,
    changes: readonly ImportChange[],
  ): void {
    const { user, entry } = subject;
    const isRole = changes.some(({ kind }) => kind === "grant" || kind === "remove-account");
    const guess = subject.guess ?? (isRole && this.#registrationGuess(subject, displayName));
    if (entry === undefined || !guess) return;
    if (guess === "derived" && changes.length === 0) return;
    const confirm = { kind: "account", name: user } as const;
    const write = msg`write ${user} in the column 'name' if it is this person`;
    const shown = entry.displayName ?? user;
    if (guess === "id") {
      const found = msg`has the id of ${user}, whose display name is '${shown}'`;
      this.#ask({ line, reason: [found, write, msg`or correct the id`], subject: confirm });
    } else if (guess === "name") {
      const found = msg`names ${user}, whose id is '${entry.externalId ?? ""}'`;
      const choice = msg`correct the name or the id, or confirm the account`;
      this.#ask({ line, reason: [found, choice], subject: confirm });
    } else if (guess === "registered") {
      const day = formatUtc(entry.since).slice(0, 10);
      const found = msg`gives a role to ${user}, who registered on ${day} as '${shown}'`;
      const choice = msg`choose another name, or confirm the account`;
      this.#ask({ line, reason: [found, choice], subject: confirm });
    } else {
      const [found, other] =
        typeof account === "string"
          ? [msg`names ${account}, a former name of ${user}`, undefined]
          : [msg`has the display name of the account ${user}`, account.other];
      const otherwise =
        other === undefined ? msg`or another name` : msg`or ${other} for a new account`;
      const role = msg`a role needs the account's name`;
      const reason = isRole ? [found, role, write, otherwise] : [found, write, otherwise];
      this.#ask({ line, reason, ...(isRole ? {} : { subject: confirm }) });
    }
  }

  /** Somebody may have registered a name before the school's list gives it to a person. */
  #registrationGuess({ user, entry }: Subject, displayName: string | undefined) {
    const isKnown =
      entry === undefined ||
      entry.enrolled === true ||
      entry.operator ||
      entry.externalId !== undefined ||
      folded(user) === this.#me;
    return !isKnown && displayName !== undefined && displayName !== entry.displayName
      ? "registered"
      : undefined;
  }

  #planId({ line, id }: ListedPerson, { user, entry }: Subject): void {
    if (id === undefined || entry === undefined || entry.externalId === id) return;
    this.#idChanges.push({ line, kind: "external-id", user, value: id, from: entry.externalId });
  }

  #planRemoval(person: ListedPerson, subject: Subject): void {
    const { line } = person;
    const { user, entry } = subject;
    if (folded(user) === this.#me || entry?.operator === true)
      return this.#refuse(
        line,
        msg`would close the account of the operator ${user}`,
        msg`remove the line, or take the role away first`,
      );
    const change = { line, kind: "remove-account", user } as const;
    this.#askWho(person, subject, [change]);
    this.#removals.push(change);
    this.#names.rename(user, "");
  }

  /** A derived name never takes over an account, because its person may be somebody else. */
  #checkDerived(line: number, derived: DerivedName): boolean {
    const holder = this.#written(derived.name).entry;
    if (holder === undefined) return true;
    const isFormer = folded(holder.user) !== folded(derived.name);
    const shown = holder.displayName === undefined ? "" : ` ('${holder.displayName}')`;
    const { user } = holder;
    const { name, other } = derived;
    const from = derived.from.slice(0, 40);
    if (holder.removed === true) {
      this.#refuse(
        line,
        msg`would give '${from}' the name ${name}, which is the name of a removed account`,
        msg`write a name in the column 'name', such as ${other}`,
      );
      return false;
    }
    this.#refuse(
      line,
      isFormer
        ? msg`would give '${from}' the name ${name}, which is a former name of ${user}${shown}`
        : msg`would give '${from}' the name ${name}, which is an account${shown}`,
      msg`write a name in the column 'name', such as ${other}`,
      msg`or ${user} if it is this person's account`,
    );
    return false;
  }

  #createOrRenew({ line, id, displayName: text }: ListedPerson, { user, entry }: Subject): void {
    if (entry !== undefined) {
      if (this.state.renews && isWaiting(entry))
        this.#accounts.push({
          line,
          kind: "renew-code",
          user,
          displayName: text ?? entry.displayName,
        });
      return;
    }
    const alike = this.#names.displayedLike(user, user);
    if (unlessFault(() => checkNewName(user)) === undefined)
      this.#refuse(line, msg`has the name '${user}', which is reserved`, msg`choose another name`);
    else if (alike !== undefined)
      this.#refuse(
        line,
        msg`has the name '${user}', which looks like the display name of ${alike}`,
        msg`write ${alike} in the column 'name' if it is this person`,
        msg`or another name`,
      );
    const isFree = text !== undefined && this.#names.holderOf(text, user) === undefined;
    const displayName = isFree ? text : undefined;
    this.#accounts.push({
      line,
      kind: "create-account",
      user,
      displayName,
      ...defined({ externalId: id }),
    });
    this.#names.add({ user, ...defined({ displayName }) });
    if (displayName !== undefined) this.#named.add(user);
  }

  /** Orders the changes so that each name is free when somebody takes it. */
  #displayNames(
    subjects: readonly { readonly person: ListedPerson; readonly subject: Subject }[],
  ): ImportChange[] {
    const changes: ImportChange[] = [];
    let waiting = subjects.filter(
      ({ person, subject }) =>
        person.displayName !== undefined && person.displayName !== subject.entry?.displayName,
    );
    for (;;) {
      const blocked = waiting.filter(({ person: { line, displayName: text = "" }, subject }) => {
        const { user } = subject;
        if (this.#names.holderOf(text, user) !== undefined) return true;
        this.#names.rename(user, text);
        const isNew = this.#named.has(user);
        const from = subject.entry?.displayName;
        changes.push({ line, kind: "display-name", user, text, isNew, ...defined({ from }) });
        return false;
      });
      if (blocked.length === waiting.length) break;
      waiting = blocked;
    }
    const refused = new Set(this.#problems.map(({ line }) => line));
    for (const { person, subject } of waiting) {
      const { line, displayName: text = "" } = person;
      // The same name causes both problems.
      if (refused.has(line)) continue;
      const holder = this.#names.holderOf(text, subject.user) ?? "";
      this.#refuse(
        line,
        msg`has the display name '${text}', which is or looks like a name of ${holder}`,
        msg`tell them apart, for example by an initial`,
      );
    }
    return changes;
  }

  #planRooms(person: ListedPerson, { user, entry }: Subject): void {
    const { line, rooms, operator } = person;
    const joined = this.#namesOf(entry?.rooms);
    const moderated = this.#namesOf(entry?.moderates);
    const left = this.#namesOf(entry?.left);
    const done = new Map<PlannedRoom, RoomRole | "left" | undefined>();
    for (const { room: written, title, role } of rooms) {
      if (role === "left" && !this.#rooms.has(folded(written))) {
        this.#refuse(
          line,
          msg`names the room ${written}, which does not exist`,
          msg`check the name`,
        );
        continue;
      }
      const room =
        this.#rooms.get(folded(written)) ??
        this.#formerRoom(line, written, title) ??
        this.#alikeRoom(line, written, title) ??
        this.#newRoom(line, written, title);
      if (room === undefined) continue;
      if (done.has(room)) {
        if (done.get(room) !== role)
          this.#refuse(line, msg`has two roles for the room '${room.name}'`, msg`keep one of them`);
        continue;
      }
      done.set(room, role);
      const key = folded(room.name);
      if (role === "left") {
        if (joined.has(key))
          this.#members.push({ line, kind: "remove-member", user, room: room.name });
        continue;
      }
      // The list may be older than the departure.
      if (left.has(key) && !joined.has(key)) {
        this.#left.push({ line, user, room: room.name });
        continue;
      }
      // The user who creates a room is its first member and moderator.
      const isCreator = this.#created.has(room) && folded(user) === this.#me;
      if (isCreator) this.#ownRooms.add(room.name);
      if (!joined.has(key)) this.#askWhichYear(person, room, joined);
      const isModerator = moderated.has(key) || isCreator;
      const isGranted = role !== undefined && isModerator !== (role === "moderator");
      if (!joined.has(key) || isGranted) this.#askWhose(line, room);
      if (!joined.has(key) && !isCreator) this.#add(line, user, room);
      if (!isGranted) continue;
      if (room.isSealed) {
        this.#refuse(
          line,
          msg`changes a role in the encrypted room ${room.name}`,
          msg`use chat admin grant or revoke ${user} --room ${room.name}`,
        );
      }
      this.#roles.push({ line, kind: "grant", user, room: room.name, on: !isModerator });
    }
    const total =
      joined.size + [...done.keys()].filter(({ name }) => !joined.has(folded(name))).length;
    if (total > JOINED_ROOMS_MAX)
      this.#refuse(
        line,
        msg`puts ${user} into ${total} rooms`,
        msg`at most ${JOINED_ROOMS_MAX} are possible`,
      );
    const isOperator = entry?.operator === true;
    if (operator !== undefined && isOperator !== operator)
      this.#roles.push({ line, kind: "grant", user, room: undefined, on: operator });
  }

  /** A former name may mean a new room, for example the next year's class. */
  #formerRoom(line: number, written: Name, title?: string): PlannedRoom | undefined {
    const room = this.#formerRooms.get(folded(written));
    if (room === undefined) return undefined;
    const { name, maker } = room;
    const isMeantTwice = this.#listed.has(folded(name));
    const isConfirmable = !isMeantTwice && maker === undefined;
    if (this.#newRoomNames.has(folded(written))) return this.#newRoom(line, written, title);
    this.#ask({
      line,
      reason: [
        msg`names the room ${written}, which is now called ${name}`,
        msg`write ${name} if it is this room, or another name for a new one`,
      ],
      newRoom: written,
      // A list that has both names means two rooms. To confirm the room of another user would also
      // answer the question about its maker.
      ...(isConfirmable ? { subject: { kind: "room", name } as const } : {}),
    });
    return room;
  }

  /** A room that looks like the written one may be meant, and would prevent a new one. */
  #alikeRoom(line: number, written: Name, title?: string): PlannedRoom | undefined {
    const room = this.#looks.find(written, title);
    if (room === undefined) return undefined;
    const { name, maker } = room;
    const shown = room.title === undefined ? "" : ` ('${room.title}')`;
    const isConfirmable = maker === undefined && !this.#created.has(room);
    this.#ask({
      line,
      reason: [
        msg`names the room '${title ?? written}', which looks like ${name}${shown}`,
        msg`write ${name} if it is this room, or another name for a new one`,
      ],
      ...(isConfirmable ? { subject: { kind: "room", name } as const } : {}),
    });
    return room;
  }

  /** The maker of a room may moderate it, and read what the class writes there. */
  #askWhose(line: number, { name, maker }: PlannedRoom): void {
    if (maker === undefined) return;
    this.#ask({
      line,
      reason: [
        msg`names the room ${name}, which ${maker} made`,
        msg`choose another room, or confirm this one`,
      ],
      subject: { kind: "room", name },
    });
  }

  /**
   * A list of last year would put people into the room that has the name of their class now. A line
   * that names their room, too, is of this year.
   */
  #askWhichYear(
    { line, rooms }: ListedPerson,
    { name }: PlannedRoom,
    joined: ReadonlySet<FoldedName>,
  ): void {
    const former = this.#formerRooms.get(folded(name));
    if (former === undefined || !joined.has(folded(former.name))) return;
    if (rooms.some(({ room }) => folded(room) === folded(former.name))) return;
    const isRole = rooms.some(
      ({ room, role }) => folded(room) === folded(name) && role === "moderator",
    );
    this.#ask({
      line,
      reason: [
        msg`adds a member of ${former.name}, which was called ${name} before, to the new ${name}`,
        msg`use a list of this year, or name ${former.name} on the line, too`,
      ],
      ...(isRole ? {} : { subject: { kind: "room", name } as const }),
    });
  }

  #newRoom(line: number, name: Name, title?: string): PlannedRoom | undefined {
    if (isGroupName(name)) {
      this.#refuse(
        line,
        msg`names '${name}', which only a group can have`,
        msg`choose another room`,
      );
      return undefined;
    }
    const room = { name, title, isSealed: false, maker: undefined, members: 1 };
    this.#rooms.set(folded(name), room);
    this.#looks.add(room);
    this.#created.add(room);
    const isFormer = this.#vacated.has(folded(name)) || this.#formerRooms.has(folded(name));
    this.#newRooms.push({
      line,
      kind: "create-room",
      room: name,
      ...defined({ title }),
      ...(isFormer ? { reusesName: true } : {}),
    });
    return room;
  }

  #add(line: number, user: Name, room: PlannedRoom): void {
    room.members++;
    if (room.isSealed) {
      this.#refuse(
        line,
        msg`adds ${user} to the encrypted room ${room.name}`,
        msg`its members add people, with /invite`,
      );
    } else if (room.members > ROOM_MEMBERS_MAX)
      this.#refuse(line, msg`is one person too many for ${room.name}: at most ${ROOM_MEMBERS_MAX}`);
    this.#members.push({ line, kind: "add", user, room: room.name });
  }

  /**
   * Creating a room makes the importing user its member and moderator. Unless the list names them,
   * they leave it if it has another moderator: one on the list, or else the owner.
   */
  #departures(): ImportChange[] {
    const isOfMe = ({ user }: { readonly user: Name }) => folded(user) === this.#me;
    return this.#newRooms.flatMap((created) => {
      if (created.kind !== "create-room" || this.state.me === undefined) return [];
      const { line, room } = created;
      const isModerated = this.#roles.some(
        (role) => role.kind === "grant" && role.room === room && role.on && !isOfMe(role),
      );
      const owner = this.state.owner as Name | undefined;
      if (this.#ownRooms.has(room) || (!isModerated && owner === undefined)) return [];
      if (!isModerated && owner !== undefined) {
        const isListed = this.#members.some(
          (change) => change.kind === "add" && change.user === owner && change.room === room,
        );
        if (!isListed) this.#members.push({ line, kind: "add", user: owner, room });
        this.#roles.push({ line, kind: "grant", user: owner, room, on: true });
      }
      return [{ line, kind: "leave", user: this.state.me as Name, room }];
    });
  }

  #checkLimits(): void {
    const { accounts, rooms } = this.state;
    const created = this.#accounts.filter(({ kind }) => kind === "create-account");
    const firstAccount = created[ACCOUNTS_MAX - accounts.length];
    if (firstAccount !== undefined)
      this.#refuse(firstAccount.line, msg`needs an account too many: a server has ${ACCOUNTS_MAX}`);
    const used = rooms.filter(({ vacant }) => vacant !== true).length;
    const firstRoom = this.#newRooms[ROOMS_MAX - used];
    if (firstRoom !== undefined)
      this.#refuse(firstRoom.line, msg`needs a room too many: a server has ${ROOMS_MAX}`);
  }
}

/** Names and display names by what they look like, as the server compares them. */
class NameIndex {
  readonly #names = new Map<string, Set<string>>();
  readonly #displayNames = new Map<string, string>();
  readonly #displayed = new Map<string, string>();

  add({ user, former = [], displayName }: Partial<AccountEntry> & { readonly user: string }): void {
    for (const name of [user, ...former])
      for (const key of skeletonsOf(name))
        this.#names.set(key, (this.#names.get(key) ?? new Set()).add(user));
    if (displayName !== undefined) this.rename(user, displayName);
  }

  rename(user: string, text: string): void {
    for (const key of skeletonsOf(this.#displayed.get(user) ?? ""))
      if (this.#displayNames.get(key) === user) this.#displayNames.delete(key);
    this.#displayed.set(user, text);
    if (text === "") return;
    for (const key of skeletonsOf(text)) this.#displayNames.set(key, user);
  }

  displayedLike(name: string, except: string): string | undefined {
    return skeletonsOf(name)
      .map((key) => this.#displayNames.get(key))
      .find((user) => user !== undefined && user !== except);
  }

  /** Returns the user of another account whose name or display name looks like this one. */
  holderOf(text: string, except: string): string | undefined {
    const named = skeletonsOf(text).flatMap((key) => [...(this.#names.get(key) ?? [])]);
    return this.displayedLike(text, except) ?? named.find((user) => user !== except);
  }
}

/** Rooms by what their names and display names look like, as the server compares them. */
class RoomLooks {
  readonly #names = new Map<string, PlannedRoom>();
  readonly #titles = new Map<string, PlannedRoom>();

  add(room: PlannedRoom): void {
    for (const key of skeletonsOf(room.name)) this.#names.set(key, room);
    for (const key of skeletonsOf(room.title ?? "")) this.#titles.set(key, room);
  }

  /** Returns the room that prevents a room of this name and display name. */
  find(name: string, title: string | undefined): PlannedRoom | undefined {
    const ofTitle = title === undefined ? [] : skeletonsOf(title);
    return [...skeletonsOf(name), ...ofTitle]
      .flatMap((key) => this.#titles.get(key) ?? [])
      .concat(ofTitle.flatMap((key) => this.#names.get(key) ?? []))[0];
  }
}

/** Whether two display names have a word in common, or one of them is missing. */
function sharesWord(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  const wordsOf = (text: string) => text.split(/[^\p{L}\p{M}\p{N}]+/u).flatMap(skeletonsOf);
  const words = new Set(wordsOf(one));
  return wordsOf(other).some((word) => word !== "" && words.has(word));
}

function isWaiting({ password, devices }: AccountEntry): boolean {
  return !password && devices === 0;
}

function repeatReason({ from: text, name, other }: DerivedName, line: number): Reason {
  const from = text.slice(0, 40);
  return [
    msg`would give '${from}' the name ${name}, which is the account name of line ${line}`,
    msg`write a name in the column 'name', such as ${other}`,
  ];
}

function keyOf(kind: "account" | "room", name: string): string {
  return `${kind} ${folded(name)}`;
}

function folded(name: string): FoldedName {
  return foldName(name as Name);
}

/** Request that makes the change, except for the codes of accounts. */
export function requestFor(change: Exclude<ImportChange, CodeChange>) {
  switch (change.kind) {
    case "rename-room":
      return {
        kind: "rename",
        fields: { room: change.room, to: change.to, ...defined({ title: change.title }) },
      } as const;
    case "close-room":
      return { kind: "close", fields: { room: change.room, on: true } } as const;
    case "remove-account":
      return { kind: "remove", fields: { user: change.user } } as const;
    case "remove-member":
      return { kind: "kick", fields: { room: change.room, user: change.user } } as const;
    case "external-id":
      return { kind: "external-id", fields: { user: change.user, value: change.value } } as const;
    case "create-room": {
      const { room, title, reusesName } = change;
      const fields = { room, create: true, ...defined({ title, reusesName }) };
      return { kind: "join", fields } as const;
    }
    case "display-name":
      return { kind: "display-name", fields: { user: change.user, text: change.text } } as const;
    case "add":
      return { kind: "add", fields: { room: change.room, user: change.user } } as const;
    case "leave":
      return { kind: "leave", fields: { room: change.room } } as const;
    default: {
      const { user, on, room } = change;
      return {
        kind: "grant",
        fields: room === undefined ? { user, on } : { room, user, on },
      } as const;
    }
  }
}
