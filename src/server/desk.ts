import { unreachable } from "../base/assert.ts";
import { toBase64Url } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { ID_BYTES, roomId } from "../base/ids.ts";
import { checkName, type Name } from "../base/names.ts";
import { type JoinWish, joinDrafts } from "../core/change.ts";
import type { HallInput } from "../core/hall-effect.ts";
import type { Account, Registry } from "../core/registry.ts";
import { LOBBY, type Rooms } from "../core/room.ts";
import type { Asker } from "../core/work.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Log } from "../io/log.ts";
import type { Request, RequestOf } from "../wire/messages.ts";
import type { Entry } from "./entry.ts";
import { changePassword } from "./erasing.ts";
import type { Peer } from "./peer.ts";
import type { Queries } from "./queries.ts";
import type { Reactions } from "./reactions.ts";

/** What the desk asks of the server behind it. */
export interface DeskOwner {
  input(input: HallInput): void;
  enter(peer: Peer, account: Account, ref: number, after: number | undefined): void;
  leave(peer: Peer): void;
  /** The link becomes a lane of some session. @throws Fault login-refused */
  openLane(peer: Peer, request: RequestOf<"lane">): void;
  peersOf(account: Account): ReadonlySet<Peer>;
}

export interface DeskOptions {
  readonly entry: Entry;
  readonly queries: Queries;
  readonly rooms: Rooms;
  readonly registry: Registry;
  readonly accounts: Pick<Log, "append" | "blank">;
  readonly entropy: Entropy;
  readonly owner: DeskOwner;
  readonly reactions: Reactions;
  readonly offices: Offices;
}

type MemberRequest = Exclude<
  Request,
  { kind: "admit" | "register" | "login" | "link" | "lane" | FileRequest["kind"] }
>;

/** Who serves what beyond talking. Each answers its request, now or later. */
export interface Offices {
  readonly moderation: Office<ModerationRequest>;
  readonly devices: Office<DeviceRequest> & {
    /** Before log-in. */
    link(peer: Peer, request: RequestOf<"link">): Promise<void>;
  };
  readonly reading: Office<ReadingRequest>;
  readonly lanes: { ticket(peer: Peer, account: Account): string };
  readonly window: Office<WindowRequest>;
  /** Undefined: this server takes no files. */
  readonly files: Office<FileRequest> | undefined;
}

interface Office<One> {
  /** @throws Fault, with which the request is to be refused */
  serve(peer: Peer, account: Account, request: One): Promise<void>;
}

export type ModerationRequest = Extract<
  Request,
  {
    kind:
      | "edit"
      | "erase"
      | "kick"
      | "mute"
      | "grant"
      | "operate"
      | "ban"
      | "bans"
      | "registration"
      | "invite"
      | "invites"
      | "invite-revoke";
  }
>;
export type DeviceRequest = Extract<
  Request,
  { kind: "devices" | "revoke" | "link-offer" | "link-grant" }
>;
/** What is asked on lanes. */
export type FileRequest = Extract<
  Request,
  { kind: "offer" | "finish" | "withdraw" | "fetch" | "got" }
>;
/** What the page asks beside all others: downloads, and the server's window. */
export type WindowRequest = Extract<
  Request,
  { kind: "download" | "watch" | "clients" | "transfers" | "stats" }
>;
export type ReadingRequest = Extract<Request, { kind: "read" | "ignore" | "ignored" }>;

/** Takes each request to whoever decides it, after the slow work (hashing) that it needs. */
export class Desk {
  readonly #options: DeskOptions;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Answers the request, now or later. @throws Fault, with which it is to be refused */
  async serve(peer: Peer, request: Request): Promise<void> {
    const { entry, owner, rooms } = this.#options;
    switch (request.kind) {
      case "admit":
        await entry.admit(peer, request);
        return peer.answer(request.ref, {});
      case "register": {
        const account = await entry.register(peer, request);
        peer.device = toBase64Url(request.deviceKey);
        const asker = { peer: peer.id, user: account.id, ref: request.ref };
        return owner.input({ kind: "enter", asker });
      }
      case "login": {
        const account = await entry.login(peer, request);
        peer.device = toBase64Url(request.deviceKey);
        if (rooms.find(LOBBY)?.admitted.has(account.id) === false) {
          // Its registration was cut off between the two logs.
          const asker = { peer: peer.id, user: account.id, ref: request.ref };
          return owner.input({ kind: "enter", asker });
        }
        return owner.enter(peer, account, request.ref, request.after);
      }
      case "link":
        return this.#options.offices.devices.link(peer, request);
      case "lane":
        return owner.openLane(peer, request);
      case "offer":
      case "finish":
      case "withdraw":
      case "fetch":
      case "got":
        return this.#serveLane(peer, request);
      default:
        return this.#serveMember(peer, request);
    }
  }

  async #serveLane(peer: Peer, request: FileRequest): Promise<void> {
    const { lane } = peer;
    const { files } = this.#options.offices;
    if (lane === undefined) throw new Fault("not-logged-in", "you are not logged in");
    if (files === undefined) {
      const remedy = "ask whoever runs it";
      throw new Fault("not-allowed", "this server takes no files", { remedy });
    }
    const isRead = request.kind === "fetch" || request.kind === "got";
    if (lane.file !== undefined && !(isRead && request.file === lane.file)) {
      const remedy = "ask for a ticket";
      throw new Fault("not-allowed", "this lane is for one file to be fetched", { remedy });
    }
    return files.serve(peer, lane.account, request);
  }

  async #serveMember(peer: Peer, request: MemberRequest): Promise<void> {
    const { account } = peer;
    if (account === undefined) throw new Fault("not-logged-in", "you are not logged in");
    const { owner, queries } = this.#options;
    const asker = { peer: peer.id, user: account.id, ref: request.ref };
    switch (request.kind) {
      case "post":
        return this.#options.reactions.pass(peer, account, request, () =>
          owner.input({ kind: "post", asker, request }),
        );
      case "join": {
        const name = checkName(request.room, "room's name");
        const wish = await this.#wish(peer, asker, name, request);
        return owner.input({ kind: "join", asker, wish });
      }
      case "leave":
        return owner.input({ kind: "leave", asker, room: checkName(request.room, "room's name") });
      case "topic": {
        const room = checkName(request.room, "room's name");
        return owner.input({ kind: "topic", asker, room, topic: request.topic });
      }
      case "rooms":
        return peer.answer(request.ref, queries.listRooms(account, request));
      case "who":
        return peer.answer(request.ref, queries.who(account, request));
      case "history":
        return peer.answer(request.ref, await queries.history(peer, account, request));
      case "ticket": {
        const ticket = this.#options.offices.lanes.ticket(peer, account);
        return peer.answer(request.ref, { ticket });
      }
      case "passwd":
        return this.#passwd(peer, account, request);
      case "logout":
        return this.#logout(peer, account, request);
      case "edit":
      case "erase":
      case "kick":
      case "mute":
      case "grant":
      case "operate":
      case "ban":
      case "bans":
      case "registration":
      case "invite":
      case "invites":
      case "invite-revoke":
        return this.#options.offices.moderation.serve(peer, account, request);
      case "devices":
      case "revoke":
      case "link-offer":
      case "link-grant":
        return this.#options.offices.devices.serve(peer, account, request);
      case "read":
      case "ignore":
      case "ignored":
        return this.#options.offices.reading.serve(peer, account, request);
      case "download":
      case "watch":
      case "clients":
      case "transfers":
      case "stats":
        return this.#options.offices.window.serve(peer, account, request);
      default:
        return unreachable(request);
    }
  }

  /** Checks, or makes, the password of the room; the hall decides with the answer. */
  async #wish(
    peer: Peer,
    asker: Asker,
    name: Name,
    { password, create }: RequestOf<"join">,
  ): Promise<JoinWish> {
    const { rooms, registry, accounts, entropy, entry } = this.#options;
    const room = rooms.find(name);
    if (room !== undefined) {
      const hash = registry.roomPassword(room.id);
      const isAsked = room.locked && !room.admitted.has(asker.user);
      // Whoever registered with an invite into this room needs no password, on this link.
      const shown = peer.invited === asker.user ? peer.invite : undefined;
      const invite = shown === undefined ? undefined : registry.rules.invite(shown);
      if (isAsked && invite?.room === room.id && !invite.isRevoked) {
        return { name, passwordFits: true, create: undefined };
      }
      if (!isAsked || password === undefined || hash === undefined) {
        return { name, passwordFits: false, create: undefined };
      }
      await entry.guessRoom(peer, password, { hash, room: room.id, user: asker.user });
      return { name, passwordFits: true, create: undefined };
    }
    if (create !== true) return { name, passwordFits: false, create: undefined };
    const id = roomId(entropy(ID_BYTES));
    const wish = {
      name,
      passwordFits: false,
      create: { room: id, locked: password !== undefined },
    };
    if (password !== undefined) {
      joinDrafts(rooms, asker.user, wish); // What is refused anyway costs no hash, and no record.
      // The secret is on disk before the room: a crash in between leaves a hash of nothing.
      const hash = await entry.hash(asker.user, password);
      await accounts.append(registry.roomPasswordDraft(id, asker.user, hash));
    }
    return wish;
  }

  async #passwd(peer: Peer, account: Account, request: RequestOf<"passwd">): Promise<void> {
    const { registry, accounts, entry } = this.#options;
    const hash = await entry.hash(account.id, request.password);
    await changePassword({ accounts, registry }, account, hash);
    peer.answer(request.ref, {});
  }

  async #logout(peer: Peer, account: Account, request: RequestOf<"logout">): Promise<void> {
    const { registry, accounts, owner } = this.#options;
    if (request.forget === true) {
      // Two devices that sign out together must not both count on the other.
      const draft = registry.deviceGoneDraft(account, peer.device);
      await accounts.append(draft, { expect: account.lastSeq });
      const fault = new Fault("login-refused", "this device was signed out");
      for (const other of [...owner.peersOf(account)]) {
        if (other !== peer && other.device === peer.device) other.close(fault);
      }
    }
    owner.leave(peer);
    peer.answer(request.ref, {});
  }
}
