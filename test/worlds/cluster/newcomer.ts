import { Fault } from "../../../src/base/fault.ts";
import { nativeHashing } from "../../../src/cli/connect/hashing.ts";
import { deviceKeys } from "../../../src/cli/connect/keys.ts";
import { Client } from "../../../src/client/client.ts";
import type { Dial } from "../../../src/io/link/link.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { identityOfSeed } from "../../crypto/seed-identity.ts";
import { Life } from "../life.ts";
import { IDENTITY, SERVER } from "../machine.ts";
import type { Platform } from "../platform.ts";

const WORDS = 12;
const WORD_EVERY_MS = 150;

export interface NewcomerOptions {
  readonly name: string;
  /** Undefined: the server is open to all. */
  readonly secret: string | undefined;
  readonly password: string;
  /** What it asks at last; left out: nothing. */
  readonly leaves?: (client: Client) => Promise<unknown>;
}

/** Somebody who registers once, on whatever node answers, says a few words and is gone. */
export class Newcomer {
  readonly name: string;
  readonly secret: string | undefined;
  /** Its registration was confirmed. */
  isIn = false;
  readonly #life: Life;
  readonly #client: Client;

  constructor(around: Platform, dial: Dial, options: NewcomerOptions) {
    const { name, secret, password, leaves = () => Promise.resolve() } = options;
    this.name = name;
    this.secret = secret;
    const { clock, dice } = around;
    const life = new Life(clock, () => 0);
    this.#life = life;
    const state = ClientState.inMemory();
    const key = identityOfSeed(dice.bytes(32));
    state.accountKey(IDENTITY.fingerprint, name, () => key.toPem());
    this.#client = new Client(
      {
        ...{ clock: life.clock, entropy: dice.bytes, hashing: nativeHashing() },
        dial: async () => {
          const link = await life.hold(dial({ ...SERVER, timeoutMs: 1_000 }));
          life.onEnd(() => link.destroy());
          return life.link(link);
        },
        state,
        keys: deviceKeys(identityOfSeed(dice.bytes(32)), state),
      },
      {
        ...{ address: "server:2428", program: "chat/newcomer", follow: "all" },
        credentials: { user: name, mode: "register", password, roomSecret: secret },
      },
    );
    this.#run(around, leaves).catch((error: unknown) => {
      if (life.isAlive && !(error instanceof Fault)) around.fail(error);
    });
  }

  end(): void {
    this.#life.end();
  }

  async #run({ clock }: Platform, leaves: (client: Client) => Promise<unknown>): Promise<void> {
    void this.#read();
    await this.#life.hold(this.#client.connect());
    this.isIn = true;
    for (let word = 0; word < WORDS && this.#life.isAlive; word++) {
      const text = `${this.name} says ${word}`;
      this.#client.post("lobby", { text }).catch(() => undefined);
      await new Promise<void>((resolve) => clock.after(WORD_EVERY_MS, resolve));
    }
    await this.#life.hold(leaves(this.#client));
  }

  async #read(): Promise<void> {
    for await (const _event of this.#client.read()) if (!this.#life.isAlive) return;
  }
}
