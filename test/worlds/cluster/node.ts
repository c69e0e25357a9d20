import { toHex } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import { CLUSTER_CATCH_UP_TIMEOUT_MS } from "../../../src/base/limits-cluster.ts";
import { Authors } from "../../../src/core/cluster/authors.ts";
import type { Place } from "../../../src/core/cluster/claims.ts";
import { Registry } from "../../../src/core/rooms/accounts.ts";
import { RoomEngine } from "../../../src/core/rooms/engine.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { openArchive } from "../../../src/io/archive/archive.ts";
import type { PeerNode } from "../../../src/io/cluster/peer-check.ts";
import type { Position } from "../../../src/io/cluster/position.ts";
import { Replica } from "../../../src/io/cluster/replica.ts";
import { ReplicatedLog } from "../../../src/io/cluster/replicated-log.ts";
import type { Stream } from "../../../src/io/cluster/stream.ts";
import type { Disk } from "../../../src/io/disk/disk.ts";
import type { Address, Dial, Link } from "../../../src/io/link/link.ts";
import { MemoryNetwork } from "../../../src/io/link/memory-network.ts";
import { type LogFile, openLog } from "../../../src/io/log/log-file.ts";
import type { Sequencer } from "../../../src/server/kernel/sequencer.ts";
import type { SiblingMessage, Siblings } from "../../../src/server/kernel/siblings.ts";
import { Server } from "../../../src/server/server.ts";
import type { LogRecord } from "../../../src/wire/record.ts";
import { newestVersion } from "../../../src/wire/since.ts";
import { type DiskCall, type DiskFailure, SimDisk } from "../../io/disk/sim.ts";
import { MachineStopped } from "../../io/disk/sim-tree.ts";
import { Life } from "../life.ts";
import { CERTIFICATE, IDENTITY, OPERATOR_TOKEN, PLAIN, SERVER } from "../machine.ts";
import type { Platform } from "../platform.ts";
import { withFields } from "../with-fields.ts";
import type { SimLink, SimNats } from "./sim-nats.ts";

export const ROOM_PASSWORD = "the room's";

export interface ClusterMutant {
  readonly disk?: (disk: Disk) => Disk;
  readonly stream?: (stream: Stream) => Stream;
  readonly plant?: () => void;
}

export interface Cluster {
  readonly platform: Platform;
  readonly nats: SimNats;
  readonly mutant: ClusterMutant;
  readonly nodes: ClusterNode[];
  readonly note: (place: Place, record: LogRecord) => void;
}

const POLL_INTERVAL_MS = 100;

export class ClusterNode {
  readonly name: string;
  readonly disk: SimDisk;
  network: MemoryNetwork;
  wallMs: number;
  restartAt: number | undefined;
  replica: Replica | undefined;
  link: SimLink | undefined;
  isCut = false;
  readonly #cluster: Cluster;
  readonly #segmentBytes: number;
  #positions: readonly Position[] = [];
  #life: Life | undefined;
  #server: Server | undefined;
  #mirrors: Record<Place, LogFile> | undefined;
  #isStopping = false;
  #stopAt = Number.POSITIVE_INFINITY;
  readonly #receivers = new Set<(node: string, message: SiblingMessage) => void>();

  constructor(cluster: Cluster, name: string) {
    const { random } = cluster.platform;
    this.#cluster = cluster;
    this.name = name;
    this.disk = new SimDisk({ random: random.next, failure: this.#trouble.bind(this) });
    this.#segmentBytes = random.chance(0.5) ? 2_000 : 1 << 26;
    this.wallMs = random.int(20_000) - 10_000;
    this.network = this.#newNetwork();
  }

  get isUp(): boolean {
    return this.#server !== undefined && !this.#isStopping;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  get isAlive(): boolean {
    return this.#life !== undefined;
  }

  get mirrors(): Readonly<Record<Place, LogFile>> | undefined {
    return this.#mirrors;
  }

  dialFrom(host: string): Dial {
    return (options) => this.network.dialFrom(host)(options);
  }

  get answer(): PeerNode | undefined {
    if (this.#life === undefined || this.link?.isReachable !== true) return undefined;
    const { replica } = this;
    const mirrors = this.#mirrors;
    const heads = {
      history: mirrors?.history.head() ?? Number.POSITIVE_INFINITY,
      accounts: mirrors?.accounts.head() ?? Number.POSITIVE_INFINITY,
    };
    return replica?.failure === undefined ? { heads } : undefined;
  }

  receive(node: string, message: SiblingMessage): void {
    if (this.link?.isReachable === true)
      for (const receiver of this.#receivers) receiver(node, message);
  }

  async start(): Promise<void> {
    const life = new Life(this.#cluster.platform.clock, () => this.wallMs);
    this.#life = life;
    this.restartAt = undefined;
    this.#note("start");
    try {
      await this.#boot(life);
      this.#note("is up");
    } catch (error) {
      if (!life.isAlive) return;
      const isPassing =
        error instanceof Fault && (error.code.startsWith("store-") || error.code === "no-majority");
      if (!isPassing) throw error;
      this.crash("kill", 500);
    }
  }

  crash(kind: "power" | "kill", awayMs: number): void {
    this.#note(`crash ${kind}`);
    this.#forget();
    if (kind === "power") this.disk.losePower();
    else this.disk.killProcess();
    this.network.cut();
    this.network = this.#newNetwork();
    this.restartAt = this.#cluster.platform.clock.now() + awayMs;
  }

  stopWithin(calls: number): void {
    this.#stopAt = this.disk.calls + calls;
  }

  async stop(awayMs: number): Promise<void> {
    const life = this.#life;
    const server = this.#server;
    const mirrors = this.#mirrors;
    if (life === undefined || server === undefined || mirrors === undefined) return;
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#note("stop");
    await life.hold(server.stop());
    this.#note("stops its logs");
    await life.hold(this.replica?.close() ?? Promise.resolve());
    for (const log of Object.values(mirrors)) await life.hold(log.close());
    if (!life.isAlive) return;
    this.#forget();
    this.disk.killProcess();
    this.restartAt = this.#cluster.platform.clock.now() + awayMs;
  }

  cut(isCut: boolean): void {
    this.#note(isCut ? "is cut off" : "is back");
    this.isCut = isCut;
    if (this.link !== undefined) this.link.isCut = isCut;
  }

  bytesOf(place: Place): string {
    const folder = `/d/${place}`;
    const names = this.disk.list(folder).filter((name) => name.endsWith(".jsonl"));
    const parts = names.map((name) => this.disk.fileAt(`${folder}/${name}`).visible);
    return Buffer.concat(parts).toString();
  }

  rootOf(place: Place): string {
    return toHex(this.#mirrors?.[place].tree.root() ?? new Uint8Array());
  }

  #forget(): void {
    this.#life?.end();
    this.#life = undefined;
    this.#server = undefined;
    this.#mirrors = undefined;
    this.replica = undefined;
    void this.link?.close();
    this.link = undefined;
    this.#isStopping = false;
    this.#stopAt = Number.POSITIVE_INFINITY;
    this.#receivers.clear();
  }

  async #boot(life: Life): Promise<void> {
    const { platform, nats, mutant, note } = this.#cluster;
    const { clock } = life;
    const entropy = platform.random.bytes;
    const link = nats.connect();
    link.isCut = this.isCut;
    this.link = link;
    const disk = mutant.disk?.(this.disk.boot()) ?? this.disk.boot();
    const common = {
      disk,
      clock,
      entropy,
      sha256,
      reserveBytes: 600,
      segmentBytes: this.#segmentBytes,
    };
    const registry = new Registry();
    const rooms = new Rooms();
    const engine = new RoomEngine({ rooms, directory: registry, sha256, isShared: true });
    const open = (place: Place, apply: (record: LogRecord) => void) =>
      life.hold(
        openLog({
          ...common,
          folder: `/d/${place}`,
          onRecord: (record) => {
            platform.guard(() => note(place, record));
            apply(record);
          },
        }),
      );
    const authors = new Authors();
    const accounts = await open("accounts", (record) => {
      authors.note(record.head);
      registry.apply(record);
    });
    const history = await open("history", (record) => engine.restore(record));
    const mirrors = { history, accounts };
    this.#mirrors = mirrors;
    for (const place of ["accounts", "history"] as const) {
      // Report records here, independently of other followers, because they are on this disk.
      await mirrors[place].follow(mirrors[place].head() + 1, (record) => {
        if (life.isAlive) platform.guard(() => note(place, record));
      });
    }
    while (!link.isReachable || !nats.hasLeader) await life.hold(this.#pause(POLL_INTERVAL_MS));
    const stream = heldStream(life, mutant.stream?.(link) ?? link);
    const others = async () => {
      await this.#pause(POLL_INTERVAL_MS);
      return this.#othersNow();
    };
    const replica = await life.hold(
      Replica.open({
        stream,
        mirrors,
        authors,
        clock,
        entropy,
        sha256,
        peers: others,
        positions: this.#positions,
        storePositions: (positions) => {
          if (life.isAlive) this.#positions = positions;
        },
        onStopped: (fault) => {
          if (life.isAlive) this.#stopped(fault);
        },
      }),
    );
    this.replica = replica;
    for await (const record of accounts.read(registry.head + 1)) registry.apply(record);
    for await (const record of history.read(rooms.head + 1)) engine.restore(record);
    if (!life.isAlive) return;
    const log = (place: Place) => life.log(new ReplicatedLog(replica, mirrors, place));
    const head = () => history.head();
    const server = new Server({
      clock,
      entropy,
      identity: IDENTITY,
      settings: {
        name: "world",
        version: "0",
        welcome: undefined,
        roomPassword: ROOM_PASSWORD,
        operatorToken: OPERATOR_TOKEN,
      },
      history: log("history"),
      accounts: log("accounts"),
      archive: openArchive({ folder: "/d/history", disk: this.disk.boot(), sha256, head }),
      rooms,
      registry,
      engine,
      passwords: PLAIN,
      stateFiles: { disk, folder: "/d" },
      sequencer: this.#sequencer(life, replica, history),
      siblings: this.#siblings(),
      onEvent: (event) => {
        if (event.kind === "failed" && life.isAlive) this.#stopped(event.fault);
      },
    });
    await life.hold(server.start());
    this.#server = server;
    this.#listen(life, server);
  }

  #listen(life: Life, server: Server): void {
    const listener = this.network.listen(
      { ...SERVER, certificateHash: CERTIFICATE },
      {
        accept: (remote: Address) => life.isAlive && server.sessions.accept(remote),
        link: (link: Link) => server.sessions.link(life.link(link)),
      },
    );
    server.listen({
      transport: "memory",
      port: SERVER.port,
      publish: (topic, bytes) => {
        if (life.isAlive) listener.publish(topic, bytes);
      },
      stop: listener.stop,
    });
  }

  /** Equivalent of src/cli/serve/cluster.ts, which uses NATS. */
  #sequencer(life: Life, replica: Replica, history: LogFile): Sequencer {
    const { clock } = life;
    return {
      isShared: true,
      majorityFault: () => undefined,
      knownVersion: () => newestVersion(),
      isOwn: (seq) => replica.isOwn(seq),
      stoppedBy: () => replica.failure,
      waitForSeq: async (seq) => {
        const until = clock.now() + CLUSTER_CATCH_UP_TIMEOUT_MS;
        while (history.head() < seq) {
          if (clock.now() >= until || replica.failure !== undefined) {
            throw new Fault("no-majority", "behind", { retryAfterMs: 1_000 });
          }
          await life.hold(this.#pause(10));
        }
      },
      waitUntilCurrent: async () => {
        try {
          const last = (await this.link?.last()) ?? 0;
          await life.hold(replica.waitUntilApplied(last));
          return replica.failure === undefined && replica.isComplete && replica.seq >= last;
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          return false;
        }
      },
    };
  }

  #siblings(): Siblings {
    const { platform, nodes } = this.#cluster;
    return {
      publish: (message) => {
        if (this.link?.isReachable !== true || platform.random.chance(0.1)) return;
        for (const node of nodes) {
          if (node === this) continue;
          platform.clock.after(platform.random.int(20), () => node.receive(this.name, message));
        }
      },
      listen: (onMessage) => {
        this.#receivers.add(onMessage);
        return () => this.#receivers.delete(onMessage);
      },
    };
  }

  #othersNow(): readonly PeerNode[] {
    if (this.link?.isReachable !== true) return [];
    return this.#cluster.nodes.flatMap((node) =>
      node === this || node.answer === undefined ? [] : [node.answer],
    );
  }

  #stopped(fault: Fault): void {
    this.#note(`stopped ${fault.code}: ${fault.message}`);
    this.#cluster.platform.fail(fault);
  }

  #trouble(call: DiskCall, path: string, number: number): DiskFailure | undefined {
    if (number < this.#stopAt) return undefined;
    this.crash("power", 1_000);
    throw new MachineStopped(`stopped at ${call} ${path}`);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#cluster.platform.clock.after(ms, resolve));
  }

  #newNetwork(): MemoryNetwork {
    return new MemoryNetwork(this.#cluster.platform.clock, this.#cluster.platform.weather);
  }

  #note(what: string): void {
    const { clock, trace } = this.#cluster.platform;
    trace.note(`${clock.now()} ${this.name} ${what}`);
  }
}

/** Wraps a stream that reports nothing after the end of the run. */
function heldStream(life: Life, stream: Stream): Stream {
  return withFields(stream, {
    publish: (bytes, id) => life.hold(stream.publish(bytes, id)),
    get: (seq) => life.hold(stream.get(seq)),
    last: () => life.hold(stream.last()),
    watch: (onMessage) =>
      stream.watch((stored) => {
        if (life.isAlive) onMessage(stored);
      }),
  });
}
