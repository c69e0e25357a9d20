import { Client } from "../../src/client/client.ts";
import type { ClientEvent } from "../../src/client/event.ts";
import { bodyText, type ChatRecord } from "../../src/client/record.ts";
import { Hall } from "../../src/core/hall.ts";
import { Registry } from "../../src/core/registry.ts";
import { Rooms } from "../../src/core/room.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { openArchive } from "../../src/io/archive.ts";
import { ClientState } from "../../src/io/client-state.ts";
import { SimDisk } from "../../src/io/disk-sim.ts";
import type { Random } from "../../src/io/disk-sim-file.ts";
import type { Entropy } from "../../src/io/entropy.ts";
import { openLog } from "../../src/io/log-file.ts";
import { MemoryNetwork } from "../../src/io/memory-network.ts";
import { Server } from "../../src/server/server.ts";
import type { LogRecord } from "../../src/wire/record.ts";
import { randomOf } from "../worlds/disk-world.ts";
import { VirtualClock } from "./virtual-clock.ts";

const IDENTITY = Identity.generate();
const ADDRESS = { host: "server", port: 2428 };
const CERTIFICATE = new Uint8Array(32).fill(3);

/** The real server and real clients in one process, on a clock and a network that the test owns. */
export class Town {
  readonly random: Random;
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly citizens: Citizen[] = [];
  /** All that was ever durable, in order. */
  readonly log: LogRecord[] = [];
  readonly #disk: SimDisk;
  readonly #entropy: Entropy;
  #stop: () => Promise<void> = () => Promise.resolve();

  constructor(seed: number) {
    this.random = randomOf(seed);
    this.#disk = new SimDisk({ random: this.random });
    this.#entropy = (size) => Uint8Array.from({ length: size }, () => this.random() * 256);
    const delayMs = () => Math.floor(this.random() * 20);
    this.network = new MemoryNetwork(this.clock, { delayMs });
  }

  async openServer(): Promise<void> {
    const { clock } = this;
    const entropy = this.#entropy;
    const disk = this.#disk;
    const registry = new Registry();
    const rooms = new Rooms();
    const hall = new Hall({ rooms, directory: registry, sha256 });
    const common = { disk, clock, entropy, sha256 };
    const onAccount = registry.apply.bind(registry);
    const accounts = await openLog({ ...common, folder: "/d/accounts", onRecord: onAccount });
    const onRecord = hall.restore.bind(hall);
    const history = await openLog({ ...common, folder: "/d/history", onRecord });
    const archive = openArchive({ folder: "/d/history", disk, sha256, head: () => history.head() });
    const server = new Server({
      clock,
      entropy,
      identity: IDENTITY,
      settings: { name: "town", version: "0", welcome: undefined, roomPassword: undefined },
      history,
      accounts,
      archive: {
        // A disk that others use, too: what is read is old when it arrives.
        page: async (query) => {
          const page = await archive.page(query);
          const waitMs = this.random() * 40;
          await new Promise<void>((resolve) => clock.after(waitMs, resolve));
          return page;
        },
        close: () => archive.close(),
      },
      rooms,
      registry,
      hall,
      passwords: {
        hash: (password) => Promise.resolve(`hash of ${password}`),
        verify: (password, hash) => Promise.resolve(hash === `hash of ${password}`),
      },
      onEvent: (event) => {
        if (event.kind === "record") this.log.push(event.record);
      },
    });
    await server.start();
    server.listen(this.network.listen({ ...ADDRESS, certificateHash: CERTIFICATE }, server));
    this.#stop = async () => {
      await server.stop();
      await history.close();
      await accounts.close();
      archive.close();
    };
  }

  async restartServer(awayMs: number): Promise<void> {
    await this.wait(this.#stop());
    await this.clock.advance(awayMs);
    await this.wait(this.openServer());
  }

  /** Lets time pass until it is done. */
  async wait<Value>(promise: Promise<Value>): Promise<Value> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    promise.then(done, done);
    for (let i = 0; i < 2_000 && !isDone; i++) await this.clock.advance(50);
    if (!isDone) throw new Error("it never ended");
    return promise;
  }

  citizen(user: string): Citizen {
    const citizen = new Citizen(this, user, this.#entropy);
    this.citizens.push(citizen);
    return citizen;
  }
}

/** One person at one device, who notes all that is shown, over all runs of the program. */
export class Citizen {
  readonly user: string;
  readonly shown: ChatRecord[] = [];
  /** Where in `shown` a run of the program began: what it was told lately may come again there. */
  readonly runs: number[] = [];
  readonly skipped: ClientEvent[] = [];
  readonly state = ClientState.inMemory();
  /** What was written and confirmed, in the order of writing. */
  readonly confirmed: (string | undefined)[] = [];
  written = 0;
  client: Client;
  closedBy: unknown;
  readonly #town: Town;
  readonly #entropy: Entropy;
  readonly #device = Identity.generate();
  #reading: Promise<void>;

  constructor(town: Town, user: string, entropy: Entropy) {
    this.#town = town;
    this.user = user;
    this.#entropy = entropy;
    this.client = this.#newClient();
    this.#reading = this.#read();
  }

  #newClient(): Client {
    const { network, clock } = this.#town;
    const dial = network.dialFrom(this.user);
    return new Client(
      {
        clock,
        entropy: this.#entropy,
        dial: () => dial({ ...ADDRESS, timeoutMs: 1_000 }),
        state: this.state,
        device: this.#device,
      },
      {
        address: "server:2428",
        program: "chat/test",
        credentials: { user: this.user, mode: "either" },
        follow: "all",
      },
    );
  }

  /** Ends the program and starts it again. */
  async restart(): Promise<void> {
    await this.#town.wait(this.client.drain());
    await this.#town.wait(this.client.close());
    await this.#town.wait(this.#reading);
    this.runs.push(this.shown.length);
    this.client = this.#newClient();
    this.#reading = this.#read();
    for (let attempt = 0; attempt < 100 && !this.client.isConnected; attempt++) {
      try {
        await this.#town.wait(this.client.connect());
      } catch {
        this.client = this.#newClient(); // The network was cut just then.
        this.#reading = this.#read();
      }
    }
  }

  post(target: string): void {
    const index = this.written++;
    this.client.post(target, { text: `${this.user} ${index}` }).then(
      () => {
        this.confirmed[index] = target;
      },
      () => undefined,
    );
  }

  textsIn(room: string): string[] {
    const texts = this.shown
      .filter((record) => record.kind === "text" && record.room.name === room)
      .map((record) => bodyText(record));
    return [...new Set(texts)];
  }

  async #read(): Promise<void> {
    for await (const event of this.client.events()) {
      if (event.kind === "record") this.shown.push(event.record);
      if (event.kind === "skipped") this.skipped.push(event);
      if (event.kind === "closed") this.closedBy = event.fault;
    }
  }
}
