import { afterAll, beforeAll } from "bun:test";
import { fixtureTest } from "../fixture-test.ts";
import { Sandbox, type Served, type ServeOptions } from "./program.ts";

/** Defines tests with a sandbox of their own. */
export const sandboxTest = fixtureTest(() => new Sandbox());

type Hooks = Pick<typeof import("bun:test"), "afterAll" | "beforeAll">;

export class SharedServer {
  #sandbox: Sandbox | undefined;
  #served: Served | undefined;

  constructor(options: ServeOptions = {}, hooks: Hooks = { afterAll, beforeAll }) {
    hooks.beforeAll(async () => {
      this.#sandbox = new Sandbox();
      this.#served = await this.#sandbox.serve(options);
    });
    hooks.afterAll(() => this.#sandbox?.[Symbol.asyncDispose]());
  }

  get sandbox(): Sandbox {
    if (this.#sandbox === undefined) throw new Error("the server has not started");
    return this.#sandbox;
  }

  /** Defines tests with a sandbox whose programs use this server. */
  readonly test = fixtureTest(() => this.guests());

  guests(): Sandbox {
    const guests = new Sandbox();
    guests.use(this.sandbox.env["CHAT_SERVER"] ?? "");
    return guests;
  }

  get served(): Served {
    if (this.#served === undefined) throw new Error("the server has not started");
    return this.#served;
  }
}
