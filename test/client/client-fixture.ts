import { expect } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { SCREEN_FRAME_MS, SCREEN_ITEMS_MAX } from "../../src/base/limits-screen.ts";
import { deviceKeys, nativeHashing } from "../../src/cli/connect/keys.ts";
import { Client, type ClientOptions } from "../../src/client/client.ts";
import type { ClientEvent, ReaderEvent } from "../../src/client/event.ts";
import type { Credentials } from "../../src/client/login.ts";
import type { FindOnLan } from "../../src/client/server-locator.ts";
import { fieldsIn } from "../../src/core/client/chat-record.ts";
import { Identity } from "../../src/crypto/identity.ts";
import type { Clock } from "../../src/io/clock.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import type { Dial } from "../../src/io/link/link.ts";
import { MemoryNetwork, type NetworkConditions } from "../../src/io/link/memory-network.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import type { ServerAddress } from "../../src/wire/invite.ts";
import { fixtureTest } from "../fixture-test.ts";
import { FakeServer } from "./fake-server.ts";
import { VirtualClock } from "./virtual-clock.ts";

export const ANA: Credentials = { user: "ana", mode: "either", roomSecret: "sesame" };
export const PINNED_ADDRESS = "server:2428";

/** Model of a screen that draws by the clock. */
export function screenModel(clock: Pick<Clock, "after">): ClientOptions["model"] {
  const nextFrame = (callback: () => void) => clock.after(SCREEN_FRAME_MS, callback);
  return { nextFrame, itemsMax: SCREEN_ITEMS_MAX };
}

export class ClientFixture {
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly server: FakeServer;
  readonly #dial: Dial;
  readonly state = ClientState.inMemory();
  readonly device = Identity.generate();
  readonly dialled: string[] = [];
  /** Addresses that answer to a search for a server on the LAN. */
  readonly onLan: ServerAddress[] = [];
  readonly searched: string[] = [];

  constructor(conditions: NetworkConditions = {}) {
    this.network = new MemoryNetwork(this.clock, conditions);
    this.server = new FakeServer(this.network);
    this.#dial = this.network.dialFrom("home");
  }

  client(options: Partial<ClientOptions> = {}, listener?: (event: ClientEvent) => void): Watched {
    const { clock, state, device } = this;
    const dial = ({ host, port }: ServerAddress) => {
      this.dialled.push(host);
      return this.#dial({ host, port, timeoutMs: 10_000 });
    };
    const keys = deviceKeys(device, state);
    const findOnLan: FindOnLan = async (fingerprint, isKnown) => {
      this.searched.push(fingerprint);
      return this.onLan.find((address) => !isKnown(address));
    };
    const hashing = nativeHashing();
    const parts = { clock, entropy: systemEntropy(), dial, findOnLan, state, keys, hashing };
    const program = "chat/test";
    const all = { address: PINNED_ADDRESS, program, follow: "all", credentials: ANA } as const;
    const client = new Client(parts, { ...all, hasReader: listener === undefined, ...options });
    if (listener !== undefined) client.subscribe(listener);
    return new Watched(client);
  }

  /** Client of a user interface with a model. */
  modelClient(): Watched {
    return this.client({ hasReader: false, model: screenModel(this.clock) });
  }

  async connect(...args: Parameters<ClientFixture["client"]>): Promise<Watched> {
    const watched = this.client(...args);
    expect(await this.code(watched.client.connect())).toBe("fine");
    return watched;
  }

  async outcome<Value>(promise: Promise<Value>): Promise<Value | Fault> {
    let outcome: Value | Fault | undefined;
    let isDone = false;
    promise.then(
      (value) => {
        outcome = value;
        isDone = true;
      },
      (error: unknown) => {
        if (!(error instanceof Fault)) throw error;
        outcome = error;
        isDone = true;
      },
    );
    for (let i = 0; i < 600 && !isDone; i++) await this.clock.advance(i < 10 ? 0 : 100);
    expect(isDone).toBe(true);
    return outcome as Value | Fault;
  }

  async code(promise: Promise<unknown>): Promise<string> {
    const outcome = await this.outcome(promise);
    return outcome instanceof Fault ? outcome.code : "fine";
  }

  requests(): string[] {
    return this.server.requests.map((request) => {
      if (request.kind !== "login") return request.kind;
      return request.signature === undefined ? "login by password" : "login by device";
    });
  }
}

export async function connected(options?: Partial<ClientOptions>) {
  const fixture = new ClientFixture();
  const watched = await fixture.connect(options);
  const { clock, server } = fixture;
  return { fixture, watched, client: watched.client, server, clock };
}

export class Watched {
  readonly client: Client;
  readonly events: ReaderEvent[] = [];
  #pause: Promise<void> | undefined;

  constructor(client: Client) {
    this.client = client;
    void this.#read();
  }

  pause(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pause = promise;
    return resolve;
  }

  async #read(): Promise<void> {
    for await (const event of this.client.read()) {
      await this.#pause;
      this.events.push(event);
    }
  }

  kinds(): string[] {
    return this.events.map((event) => event.kind);
  }

  texts(): string[] {
    return this.events.flatMap((event) =>
      event.kind === "record" ? [fieldsIn(event.record).text ?? ""] : [],
    );
  }

  last<Kind extends ReaderEvent["kind"]>(kind: Kind) {
    return this.events.findLast((event) => event.kind === kind) as
      | Extract<ReaderEvent, { kind: Kind }>
      | undefined;
  }
}

export const clientTest = fixtureTest(() => new ClientFixture());
