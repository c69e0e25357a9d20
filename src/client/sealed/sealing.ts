/** Access to a client's sealed rooms, which loads the MLS code only when needed. */

import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import { asFault, Fault, ignoreFault, msg } from "../../base/fault.ts";
import type { OutboxId, RoomId } from "../../base/ids.ts";
import { KEY_PACKAGES_LOW, SEALED_ROOMS_MAX, SEALED_TRIES_MAX } from "../../base/limits-sealed.ts";
import { foldName, formatTarget, type Name } from "../../base/names.ts";
import type { ChatRecord, RoomView } from "../../core/client/chat-record.ts";
import type { PostOutcome } from "../../core/client/outbox.ts";
import { roomAt } from "../../core/client/room-names.ts";
import { isSameName } from "../../core/model/item.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import type { SealPrimitives } from "../../crypto/seal/primitives.ts";
import type { StateKey } from "../../crypto/seal/state-box.ts";
import { type Clock, delay } from "../../io/clock.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { UnsentPost } from "../../io/state/outbox-store.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import type { PostBody, RequestFields } from "../../wire/messages.ts";
import type {
  CipherStage,
  CipherStageOptions,
  OwnUploads,
  SealedTarget,
} from "../files/transfers.ts";
import { RATE_WAIT_MS_MAX } from "../link/connection.ts";
import type { Keys } from "../link/keys.ts";
import type { FetchPage, HistoryPage, SendRequest } from "../link/queries.ts";
import { notLoggedIn } from "../link/retry.ts";
import { closedRecord, isMarkedSealed, markSealed, needsSealing } from "./body.ts";
import type { HistoryView } from "./claims.ts";
import type { GroupChanges } from "./group-changes.ts";
import { boxOf, type DecryptedPost, QueuedPosts } from "./queued-posts.ts";
import type { PlainPost, ProvedPeople, SettledPost } from "./room.ts";
import type { SealedEvent } from "./room-state.ts";
import type { SealedRooms } from "./rooms.ts";
import { allOf, pinKey } from "./rows.ts";
import type { Awaitable, SealedStore } from "./store.ts";

/** Transient faults of the link or of a stopping server, after which a record is read again. */
const LINK_FAULT_CODES: ReadonlySet<string> = new Set([
  ...(["link-closed", "timeout", "shutting-down", "too-fast"] as const),
]);
const OUTSIDE_CODES: ReadonlySet<string> = new Set([...(["not-member", "room-unknown"] as const)]);
const SEALING_RETRY_MS = 100;

export interface SealedHome {
  exists(): boolean | Promise<boolean>;
  open(owner: SealedAccount): OpenSealedHome | Promise<OpenSealedHome>;
  stateKey(): Awaitable<StateKey>;
  /** Absent in a browser, where reading the key requires a module that must be downloaded first. */
  readonly hasCheapKey?: true;
  readonly primitives?: SealPrimitives;
}

export interface OpenSealedHome extends SealedStore {
  close(): void;
}

export interface SealedAccount {
  readonly fingerprint: Fingerprint;
  readonly formers: readonly Fingerprint[];
  readonly account: string;
}

export type SealedCode = typeof import("./code.ts").SEALED_CODE;

export interface SealingOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly keys: Keys;
  readonly people: ProvedPeople;
  readonly home: SealedHome | undefined;
  readonly refusal?: Fault | undefined;
  readonly load: () => Promise<SealedCode>;
  readonly request: SendRequest;
  readonly rooms: () => readonly RoomView[];
  readonly emit: (event: SealedEvent) => void;
  readonly history: () => HistoryView | undefined;
  readonly uploads: () => OwnUploads;
  /** False for a command, which enters rooms and receives hand-overs only when it reads. */
  readonly followsRooms: boolean;
}

export interface PostToSeal extends PlainPost {
  readonly to: string;
}

export class Sealing {
  #account: (SealedAccount & { readonly user: string }) | undefined;
  #open: Promise<{ readonly rooms: SealedRooms; readonly home: OpenSealedHome }> | undefined;
  #onLinked: (() => void)[] = [];
  #isLinked = false;
  /** Permanently sealed targets; `undefined` until loaded. At most SEALED_ROOMS_MAX. */
  #pins: Map<string, string> | undefined;
  #loadingPins: Promise<void> | undefined;
  #pinWrites: Promise<void> | undefined;
  /** Bounded by the number of posts in flight on one link. */
  readonly #sealedPosts = new Map<string, { readonly room: RoomView; attempts: number }>();
  /** Rooms whose posts wait for an admin, which the user has been told once. */
  readonly #waitingRooms = new Set<RoomId>();
  readonly #unstoredOutcomes = new Map<RoomId, SettledPost[]>();
  /**
   * True if the server has listed all rooms on this link. Until then, an unknown target may be
   * sealed.
   */
  #isCaughtUp = false;
  /** Rooms that a command has entered on this link. */
  readonly #enteredRooms = new Set<RoomId>();
  #roomWaiters: (() => void)[] = [];
  #stocking: Promise<unknown> | undefined;

  readonly #queuedPosts: QueuedPosts | undefined;

  constructor(private readonly options: SealingOptions) {
    const { home, entropy } = options;
    this.#queuedPosts = home && new QueuedPosts(entropy, () => home.stateKey());
  }

  connected(account: SealedAccount & { readonly user: string }): void {
    const isSame = this.#account?.account === account.account;
    if (!isSame) this.loggedOut();
    this.#account = account;
    this.#isLinked = true;
    this.#isCaughtUp = false;
    this.#enteredRooms.clear();
    if (this.#pins === undefined) this.#loadingPins ??= this.#loadPins(account);
    if (this.#open !== undefined) void this.#open.then(({ rooms }) => rooms.connected(), asFault);
    for (const post of this.#sealedPosts.values()) post.attempts = 0;
    for (const resolve of this.#onLinked.splice(0)) resolve();
  }

  lost(): void {
    this.#isLinked = false;
    void this.#open?.then(({ rooms }) => rooms.lost(), asFault);
  }

  loggedOut(): void {
    const open = this.#open;
    this.lost();
    this.#open = undefined;
    this.#account = undefined;
    this.#pins = undefined;
    this.#loadingPins = undefined;
    this.#sealedPosts.clear();
    this.#isCaughtUp = false;
    this.roomListed();
    void open?.then(({ home }) => home.close(), asFault);
    for (const resolve of this.#onLinked.splice(0)) resolve();
  }

  async rooms(): Promise<SealedRooms> {
    this.#open ??= this.#openRooms();
    const opening = this.#open;
    try {
      return (await opening).rooms;
    } catch (error) {
      if (this.#open === opening) this.#open = undefined;
      throw error;
    }
  }

  needsOpening({ room }: ChatRecord): boolean {
    return room.isSealed === true && this.options.home !== undefined;
  }

  /** Returns one record for each given record, in order. */
  async openRecords(records: readonly ChatRecord[]): Promise<readonly ChatRecord[]> {
    const [first] = records;
    if (first === undefined) return records;
    for (;;) {
      try {
        const room = (await this.rooms()).get(first.room);
        const readable = await room.openRecords(records);
        for (const record of this.#isCaughtUp ? records : []) {
          if (await room.missedWelcome(record)) this.#syncRoom(record.room);
        }
        return readable;
      } catch (error) {
        const fault = asFault(error);
        if (!LINK_FAULT_CODES.has(fault.code) || this.#account === undefined)
          return records.map(asClosed);
        // A stopping server refuses requests while the link is still open, so retry.
        const { clock } = this.options;
        await delay(clock, Math.min(fault.retryAfterMs ?? SEALING_RETRY_MS, RATE_WAIT_MS_MAX));
        await this.#untilLinked();
      }
    }
  }

  async history(fields: RequestFields<"history">, fetchPage: FetchPage): Promise<HistoryPage> {
    const rooms = this.#sealedRoomsOf(fields.target);
    const sealed = rooms.length === 0 ? undefined : await this.rooms().catch(ignoreNotAllowed);
    if (sealed !== undefined) {
      if (!this.options.followsRooms) await this.#enter(sealed, rooms);
      return sealed.history(rooms, fields, fetchPage);
    }
    const { records, more } = await fetchPage(fields).catch(async (error: unknown) => {
      throw await this.#withOutside(error, fields.target);
    });
    return { records: records.map(asClosed), more };
  }

  /** The server's remedy, to join the room, would be refused: a member must add the user first. */
  async #withOutside(error: unknown, target: string | undefined): Promise<unknown> {
    const isOutside = error instanceof Fault && OUTSIDE_CODES.has(error.code);
    if (!isOutside || target === undefined) return error;
    await this.#loadingPins;
    if (this.#pins?.has(pinName(target)) !== true) return error;
    return new Fault(
      "not-member",
      msg`you are no longer a member of the encrypted room '${target}'`,
      { remedy: msg`ask a member to add you` },
    );
  }

  /** Enters the encrypted rooms for a command, and reads what other devices hand over to it. */
  async enterAll(): Promise<void> {
    await this.untilListed();
    const rooms = this.#sealedRoomsOf(undefined);
    if (rooms.length > 0) await this.#enter(await this.rooms(), rooms);
  }

  async #enter(sealed: SealedRooms, rooms: readonly RoomView[]): Promise<void> {
    const others = rooms.filter(({ id }) => !this.#enteredRooms.has(id));
    if (others.length === 0) return;
    await sealed.enter(others);
    for (const { id } of others) this.#enteredRooms.add(id);
  }

  #sealedRoomsOf(target: string | undefined): readonly RoomView[] {
    if (this.options.home === undefined) return [];
    const rooms = target === undefined ? this.options.rooms() : [this.#roomOf(target)];
    return rooms.filter((room) => room !== undefined).filter(({ isSealed }) => isSealed === true);
  }

  async untilListed(): Promise<void> {
    while (this.#account !== undefined && !this.#isCaughtUp) await this.#nextRoom();
  }

  async sealedTargets(targets: readonly string[]): Promise<readonly SealedTarget[]> {
    await this.#loadingPins;
    const sealed: SealedTarget[] = [];
    for (const target of targets) {
      const room = this.#roomOf(target);
      const refusal = await this.#checkTarget(target, room);
      if (refusal !== undefined) throw refusal;
      if (room?.isSealed === true) sealed.push({ target, room });
    }
    return sealed;
  }

  async cipherStage(options: CipherStageOptions): Promise<CipherStage> {
    const { SealedCipherStage } = await this.options.load();
    return new SealedCipherStage(options, await this.rooms());
  }

  async exists(): Promise<boolean> {
    return (await this.options.home?.exists()) === true;
  }

  /** Returns the edits of a message in a sealed room, which the server does not know. */
  async editsOf(seq: number): Promise<readonly number[]> {
    const rooms = this.options.rooms().filter(({ isSealed }) => isSealed === true);
    if (rooms.length === 0 || !(await this.exists())) return [];
    const edits = this.rooms().then((sealed) => sealed.editsOf(rooms, seq));
    return (await edits.catch(ignoreFault)) ?? [];
  }

  /** Returns a body or a fault for each post; `undefined` if no post goes to a sealed room. */
  seal(posts: readonly PostToSeal[]): Promise<(PostBody | Fault)[]> | undefined {
    if (this.#pins === undefined || posts.some(({ to }) => !this.#isKnown(to))) {
      return this.#untilKnown(posts).then(() => this.#sealInOrder(posts));
    }
    const isOpen = posts.every(
      ({ to, body }) =>
        this.#pins?.has(pinName(to)) !== true &&
        this.#roomOf(to)?.isSealed !== true &&
        !this.#isUnlisted(to) &&
        !needsSealing(body),
    );
    return isOpen ? undefined : this.#sealInOrder(posts);
  }

  /** Frees the reserved count of a message that was refused or already stored. */
  settled(id: string, outcome: PostOutcome): void {
    const room = this.#sealedPosts.get(id)?.room;
    if (room === undefined || !this.#sealedPosts.delete(id)) return;
    const seq = outcome.kind === "durable" ? outcome.receipt.seq : undefined;
    const outcomes = this.#unstoredOutcomes.get(room.id);
    if (outcomes !== undefined) return void outcomes.push({ id, seq });
    this.#unstoredOutcomes.set(room.id, [{ id, seq }]);
    void this.#storeOutcomes(room);
  }

  /** Stores all outcomes of one tick in one transaction, then those that arrived meanwhile. */
  async #storeOutcomes(view: RoomView): Promise<void> {
    const outcomes = this.#unstoredOutcomes.get(view.id) ?? [];
    try {
      const room = (await this.rooms()).get(view);
      while (outcomes.length > 0) await room.postsSettled(outcomes.splice(0));
    } catch (error) {
      asFault(error);
    } finally {
      this.#unstoredOutcomes.delete(view.id);
    }
  }

  #isKnown(target: string): boolean {
    // The lobby is never encrypted.
    return this.#isCaughtUp || this.#roomOf(target) !== undefined || isSameName(target, LOBBY);
  }

  /** Waits until all sealed targets are known, so that no post is sent unencrypted by mistake. */
  async #untilKnown(posts: readonly PostToSeal[]): Promise<void> {
    while (this.#account !== undefined && posts.some(({ to }) => !this.#isKnown(to))) {
      await this.#nextRoom();
    }
    await this.#loadingPins;
  }

  #nextRoom(): Promise<void> {
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  stock(): void {
    if (this.options.home === undefined || !this.options.keys.canSign) return;
    // A device without a certificate cannot upload key packages. The next link retries after a
    // failure.
    this.#stocking = this.#stock().catch(asFault);
  }

  /** Resolves when others can add this device to their rooms, or the attempt has failed. */
  async stocked(): Promise<void> {
    await this.untilListed();
    await this.#stocking;
  }

  /** The server has lost a room's GroupInfo, without which no device can join by itself. */
  publishGroupInfo(id: string): void {
    this.#changeRoom(id, (changes) => changes.publishGroupInfo());
  }

  /** A room's group contains a revoked device of the user. */
  removeRevoked(id: string, user: string): void {
    this.#changeRoom(id, (changes) => changes.removeRevoked(user));
  }

  #changeRoom(id: string, change: (changes: GroupChanges) => Promise<void>): void {
    void this.untilListed()
      .then(async () => {
        const room = this.options.rooms().find((view) => view.id === id && view.isSealed === true);
        if (room === undefined || !this.options.followsRooms || !(await this.exists())) return;
        await change((await this.rooms()).get(room).changes);
      })
      .catch(asFault);
  }

  async #stock(): Promise<void> {
    if (this.#open === undefined) {
      const { request, clock } = this.options;
      const stock = { packages: [], time: clock.unixMs() };
      // A device that had a certificate before it was signed out presents it below.
      const onRefused = (await this.exists()) ? ignoreNotAllowed : undefined;
      const found = await request("key-packages", stock).catch(onRefused);
      if (found && found.left >= KEY_PACKAGES_LOW && found.lastResort !== false) return;
    }
    await (await this.rooms()).stockKeyPackages();
  }

  async #sealInOrder(posts: readonly PostToSeal[]): Promise<(PostBody | Fault)[]> {
    const rooms = posts.map(({ to }) => this.#roomOf(to));
    const bodies: (PostBody | Fault)[] = [];
    for (let start = 0; start < posts.length; ) {
      const room = rooms[start];
      const post = posts[start];
      if (post === undefined) break;
      const isMarked = isMarkedSealed(post.body);
      const refusal = await this.#checkTarget(post.to, room, isMarked);
      if (refusal !== undefined || room?.isSealed !== true) {
        bodies.push(refusal ?? (needsSealing(post.body) ? notSealed(post) : post.body));
        start++;
        continue;
      }
      this.#pins?.set(pinName(post.to), room.id);
      let end = start + 1;
      while (end < posts.length && rooms[end]?.id === room.id) end++;
      bodies.push(...(await this.#sealBatch(room, posts.slice(start, end))));
      start = end;
    }
    return bodies;
  }

  async #sealBatch(
    room: RoomView,
    posts: readonly PostToSeal[],
  ): Promise<readonly (PostBody | Fault)[]> {
    try {
      const sealed = (await this.rooms()).get(room);
      const attempts = posts.map(({ id }) => this.#countAttempt(id, room));
      if (attempts.some((count) => count > SEALED_TRIES_MAX)) throw await sealed.outdatedFault();
      const bodies = await sealed.seal(posts);
      this.#waitingRooms.delete(room.id);
      return bodies;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === "admin-pending") this.#waits(room, posts, error);
      return posts.map(() => error);
    }
  }

  /** The outbox holds the posts, and sends them later under other ids. */
  #waits({ id }: RoomView, posts: readonly PostToSeal[], fault: Fault): void {
    for (const post of posts) this.#sealedPosts.delete(post.id);
    if (this.#waitingRooms.has(id)) return;
    this.#waitingRooms.add(id);
    this.options.emit({ kind: "sealed-fault", fault });
  }

  #countAttempt(id: string, room: RoomView): number {
    const attempts = (this.#sealedPosts.get(id)?.attempts ?? 0) + 1;
    this.#sealedPosts.set(id, { room, attempts });
    return attempts;
  }

  roomListed(room?: RoomView): void {
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
    if (room !== undefined) this.#pin(room);
    // Another device of the account has joined the room, so this device joins as well.
    if (room?.isSealed === true && this.options.followsRooms && this.#isCaughtUp)
      this.#syncRoom(room);
  }

  /**
   * Pins the target even if this device was never in the group, because its user may write a post
   * to it and be removed before the post is sent.
   */
  #pin(room: RoomView): void {
    if (room.isSealed !== true) return;
    const target = pinName(formatTarget(room));
    // Keep an existing pin, because the server may list a different room under the same name.
    if (this.#pins?.has(target) !== false) return;
    this.#pins.set(target, room.id);
    this.#storePin(target, room.id);
  }

  /** Stores the pin, because queued posts to the target may outlive this process. */
  #storePin(target: string, room: RoomId): void {
    const { home: homes, keys } = this.options;
    const account = this.#account;
    if (homes === undefined || !keys.canSign || account === undefined) return;
    const write = async () => {
      const home = await homes.open(account);
      try {
        await home.transact(async (tables) => {
          if ((await tables.get(pinKey(target))) !== undefined) return;
          await tables.put(pinKey(target), utf8Encode(room));
        });
      } finally {
        home.close();
      }
    };
    const written = (this.#pinWrites ?? Promise.resolve()).then(write).catch(asFault);
    const tracked = written.then(() => {
      if (this.#pinWrites === tracked) this.#pinWrites = undefined;
    });
    this.#pinWrites = tracked;
  }

  pinsStored(): Promise<void> | undefined {
    if (this.#pins !== undefined) return this.#pinWrites;
    return this.#loadingPins?.then(() => this.#pinWrites);
  }

  /**
   * Encrypts a post with the device's key, and marks it as sealed in case this device loses its
   * other data.
   */
  encryptQueued(outbox: OutboxId, post: UnsentPost): Awaitable<UnsentPost> {
    const { target, body } = post;
    const room = this.#roomOf(target);
    const isSealed = this.#pins?.has(pinName(target)) || room?.isSealed === true;
    const parsed = decodeJson(body) as PostBody;
    if (!isSealed && !needsSealing(parsed)) {
      // On a new link the client does not know yet which rooms are sealed.
      const mayBeSealed = !this.#isKnown(target);
      const isCheap = this.options.home?.hasCheapKey === true;
      return mayBeSealed && isCheap ? (this.#queuedPosts?.encrypt(outbox, post) ?? post) : post;
    }
    if (this.#queuedPosts === undefined) return withoutText(post);
    const marked = JSON.stringify(markSealed(parsed));
    return this.#queuedPosts.encrypt(outbox, { ...post, body: marked });
  }

  decryptQueued(
    outbox: OutboxId,
    posts: readonly UnsentPost[],
  ): Promise<readonly DecryptedPost[]> | undefined {
    const queuedPosts = this.#queuedPosts;
    const isPlain = (post: UnsentPost) => boxOf(post) === undefined;
    if (queuedPosts === undefined || posts.every(isPlain)) return undefined;
    return this.#decryptAll(queuedPosts, outbox, posts);
  }

  async #decryptAll(
    queuedPosts: QueuedPosts,
    outbox: OutboxId,
    posts: readonly UnsentPost[],
  ): Promise<readonly DecryptedPost[]> {
    const decrypted: DecryptedPost[] = [];
    for (const post of posts) {
      const opened = await queuedPosts.decrypt(outbox, post);
      if (opened instanceof Fault) decrypted.push({ post, fault: opened });
      else decrypted.push(opened ?? post);
    }
    return decrypted;
  }

  #syncRoom(room: RoomView): void {
    void this.rooms()
      .then((rooms) => rooms.syncAll([room]))
      .catch(asFault);
  }

  caughtUp(): void {
    this.#isCaughtUp = true;
    this.roomListed();
    if (!this.options.followsRooms) return;
    this.stock();
    const { rooms: all, emit } = this.options;
    if (!all().some(({ isSealed }) => isSealed === true)) return;
    void this.rooms()
      .then((rooms) => rooms.syncAll(all()))
      .catch((fault: unknown) => {
        asFault(fault);
        emit({ kind: "sealed-fault", fault: fault as Fault });
      });
  }

  /** True for a room that the user is not in, or a box that the first post creates. */
  #isUnlisted(to: string): boolean {
    const isListed = this.#roomOf(to) !== undefined || isSameName(to, LOBBY);
    return this.#isCaughtUp && !isListed && !to.startsWith("@");
  }

  async #checkTarget(
    to: string,
    room: RoomView | undefined,
    isMeant = false,
  ): Promise<Fault | undefined> {
    return (await this.#checkStoredDowngrade(to, room, isMeant)) ?? (await this.#checkUnlisted(to));
  }

  /**
   * Asks the server before it receives a text. A device that has lost its data does not know that a
   * room was encrypted if its user has left the room.
   */
  async #checkUnlisted(to: string): Promise<Fault | undefined> {
    if (!this.#isUnlisted(to)) return undefined;
    try {
      const { made } = await this.options.request("group", { target: to });
      return made === undefined ? undefined : notMember(to);
    } catch (error) {
      const fault = asFault(error);
      return fault.code === "not-allowed" ? undefined : fault;
    }
  }

  /**
   * Refuses to send a post unencrypted to a target that was ever sealed, or to a different room
   * with the same name.
   */
  #checkDowngrade(
    to: string,
    room: RoomView | undefined,
    isMarkedSealed = false,
  ): Fault | undefined {
    const pin = this.#pins?.get(pinName(to)) ?? (isMarkedSealed ? room?.id : undefined);
    if (pin === undefined && !isMarkedSealed) return undefined;
    if (room?.isSealed === true && room.id === pin) return undefined;
    const remedy = msg`use another name for a new room`;
    if (room !== undefined) {
      return new Fault(
        "seal-refused",
        msg`'${to}' was encrypted, but the server now lists a different room with that name`,
        { remedy },
      );
    }
    return notMember(to);
  }

  /**
   * Repeats the check with the stored pin. A new group with the same name may have replaced the
   * pin.
   */
  async #checkStoredDowngrade(
    to: string,
    room: RoomView | undefined,
    isMeant = false,
  ): Promise<Fault | undefined> {
    const fault = this.#checkDowngrade(to, room, isMeant);
    const account = this.#account;
    if (fault === undefined || room?.isSealed !== true || account === undefined) return fault;
    await this.#pinWrites;
    const pin = (await this.#readPins(account))?.get(pinName(to));
    if (pin === undefined || this.#account !== account) return fault;
    this.#pins?.set(pinName(to), pin);
    return this.#checkDowngrade(to, room, isMeant);
  }

  async #loadPins(account: SealedAccount): Promise<void> {
    // If the pins are unreadable, the server still refuses unencrypted posts to sealed rooms.
    const pins = (await this.#readPins(account)) ?? new Map<string, string>();
    if (this.#account !== account) return;
    this.#pins = pins;
    for (const room of this.options.rooms()) this.#pin(room);
  }

  async #readPins(account: SealedAccount): Promise<Map<string, string> | undefined> {
    const { home: homes } = this.options;
    const pins = new Map<string, string>();
    try {
      if (homes === undefined || !(await homes.exists())) return pins;
      const home = await homes.open(account);
      try {
        const rows = await home.transact(async (tables) =>
          tables.list(allOf("pin", SEALED_ROOMS_MAX)),
        );
        for (const { key, value } of rows) pins.set(key.slice("pin/".length), utf8Decode(value));
      } finally {
        home.close();
      }
      return pins;
    } catch (error) {
      asFault(error);
      return undefined;
    }
  }

  #roomOf(to: string): RoomView | undefined {
    return roomAt(this.options.rooms(), to);
  }

  async #openRooms() {
    const { keys, load, refusal, home: homes } = this.options;
    const account = this.#account;
    if (account === undefined) throw notLoggedIn();
    if (homes === undefined) {
      const detail = { remedy: msg`use ${"chat join"} on one of your devices` };
      throw (
        refusal ?? new Fault("not-allowed", msg`encrypted rooms are not available here`, detail)
      );
    }
    const { SealedRooms, openSealedDevice } = await load();
    const home = await homes.open(account);
    try {
      const stateKey = await homes.stateKey();
      const parts = { ...this.options, ...account, store: home, stateKey };
      const device = await openSealedDevice({ ...parts, primitives: homes.primitives });
      const { sha256 } = keys;
      const isLinked = () => this.#isLinked;
      const isListed = () => this.#isCaughtUp;
      const { request } = device;
      const rooms = new SealedRooms({ ...parts, request, sha256, device, isLinked, isListed });
      return { rooms, home };
    } catch (error) {
      home.close();
      throw error;
    }
  }

  #untilLinked(): Promise<void> {
    if (this.#isLinked || this.#account === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#onLinked.push(resolve));
  }
}

/** The post will be refused, and its text must not be stored unencrypted. */
function withoutText(post: UnsentPost): UnsentPost {
  return { ...post, body: JSON.stringify(markSealed({ text: "" })) };
}

function pinName(to: string): string {
  return foldName(to as Name);
}

export function ignoreNotAllowed(error: unknown): undefined {
  if (error instanceof Fault && error.code === "not-allowed") return undefined;
  throw error;
}

function notMember(to: string): Fault {
  return new Fault("seal-refused", msg`you are not a member of the encrypted room '${to}'`, {
    remedy: msg`ask a member to add you, or use another name for a new room`,
  });
}

function notSealed({ to, body }: PostToSeal): Fault {
  return new Fault(
    "seal-refused",
    body.files === undefined
      ? msg`the edited message is encrypted, but '${to}' is not an encrypted room`
      : msg`the file is encrypted, but '${to}' is not an encrypted room`,
  );
}

function asClosed(record: ChatRecord): ChatRecord {
  const { kind, state } = record;
  return kind === "sealed" && state === "whole" ? closedRecord(record) : record;
}
