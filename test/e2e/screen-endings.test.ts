import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { readFileSync, renameSync } from "node:fs";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { Sandbox, type Served } from "./program.ts";
import { SharedServer } from "./shared-server.ts";
import { Screen } from "./tmux.ts";

const server = new SharedServer({ args: ["--open"] }, requires("tmux"));

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

  /** @param window a new window, because the previous one may still be closing */
  static async open(
    sandbox: Sandbox,
    name: string,
    { address }: Served,
    window = name,
  ): Promise<Person> {
    const env = { CHAT_HOME: sandbox.path(name), CHAT, LC_ALL: "C.UTF-8" };
    const words = ["send", "--server", address, "--user", name, "here"];
    await sandbox.home(name).json(words, { env: { CHAT_PASSWORD: "the-right-one" } });
    const screen = await Screen.open(sandbox, window, env);
    return new Person(sandbox, name, address, screen);
  }

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

  async draftStored(text: string): Promise<void> {
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

requires("tmux").test("a draft survives every signal, and a closed window", async () => {
  await using sandbox = server.guests();
  let text = "";
  {
    await using ana = await Person.open(sandbox, "ana", server.served);
    await ana.join();
    for (const signal of ["SIGTERM", "SIGHUP", "SIGKILL"] as const) {
      ana.screen.type(`${signal} `);
      text += `${signal} `;
      await ana.screen.shows(new RegExp(`^#lobby> ${text.trim()}$`));
      if (signal === "SIGKILL") await ana.draftStored(text);
      ana.signal(signal);
      if (signal === "SIGKILL") {
        await ana.screen.shows(/Killed/);
        ana.screen.press("C-j");
        // Input during a reset is lost.
        ana.screen.type("reset; echo is $?");
        ana.screen.press("C-j");
        await ana.screen.shows(/^is 0$/);
      }
      await ana.ended();
      await ana.join(new RegExp(`^#lobby> ${text.trim()}$`));
    }
  }
  await using ana = await Person.open(sandbox, "ana", server.served, "again");
  await ana.join(new RegExp(`^#lobby> ${text.trim()}$`));
  ana.screen.press("Enter");
  await ana.screen.shows(/│ SIGTERM SIGHUP SIGKILL$/);
  ana.signal("SIGTERM");
  await ana.ended();
  await ana.join();
});

requires("tmux").test("hides password input after its prompt is cancelled", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve({ args: ["--open"] });
  await using ana = await Person.open(sandbox, "ana", first);
  await ana.join();
  ana.screen.line("/logout");
  await ana.screen.shows(/You are not logged in/);
  ana.screen.line("/login bob");
  await ana.screen.shows(/Password for bob/);
  ana.screen.type("hun");
  await first.program.signal("SIGKILL");
  ana.screen.press("Enter");
  await ana.screen.shows(/Prompt cancelled; input is hidden until Enter/);
  ana.screen.type("ter2");
  ana.screen.press("Enter");
  const rows = await ana.screen.until(
    "the keys are free",
    (rows) => rows.at(-1) === ">" && !rows.some((row) => row.includes("Prompt cancelled")),
  );
  expect(rows.join("\n")).not.toContain("ter2");
  await sandbox.serve({ args: ["--open"], port: first.port });
  await ana.screen.shows(/○ not logged in/);
  ana.screen.line("/login ana the-right-one");
  await ana.screen.shows(/^#lobby>$/);
  expect(ana.screen.rows().join("\n")).not.toContain("ter2");
});

requires("tmux").test("prints drafts whose home was removed", async () => {
  await using sandbox = server.guests();
  await using ana = await Person.open(sandbox, "ana", server.served);
  await ana.join();
  ana.screen.type("half a text");
  await ana.draftStored("half a text");
  renameSync(sandbox.path("ana"), sandbox.path("moved"));
  await ana.screen.shows(/unsent, to lobby: half a text/);
  await ana.screen.shows(/was removed or replaced while in use/);
});
