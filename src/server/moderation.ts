import { unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import { BANS_MAX } from "../base/limits.ts";
import { checkName } from "../base/names.ts";
import { namedRoom } from "../core/change.ts";
import type { HallInput } from "../core/hall-effect.ts";
import { type Ban, banDraft, registrationDraft, roleDraft } from "../core/house-rules.ts";
import type { Act, Actor } from "../core/moderate.ts";
import type { Account, Registry } from "../core/registry.ts";
import type { Room, Rooms } from "../core/room.ts";
import type { Clock } from "../io/clock.ts";
import type { Log } from "../io/log.ts";
import type { RequestOf } from "../wire/messages.ts";
import type { Head, RecordKind } from "../wire/record.ts";
import { addressKey, isLoopback } from "./addresses.ts";
import { banKey, bannedFault } from "./bans.ts";
import type { ModerationRequest } from "./desk.ts";
import type { Entry } from "./entry.ts";
import type { Invites } from "./invites.ts";
import type { Lookups } from "./lookups.ts";
import type { Peer } from "./peer.ts";

export interface ModerationOptions {
  readonly clock: Clock;
  readonly rooms: Rooms;
  readonly registry: Registry;
  readonly accounts: Pick<Log, "append">;
  readonly lookups: Lookups;
  readonly entry: Pick<Entry, "guessOperator">;
  readonly invites: Invites;
  readonly owner: {
    input(input: HallInput): void;
    peers(): Iterable<Peer>;
  };
}

const WORDS: ReadonlySet<RecordKind> = new Set(["text", "action"]);
const ERASABLE: ReadonlySet<RecordKind> = new Set([
  ...(["text", "action", "reaction", "file"] as const),
]);

/** Keeps order: looks up whom and what a request means, then lets the hall or the log decide. */
export class Moderation {
  readonly #options: ModerationOptions;

  constructor(options: ModerationOptions) {
    this.#options = options;
  }

  /** @throws Fault, with which the request is to be refused */
  async serve(peer: Peer, account: Account, request: ModerationRequest): Promise<void> {
    const actor = { user: account.id, isOperator: this.#isOperating(peer, account) };
    const { invites } = this.#options;
    switch (request.kind) {
      case "edit":
      case "erase":
        return this.#act(peer, actor, request.ref, await this.#said(actor, request));
      case "kick":
      case "mute":
        return this.#act(peer, actor, request.ref, this.#concerned(request, request.room));
      case "grant":
        if (request.room !== undefined) {
          return this.#act(peer, actor, request.ref, this.#concerned(request, request.room));
        }
        await this.#grantOffice(actor, request);
        return peer.answer(request.ref, {});
      case "operate":
        await this.#options.entry.guessOperator(peer, request.token);
        if (peer.account === account) peer.isOperator = true;
        return peer.answer(request.ref, {});
      case "ban":
        await this.#ban(peer, actor, request);
        return peer.answer(request.ref, {});
      case "bans":
        checkOperator(actor);
        return peer.answer(request.ref, { bans: this.#bans() });
      case "registration":
        return peer.answer(request.ref, await this.#registration(actor, request));
      case "invite":
        return peer.answer(request.ref, await invites.make(actor, request));
      case "invites":
        return peer.answer(request.ref, invites.list(actor));
      case "invite-revoke":
        await invites.revoke(actor, request.invite);
        return peer.answer(request.ref, {});
      default:
        return unreachable(request);
    }
  }

  #act(peer: Peer, { user, isOperator }: Actor, ref: number, act: Act): void {
    const asker = { peer: peer.id, user, ref };
    this.#options.owner.input({ kind: "act", asker, isOperator, act });
  }

  #isOperating(peer: Peer, account: Account): boolean {
    return peer.isOperator || this.#options.registry.rules.isOperator(account.id);
  }

  /** By office, or in some session by the token. */
  #isOperator(account: Account): boolean {
    if (this.#options.registry.rules.isOperator(account.id)) return true;
    for (const peer of this.#options.owner.peers()) {
      if (peer.account === account && peer.isOperator) return true;
    }
    return false;
  }

  #concerned(
    request: RequestOf<"kick"> | RequestOf<"mute"> | RequestOf<"grant">,
    roomName: string,
  ): Act {
    const room = namedRoom(this.#options.rooms, checkName(roomName, "room's name"));
    const account = this.#account(request.user);
    const { id: user, name } = account;
    const whom = { room: room.id, user, name, isOperator: this.#isOperator(account) };
    if (request.kind === "kick") return { kind: "kick", ...whom };
    const { on } = request;
    if (request.kind === "grant") return { kind: "grant", on, ...whom };
    const { until } = request;
    return { kind: "mute", on, ...whom, ...(until === undefined ? {} : { until }) };
  }

  async #said(actor: Actor, request: RequestOf<"edit"> | RequestOf<"erase">): Promise<Act> {
    const { seq } = request;
    const head = (await this.#options.lookups.find(actor.user, seq))?.head;
    const room = head === undefined ? undefined : this.#room(head);
    const mayKnow =
      room?.members.has(actor.user) === true ||
      head?.by === actor.user ||
      (actor.isOperator && room?.name !== undefined);
    if (head === undefined || room === undefined || !mayKnow) {
      throw new Fault("not-found", `there is no message ${seq} for you`, {
        remedy: "see its number: chat history --json",
      });
    }
    const said = { room: room.id, seq, author: head.by };
    const isErasing = request.kind === "erase";
    if (!(isErasing ? ERASABLE : WORDS).has(head.kind)) {
      const sentence = `record ${seq} is a '${head.kind}', and only words can be changed`;
      throw new Fault("not-allowed", sentence, { remedy: "choose a message" });
    }
    if (isErasing) return { kind: "erase", ...said };
    if (request.text === "") throw new Fault("text-invalid", "an empty text says nothing");
    return { kind: "edit", text: request.text, ...said };
  }

  #room({ room }: Head): Room | undefined {
    return this.#options.rooms.get(room as Room["id"]);
  }

  #account(name: string): Account {
    const account = this.#options.registry.find(checkName(name, "person's name"));
    if (account === undefined) throw new Fault("user-unknown", `there is no '${name}' here`);
    return account;
  }

  async #grantOffice(actor: Actor, { user, on }: RequestOf<"grant">): Promise<void> {
    checkOperator(actor);
    const { accounts } = this.#options;
    await accounts.append(roleDraft(this.#account(user).id, actor.user, on));
  }

  async #ban(peer: Peer, actor: Actor, request: RequestOf<"ban">): Promise<void> {
    checkOperator(actor);
    const { user, address, on, until, reason } = request;
    if ((user === undefined) === (address === undefined)) {
      throw new Fault("usage", "a ban is of a person or of an address", { remedy: "give one" });
    }
    const whom =
      user === undefined ? { address: banKey(address ?? "") } : { user: this.#account(user).id };
    const ban: Ban = {
      ...whom,
      ...(until === undefined ? {} : { until }),
      ...(reason === undefined ? {} : { reason }),
    };
    const { accounts, registry, clock } = this.#options;
    if (on) {
      this.#checkSelf(peer, actor, ban);
      if (registry.rules.bans(clock.unixMs()).length >= BANS_MAX) {
        throw new Fault("too-many", `${BANS_MAX} bans hold already`, { remedy: "lift some" });
      }
    }
    await accounts.append(banDraft(ban, actor.user, on));
    if (on) this.#putOut(ban);
  }

  /** @throws Fault not-allowed: an operator who locks themselves out helps nobody */
  #checkSelf(peer: Peer, actor: Actor, { user, address }: Ban): void {
    const isOwn = address === undefined ? user === actor.user : address === hostKey(peer);
    if (!isOwn) return;
    throw new Fault("not-allowed", "you would ban yourself", { remedy: "name somebody else" });
  }

  /** Whoever is here now is told why and closed; an address never closes an operator. */
  #putOut(ban: Ban): void {
    const fault = bannedFault(ban);
    for (const peer of [...this.#options.owner.peers()]) {
      const { account } = peer;
      const isMeant =
        ban.user === undefined
          ? hostKey(peer) === ban.address &&
            !(account !== undefined && this.#isOperating(peer, account))
          : account?.id === ban.user;
      if (isMeant) peer.close(fault);
    }
  }

  #bans() {
    const { registry, clock } = this.#options;
    return registry.rules.bans(clock.unixMs()).map(({ user: id, ...rest }) => {
      const user = id === undefined ? undefined : registry.nameOf(id);
      return { ...(user === undefined ? {} : { user }), ...rest };
    });
  }

  async #registration(
    actor: Actor,
    { closed }: RequestOf<"registration">,
  ): Promise<{ closed: boolean }> {
    const { registry, accounts } = this.#options;
    if (closed !== undefined) {
      checkOperator(actor);
      if (closed !== registry.rules.isClosed) {
        await accounts.append(registrationDraft(actor.user, closed));
      }
    }
    return { closed: registry.rules.isClosed };
  }
}

/** As bans count it; undefined: this machine. */
function hostKey({ link }: Peer): string | undefined {
  const { host } = link.remote;
  return isLoopback(host) ? undefined : addressKey(host);
}

function checkOperator({ isOperator }: Actor): void {
  if (isOperator) return;
  throw new Fault("not-allowed", "only operators may do that", { remedy: "ask an operator" });
}
