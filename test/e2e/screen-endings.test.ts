import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { until } from "./deadline.ts";
import { Sandbox, type Served } from "./program.ts";
import { Screen } from "./tmux.ts";

/** However the full screen ends: what was half written is there at the next start. */

class Person implements AsyncDisposable {
  readonly screen: Screen;
  readonly #sandbox: Sandbox;
  readonly #name: string;
  readonly #address: string;

  private constructor(sandbox: Sandbox, name: string, address: string, screen: Screen) {
    this.#sandbox = sandbox;
    this.#name = name;
    this.#address = address;
    this.screen = screen;
  }

  /** @param window another one than before: that may still be closing */
  static async open(
    sandbox: Sandbox,
    name: string,
    { address }: Served,
    window = name,
  ): Promise<Person> {
    const env = { CHAT_HOME: sandbox.path(name), CHAT, LC_ALL: "C.UTF-8" };
    // The first time with a password, which later log-ins are then asked for.
    const words = ["send", "--server", address, "--user", name, "here"];
    await sandbox.home(name).json(words, { env: { CHAT_PASSWORD: "the-right-one" } });
    const screen = await Screen.open(sandbox, window, env);
    return new Person(sandbox, name, address, screen);
  }

  /** @param line what stands in the input */
  async join(line = /^#lobby>$/): Promise<void> {
    const command = `$CHAT join ${this.#address} --user ${this.#name}`;
    this.screen.line(`clear; sh -c 'echo $$ >${this.#name}.pid; exec ${command}'`);
    await this.screen.shows(line);
  }

  signal(signal: NodeJS.Signals): void {
    const path = this.#sandbox.path(`${this.#name}.pid`);
    process.kill(Number(readFileSync(path, "utf8")), signal);
  }

  async ended(): Promise<void> {
    await this.screen.until("the prompt", (rows) => rows.at(-1) === "$");
  }

  /** Until the disk has it. */
  async kept(text: string): Promise<void> {
    const path = this.#sandbox.path(this.#name, "state.sqlite");
    await until(`'${text}' is kept`, () => {
      const database = new Database(path, { readonly: true });
      const rows = database.query("SELECT draft FROM drafts").values().flat();
      database.close();
      return rows.some((draft) => JSON.parse(String(draft)).text === text);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.screen[Symbol.asyncDispose]();
  }
}

requires("tmux").describe("what is half written comes back", () => {
  test("after every signal", async () => {
    await using sandbox = new Sandbox();
    const server = await sandbox.serve({ args: ["--open"] });
    await using ana = await Person.open(sandbox, "ana", server);
    await ana.join();
    let text = "";
    for (const signal of ["SIGTERM", "SIGHUP", "SIGKILL"] as const) {
      ana.screen.type(`${signal} `);
      text += `${signal} `;
      await ana.screen.shows(new RegExp(`^#lobby> ${text.trim()}$`));
      if (signal === "SIGKILL") await ana.kept(text);
      ana.signal(signal);
      if (signal === "SIGKILL") {
        await ana.screen.shows(/Killed/);
        ana.screen.press("C-j");
        // What is typed while it resets is lost.
        ana.screen.type("reset; echo is $?");
        ana.screen.press("C-j");
        await ana.screen.shows(/^is 0$/);
      }
      await ana.ended();
      await ana.join(new RegExp(`^#lobby> ${text.trim()}$`));
    }
    ana.screen.press("Enter");
    await ana.screen.shows(/│ SIGTERM SIGHUP SIGKILL$/);
    ana.signal("SIGTERM");
    await ana.ended();
    await ana.join(); // What was sent does not come back.
  }, 120_000);

  test("when the window is closed", async () => {
    await using sandbox = new Sandbox();
    const server = await sandbox.serve({ args: ["--open"] });
    {
      await using ana = await Person.open(sandbox, "ana", server);
      await ana.join();
      ana.screen.type("half a thought");
      await ana.screen.shows(/^#lobby> half a thought$/);
    }
    await using again = await Person.open(sandbox, "ana", server, "again");
    await again.join(/^#lobby> half a thought$/);
  }, 120_000);

  test("behind /quit in another room, and in the room out of which one was shown", async () => {
    await using sandbox = new Sandbox();
    const server = await sandbox.serve({ args: ["--open"] });
    await using bob = await Person.open(sandbox, "bob", server);
    await using ana = await Person.open(sandbox, "ana", server);
    await bob.join();
    bob.screen.line("/join dev");
    await bob.screen.shows(/create it\?/);
    bob.screen.press("y");
    await bob.screen.shows(/^#dev>$/);
    await ana.join();
    ana.screen.line("/join dev");
    await ana.screen.shows(/^#dev>$/);
    ana.screen.type("written in dev");
    await ana.screen.shows(/^#dev> written in dev$/);
    bob.screen.line("/kick ana");
    await ana.screen.shows(/you are not in #dev any more/);
    await ana.screen.shows(/^>$/);
    ana.screen.press("M-1");
    await ana.screen.shows(/^#lobby>$/);
    ana.screen.type("written in the lobby");
    await ana.screen.shows(/^#lobby> written in the lobby$/);
    ana.screen.press("M-k");
    await ana.screen.shows(/Go to/);
    ana.screen.line("bob");
    await ana.screen.shows(/^@bob>$/);
    ana.screen.line("/quit");
    await ana.ended();
    await ana.join(/^#lobby> written in the lobby$/);
    ana.screen.press("C-u");
    ana.screen.line("/join dev");
    await ana.screen.shows(/^#dev> written in dev$/);
  }, 120_000);
});

requires("tmux").describe("a log-in that fails", () => {
  test("ends nothing, however often", async () => {
    await using sandbox = new Sandbox();
    const server = await sandbox.serve({ args: ["--open"] });
    await using ana = await Person.open(sandbox, "ana", server);
    await ana.join();
    ana.screen.line("/logout");
    await ana.screen.shows(/You are not logged in/);
    for (let i = 0; i < 4; i++) {
      ana.screen.line(`/login ana${i} wrong`);
      await ana.screen.shows(`! ana${i}: no such name, or another password`);
      if (i === 2) await ana.screen.shows(/○ not logged in$/); // It has cost the link.
    }
    ana.screen.line("/login ana the-right-one");
    await ana.screen.shows(/^#lobby>$/);
  }, 120_000);

  test("shows no password that is typed on when its question has gone", async () => {
    await using sandbox = new Sandbox();
    const server = await sandbox.serve({ args: ["--open"] });
    await using ana = await Person.open(sandbox, "ana", server);
    await ana.join();
    ana.screen.line("/logout");
    await ana.screen.shows(/You are not logged in/);
    ana.screen.line("/login bob");
    await ana.screen.shows(/Password for bob/);
    ana.screen.type("hun");
    await server.program.signal("SIGKILL");
    await ana.screen.shows(/The question has gone/);
    ana.screen.type("ter2");
    ana.screen.press("Enter");
    const rows = await ana.screen.until(
      "the keys are free",
      (shown) => shown.at(-1) === ">" && !shown.some((row) => row.includes("question has gone")),
    );
    expect(rows.join("\n")).not.toContain("ter2");
    await sandbox.serve({ args: ["--open"], port: server.port });
    await ana.screen.shows(/○ not logged in/);
    ana.screen.line("/login ana the-right-one");
    await ana.screen.shows(/^#lobby>$/);
    expect(ana.screen.rows().join("\n")).not.toContain("ter2");
  }, 120_000);
});
