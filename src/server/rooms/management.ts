/** Operator requests that rename or remove accounts and rooms. */

import { checkDisplayName } from "../../base/display-names.ts";
import { checkExternalId } from "../../base/external-ids.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { checkName } from "../../base/names.ts";
import { checkNewName } from "../../base/new-names.ts";
import { defined } from "../../base/values.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { mayReadSealed } from "../../core/rooms/group-state.ts";
import type { ModeratorActor, RoomAction } from "../../core/rooms/moderation.ts";
import { requireRoom, requireUser } from "../../core/rooms/targets.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import {
  DEFERRED,
  type Deferred,
  type Sender,
  type SomeHandlers,
  submit,
} from "../kernel/service.ts";
import type { CatchUp } from "./catch-up.ts";
import { checkNotLast } from "./moderation.ts";

interface ManagementOptions extends ServerContext {
  readonly catchUp: Pick<CatchUp, "refresh">;
}

/** Groups per request: each costs a record, and other commands must not wait for them. */
const GROUPS_REMOVED_MAX = 32;

export class Management {
  constructor(private readonly options: ManagementOptions) {}

  readonly handlers = {
    unregister: async ({ ref }, { client, account }) => {
      await this.#removeAccount(account.id, account, () => client.answer(ref, {}));
      return DEFERRED;
    },
    bot: async ({ on }, { account }) => {
      const { id, isRemoved } = account;
      await this.options.kernel.transact(() =>
        isRemoved || account.isBot === on
          ? []
          : [{ kind: "bot", room: id, by: id, id: "", body: { on } }],
      );
    },
    "external-id": async ({ user, value: typed }, { actor }) => {
      const value = typed === "" ? "" : checkExternalId(typed);
      const account = this.#account(user);
      const { kernel, registry } = this.options;
      await kernel.transact(() => {
        const draft = registry.externalIdDraft(account, actor.user, value);
        return draft === undefined ? [] : [draft];
      });
    },
    rename: async ({ user, room, to, title: typed, quiet }, from) => {
      this.#checkSingleTarget({ user, room });
      if (room !== undefined) {
        const name = checkName(to, "room's name");
        const title = typed && checkDisplayName(typed, "room");
        const action = { kind: "rename", to: name, room: this.#room(room) } as const;
        return this.#act(from, { ...action, ...defined({ title }) });
      }
      const account = this.#account(user ?? "");
      await this.#renameAccount(from.actor.user, account, to, quiet);
      return {};
    },
    remove: async ({ user, room, evenLast }, from) => {
      this.#checkSingleTarget({ user, room });
      if (room !== undefined) return this.#act(from, { kind: "remove", room: this.#room(room) });
      const account = this.#account(user ?? "");
      if (account.id === from.account.id) {
        throw new Fault("not-allowed", msg`you cannot remove yourself`, {
          remedy: msg`specify another user`,
        });
      }
      if (evenLast !== true)
        checkNotLast(this.options, this.options.rooms.roomsOf(account.id), account);
      return await this.#removeAccount(from.actor.user, account);
    },
    "remove-groups": ({ user }, { actor }) => this.#removeGroups(actor, this.#account(user)),
    close: ({ room, on }, from) => this.#act(from, { kind: "close", on, room: this.#room(room) }),
    retention: ({ room, keepMs }, from) =>
      this.#act(from, { kind: "retention", room: this.#room(room), keepMs }),
  } satisfies SomeHandlers;

  #act(from: Sender, action: RoomAction): Deferred {
    const { isOperator } = from.actor;
    return submit(this.options.kernel, from, { kind: "act", isOperator, action });
  }

  async #removeGroups(
    { user, isOperator }: ModeratorActor,
    { id }: Account,
  ): Promise<Answer<"remove-groups">> {
    const { kernel, rooms } = this.options;
    const groups: RoomId[] = [];
    for (const room of rooms.named()) {
      if (room.isPrivate === true && room.maker === id) groups.push(room.id);
    }
    const some = groups.slice(0, GROUPS_REMOVED_MAX);
    const outcomes = await Promise.allSettled(
      some.map((room) =>
        kernel.request(user, { kind: "act", isOperator, action: { kind: "remove", room } }),
      ),
    );
    const faults = outcomes.filter((outcome) => outcome.status === "rejected");
    const removed = some.length - faults.length;
    // If the last member has left in the meantime, the group has ended.
    if (removed === 0 && faults[0] !== undefined) throw faults[0].reason;
    return { removed, more: groups.length > some.length };
  }

  async #renameAccount(by: UserId, account: Account, to: string, isQuiet = false): Promise<void> {
    const { registry, kernel, rooms, peers, catchUp } = this.options;
    const name = checkNewName(to);
    const oldName = account.name;
    if (name === oldName) return;
    registry.reserve(name, account);
    try {
      await kernel.transact(() => {
        registry.checkFree(name, account);
        return [registry.nameDraft(account.id, by, name)];
      });
    } finally {
      registry.release(name);
    }
    const notices: Promise<void>[] = [];
    for (const room of [...rooms.roomsOf(account.id)]) {
      if (room.name === undefined) catchUp.refresh(room);
      else {
        const notice = { room: room.id, user: account.id, was: oldName, to: name } as const;
        const renamed = { kind: "renamed", ...notice } as const;
        if (isQuiet) notices.push(this.#eraseAfter(by, renamed));
        else this.#submit(by, renamed);
      }
    }
    // A notice fails in a room that the user has left since.
    await Promise.allSettled(notices);
    const detail = { retryAfterMs: 0, remedy: "the program reconnects automatically" };
    const fault = new Fault("link-closed", msg`you were renamed to ${name}`, detail);
    peers.close(account.id, fault);
  }

  /** Can be repeated, because a crash may leave some rooms without a record of the removal. */
  async #removeAccount(by: UserId, account: Account, onRemoved = () => {}): Promise<void> {
    const { registry, kernel, rooms, peers } = this.options;
    await kernel.transact(() => (account.isRemoved ? [] : [registry.removalDraft(account, by)]));
    const { id: user, name } = account;
    for (const room of [...rooms.roomsOf(user)]) {
      if (room.name !== undefined) this.#submit(by, { kind: "gone", room: room.id, user, name });
    }
    for (const room of rooms.named()) {
      // Devices of a user who never joined must leave the group as well.
      if (!room.members.has(user) && mayReadSealed(room, user)) {
        this.#submit(by, { kind: "gone", room: room.id, user, name });
      }
      const action = { room: room.id, user, name, on: false, isOperator: false } as const;
      if (room.knocks.has(user)) this.#submit(by, { kind: "knock", ...action });
    }
    onRemoved(); // Answer before the requester's own link closes.
    const remedy = "ask an operator";
    const fault = new Fault("login-refused", msg`account ${name} was removed`, { remedy });
    peers.close(user, fault);
  }

  /** Members' programs need the record to rename the user; once erased, it is not displayed. */
  async #eraseAfter(by: UserId, action: RoomAction): Promise<void> {
    const { kernel } = this.options;
    const act = { kind: "act", isOperator: true } as const;
    const { room } = action;
    const { seq } = await kernel.request(by, { ...act, action });
    const erasure = { kind: "erase", room, seq, author: by } as const;
    await kernel.request(by, { ...act, action: erasure });
  }

  #submit(user: UserId, action: RoomAction): void {
    const ignoreOutcome = () => {};
    this.options.kernel.submit({ user }, { kind: "act", isOperator: true, action }, ignoreOutcome);
  }

  #room(name: string): RoomId {
    return requireRoom(this.options.rooms, checkName(name, "room's name")).id;
  }

  #checkSingleTarget({ user, room }: Pick<RequestOf<"remove">, "user" | "room">): void {
    if ((user === undefined) !== (room === undefined)) return;
    throw new Fault("usage", "specify either a user or a room", { remedy: "use only one of them" });
  }

  #account(name: string): Account {
    return requireUser(this.options.registry.allNames, checkName(name, "person's name"));
  }
}
