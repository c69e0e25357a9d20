import { Fault } from "../../src/base/fault.ts";
import type { RoomId } from "../../src/base/ids.ts";
import { Registry } from "../../src/core/rooms/accounts.ts";
import { RoomEngine } from "../../src/core/rooms/engine.ts";
import { Rooms } from "../../src/core/rooms/rooms.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { openArchive } from "../../src/io/archive/archive.ts";
import { openBlobStore } from "../../src/io/blob/blob-store.ts";
import type { Address, Dial, Link, Listener } from "../../src/io/link/link.ts";
import { MemoryNetwork } from "../../src/io/link/memory-network.ts";
import type { Archive, Log } from "../../src/io/log/log.ts";
import { type LogFile, openLog } from "../../src/io/log/log-file.ts";
import type { Passwords } from "../../src/server/auth/login.ts";
import { QUOTAS_DEFAULT } from "../../src/server/files/quotas.ts";
import type { IrcGateway } from "../../src/server/irc/gateway.ts";
import type { PushDelivery } from "../../src/server/push/sender.ts";
import { sealedFolder } from "../../src/server/sealed/buckets.ts";
import { Server } from "../../src/server/server.ts";
import type { ObservedEvent } from "../../src/server/session/event.ts";
import { type LogRecord, parseBody } from "../../src/wire/record.ts";
import { identityOfSeed } from "../crypto/seed-identity.ts";
import { type DiskBackup, type DiskCall, type DiskFailure, SimDisk } from "../io/disk/sim.ts";
import { MachineStopped } from "../io/disk/sim-tree.ts";
import { IrcPipe, type IrcReceiver } from "./irc-pipe.ts";
import { Life } from "./life.ts";
import type { Platform } from "./platform.ts";
import { settingChangeOf } from "./settings.ts";
import { type Watched, WireWatch } from "./wire-watch.ts";
import { withFields } from "./with-fields.ts";

export const SERVER = { host: "server", port: 2428 };
export const IDENTITY = identityOfSeed(new Uint8Array(32).fill(9));
export const OPERATOR_TOKEN = "the operator's token";
export const CERTIFICATE = new Uint8Array(32).fill(3);

export const PLAIN: Passwords = {
  hash: (password) => Promise.resolve(`hash of ${password}`),
  verify: (password, hash) => Promise.resolve(hash === `hash of ${password}`),
};

export interface DiskWeather {
  fullPercent: number;
  shortPercent: number;
  brokenPercent: number;
}

export class Machine {
  readonly disk: SimDisk;
  readonly weather: DiskWeather = { fullPercent: 0, shortPercent: 0, brokenPercent: 0 };
  network: MemoryNetwork;
  watch: WireWatch;
  wallMs = 0;
  restartAt: number | undefined;
  lives = 0;
  readonly #platform: Platform;
  readonly #segmentBytes: number;
  #life: Life | undefined;
  #server: Server | undefined;
  #listener: Listener | undefined;
  #openIrc: Machine["openIrc"] = () => undefined;
  #ircPort = 0;
  #logs: LogFile[] = [];
  #isStopping = false;
  #isForkDue = false;
  #stopAt = Number.POSITIVE_INFINITY;
  readonly #byAddress = new Map<string, Watched>();

  constructor(platform: Platform) {
    this.#platform = platform;
    this.disk = new SimDisk({ random: platform.random.next, failure: this.#trouble.bind(this) });
    this.#segmentBytes = platform.random.chance(0.5) ? 2_000 : 1 << 26;
    this.network = this.#newNetwork();
    this.watch = this.#newWatch();
  }

  get isUp(): boolean {
    return this.#server !== undefined;
  }

  get server(): Server | undefined {
    return this.#server;
  }

  /** Connects an IRC client, unless the server is down or refuses the address. */
  openIrc(host: string, receiver: IrcReceiver): IrcPipe | undefined {
    return this.#openIrc(host, receiver);
  }

  dialFrom(host: string): Dial {
    return (options) => this.network.dialFrom(host)(options);
  }

  async start(): Promise<void> {
    const { clock, trace } = this.#platform;
    const life = new Life(clock, () => this.wallMs);
    this.#life = life;
    this.restartAt = undefined;
    trace.note(`${clock.now()} start ${++this.lives}`);
    try {
      await this.#boot(life);
    } catch (error) {
      if (!life.isAlive) return;
      if (!(error instanceof Fault) || !error.code.startsWith("store-")) throw error;
      this.crash("kill", false, 500);
    }
  }

  crash(kind: "power" | "kill", isSilent: boolean, awayMs: number): void {
    const { clock, trace } = this.#platform;
    trace.note(`${clock.now()} crash ${kind} ${isSilent}`);
    this.#forget();
    if (kind === "power") this.disk.losePower();
    else this.disk.killProcess();
    // In a silent crash, clients wait in the old network for answers that never come.
    if (!isSilent) this.network.cut();
    this.network = this.#newNetwork();
    this.restartAt = clock.now() + awayMs;
  }

  /**
   * Replaces the data with a backup.
   * @param isForked whether the log gets a new origin, as after `chat restore --accept-rollback`
   */
  restore(backup: DiskBackup, isForked: boolean): void {
    const { clock, trace, model } = this.#platform;
    trace.note(`${clock.now()} restore ${isForked}`);
    this.#forget();
    this.disk.restore(backup);
    this.#isForkDue = isForked;
    model.reset();
    this.network.cut();
    this.network = this.#newNetwork();
    this.restartAt = clock.now();
  }

  stopWithin(calls: number): void {
    this.#stopAt = this.disk.calls + calls;
  }

  async stop(awayMs: number): Promise<void> {
    const life = this.#life;
    const server = this.#server;
    if (life === undefined || server === undefined || this.#isStopping) return;
    this.#isStopping = true;
    const { clock, trace } = this.#platform;
    trace.note(`${clock.now()} stop`);
    await life.hold(server.stop());
    for (const log of this.#logs) await life.hold(log.close());
    if (!life.isAlive) return;
    this.#forget();
    this.disk.killProcess();
    this.restartAt = clock.now() + awayMs;
  }

  #forget(): void {
    this.#life?.end();
    this.#life = undefined;
    this.#server = undefined;
    this.#listener = undefined;
    this.#openIrc = () => undefined;
    this.#logs = [];
    this.#isStopping = false;
    this.#stopAt = Number.POSITIVE_INFINITY;
    this.#byAddress.clear();
    this.watch = this.#newWatch();
  }

  async #boot(life: Life): Promise<void> {
    const { random, mutant, model } = this.#platform;
    const entropy = random.bytes;
    const { clock } = life;
    const disk = mutant.disk?.(this.disk.boot()) ?? this.disk.boot();
    const registry = new Registry();
    const rooms = mutant.rooms?.() ?? new Rooms();
    const speed = this.#platform.postsPerSecond;
    const limits = speed === undefined ? {} : { postsPerSecond: speed, postsBurst: speed };
    const engine = new RoomEngine({ rooms, directory: registry, sha256, ...limits });
    const segmentBytes = this.#segmentBytes;
    const common = { disk, clock, entropy, sha256, reserveBytes: 600, segmentBytes };
    const open = async (name: "accounts" | "history", apply: (record: LogRecord) => void) => {
      const found: LogRecord[] = [];
      const onRecord = (record: LogRecord) => {
        found.push(record);
        apply(record);
      };
      const log = await life.hold(openLog({ ...common, folder: `/d/${name}`, onRecord }));
      model.checkRecovered(name, found);
      return log;
    };
    const accounts = await open("accounts", (record) => registry.apply(record));
    const history = await open("history", (record) => engine.restore(record));
    this.#logs = [history, accounts];
    if (this.#isForkDue) {
      const onRecord = (record: LogRecord) => {
        engine.restore(record);
        model.note("history", record);
      };
      await life.hold(history.fork({ onRecord }));
      this.#isForkDue = false;
    }
    await life.hold(model.checkErased(history, "history"));
    await life.hold(model.checkErased(accounts, "accounts"));
    model.checkFold((room) => rooms.get(room as RoomId)?.members);
    const server = new Server({
      clock,
      entropy,
      identity: IDENTITY,
      settings: {
        name: "world",
        version: "0",
        welcome: undefined,
        roomPassword: this.#platform.roomSecret,
        operatorToken: OPERATOR_TOKEN,
        files: { ...QUOTAS_DEFAULT, freeBytesMin: 0 },
      },
      history: this.#watchedLog(life, "history", mutant.history?.(history) ?? history),
      accounts: this.#watchedLog(life, "accounts", accounts),
      archive: this.#slowArchive(life, history),
      rooms,
      registry,
      engine,
      passwords: PLAIN,
      stateFiles: { disk, folder: "/d" },
      sealed: sealedFolder({ disk, folder: "/d/sealed" }),
      blobs: openBlobStore({ disk: this.disk.boot(), folder: "/d/files", sha256 }),
      push: { delivery: this.#delivery(life), file: { disk, folder: "/d" } },
      onEvent: (event) => {
        if (life.isAlive) this.#event(event);
      },
    });
    await life.hold(server.start());
    this.#server = server;
    this.#listen(life, server);
  }

  #delivery(life: Life): PushDelivery {
    const { random, pushed } = this.#platform;
    return {
      key: new Uint8Array(65).fill(4),
      check: () => undefined,
      send: async ({ endpoint }, { text }) => {
        await new Promise<void>((resolve) => life.clock.after(random.int(3_000), resolve));
        return pushed?.(endpoint, text) ?? { status: 201, retryAfter: undefined };
      },
    };
  }

  #listen(life: Life, server: Server): void {
    const { mutant } = this.#platform;
    const watch = this.watch;
    const { sessions } = server;
    const open = sessions.link.bind(sessions);
    sessions.link = (link) => {
      const watched = watch.open(link);
      this.#byAddress.set(keyOf(link.remote), watched);
      const held = life.link(link, {
        sent: (bytes) => {
          watch.sent(watched, bytes);
          return bytes;
        },
        received: (bytes) => watch.received(watched, bytes),
        followed: (topic) => watched.topics.add(topic),
        unfollowed: (topic) => watched.topics.delete(topic),
        closed: () => watch.closed(watched),
      });
      open(mutant.link?.(held, this.#platform) ?? held);
    };
    let gateway: IrcGateway | undefined;
    this.#openIrc = (host, receiver) => {
      gateway ??= server.openIrc();
      return this.#ircPipe(life, gateway, host, receiver);
    };
    const events = {
      accept: (remote: Address) => life.isAlive && sessions.accept(remote),
      link: (link: Link) => sessions.link(link),
    };
    const listener = this.network.listen({ ...SERVER, certificateHash: CERTIFICATE }, events);
    const publish = (topic: string, bytes: Uint8Array) => {
      if (!life.isAlive) return;
      const times = mutant.publishes?.(this.#platform) ?? 1;
      for (let i = 0; i < times; i++) {
        watch.published(topic, bytes);
        listener.publish(topic, bytes);
      }
    };
    this.#listener = { transport: "memory", port: SERVER.port, publish, stop: listener.stop };
    server.listen(this.#listener);
  }

  #ircPipe(
    life: Life,
    gateway: IrcGateway,
    host: string,
    receiver: IrcReceiver,
  ): IrcPipe | undefined {
    const remote = { host, port: ++this.#ircPort };
    if (!life.isAlive || !gateway.accept(remote)) return undefined;
    const pipe = new IrcPipe(this.#platform, remote, receiver);
    pipe.connect(gateway.socket(pipe));
    life.onEnd(() => pipe.lose());
    return pipe;
  }

  #watchedLog(life: Life, name: "history" | "accounts", log: Log): Log {
    const { model } = this.#platform;
    let noted = 0;
    const held = life.log(log);
    return withFields(held, {
      follow: (from, onRecord) =>
        held.follow(from, (record) => {
          // The fold must detect a record that the log reports twice.
          const isNew = record.head.seq > noted;
          if (isNew) this.#platform.guard(() => model.note(name, record));
          if (isNew && record.head.kind === "prefs") {
            this.watch.changed(record.head.room, settingChangeOf(parseBody(record) ?? {}));
          }
          noted = Math.max(noted, record.head.seq);
          onRecord(record);
        }),
    });
  }

  /** Delays reads, so that their results can be outdated when they arrive. */
  #slowArchive(life: Life, history: LogFile): Archive {
    const { random } = this.#platform;
    const disk = this.disk.boot();
    const head = () => history.head();
    const archive = openArchive({ folder: "/d/history", disk, sha256, head });
    return {
      page: async (query) => {
        const page = await life.hold(archive.page(query));
        if (random.chance(0.5)) return page;
        const waitMs = random.int(40);
        await new Promise<void>((resolve) => life.clock.after(waitMs, resolve));
        return page;
      },
      close: () => archive.close(),
    };
  }

  #event(event: ObservedEvent): void {
    const { clock, model, trace } = this.#platform;
    if (event.kind === "record") {
      const { seq, kind, room, id } = event.record.head;
      trace.note(`${clock.now()} record ${seq} ${kind} ${room} ${id}`);
    }
    if (event.kind === "failed") {
      const life = this.#life;
      clock.after(1, () => {
        if (life === this.#life && life !== undefined) this.crash("kill", false, 300);
      });
    }
    if (event.kind !== "logged-in" && event.kind !== "logged-out") return;
    const watched = this.#byAddress.get(keyOf(event.address));
    if (watched === undefined) return;
    if (event.kind === "logged-in") this.watch.entered(watched, model.idOf(event.user) ?? "");
    else this.watch.left(watched);
  }

  #trouble(call: DiskCall, path: string, number: number): DiskFailure | undefined {
    if (number >= this.#stopAt) {
      this.crash("power", this.#platform.random.chance(0.5), 1_000);
      throw new MachineStopped(`stopped at ${call} ${path}`);
    }
    const { fullPercent, shortPercent, brokenPercent } = this.weather;
    if (fullPercent + shortPercent + brokenPercent === 0) return undefined;
    const chance = this.#platform.random.next() * 100;
    if (call === "write") {
      if (chance < fullPercent) return "ENOSPC";
      if (chance < fullPercent + shortPercent) return "short";
    }
    return (call === "write" || call === "sync") && chance > 100 - brokenPercent
      ? "EIO"
      : undefined;
  }

  #newNetwork(): MemoryNetwork {
    const { clock, weather } = this.#platform;
    return new MemoryNetwork(clock, weather);
  }

  #newWatch(): WireWatch {
    return new WireWatch(this.#platform);
  }
}

function keyOf({ host, port }: Address): string {
  return `${host}:${port}`;
}
