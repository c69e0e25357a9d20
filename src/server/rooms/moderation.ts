/** Moderation requests: kick, ban, mute, roles, erasure and operator rights. */

import { Fault, msg } from "../../base/fault.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import { BANS_MAX, KNOCKS_PER_HOUR_MAX } from "../../base/limits.ts";
import { checkName } from "../../base/names.ts";
import { defined, hasSameFields } from "../../base/values.ts";
import { HourlyQuota } from "../../core/rate.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { BALLOT_NONCE_BYTES, sealBallot } from "../../core/rooms/ballot.ts";
import {
  checkNotLastModerator,
  isPermanent,
  type ModeratorActor,
  type RoomAction,
} from "../../core/rooms/moderation.ts";
import {
  type Ban,
  banDraft,
  bannedFault,
  pageAfter,
  registrationDraft,
  roleDraft,
  serverRulesDraft,
} from "../../core/rooms/policy.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { serverRulesOf } from "../../core/rooms/server-rules.ts";
import { requireRoom, requireUser } from "../../core/rooms/targets.ts";
import { ballotKeyOf, voterOf } from "../../crypto/voter.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { kindsWith } from "../../wire/kinds.ts";
import type { RequestOf, ServerRules } from "../../wire/messages.ts";
import { bodyOf, type Head } from "../../wire/record.ts";
import { banKey, hostKey } from "../auth/bans.ts";
import type { Authenticator } from "../auth/login.ts";
import { checkOperator, isOperating, isOperatorAnywhere } from "../auth/operator-link.ts";
import type { Resets } from "../auth/resets.ts";
import type { ServerContext } from "../kernel/context.ts";
import {
  type Deferred,
  requireActor,
  type Sender,
  type SomeHandlers,
  submit,
} from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import { checkMayAdd } from "./joins.ts";
import type { MassErasure } from "./mass-erasure.ts";
import type { RecordLookup } from "./record-lookup.ts";

interface ModerationOptions extends ServerContext {
  readonly recordLookup: RecordLookup;
  readonly authenticator: Pick<Authenticator, "operate">;
  readonly resets: Pick<Resets, "signOut">;
  readonly erasure: Pick<MassErasure, "ofAccount">;
  /** Deletes the unfinished uploads of an account. */
  readonly eraseUploads: (user: UserId) => Promise<void>;
}

const TARGET_KINDS = {
  edit: kindsWith("editable"),
  erase: kindsWith("erasable"),
  pin: kindsWith("message"),
  poll: new Set<string>(["text"]),
  vote: new Set<string>(["text"]),
};

/** @throws {Fault} last-moderator */
export function checkNotLast(
  options: Pick<ServerContext, "registry" | "peers">,
  rooms: Iterable<Room>,
  account: Pick<Account, "id" | "name">,
): void {
  checkNotLastModerator(rooms, account, (user) => isOperatorAnywhere(options, user));
}

export class Moderation {
  readonly #registrationChanges = new TaskQueue();
  readonly #knockRate = new HourlyQuota(KNOCKS_PER_HOUR_MAX);

  constructor(private readonly options: ModerationOptions) {}

  readonly handlers = {
    edit: async (request, from) => this.#act(from, await this.#messageAction(from, request)),
    erase: async (request, from) => this.#act(from, await this.#messageAction(from, request)),
    pin: async (request, from) => this.#act(from, await this.#messageAction(from, request)),
    poll: async (request, from) => this.#act(from, await this.#messageAction(from, request)),
    vote: async (request, from) => this.#act(from, await this.#messageAction(from, request)),
    receipts: ({ target, on }, from) => {
      const { room } = this.options.targets.resolve(from.actor.user, target);
      if (room === undefined) {
        throw new Fault("not-found", msg`no messages yet`, { remedy: msg`write the first one` });
      }
      return this.#act(from, { kind: "receipts", room: room.id, on });
    },
    hand: (request, from) => {
      const { kind, on, call = false } = request;
      return this.#act(from, { kind, on, call, ...this.#ownOrOther(request, from) });
    },
    wall: ({ room: named, ref: _ref, kind, ...change }, from) => {
      const { allNames } = this.options.registry;
      const round = change.round?.map((user) => requireUser(allNames, checkName(user)).id);
      const room = requireRoom(
        this.options.rooms,
        checkName(named, "room's name"),
        from.actor.user,
      );
      return this.#act(from, { kind, room: room.id, change: defined({ ...change, round }) });
    },
    knock: (request, from) => {
      const { kind, on } = request;
      const whom = this.#ownOrOther(request, from);
      if (on) this.#checkKnockRate(from.account.id);
      return this.#act(from, { kind, on, ...whom });
    },
    kick: (request, from) => {
      const { reason } = request;
      const act = defined({ kind: "kick", ...this.#whom(request, from), reason } as const);
      const room = this.options.rooms.get(act.room);
      if (room !== undefined && request.evenLast !== true)
        checkNotLast(this.options, [room], { id: act.user, name: act.name });
      return this.#act(from, act);
    },
    "invite-user": (request, from) => {
      const { user, isOperator } = from.actor;
      const isByToken = isOperator && !this.options.registry.policy.isOperator(user);
      const whom = this.#whom(request, from);
      if (this.options.rooms.get(whom.room)?.isPrivate === true) {
        checkMayAdd(this.options, user, this.#account(whom.name));
      }
      const by = from.account.name;
      return this.#act(from, { kind: "admission", ...whom, isByToken, by });
    },
    mute: (request, from) => {
      const { on, until } = request;
      return this.#act(from, defined({ kind: "mute", on, ...this.#whom(request, from), until }));
    },
    grant: async ({ room, user, on }, from) => {
      if (room !== undefined) {
        return this.#act(from, { kind: "grant", on, ...this.#whom({ room, user }, from) });
      }
      return await this.#grantOperator(from.actor, user, on);
    },
    "erase-all": async ({ user, after }, { account, actor }) => {
      const everyone = this.options.registry.allNames;
      const author = user === undefined ? account : requireUser(everyone, checkName(user));
      if (author !== account) checkOperator(actor);
      const progress = await this.options.erasure.ofAccount(actor.user, author, after ?? 0);
      const { erased, last, more } = progress;
      if (!more) await this.options.eraseUploads(author.id);
      return { erased, next: more && last !== undefined ? last : undefined };
    },
    operate: ({ token }, { client, account }) =>
      this.options.authenticator.operate(client, account, token),
    "sign-out": ({ user }, { actor }) => this.#signOut(actor, user),
    ban: (request, from) => this.#ban(request, from),
    bans: ({ after }) => {
      const { registry, clock } = this.options;
      const { page, next } = pageAfter(registry.policy.bans(clock.expiryUnixMs()), after);
      const bans = page.map(({ user, seq: _, ...ban }) =>
        defined({ user: user === undefined ? undefined : registry.nameOf(user), ...ban }),
      );
      return defined({ bans, next });
    },
    registration: async ({ closed }, { actor }) => {
      if (closed !== undefined) await this.#closeRegistration(requireActor(actor), closed);
      return { closed: this.options.registry.policy.isClosed };
    },
    "server-rules": async ({ direct, rooms, files }, { actor }) => {
      const change = defined({ direct, rooms, files });
      const isQuery = Object.keys(change).length === 0;
      if (!isQuery) await this.#changeServerRules(requireActor(actor), change);
      return { rules: this.options.registry.policy.rules };
    },
  } satisfies SomeHandlers;

  #act(from: Sender, action: RoomAction): Deferred {
    const { isOperator } = from.actor;
    return submit(this.options.kernel, from, { kind: "act", isOperator, action });
  }

  #checkKnockRate(user: UserId): void {
    const message = msg`you have asked to join rooms ${KNOCKS_PER_HOUR_MAX} times in an hour`;
    const now = this.options.clock.now();
    this.#knockRate.take(user, now, message, msg`wait an hour, or ask a moderator to invite you`);
  }

  #ownOrOther({ room, user }: RequestOf<"hand"> | RequestOf<"knock">, from: Sender) {
    return this.#whom({ room, user: user ?? from.account.name }, from);
  }

  #whom(
    { room: roomName, user: userName }: { readonly room: string; readonly user: string },
    { actor }: Sender,
  ) {
    const { rooms } = this.options;
    const room = requireRoom(rooms, checkName(roomName, "room's name"), actor.user);
    const account = this.#account(userName);
    const { id: user, name } = account;
    return { room: room.id, user, name, isOperator: isOperatorAnywhere(this.options, user) };
  }

  async #messageAction(
    { actor }: Sender,
    request: RequestOf<keyof typeof TARGET_KINDS>,
  ): Promise<RoomAction> {
    const { seq } = request;
    const record = await this.options.recordLookup.find(actor.user, seq);
    const head = record?.head;
    const room = head === undefined ? undefined : this.#room(head);
    const mayReference =
      room?.members.has(actor.user) === true ||
      head?.by === actor.user ||
      (actor.isOperator && room?.name !== undefined && room.isPrivate !== true);
    if (record === undefined || head === undefined || room === undefined || !mayReference) {
      throw new Fault("not-found", msg`no message ${seq}`, {
        remedy: msg`find its number: ${"chat history --json"}`,
      });
    }
    const message = { room: room.id, seq, author: head.by };
    if (!TARGET_KINDS[request.kind].has(head.kind) || isPermanent(room, record)) {
      const text = msg`record ${seq} is a '${head.kind}'; only messages can be changed`;
      throw new Fault("not-allowed", text, { remedy: "choose a message" });
    }
    const isPoll = head.kind === "text" && bodyOf(record, "text")?.poll !== undefined;
    if (request.kind === "erase") {
      const also =
        room.isSealed === true ? await this.#editsAmong(actor.user, head, request.also) : [];
      const files = request.files as readonly FileId[] | undefined;
      const isTextless =
        files !== undefined && head.kind === "file" && (await this.#isTextless(actor.user, seq));
      return { kind: "erase", ...message, also, isPoll, files, isTextless };
    }
    if (request.kind === "pin") return { kind: "pin", on: request.on, ...message };
    const { identity, entropy } = this.options;
    const isSealed = room.polls.get(seq)?.hide === "end";
    const key = isSealed ? ballotKeyOf(identity, seq) : undefined;
    if (request.kind === "poll") return { kind: "poll", key, ...message };
    if (request.kind === "vote") {
      const { choices } = request;
      const voter = voterOf(identity, actor.user, seq);
      const ballot = key && sealBallot(key, entropy(BALLOT_NONCE_BYTES), choices);
      return { kind: "vote", choices, voter, ballot, isPoll, ...message };
    }
    // A message with files needs no text.
    if (this.options.engine.files.of(seq).length === 0 && request.text === "")
      throw new Fault("text-invalid", msg`message is empty`);
    return { kind: "edit", text: request.text, isPoll, ...message };
  }

  /** Reports whether the message has no text after its last edit. */
  async #isTextless(requester: UserId, seq: number): Promise<boolean> {
    const { recordLookup, rooms } = this.options;
    const last = (await recordLookup.message(requester, seq, rooms)).at(-1);
    const kind = last?.head.kind === "edit" ? "edit" : "file";
    return last !== undefined && (bodyOf(last, kind)?.text ?? "") === "";
  }

  /** Encrypted records of the same author and room, which a client has named as edits. */
  async #editsAmong(
    requester: UserId,
    of: Head,
    seqs: readonly number[] = [],
  ): Promise<readonly number[]> {
    const edits: number[] = [];
    for (const seq of new Set(seqs)) {
      const { kind, room, by } = (await this.options.recordLookup.find(requester, seq))?.head ?? {};
      const isEdit = kind === "sealed" && room === of.room && by === of.by && seq > of.seq;
      if (isEdit) edits.push(seq);
    }
    return edits;
  }

  #room({ room }: Head): Room | undefined {
    return this.options.rooms.get(room as Room["id"]);
  }

  #account(name: string): Account {
    return requireUser(this.options.registry, checkName(name, "person's name"));
  }

  async #signOut(actor: ModeratorActor, user: string): Promise<void> {
    if (this.#account(user).id === actor.user) {
      const remedy = "use your account settings";
      throw new Fault("not-allowed", msg`you cannot sign yourself out here`, { remedy });
    }
    // Another server may have recorded a password that this server has not applied yet.
    if (this.#account(user).passwordHash === undefined)
      await this.options.sequencer.waitUntilCurrent();
    const account = this.#account(user);
    if (account.passwordHash === undefined) {
      const text = msg`${account.name} has no password to sign in with again`;
      const remedy = "create a password reset that also signs out; the user then sets a password";
      throw new Fault("last-credential", text, { remedy });
    }
    await this.options.resets.signOut(account, actor.user);
  }

  async #grantOperator(actor: ModeratorActor, user: string, on: boolean): Promise<void> {
    checkOperator(actor);
    const draft = () => roleDraft(this.#account(user).id, actor.user, on);
    await this.options.kernel.transact(() => [draft()]);
  }

  async #ban(request: RequestOf<"ban">, { client, actor }: Sender): Promise<void> {
    const { user, address, on, until, reason, evenLast = false } = request;
    if ((user === undefined) === (address === undefined)) {
      throw new Fault("usage", "specify either a user or an address", {
        remedy: "use only one of them",
      });
    }
    const whom =
      user === undefined ? { address: banKey(address ?? "") } : { user: this.#account(user).id };
    const ban: Omit<Ban, "seq"> = defined({ ...whom, until, reason });
    const { kernel, registry, rooms, clock } = this.options;
    if (on) this.#checkSelf(client, actor, ban);
    if (on && user !== undefined && !evenLast) {
      const account = this.#account(user);
      checkNotLast(this.options, rooms.roomsOf(account.id), account);
    }
    await kernel.transact(() => {
      if (on && registry.policy.bans(clock.expiryUnixMs()).length >= BANS_MAX) {
        throw new Fault("too-many", msg`limit of ${BANS_MAX} bans reached`, {
          remedy: msg`unban a user or address first`,
        });
      }
      return [banDraft(ban, actor.user, on)];
    });
    if (!on) return;
    this.#lowerHands(ban.user, actor.user);
    this.#closeBanned(ban);
  }

  /** A banned user cannot lower their hand. */
  #lowerHands(user: UserId | undefined, by: UserId): void {
    const { kernel, registry, rooms } = this.options;
    const name = user && registry.nameOf(user);
    if (user === undefined || name === undefined) return;
    const whom = { user, name, isOperator: false, on: false };
    for (const room of rooms.roomsOf(user)) {
      if (!room.hands.has(user) && room.called !== user) continue;
      const action = { kind: "hand", room: room.id, ...whom } as const;
      kernel.submit({ user: by }, { kind: "act", isOperator: true, action }, () => {});
    }
  }

  #checkSelf(
    client: ClientConnection,
    actor: ModeratorActor,
    { user, address }: Omit<Ban, "seq">,
  ): void {
    const isOwn = address === undefined ? user === actor.user : address === hostKey(client);
    if (!isOwn) return;
    throw new Fault("not-allowed", msg`you cannot ban yourself`, {
      remedy: msg`specify another user`,
    });
  }

  /** A ban of an address does not affect operators. */
  #closeBanned(ban: Omit<Ban, "seq">): void {
    const fault = bannedFault(ban);
    for (const client of [...this.options.peers.all()]) {
      const { account } = client;
      const isTarget =
        ban.user === undefined
          ? hostKey(client) === ban.address && !isOperating(client, account, this.options.registry)
          : account?.id === ban.user;
      if (isTarget) client.close(fault);
    }
  }

  async #changeServerRules(actor: ModeratorActor, change: ServerRules): Promise<void> {
    const { registry, kernel } = this.options;
    checkOperator(actor);
    await this.#registrationChanges.run(() =>
      kernel.transact(() => {
        const { policy } = registry;
        const rules = serverRulesOf({ ...policy.rules, ...change });
        return hasSameFields(rules, policy.rules) ? [] : [serverRulesDraft(actor.user, rules)];
      }),
    );
  }

  async #closeRegistration(actor: ModeratorActor, closed: boolean): Promise<void> {
    const { registry, kernel } = this.options;
    checkOperator(actor);
    await this.#registrationChanges.run(() =>
      kernel.transact(() =>
        closed === registry.policy.isClosed ? [] : [registrationDraft(actor.user, closed)],
      ),
    );
  }
}
