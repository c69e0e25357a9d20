/** Requests to join, create and leave rooms, to change topics and to invite users. */

import { toBase64Url } from "../../base/bytes.ts";
import { checkDisplayName } from "../../base/display-names.ts";
import { Fault, msg } from "../../base/fault.ts";
import { ID_BYTES, roomId, type UserId } from "../../base/ids.ts";
import {
  JOINS_TOGETHER_MAX,
  LEAVE_REASONS_PER_HOUR_MAX,
  LINKS_MAX,
  REJOINS_PER_HOUR_MAX,
  ROOMS_PER_HOUR_MAX,
} from "../../base/limits.ts";
import { checkName, type Name } from "../../base/names.ts";
import { checkMark } from "../../base/room-marks.ts";
import { defined, hasSameFields } from "../../base/values.ts";
import { HourlyQuota } from "../../core/rate.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { Submission } from "../../core/rooms/commands.ts";
import {
  type JoinDraftOptions,
  joinDrafts,
  lobbyDraft,
  roomToJoin,
} from "../../core/rooms/drafts.ts";
import { actionDrafts, isInvited, moderates } from "../../core/rooms/moderation.ts";
import { sealedTopic } from "../../core/rooms/not-encrypted.ts";
import { groupOf, newGroupDraft } from "../../core/rooms/private-groups.ts";
import type { ProfileChange } from "../../core/rooms/profiles.ts";
import { LOBBY, type Room, targetUser } from "../../core/rooms/rooms.ts";
import { needsAdmission, rulesOf } from "../../core/rooms/rules.ts";
import { checkMayCreateRoom } from "../../core/rooms/server-rules.ts";
import {
  displayedName,
  requireMember,
  requireRoom,
  requireUser,
} from "../../core/rooms/targets.ts";
import { checkNameUnlikeTitles } from "../../core/rooms/titles.ts";
import { groupDigest } from "../../crypto/group-digest.ts";
import { Slots, TaskQueue } from "../../io/task-queue.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { Invites } from "../auth/invites.ts";
import type { Authenticator } from "../auth/login.ts";
import type { ServerContext } from "../kernel/context.ts";
import {
  DEFERRED,
  type Deferred,
  disabledFault,
  NO_SEALING,
  type Sender,
  type SomeHandlers,
  submit,
} from "../kernel/service.ts";
import { Transactions } from "../kernel/transactions.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { MemberState } from "../session/connection-state.ts";

interface JoinsOptions extends ServerContext {
  readonly authenticator: Pick<Authenticator, "guessRoomPassword" | "hash">;
  readonly invites: Pick<Invites, "opensRoom">;
  readonly isSealingEnabled: boolean;
}

export class Joins {
  readonly #rate = new HourlyQuota(ROOMS_PER_HOUR_MAX);
  readonly #reasons = new HourlyQuota(LEAVE_REASONS_PER_HOUR_MAX);
  readonly #rejoins = new HourlyQuota(REJOINS_PER_HOUR_MAX);
  /** Joins, departures and new groups take turns between accounts. */
  readonly #turns = new TaskQueue({ waiting: LINKS_MAX, slots: new Slots(JOINS_TOGETHER_MAX) });

  constructor(private readonly options: JoinsOptions) {}

  readonly handlers = {
    join: async (request, from) => {
      // A wrong password is answered after a while, in which others have their turns.
      const options = await this.#joinOptions(request, from);
      const { rooms, kernel } = this.options;
      const isMember = rooms.find(options.name)?.members.has(from.account.id) === true;
      const command = { kind: "join", options } as const;
      return isMember ? submit(kernel, from, command) : this.#inTurn(from, command);
    },
    add: (request, { client, actor, ref }) => {
      const { kernel, registry, rooms } = this.options;
      const { id } = requireUser(registry, checkName(request.user, "person's name"));
      const name = checkName(request.room, "room's name");
      // Only members of an encrypted room can encrypt its messages for others.
      const room = requireRoom(rooms, name);
      const opens = room.isSealed === true ? undefined : room.id;
      const addedBy = registry.nameOf(actor.user);
      const options = { name, opens, create: undefined, ...defined({ addedBy }) };
      kernel.serve(client, id, ref, { kind: "join", options });
      return DEFERRED;
    },
    leave: ({ room: named, epoch, signature, reason: given }, from) => {
      // Otherwise a member could leave and join again for each message.
      const isAllowed = !given || this.#reasons.tryTake(from.account.id, this.options.clock.now());
      const reason = isAllowed ? given : undefined;
      const { device } = from.member;
      const isSigned = epoch !== undefined && signature !== undefined && device !== undefined;
      const signed = isSigned ? { epoch, device, signature: toBase64Url(signature) } : undefined;
      const room = checkName(named, "room's name");
      return this.#inTurn(from, { kind: "leave", room, ...defined({ signed, reason }) });
    },
    topic: ({ room: named, topic }, from) => {
      const room = checkName(named, "room's name");
      return submit(this.options.kernel, from, { kind: "topic", room, topic });
    },
    profile: ({ room: named, ...typed }, from) => {
      const { rooms, kernel } = this.options;
      const { actor } = from;
      const room = requireRoom(rooms, checkName(named, "room's name"), actor.user);
      if (room.isPrivate === true) {
        throw new Fault("not-allowed", msg`a group has its topic as its title`, {
          remedy: msg`set the topic: ${"/topic TEXT"}`,
        });
      }
      const action = { kind: "profile", room: room.id, change: checkedProfile(typed) } as const;
      // Check the request first, so that a refused request is refused even if it changes nothing.
      const [draft] = actionDrafts(rooms, actor, action, 0);
      if (Object.keys(draft?.body ?? {}).length === 0)
        return defined({ title: room.title, face: room.face });
      return submit(kernel, from, { kind: "act", isOperator: actor.isOperator, action });
    },
    rules: (request, from) => this.#changeRules(request, from),
    conversation: ({ users }, from) => {
      const { rooms, registry, kernel } = this.options;
      const { account, actor } = from;
      const others = users.map((user) => requireUser(registry, checkName(user, "person's name")));
      for (const other of others) checkMayAdd(this.options, account.id, other);
      const people = [...new Set([account, ...others])].sort((a, b) => (a.id < b.id ? -1 : 1));
      if (people.length < 3) {
        throw new Fault("usage", msg`a group needs at least two other people`, {
          remedy: msg`for one person: ${"/msg NAME TEXT"}`,
        });
      }
      const ids = people.map(({ id }) => id);
      const digest = (number: number) => groupDigest(this.options.identity, number, ids);
      const group = { by: account.id, people, isOperator: actor.isOperator, digest };
      const found = groupOf(rooms, group);
      const command = { kind: "converse", group } as const;
      if ("members" in found) return submit(kernel, from, command);
      // Check the request first, so that a refused request costs nothing.
      newGroupDraft(rooms, registry, group, found);
      if (!actor.isOperator) this.#checkRate(account.id);
      return this.#inTurn(from, command);
    },
  } satisfies SomeHandlers;

  /** Resolves when the command is settled. Each device of the account receives the room's entry. */
  #inTurn(from: Sender, command: Submission): Promise<Deferred> {
    return this.#turns.runFor(from.account.id, () => {
      const { promise, resolve } = Promise.withResolvers<Deferred>();
      submit(this.options.kernel, from, command, () => resolve(DEFERRED));
      return promise;
    });
  }

  /** A change that changes nothing has no record. */
  async #changeRules(
    { kind, room: named, password, ref: _, ...change }: RequestOf<"rules">,
    from: Sender,
  ): Promise<Answer<"rules"> | Deferred> {
    const { rooms, registry, kernel, authenticator } = this.options;
    const { actor } = from;
    const room = requireRoom(rooms, checkName(named, "room's name"), actor.user);
    const rules = rulesOf({ ...room.rules, ...change });
    const isSame = hasSameFields(rules, room.rules);
    const isRefused = (change.due ?? 0) > 0 && rules.due === undefined;
    if (isSame && !isRefused && password === undefined) {
      if (!moderates(room, actor)) requireMember(room, actor.user);
      return { rules: room.rules };
    }
    const action = { kind, room: room.id, change } as const;
    // Check the request first, so that a refused request changes no password.
    actionDrafts(rooms, actor, action, 0);
    if (password !== undefined) {
      const hash = await authenticator.hash(actor.user, password);
      await kernel.transact(() => [registry.roomPasswordDraft(room.id, actor.user, hash)]);
    }
    if (change.join === "password" && registry.roomPassword(room.id) === undefined) {
      throw new Fault("usage", msg`'${room.name}' has no password yet`, {
        remedy: msg`specify one`,
      });
    }
    return submit(kernel, from, { kind: "act", isOperator: actor.isOperator, action });
  }

  onRecord({ id }: Room, { head }: LogRecord): void {
    const { registry, rooms } = this.options;
    if (head.kind === "remove" && rooms.endOf(id) === undefined) registry.forgetRoomPassword(id);
  }

  /** Creates the lobby at the first start. */
  async start(): Promise<void> {
    const { history, registry, rooms, entropy } = this.options;
    registry.forgetRoomPasswords((room) => rooms.endOf(room) !== undefined);
    await new Transactions(history).run(() =>
      rooms.find(LOBBY) === undefined ? [lobbyDraft(roomId(entropy(ID_BYTES)))] : [],
    );
  }

  async #joinOptions(request: RequestOf<"join">, sender: Sender): Promise<JoinDraftOptions> {
    const name = checkName(request.room, "room's name");
    const reusesName = request.create === true && request.reusesName === true;
    const room = roomToJoin(this.options.rooms, sender.account.id, {
      name,
      create: { reusesName },
    });
    if (room !== undefined) {
      if (request.sealed === true && room.isSealed !== true) {
        throw new Fault(
          "name-taken",
          msg`'${name}' is not encrypted, and an existing room cannot be encrypted`,
          { remedy: msg`choose another name for the encrypted room` },
        );
      }
      if (request.topic !== undefined || request.title !== undefined) {
        throw new Fault("name-taken", msg`room '${name}' already exists`, {
          remedy:
            request.topic === undefined
              ? msg`choose another name, or join it without a display name`
              : msg`choose another name, or join it without a topic`,
        });
      }
      this.#checkRejoins(room, sender);
      const opens = (await this.#isPasswordCorrect(room, request, sender)) ? room.id : undefined;
      if (opens === undefined) this.#checkPresentName(room, name, sender);
      const hasPassword = request.password !== undefined;
      const found = { name, opens, hasPassword, create: undefined };
      return { ...found, ...assignmentOf(request, sender) };
    }
    if (request.create !== true) return { name, create: undefined };
    return await this.#creation(request, sender);
  }

  async #isPasswordCorrect(
    room: Room,
    { password }: RequestOf<"join">,
    { client, account }: Sender,
  ): Promise<boolean> {
    const { clock, registry, authenticator } = this.options;
    const isFree =
      !needsAdmission(room, account.id) ||
      isInvited(room, account.id, registry, clock.expiryUnixMs());
    if (isFree) return false;
    if (this.#hasInvite(room, client, account)) return true;
    const hash = registry.roomPassword(room.id);
    const isLocked = room.rules.join === "password";
    if (password === undefined || hash === undefined || !isLocked) return false;
    await authenticator.guessRoomPassword(client, password, {
      hash,
      room: room.id,
      user: account.id,
    });
    return true;
  }

  #hasInvite(room: Room, client: Sender["client"], { id }: Sender["account"]): boolean {
    const { invite, invited } = client.handshake?.admission ?? {};
    return (
      invited === id && invite !== undefined && this.options.invites.opensRoom(invite, room.id)
    );
  }

  /**
   * A room of this year's class may have had the name that a pupil types last year.
   * @throws {Fault} name-taken if somebody who is not a member joins by a former name
   */
  #checkPresentName(room: Room, name: Name, { client, account }: Sender): void {
    const isPresent = this.options.rooms.holderOf(name) === room;
    if (isPresent || room.members.has(account.id)) return;
    if (this.#hasInvite(room, client, account)) return;
    const present = displayedName(room);
    throw new Fault("name-taken", msg`'${name}' is now called '${present}'`, {
      remedy: msg`to join it: ${`/join ${present}`}`,
    });
  }

  async #creation(request: RequestOf<"join">, sender: Sender): Promise<JoinDraftOptions> {
    const { room, password, sealed, assignment, topic, title: typed } = request;
    const title = typed === undefined ? undefined : checkDisplayName(typed, "room");
    const { account, actor } = sender;
    const { isOperator } = actor;
    const { rooms, registry, kernel, entropy, authenticator } = this.options;
    if (sealed === true) {
      if (assignment === true) {
        throw new Fault("sealed-room", msg`an encrypted room cannot be an assignment`, {
          remedy: msg`create a room that is not encrypted`,
        });
      }
      if (topic !== undefined) throw sealedTopic();
      if (!this.options.isSealingEnabled) throw disabledFault(NO_SEALING);
      if (password !== undefined) {
        throw new Fault(
          "usage",
          msg`an encrypted room cannot have a password; its members add people`,
          { remedy: msg`omit the password` },
        );
      }
    }
    const id = roomId(entropy(ID_BYTES));
    const options = {
      name: checkName(room, "room's name"),
      ...assignmentOf(request, sender),
      create: {
        room: id,
        locked: password !== undefined,
        sealed: sealed === true,
        isOperator,
        reusesName: request.reusesName === true,
        ...defined({ topic, title }),
      },
    };
    // Someone who joins "Mathe 7a" would create the room Mathe with the password 7a.
    if (password !== undefined) checkNameUnlikeTitles(rooms, `${room} ${password}`);
    // Check the request first, so that a refused request costs nothing.
    checkMayCreateRoom(registry, isOperator);
    joinDrafts(rooms, account.id, options);
    if (!isOperator) this.#checkRate(account.id);
    if (password !== undefined) {
      // Store the hash before the room exists. A crash in between leaves only an unused hash.
      const hash = await authenticator.hash(account.id, password);
      await kernel.transact(() => [registry.roomPasswordDraft(id, account.id, hash)]);
    }
    return options;
  }

  /** Otherwise an account could leave and join for ever, with a record and an event each time. */
  #checkRejoins({ admitted, members }: Room, { account: { id }, actor }: Sender): void {
    if (actor.isOperator || members.has(id) || !admitted.has(id)) return;
    const message = msg`you have joined rooms again ${REJOINS_PER_HOUR_MAX} times in an hour`;
    this.#rejoins.take(id, this.options.clock.now(), message, msg`wait a minute`);
  }

  #checkRate(user: UserId): void {
    const message = `you have reached the limit of ${ROOMS_PER_HOUR_MAX} new rooms per hour`;
    const now = this.options.clock.now();
    this.#rate.take(user, now, message, "wait an hour, or ask an operator");
  }
}

function assignmentOf(
  { assignment }: RequestOf<"join">,
  { actor: { isOperator } }: Sender,
): Pick<JoinDraftOptions, "assignment"> {
  return assignment === true ? { assignment: { isOperator } } : {};
}

/**
 * A user cannot add people who ignore them, or who are banned.
 * @throws {Fault} not-allowed
 */
export function checkMayAdd(
  { registry, clock }: Pick<ServerContext, "registry" | "clock">,
  by: UserId,
  { id, name, ignored }: Account,
): void {
  const ban = registry.policy.ban(id, clock.expiryUnixMs());
  if (ban === undefined && !ignored.has(by)) return;
  throw new Fault("not-allowed", msg`you cannot add ${name}`, {
    remedy: msg`omit them, or ask someone else to add them`,
  });
}

type InvitationsOptions = Pick<ServerContext, "clock" | "peers" | "registry" | "rooms">;

export class Invitations {
  constructor(private readonly options: InvitationsOptions) {}

  onLogin(client: ClientConnection, { account }: MemberState): void {
    for (const room of this.options.rooms.roomsInviting(account.id)) {
      this.#notify([client], account, room);
    }
  }

  onRecord(room: Room, record: LogRecord): void {
    const { kind } = record.head;
    if (kind !== "admission" && kind !== "kick") return;
    const { registry, peers } = this.options;
    const account = registry.get(targetUser(record) ?? ("" as UserId));
    if (account === undefined || room.name === undefined) return;
    if (room.invited.has(account.id)) return this.#notify(peers.of(account.id), account, room);
    const notice = { kind: "uninvited", room: room.name } as const;
    for (const client of peers.of(account.id)) client.notify(notice);
  }

  #notify(clients: Iterable<ClientConnection>, account: Account, room: Room): void {
    const { clock, registry } = this.options;
    const { name } = room;
    const by = room.invited.get(account.id);
    if (name === undefined || by === undefined || account.ignored.has(by)) return;
    if (!isInvited(room, account.id, registry, clock.expiryUnixMs())) return;
    const inviter = registry.nameOf(by);
    const notice = defined({ kind: "invited", room: name, by: inviter, sealed: false });
    for (const client of clients) client.notify(notice);
  }
}

function checkedProfile({ title, mark, chalk }: ProfileChange): ProfileChange {
  return defined({
    title: title && checkDisplayName(title, "room"),
    mark: mark && checkMark(mark),
    chalk,
  });
}
