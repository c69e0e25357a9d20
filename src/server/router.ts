import { unreachable } from "../base/assert.ts";
import { toBase64Url } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { type FileId, ID_BYTES, roomId, type UserId } from "../base/ids.ts";
import { ROOMS_PER_HOUR_MAX } from "../base/limits.ts";
import { checkName } from "../base/names.ts";
import { HourlyShare } from "../core/rate.ts";
import type { Account, Registry } from "../core/rooms/accounts.ts";
import type { Submission } from "../core/rooms/commands.ts";
import { type JoinOptions, joinDrafts } from "../core/rooms/drafts.ts";
import { checkMayImport } from "../core/rooms/moderation.ts";
import { LOBBY, type Rooms } from "../core/rooms/rooms.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Request, RequestOf } from "../wire/messages.ts";
import type { DashboardRequest } from "./admin/dashboard.ts";
import type { DeviceRequest } from "./auth/devices.ts";
import type { Invites } from "./auth/invites.ts";
import type { Authenticator } from "./auth/login.ts";
import { isOperating } from "./auth/operator-link.ts";
import type { Resets } from "./auth/resets.ts";
import type { FileRequest } from "./files/file-service.ts";
import type { WebDownloads } from "./http/download-links.ts";
import { changePassword } from "./kernel/erasure.ts";
import type { Kernel } from "./kernel/kernel.ts";
import type { WrittenLog } from "./kernel/pending-writes.ts";
import type { PushRequest } from "./push/service.ts";
import type { ModerationRequest } from "./rooms/moderation.ts";
import type { PrefsRequest } from "./rooms/prefs.ts";
import type { ProofRequest } from "./rooms/proofs.ts";
import type { Queries } from "./rooms/queries.ts";
import type { Reactions } from "./rooms/reactions.ts";
import type { ReadingRequest } from "./rooms/read-positions.ts";
import type { TypingFeed } from "./rooms/typing-feed.ts";
import type { SealedRequest } from "./sealed/service.ts";
import type { ClientConnection } from "./session/client-connection.ts";
import type { Login, Member } from "./session/connection-state.ts";
import type { Siblings } from "./siblings/siblings.ts";

/** What the request router asks of the server behind it. */
export interface ServerActions {
  enter(client: ClientConnection, account: Account, ref: number, after: number | undefined): void;
  leave(client: ClientConnection): void;
  /** The link becomes a lane of some session. @throws Fault login-refused */
  openChannel(client: ClientConnection, request: RequestOf<"lane">): void;
  peersOf(account: Account): ReadonlySet<ClientConnection>;
}

export interface RouterOptions {
  readonly clock: Pick<Clock, "now">;
  readonly entry: Authenticator;
  readonly queries: Queries;
  readonly rooms: Rooms;
  readonly registry: Registry;
  readonly accounts: WrittenLog;
  readonly entropy: Entropy;
  readonly kernel: Pick<Kernel, "serve" | "submit" | "abandon">;
  readonly server: ServerActions;
  readonly reactions: Reactions;
  readonly services: Services;
  readonly invites: Pick<Invites, "opens">;
  readonly siblings: Pick<Siblings, "reached" | "current">;
}

type MemberRequest = Exclude<
  Request,
  {
    kind:
      | ("post" | "admit" | "register" | "login" | "link" | "recover" | "lane")
      | FileRequest["kind"];
  }
>;

/** Who serves what beyond talking. Each answers its request, now or later. */
export interface Services {
  readonly moderation: Service<ModerationRequest>;
  readonly devices: Service<DeviceRequest> & {
    /** Before log-in. */
    link(client: ClientConnection, request: RequestOf<"link">): Promise<void>;
  };
  readonly resets: Pick<Resets, "use">;
  readonly reading: Service<ReadingRequest>;
  readonly prefs: Service<PrefsRequest>;
  readonly typing: Pick<TypingFeed, "serve">;
  readonly pins: Service<RequestOf<"pins">>;
  readonly readers: Service<RequestOf<"readers">>;
  readonly channels: { ticket(client: ClientConnection, account: Account): string };
  readonly dashboard: Service<DashboardRequest>;
  readonly proofs: Service<ProofRequest>;
  /** Undefined: this server takes no files. */
  readonly downloads: Pick<WebDownloads, "offer"> | undefined;
  /** Undefined: this server takes no files. */
  readonly files: Service<FileRequest> | undefined;
  /** Undefined: this server seals no rooms. */
  readonly sealed: Service<SealedRequest> | undefined;
  /** Undefined: this server pushes nothing. */
  readonly push: (Service<PushRequest> & { signedOut(device: string): void }) | undefined;
}

interface Service<One> {
  /** @throws Fault, with which the request is to be refused */
  serve(client: ClientConnection, account: Account, request: One): Promise<void>;
}

/** Each try counts as a guess. */
const LOGIN_AGAIN_MS = 3_000;

/** Takes each request to the service that decides it, after the slow work that it needs. */
export class RequestRouter {
  readonly #options: RouterOptions;
  readonly #roomShare = new HourlyShare(ROOMS_PER_HOUR_MAX);

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /**
   * Answers the request, now or later. A post that nothing holds up goes to the engine in this very
   * tick, without a promise. @throws Fault, with which it is to be refused
   */
  serve(client: ClientConnection, request: Request): Promise<void> | undefined {
    return request.kind === "post" ? this.#post(client, request) : this.#serve(client, request);
  }

  #post(client: ClientConnection, request: RequestOf<"post">): Promise<void> | undefined {
    const { account } = client;
    if (account === undefined) throw new Fault("not-logged-in", "you are not logged in");
    const refused = (error: unknown): never => {
      if (error instanceof Fault && error.retryAfterMs === undefined) {
        this.#options.kernel.abandon(client.id, request);
      }
      throw error;
    };
    try {
      return this.#pass(client, account, request)?.catch(refused);
    } catch (error) {
      return refused(error);
    }
  }

  /** @throws Fault, and so does its promise */
  #pass(
    client: ClientConnection,
    account: Account,
    request: RequestOf<"post">,
  ): Promise<void> | undefined {
    const { kernel, reactions, rooms, registry } = this.#options;
    if (request.body.imported !== undefined) {
      checkMayImport(
        { rooms, isOperator: isOperating(client, account, registry) },
        account.id,
        request.to,
      );
    }
    return reactions.pass(client, account, request, () => {
      kernel.serve(client, account.id, request.ref, { kind: "post", request });
    });
  }

  async #serve(
    client: ClientConnection,
    request: Exclude<Request, { kind: "post" }>,
  ): Promise<void> {
    const { entry, server, rooms } = this.#options;
    switch (request.kind) {
      case "admit":
        await this.#options.siblings.current(); // The invite may be of a moment ago.
        await entry.admit(client, request);
        return client.answer(request.ref, {});
      case "register": {
        const account = await entry.register(client, request);
        client.authenticated(loginOf(request));
        return this.#enterLobby(client, account, request.ref);
      }
      case "login": {
        const account = await this.#login(client, request);
        client.authenticated(loginOf(request));
        if (rooms.find(LOBBY)?.admitted.has(account.id) === false) {
          // Its registration was cut off between the two logs.
          return this.#enterLobby(client, account, request.ref);
        }
        return server.enter(client, account, request.ref, request.after);
      }
      case "link":
        return this.#options.services.devices.link(client, request);
      case "recover":
        return client.answer(request.ref, await this.#options.services.resets.use(client, request));
      case "lane":
        return server.openChannel(client, request);
      case "offer":
      case "finish":
      case "withdraw":
      case "fetch":
      case "got":
        return this.#serveChannel(client, request);
      default:
        return this.#serveMember(client, request);
    }
  }

  #enterLobby(client: ClientConnection, account: Account, ref: number): void {
    const { kernel, server } = this.#options;
    kernel.submit({ user: account.id, session: client.id }, { kind: "enter" }, (outcome) => {
      if (outcome instanceof Fault) client.settle(ref, outcome);
      else server.enter(client, account, ref, undefined);
    });
  }

  /** @throws Fault as `Authenticator.login`; no-majority: nobody can say whether it would hold */
  async #login(client: ClientConnection, request: RequestOf<"login">): Promise<Account> {
    const isCurrent = await this.#caughtUp(request);
    try {
      return await this.#options.entry.login(client, request);
    } catch (error) {
      const isRefused = error instanceof Fault && error.code === "login-refused";
      if (isCurrent || !isRefused) throw error;
      // The account, the device or the password may be known to another server alone.
      const sentence = "the server's cluster has no majority: it cannot check this log-in now";
      throw new Fault("no-majority", sentence, { cause: error, retryAfterMs: LOGIN_AGAIN_MS });
    }
  }

  /**
   * What another server of the cluster has shown, this one is about to hear of.
   * @returns whether all that was recorded is known here
   */
  async #caughtUp({ after = 0 }: RequestOf<"login">): Promise<boolean> {
    const { siblings, rooms } = this.#options;
    const isCurrent = await siblings.current(); // The account may be, too.
    // The highest number there is: the client asks for nothing of the past.
    const isKnown = after <= rooms.head || after === Number.MAX_SAFE_INTEGER;
    if (!isKnown) await siblings.reached(after);
    return isCurrent;
  }

  async #serveChannel(client: ClientConnection, request: FileRequest): Promise<void> {
    const { channel } = client;
    const { files } = this.#options.services;
    if (channel === undefined) throw new Fault("not-logged-in", "you are not logged in");
    if (files === undefined) throw noFiles();
    const isRead = request.kind === "fetch" || request.kind === "got";
    if (channel.file !== undefined && !(isRead && request.file === channel.file)) {
      const remedy = "ask for a ticket";
      throw new Fault("not-allowed", "this lane is for one file to be fetched", { remedy });
    }
    return files.serve(client, channel.account, request);
  }

  async #serveMember(client: ClientConnection, request: MemberRequest): Promise<void> {
    const { member } = client;
    if (member === undefined) throw new Fault("not-logged-in", "you are not logged in");
    const { account } = member;
    const { kernel, queries } = this.#options;
    const submit = (command: Submission) => kernel.serve(client, account.id, request.ref, command);
    switch (request.kind) {
      case "join":
        return submit({
          kind: "join",
          options: await this.#joinOptions(client, account, request),
        });
      case "leave": {
        const { epoch, signature } = request;
        const isSigned = epoch !== undefined && signature !== undefined;
        const { device } = member;
        const signed = isSigned && { epoch, device, signature: toBase64Url(signature) };
        return submit({
          kind: "leave",
          room: checkName(request.room, "room's name"),
          ...(signed === false ? {} : { signed }),
        });
      }
      case "topic": {
        const room = checkName(request.room, "room's name");
        return submit({ kind: "topic", room, topic: request.topic });
      }
      case "rooms":
        return client.answer(request.ref, queries.listRooms(account, request));
      case "who":
        return client.answer(request.ref, queries.who(account, request));
      case "history":
        return client.answer(request.ref, await queries.history(client, account, request));
      case "ticket": {
        const ticket = this.#options.services.channels.ticket(client, account);
        return client.answer(request.ref, { ticket });
      }
      case "passwd":
        return this.#passwd(client, account, request);
      case "logout":
        return this.#logout(client, member, request);
      case "edit":
      case "erase":
      case "pin":
      case "receipts":
      case "erase-all":
      case "unregister":
      case "retention":
      case "kick":
      case "mute":
      case "grant":
      case "operate":
      case "reset":
      case "sign-out":
      case "rename":
      case "remove":
      case "close":
      case "ban":
      case "bans":
      case "registration":
      case "invite":
      case "invites":
      case "invite-revoke":
        return this.#options.services.moderation.serve(client, account, request);
      case "devices":
      case "revoke":
      case "link-offer":
      case "link-grant":
        return this.#options.services.devices.serve(client, account, request);
      case "read":
      case "ignore":
      case "ignored":
        return this.#options.services.reading.serve(client, account, request);
      case "prefs":
      case "prefs-set":
      case "save":
        return this.#options.services.prefs.serve(client, account, request);
      case "pins":
        return this.#options.services.pins.serve(client, account, request);
      case "readers":
        return this.#options.services.readers.serve(client, account, request);
      case "typing":
        this.#options.services.typing.serve(account, request);
        return client.answer(request.ref, {});
      case "download": {
        const { downloads } = this.#options.services;
        if (downloads === undefined) throw noFiles();
        return client.answer(request.ref, downloads.offer(client, account, request.file as FileId));
      }
      case "watch":
      case "clients":
      case "transfers":
      case "stats":
      case "samples":
      case "announce":
      case "events":
      case "decisions":
      case "accounts":
      case "all-rooms":
      case "all-files":
      case "cancel":
        return this.#options.services.dashboard.serve(client, account, request);
      case "key-packages":
      case "key-package":
      case "seal-lease":
      case "group-create":
      case "group-commit":
      case "group": {
        const { sealed } = this.#options.services;
        if (sealed === undefined) throw noSealing();
        return sealed.serve(client, account, request);
      }
      case "push-key":
      case "push-subscribe":
      case "push-unsubscribe": {
        const { push } = this.#options.services;
        if (push === undefined) throw noPushes();
        return push.serve(client, account, request);
      }
      case "checkpoint":
      case "inclusion":
        return this.#options.services.proofs.serve(client, account, request);
      default:
        return unreachable(request);
    }
  }

  /** Checks, or makes, the password of the room; the room engine decides with the answer. */
  async #joinOptions(
    client: ClientConnection,
    account: Account,
    { room: named, password, create, sealed }: RequestOf<"join">,
  ): Promise<JoinOptions> {
    const name = checkName(named, "room's name");
    const { rooms, registry, accounts, entropy, entry, invites } = this.#options;
    const room = rooms.find(name);
    if (room !== undefined) {
      const hash = registry.roomPassword(room.id);
      const isAsked = room.locked && !room.admitted.has(account.id);
      // An account that registered with an invite into this room needs no password, on this link.
      const { invite, invited } = client.greeted?.admission ?? {};
      const shown = invited === account.id ? invite : undefined;
      if (isAsked && shown !== undefined && invites.opens(shown, room.id)) {
        return { name, passwordFits: true, create: undefined };
      }
      if (!isAsked || password === undefined || hash === undefined) {
        return { name, passwordFits: false, create: undefined };
      }
      await entry.guessRoom(client, password, { hash, room: room.id, user: account.id });
      return { name, passwordFits: true, create: undefined };
    }
    if (create !== true) return { name, passwordFits: false, create: undefined };
    if (sealed === true) {
      if (this.#options.services.sealed === undefined) throw noSealing();
      if (password !== undefined) {
        throw new Fault("usage", "a sealed room has no password: who is in it lets others in", {
          remedy: "leave the password out",
        });
      }
    }
    const id = roomId(entropy(ID_BYTES));
    const isOperator = isOperating(client, account, registry);
    const options = {
      name,
      passwordFits: false,
      create: { room: id, locked: password !== undefined, sealed: sealed === true, isOperator },
    };
    // Checked first: a refused request costs no share, no hash and no record.
    joinDrafts(rooms, account.id, options);
    if (!isOperator) this.#takeRoomShare(account.id);
    if (password !== undefined) {
      // The secret is on disk before the room: a crash in between leaves a hash of nothing.
      const hash = await entry.hash(account.id, password);
      await accounts.append(registry.roomPasswordDraft(id, account.id, hash));
    }
    return options;
  }

  /** @throws Fault too-many */
  #takeRoomShare(user: UserId): void {
    const message = `you created ${ROOMS_PER_HOUR_MAX} rooms within an hour, which is the most`;
    const now = this.#options.clock.now();
    this.#roomShare.take(user, now, message, "wait an hour, or ask an operator");
  }

  async #passwd(
    client: ClientConnection,
    account: Account,
    request: RequestOf<"passwd">,
  ): Promise<void> {
    const { registry, accounts, entry } = this.#options;
    await entry.checkCurrent(client, account, request.current);
    const hash = await entry.hash(account.id, request.password);
    await changePassword({ accounts, registry }, account, hash);
    client.answer(request.ref, {});
  }

  async #logout(
    client: ClientConnection,
    { account, device }: Member,
    request: RequestOf<"logout">,
  ): Promise<void> {
    const { registry, accounts, server } = this.#options;
    if (request.forget === true) {
      // Two devices that sign out together must not both count on the other.
      const draft = registry.deviceGoneDraft(account, device);
      await accounts.append(draft, { expect: account.lastSeq });
      const fault = new Fault("login-refused", "this device was signed out");
      for (const other of [...server.peersOf(account)]) {
        if (other !== client && other.member?.device === device) other.close(fault);
      }
    }
    this.#options.services.push?.signedOut(device);
    server.leave(client);
    client.answer(request.ref, {});
  }
}

function noFiles(): Fault {
  const remedy = "ask whoever runs it";
  return new Fault("not-allowed", "this server takes no files", { remedy });
}

function noSealing(): Fault {
  return new Fault("not-allowed", "this server seals no rooms", { remedy: "ask whoever runs it" });
}

function noPushes(): Fault {
  return new Fault("not-allowed", "this server pushes nothing", { remedy: "ask whoever runs it" });
}

function loginOf({ deviceKey, presence }: RequestOf<"register"> | RequestOf<"login">): Login {
  return { device: toBase64Url(deviceKey), isPresent: presence !== false };
}
