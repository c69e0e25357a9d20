import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox, Served } from "../e2e/program.ts";
import { within } from "../event.ts";
import { newKeys } from "../server/guest.ts";
import { GROUP } from "../server/sealed/sealed-lab.ts";
import { SeededRandom } from "../worlds/seeded-random.ts";
import { Actor, type ActorOptions, describe, Finding, ROLES } from "./actor.ts";
import { Caller } from "./caller.ts";
import { type Case, everyNumber } from "./cases.ts";
import { Facts } from "./facts.ts";
import { anyHttp } from "./http.ts";

const SERVE = ["--open", "--posts-per-second", "100000"];
const BATCH = 60;
const HONEST_ROOM = "honest-vault";
const REQUESTS_PER_LIFE = 20_000;

/** Undoes rules of the server, which would refuse most requests. */
const NO_RULES = { direct: "everyone", rooms: "everyone", files: "everyone" };
/** Maximum factor by which a run is extended to reach all goals. */
const LENGTHENED_MAX = 5;

export class Fuzz {
  readonly #sandbox: Sandbox;
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #facts = new Facts(["hana", "olga"]);
  readonly #done = new Set<string>();
  readonly #actors: readonly Actor[];
  readonly #honest = { hana: newKeys(), olga: newKeys() };
  #served: Served | undefined;
  #hana: Caller | undefined;
  #olga: Caller | undefined;
  #counter = 0;
  #requests = 0;
  #starts = 0;

  constructor(sandbox: Sandbox, seed: number) {
    this.#sandbox = sandbox;
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    this.#facts.learn("roomName", "lobby");
    const options: ActorOptions = {
      random: this.#random,
      facts: this.#facts,
      done: this.#done,
      port: () => this.#server.port,
      operatorToken: () => this.#operatorToken,
      makeOperator: async (user) => void (await this.#olga?.ask("grant", { user, on: true })),
      openDoor: async () => {
        await this.#olga?.ask("registration", { closed: false });
        await this.#olga?.ask("server-rules", NO_RULES);
      },
    };
    this.#actors = ROLES.map((role) => new Actor(role, options));
  }

  async run(requests: number, isEnough: (done: ReadonlySet<string>) => boolean) {
    const most = requests * LENGTHENED_MAX;
    try {
      await this.#start();
      await this.#sweep();
      while (this.#requests < requests || (this.#requests < most && !isEnough(this.#done))) {
        await this.#batch();
        if (this.#requests > this.#starts * REQUESTS_PER_LIFE) await this.#restart();
      }
      await this.#restart();
      return { requests: this.#requests, starts: this.#starts, done: this.#done };
    } catch (error) {
      throw new Error(this.#explained(error), { cause: error });
    }
  }

  get #server(): Served {
    if (this.#served === undefined) throw new Error("the server does not run");
    return this.#served;
  }

  get #operatorToken(): string {
    return readFileSync(join(this.#server.data, "operator"), "utf8").trim();
  }

  async #sweep(): Promise<void> {
    const operator = this.#actors.find(({ role }) => role === "operator");
    if (operator === undefined) throw new Error("there is no operator");
    await operator.asks([]);
    const cases = [...everyNumber(operator)].filter(({ kind }) => kind !== "logout");
    for (let at = 0; at < cases.length; at += BATCH) {
      this.#requests += await operator.asks(cases.slice(at, at + BATCH));
    }
    await this.#serves();
  }

  async #batch(): Promise<void> {
    const work = this.#actors.map(async (actor) => {
      let count = await actor.asks(actor.draw(BATCH));
      if (actor.role !== "stranger") {
        count += await actor.seals(BATCH / 4);
        count += await actor.transfers(BATCH / 4);
      }
      return count + (await actor.oddities(3));
    });
    const counts = await Promise.all([...work, this.#http()]);
    for (const count of counts) this.#requests += count;
    await this.#serves();
  }

  async #http(): Promise<number> {
    const { port } = this.#server;
    const asked = await Promise.all(
      Array.from({ length: 12 }, () => anyHttp(this.#random, this.#facts, port)),
    );
    const broken = asked.find(({ status }) => status === 500);
    if (broken !== undefined) throw new Finding(`500 for ${JSON.stringify(broken.text)}`);
    return asked.length;
  }

  async #serves(): Promise<void> {
    if (!this.#server.program.isRunning) throw new Finding("the server ended");
    const [hana, olga] = [this.#hana, this.#olga];
    if (hana === undefined || olga === undefined) throw new Error("nobody honest is in");
    const post = () => ({ outbox: "AAAAAAAAAAA", counter: ++this.#counter });
    const sealed = { epoch: 0, ciphertext: this.#random.bytes(100) };
    const asked: [Case["kind"], Case["fields"]][] = [
      ["post", { ...post(), to: "@hana", body: { text: "honest" } }],
      ["post", { ...post(), to: HONEST_ROOM, body: { text: "", sealed } }],
      ["group", { target: HONEST_ROOM }],
      ["key-packages", { packages: [] }],
      ["rooms", {}],
      ["who", {}],
      ["history", { limit: 50 }],
    ];
    for (const [kind, fields] of asked) await this.#answered(hana, kind, fields);
    for (const kind of ["stats", "clients", "transfers", "bans", "invites"] as const) {
      await this.#answered(olga, kind, {});
    }
  }

  async #answered(caller: Caller, kind: Case["kind"], fields: Case["fields"]): Promise<void> {
    const asked = caller.ask(kind as "post", fields);
    const outcome = await within(`an answer to an honest ${kind}`, asked);
    if (outcome.kind === "answered") return;
    const { code, message } = caller.why ?? outcome.fault;
    throw new Finding(`an honest ${kind} was refused: ${code}: ${message}`);
  }

  async #start(): Promise<void> {
    this.#served = await this.#sandbox.serve({ args: SERVE, port: this.#served?.port ?? 0 });
    this.#starts++;
    this.#hana = await this.#enters("hana");
    this.#olga = await this.#enters("olga");
    if (this.#starts === 1) {
      await this.#answered(this.#hana, "join", { room: HONEST_ROOM, create: true, sealed: true });
      const first = { target: HONEST_ROOM, group: GROUP, commitId: "first", info: GROUP };
      await this.#answered(this.#hana, "group-create", first);
    }
    await this.#answered(this.#olga, "operate", { token: this.#operatorToken });
    await this.#answered(this.#olga, "watch", { on: true });
    await this.#answered(this.#olga, "registration", { closed: false });
    await this.#answered(this.#olga, "server-rules", NO_RULES);
    const made = await this.#olga.ask("invite", { post: "lobby" });
    if (made.kind === "answered") this.#facts.learn("postToken", made.answer["token"]);
  }

  async #enters(name: "hana" | "olga"): Promise<Caller> {
    const caller = await Caller.greeted(this.#server.port, this.#honest[name]);
    const outcome = await (this.#starts === 1 ? caller.register(name) : caller.login(name));
    if (outcome.kind === "answered") return caller;
    throw new Finding(`${name} cannot log in any more: ${outcome.fault.message}`);
  }

  async #restart(): Promise<void> {
    const { program, data } = this.#server;
    const { exitCode, err } = await program.signal("SIGTERM", 60_000);
    if (exitCode !== 0)
      throw new Finding(`the server ended with ${exitCode}:\n${err.slice(-2_000)}`);
    for (const format of [[], ["--json"]]) {
      const args = ["history", "--data", data, "--last", "1000000000", ...format];
      const read = await this.#sandbox.home("reader").run(args);
      if (read.exitCode === 0 && read.out !== "") continue;
      throw new Finding(`chat ${args.join(" ")}: ${read.exitCode}\n${read.err.slice(-2_000)}`);
    }
    await this.#start();
    await this.#serves();
  }

  #explained(error: unknown): string {
    const said = this.#actors.map(({ role, said }) => {
      const lines = said.slice(-BATCH).map((item) => `  ${describe(item)}`);
      return `${role}:\n${lines.join("\n")}`;
    });
    const run = `seed ${this.#seed}, after ${this.#requests} requests`;
    const server = this.#served?.program.err.text.slice(-2_000);
    return `${String(error)}\n${run}; the server: ${server}\nlast requests:\n${said.join("\n")}`;
  }
}
