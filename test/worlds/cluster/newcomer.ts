import { Fault } from "../../../src/base/fault.ts";
import { deviceKeys, nativeHashing } from "../../../src/cli/connect/keys.ts";
import { Client } from "../../../src/client/client.ts";
import type { Dial } from "../../../src/io/link/link.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { identityOfSeed } from "../../crypto/seed-identity.ts";
import { Life } from "../life.ts";
import { IDENTITY, SERVER } from "../machine.ts";
import type { Platform } from "../platform.ts";

const TEXTS = 12;
const TEXT_INTERVAL_MS = 150;

export interface NewcomerOptions {
  readonly name: string;
  readonly secret: string | undefined;
  readonly password: string;
  readonly texts?: number;
  readonly leaves?: (client: Client) => Promise<unknown>;
}

/** Client that registers once at any node, posts some texts and ends. */
export class Newcomer {
  readonly name: string;
  readonly secret: string | undefined;
  isIn = false;
  readonly #life: Life;
  readonly #client: Client;

  constructor(platform: Platform, dial: Dial, options: NewcomerOptions) {
    const { name, secret, password, texts = TEXTS, leaves = () => Promise.resolve() } = options;
    this.name = name;
    this.secret = secret;
    const { clock, random } = platform;
    const life = new Life(clock, () => 0);
    this.#life = life;
    const state = ClientState.inMemory();
    const key = identityOfSeed(random.bytes(32));
    state.accountKey(IDENTITY.fingerprint, name, () => key.toPem());
    this.#client = new Client(
      {
        clock: life.clock,
        entropy: random.bytes,
        hashing: nativeHashing(),
        dial: async () => {
          const link = await life.hold(dial({ ...SERVER, timeoutMs: 1_000 }));
          life.onEnd(() => link.destroy());
          return life.link(link);
        },
        state,
        keys: deviceKeys(identityOfSeed(random.bytes(32)), state),
      },
      {
        address: "server:2428",
        program: "chat/newcomer",
        follow: "all",
        credentials: { user: name, mode: "register", password, roomSecret: secret },
      },
    );
    this.#run(platform, texts, leaves).catch((error: unknown) => {
      if (life.isAlive && !(error instanceof Fault)) platform.fail(error);
    });
  }

  end(): void {
    this.#life.end();
  }

  async #run(
    { clock }: Platform,
    texts: number,
    leaves: (client: Client) => Promise<unknown>,
  ): Promise<void> {
    void this.#read();
    await this.#life.hold(this.#client.connect());
    this.isIn = true;
    for (let word = 0; word < texts && this.#life.isAlive; word++) {
      const text = `${this.name} says ${word}`;
      this.#client.post("lobby", { text }).catch(() => undefined);
      await new Promise<void>((resolve) => clock.after(TEXT_INTERVAL_MS, resolve));
    }
    await this.#life.hold(leaves(this.#client));
  }

  async #read(): Promise<void> {
    for await (const _event of this.#client.read()) if (!this.#life.isAlive) return;
  }
}
