import { defined } from "../../src/base/values.ts";
import { Registry } from "../../src/core/rooms/accounts.ts";
import { RoomEngine } from "../../src/core/rooms/engine.ts";
import { needsBody, Rooms } from "../../src/core/rooms/rooms.ts";
import { signCheckpoint } from "../../src/crypto/checkpoint.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { openArchive } from "../../src/io/archive/archive.ts";
import { openBlobStore } from "../../src/io/blob/blob-store.ts";
import type { BlobStore } from "../../src/io/blob/interfaces.ts";
import type { Clock } from "../../src/io/clock.ts";
import { readWholeFile, type TreeDisk } from "../../src/io/disk/disk.ts";
import { type MemoryLink, MemoryNetwork } from "../../src/io/link/memory-network.ts";
import { Checkpoints } from "../../src/io/log/checkpoints.ts";
import type { Archive, Log, PageQuery, RecordPage } from "../../src/io/log/log.ts";
import { type LogFile, openLog } from "../../src/io/log/log-file.ts";
import { LogProofs } from "../../src/io/log/proofs.ts";
import type { Passwords } from "../../src/server/auth/login.ts";
import type { SharedContents } from "../../src/server/files/file-service.ts";
import { QUOTAS_DEFAULT } from "../../src/server/files/quotas.ts";
import { httpHandler } from "../../src/server/http/handler.ts";
import type { FileQuotas } from "../../src/server/kernel/context.ts";
import type { Sequencer } from "../../src/server/kernel/sequencer.ts";
import type { Siblings } from "../../src/server/kernel/siblings.ts";
import type { PushDelivery } from "../../src/server/push/sender.ts";
import type { Provable } from "../../src/server/rooms/proofs.ts";
import { type SealedBuckets, sealedFolder } from "../../src/server/sealed/buckets.ts";
import type { ServerOptions } from "../../src/server/server.ts";
import { Server } from "../../src/server/server.ts";
import type { ObservedEvent } from "../../src/server/session/event.ts";
import { parseBody } from "../../src/wire/record.ts";
import { VirtualClock } from "../client/virtual-clock.ts";
import { type DiskBackup, type DiskCall, type DiskFailure, SimDisk } from "../io/disk/sim.ts";
import { randomOf } from "../worlds/disk-world.ts";
import { Guest, type Keys, newKeys } from "./guest.ts";

const ADDRESS = { host: "10.0.0.1", port: 2428 };
const IDENTITY = Identity.generate();
/** Longer than any deadline except those that a test advances past itself. */
const WAIT_MS_MAX = 60_000;

const PLAIN: Passwords = {
  hash: (password) => Promise.resolve(`hash of ${password}`),
  verify: (password, hash) => Promise.resolve(hash === `hash of ${password}`),
};

export interface SiteOptions {
  readonly seed?: number;
  readonly roomPassword?: string;
  readonly welcome?: string;
  readonly postsPerSecond?: number;
  readonly postsBurst?: number;
  readonly linksMax?: number;
  readonly historyBytesPerDay?: number;
  readonly textsBytesPerDay?: number;
  readonly operatorToken?: string;
  readonly operatorLink?: string;
  readonly build?: string;
  readonly passwords?: Passwords;
  readonly files?: Partial<FileQuotas> | "none";
  readonly push?: PushDelivery;
  readonly seals?: boolean;
  readonly signs?: boolean;
  readonly disk?: (disk: TreeDisk, clock: Clock) => TreeDisk;
  readonly blobs?: (store: BlobStore) => BlobStore;
  readonly contents?: SharedContents;
  readonly reading?: (query: PageQuery) => Promise<void>;
  readonly afterReading?: (query: PageQuery) => Promise<void>;
  readonly programs?: NonNullable<ServerOptions["programs"]>;
  /** Skips time without a timer. Requires that only timers and promises are awaited. */
  readonly skipsIdleTime?: boolean;
  readonly time?: VirtualClock;
  readonly shared?: SharedSite;
}

export interface SharedSite {
  open(mirrors: {
    readonly history: LogFile;
    readonly accounts: LogFile;
  }): Promise<{
    readonly history: Log;
    readonly accounts: Log;
    readonly sequencer: Sequencer;
    readonly siblings: Siblings;
    readonly sealed: SealedBuckets;
  }>;
}

export class Site {
  readonly time: VirtualClock;
  skewMs = 0;
  readonly clock: Clock = {
    now: () => this.time.now(),
    unixMs: () => this.time.unixMs() + this.skewMs,
    after: (delayMs, callback) => {
      if (!this.isTight || delayMs > 0) return this.time.after(delayMs, callback);
      queueMicrotask(callback);
      return () => undefined;
    },
  };
  /** Runs tasks without delay in the same tick, between the steps of other tasks. */
  isTight = false;
  identity = IDENTITY;
  readonly random: () => number;
  network: MemoryNetwork;
  readonly events: ObservedEvent[] = [];
  readonly certificateHash: Uint8Array;
  trouble: (call: DiskCall, path: string) => DiskFailure | undefined = () => undefined;
  readonly disk: SimDisk;
  readonly #options: SiteOptions;
  registry = new Registry();
  rooms = new Rooms();
  #server: Server | undefined;
  #logs: Log[] = [];
  #checkpoints: Checkpoints | undefined;

  private constructor(options: SiteOptions) {
    this.#options = options;
    this.time = options.time ?? new VirtualClock();
    this.random = randomOf(options.seed ?? 1);
    this.disk = new SimDisk({
      random: this.random,
      failure: (call, path) => this.trouble(call, path),
      unixMs: () => this.clock.unixMs(),
    });
    this.network = new MemoryNetwork(this.clock);
    this.certificateHash = this.entropy(32);
  }

  static async open(options: SiteOptions = {}): Promise<Site> {
    const site = new Site(options);
    await site.wait(site.start());
    return site;
  }

  readonly entropy = (sizeBytes: number): Uint8Array =>
    Uint8Array.from({ length: sizeBytes }, () => this.random() * 256);

  get server(): Server {
    if (this.#server === undefined) throw new Error("the site is closed");
    return this.#server;
  }

  get history(): Log {
    const [history] = this.#logs;
    if (history === undefined) throw new Error("the site is closed");
    return history;
  }

  get accounts(): Log {
    const [, accounts] = this.#logs;
    if (accounts === undefined) throw new Error("the site is closed");
    return accounts;
  }

  async start(): Promise<void> {
    const { clock, entropy } = this;
    const { roomPassword, welcome, passwords = PLAIN, files } = this.#options;
    const { operatorToken, operatorLink, build, push } = this.#options;
    const disk = this.disk.boot();
    const registry = new Registry();
    this.registry = registry;
    const rooms = new Rooms();
    this.rooms = rooms;
    const { postsPerSecond = 100_000, postsBurst = 100_000 } = this.#options;
    const engine = new RoomEngine({
      rooms,
      directory: registry,
      sha256,
      postsPerSecond,
      postsBurst,
      isShared: this.#options.shared !== undefined,
    });
    const logDisk = this.#options.disk?.(disk, clock) ?? disk;
    const common = { disk: logDisk, clock, entropy, sha256, reserveBytes: 600 };
    const onAccount = registry.apply.bind(registry);
    const accounts = await openLog({ ...common, folder: "/d/accounts", onRecord: onAccount });
    // As in the program, which reads few bodies at its start.
    const fold = { needsBody, apply: engine.restore.bind(engine) };
    const history = await openLog({ ...common, folder: "/d/history", fold });
    const shared = await this.#options.shared?.open({ history, accounts });
    const logs = shared ?? { history, accounts };
    this.#logs = [logs.history, logs.accounts];
    const archive = this.#archiveOf(history);
    const signing = this.#options.signs === true ? await this.#sign(history, accounts) : undefined;
    const server = new Server({
      clock,
      entropy,
      identity: this.identity,
      settings: {
        name: "site",
        version: "0",
        welcome,
        roomPassword,
        ...defined({ operatorToken, operatorLink, build }),
        ...defined({ postsPerSecond: this.#options.postsPerSecond }),
        ...defined({ postsBurst: this.#options.postsBurst, linksMax: this.#options.linksMax }),
        ...defined({ historyBytesPerDay: this.#options.historyBytesPerDay }),
        ...defined({ textsBytesPerDay: this.#options.textsBytesPerDay }),
        ...(files === "none" ? {} : { files: { ...QUOTAS_DEFAULT, freeBytesMin: 0, ...files } }),
      },
      history: logs.history,
      accounts: logs.accounts,
      ...defined({ sequencer: shared?.sequencer, siblings: shared?.siblings, provable: signing }),
      ...defined({ programs: this.#options.programs, contents: this.#options.contents }),
      archive,
      rooms,
      registry,
      engine,
      passwords,
      stateFiles: { disk, folder: "/d" },
      ...(this.#options.seals === false
        ? {}
        : { sealed: shared?.sealed ?? sealedFolder({ disk, folder: "/d/sealed" }) }),
      ...(push === undefined ? {} : { push: { delivery: push, file: { disk, folder: "/d" } } }),
      ...(files === "none" ? {} : { blobs: this.#blobsOn(disk) }),
      recordLine: (record, { name }) => {
        const { seq, kind } = record.head;
        return `${JSON.stringify({ kind, seq, room: name, ...parseBody(record) })}\n`;
      },
      onEvent: (event) => this.events.push(event),
    });
    await server.start();
    const { certificateHash } = this;
    server.listen(this.network.listen({ ...ADDRESS, certificateHash }, server.sessions));
    this.#server = server;
  }

  async #sign(history: LogFile, accounts: LogFile): Promise<Provable> {
    const checkpoints = new Checkpoints({
      log: history,
      accounts,
      folder: "/d/history",
      disk: this.disk.boot(),
      clock: this.clock,
      sign: (history, accounts) => signCheckpoint(history, this.identity, accounts),
      isRecorded: true,
      onWriteError: (fault) => this.events.push({ kind: "warning", fault }),
    });
    await checkpoints.start();
    this.#checkpoints = checkpoints;
    const proofs = new LogProofs(history, sha256);
    const accountsProofs = new LogProofs(accounts, sha256, true);
    return { checkpoints, proofs, accounts: accountsProofs, accountsLog: accounts };
  }

  #blobsOn(disk: TreeDisk): BlobStore {
    const store = openBlobStore({ disk, folder: "/d/files", sha256 });
    return this.#options.blobs?.(store) ?? store;
  }

  #archiveOf(history: LogFile): Archive {
    const head = () => history.head();
    const archive = openArchive({ folder: "/d/history", disk: this.disk.boot(), sha256, head });
    const { reading, afterReading } = this.#options;
    if (reading === undefined && afterReading === undefined) return archive;
    const page = async (query: PageQuery): Promise<RecordPage> => {
      await reading?.(query);
      const found = await archive.page(query);
      await afterReading?.(query);
      return found;
    };
    return { page, close: () => archive.close() };
  }

  async stop(): Promise<void> {
    await this.wait(this.server.stop());
    await this.wait(this.#checkpoints?.close() ?? Promise.resolve());
    this.#checkpoints = undefined;
    for (const log of this.#logs.splice(0)) await this.wait(log.close());
    this.#server = undefined;
  }

  /** Fetches like a browser at this address. The caller must advance the time with `wait`. */
  fetch(path: string, init: RequestInit = {}, host = "10.0.0.9"): Promise<Response> {
    const handle = httpHandler({ name: "x", port: () => 1, fingerprint: "x", ...this.server.http });
    const request = new Request(`https://x${path}`, init);
    // Without a host, Bun gives only the path.
    if (request.headers.get("host") === "") Object.defineProperty(request, "url", { value: path });
    return handle(request, { host, port: 4_000 });
  }

  async restartWith(path: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
    await this.stop();
    const disk = this.disk.boot();
    const changed = change(readWholeFile(disk, path, 1 << 30) ?? new Uint8Array());
    const file = disk.open(path, "write");
    file.truncate(0);
    file.write(changed, 0);
    file.close();
    await this.wait(this.start());
  }

  /**
   * Restores a backup of the server's disk like `chat restore --accept-rollback`.
   * @param change changes the restored files first
   */
  async restore(
    backup: DiskBackup,
    change: (disk: TreeDisk) => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    await this.stop();
    this.disk.restore(backup);
    const disk = this.disk.boot();
    await this.wait(change(disk));
    const { clock, entropy } = this;
    const options = { disk, clock, entropy, sha256, reserveBytes: 600 };
    const history = await this.wait(openLog({ ...options, folder: "/d/history" }));
    await this.wait(history.fork());
    await this.wait(history.close());
    this.network.cut();
    await this.wait(this.start());
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.wait(this.start());
  }

  async restartAfterCrash(): Promise<void> {
    this.network.cut();
    this.network = new MemoryNetwork(this.clock);
    await this.wait(this.start());
  }

  async wait<Value>(promise: Promise<Value>): Promise<Value> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    promise.then(done, done);
    await this.until("a promise", () => isDone || undefined);
    return promise;
  }

  /** Waits until everything in flight has arrived. Notices may be batched for some milliseconds. */
  async quiet(): Promise<void> {
    await this.time.advance(25);
  }

  async until<Value>(what: string, poll: () => Value | undefined): Promise<Value> {
    const end = this.time.now() + WAIT_MS_MAX;
    for (let isFirst = true; this.time.now() < end; isFirst = false) {
      const seen = poll();
      if (seen !== undefined) return seen;
      const stepMs = this.#options.skipsIdleTime === true ? this.time.nextInMs : 1;
      await this.time.advance(isFirst ? 0 : Math.min(stepMs, end - this.time.now()));
    }
    throw new Error(`${what} never came`);
  }

  async connect(host = "10.0.0.2", keys: Keys = newKeys()): Promise<Guest> {
    const dial = this.network.dialFrom(host);
    let guest: Guest | undefined;
    const dialled = dial({ ...ADDRESS, timeoutMs: 5_000 }).then((link) => {
      guest = new Guest(this, link, keys);
    });
    await this.wait(dialled);
    if (guest === undefined) throw new Error("no link");
    return guest;
  }

  async greeted(host?: string, keys?: Keys): Promise<Guest> {
    const guest = await this.connect(host, keys);
    await guest.greet();
    return guest;
  }

  async member(name: string, password?: string): Promise<Guest> {
    const guest = await this.greeted();
    const { roomPassword } = this.#options;
    if (roomPassword !== undefined) await guest.request("admit", { secret: roomPassword });
    await guest.request("register", guest.registration(name, password));
    await guest.until("caught-up");
    return guest;
  }

  async byPassword(name: string, password: string, host?: string): Promise<Guest> {
    const guest = await this.greeted(host);
    await guest.request("login", guest.passwordLogin(name, password));
    await guest.until("caught-up");
    return guest;
  }

  async again(guest: Guest, name: string, after?: number): Promise<Guest> {
    const next = await this.greeted(undefined, guest.keys);
    await next.request("login", next.signedLogin(name, after));
    await next.until("caught-up");
    return next;
  }

  farEnd(guest: Guest): MemoryLink {
    return (guest.link as MemoryLink).peer;
  }
}

export async function siteWith<Name extends string>(
  names: readonly Name[],
  options: SiteOptions = {},
): Promise<{ site: Site } & Record<Name, Guest>> {
  const site = await Site.open(options);
  const members: Record<string, Guest> = {};
  for (const name of names) members[name] = await site.member(name);
  return { site, ...(members as Record<Name, Guest>) };
}
