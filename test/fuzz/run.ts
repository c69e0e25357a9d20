import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox, Served } from "../e2e/program.ts";
import { within } from "../event.ts";
import { GROUP } from "../server/sealed/sealed-lab.ts";
import { Dice } from "../worlds/dice.ts";
import { Actor, describe, Finding, type Place, ROLES } from "./actor.ts";
import { Caller } from "./caller.ts";
import { type Case, everyNumber } from "./cases.ts";
import { Facts } from "./facts.ts";
import { anyHttp } from "./http.ts";

export interface FuzzOptions {
  readonly seed: number;
  /** In all, at least; a last batch may pass it by a few. */
  readonly requests: number;
  /**
   * Whether what was done is deep enough. The order of answers is the machine's, so that no number
   * of requests says so for sure: more follow until it is.
   */
  readonly isEnough: (done: ReadonlySet<string>) => boolean;
}

export interface FuzzReport {
  readonly requests: number;
  readonly starts: number;
  /** Kinds of requests that were done as asked, at least once. */
  readonly done: ReadonlySet<string>;
}

const SERVE = ["--open", "--posts-per-second", "100000"];
/** Of each party in one batch: all sent before the first answer. */
const BATCH = 60;
const HONEST_ROOM = "honest-vault";
const HONEST_MS = 20_000;
const REQUESTS_PER_LIFE = 20_000;
/** Times the requests that were asked for: what is not reached by then is not reached at all. */
const LENGTHENED_MAX = 5;

/** Hostile parties of every role on one real server, and two honest users who must not notice. */
export class Fuzz {
  readonly #sandbox: Sandbox;
  readonly #options: FuzzOptions;
  readonly #dice: Dice;
  readonly #facts = new Facts(["hana", "olga"]);
  readonly #done = new Set<string>();
  readonly #actors: readonly Actor[];
  readonly #honest = { hana: Caller.newKeys(), olga: Caller.newKeys() };
  #served: Served | undefined;
  #hana: Caller | undefined;
  #olga: Caller | undefined;
  #counter = 0;
  #requests = 0;
  #starts = 0;

  constructor(sandbox: Sandbox, options: FuzzOptions) {
    this.#sandbox = sandbox;
    this.#options = options;
    this.#dice = new Dice(options.seed);
    this.#facts.learn("roomName", "lobby");
    const place: Place = {
      dice: this.#dice,
      facts: this.#facts,
      done: this.#done,
      port: () => this.#server.port,
      operatorToken: () => this.#operatorToken,
      makeOperator: async (user) => void (await this.#olga?.ask("grant", { user, on: true })),
      openDoor: async () => void (await this.#olga?.ask("registration", { closed: false })),
    };
    this.#actors = ROLES.map((role) => new Actor(role, place));
  }

  async run(): Promise<FuzzReport> {
    const { requests, isEnough } = this.#options;
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

  /** Each number of each request at each edge, of the one who may do most. */
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
    const place = { dice: this.#dice, facts: this.#facts, port, host: `127.0.0.1:${port}` };
    const asked = await Promise.all(Array.from({ length: 12 }, () => anyHttp(place)));
    const broken = asked.find(({ status }) => status === 500);
    if (broken !== undefined) throw new Finding(`500 for ${JSON.stringify(broken.text)}`);
    return asked.length;
  }

  /** Both honest people are still in on the links that they had, and are answered. */
  async #serves(): Promise<void> {
    const { program } = this.#server;
    if (!program.isRunning)
      throw new Finding(`the server ended:\n${program.err.text.slice(-2_000)}`);
    const [hana, olga] = [this.#hana, this.#olga];
    if (hana === undefined || olga === undefined) throw new Error("nobody honest is in");
    this.#checkHonest("hana", hana);
    this.#checkHonest("olga", olga);
    this.#counter++;
    const body = { text: `honest ${this.#counter}` };
    const post = { outbox: "AAAAAAAAAAA", counter: this.#counter, to: "@hana", body };
    await this.#answered(hana, "post", post);
    const sealed = { epoch: 0, ciphertext: this.#dice.bytes(100) };
    const said = { outbox: "AAAAAAAAAAA", counter: ++this.#counter, to: HONEST_ROOM };
    await this.#answered(hana, "post", { ...said, body: { text: "", sealed } });
    await this.#answered(hana, "group", { target: HONEST_ROOM });
    await this.#answered(hana, "key-packages", { packages: [] });
    await this.#answered(hana, "rooms", {});
    await this.#answered(hana, "who", {});
    await this.#answered(hana, "history", { limit: 50 });
    for (const kind of ["stats", "clients", "transfers", "bans", "invites"] as const) {
      await this.#answered(olga, kind, {});
    }
    this.#checkHonest("hana", hana);
    this.#checkHonest("olga", olga);
  }

  #checkHonest(name: string, { isEnded, why }: Caller): void {
    if (!isEnded) return;
    throw new Finding(`the link of ${name} was ended: ${why?.code} ${why?.message}`);
  }

  async #answered(caller: Caller, kind: Case["kind"], fields: Case["fields"]): Promise<void> {
    const asked = caller.ask(kind as "post", fields);
    const outcome = await within(`an answer to an honest ${kind}`, asked, HONEST_MS);
    if (outcome.kind === "answered") return;
    const { code, message } = outcome.fault;
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
    const made = await this.#olga.ask("invite", { post: "lobby" });
    if (made.kind === "answered") this.#facts.learn("postToken", made.answer["token"]);
  }

  /** At the first start somebody new, later the same again. */
  async #enters(name: "hana" | "olga"): Promise<Caller> {
    const caller = await Caller.greeted(this.#server.port, this.#honest[name]);
    const isNew = this.#starts === 1;
    const outcome = await (isNew ? caller.register(name) : caller.login(name));
    if (outcome.kind === "answered") return caller;
    throw new Finding(`${name} comes in no more: ${outcome.fault.message}`);
  }

  /** It ends in good order, its folder can be read, and it starts on it again. */
  async #restart(): Promise<void> {
    const { program, data } = this.#server;
    const { exitCode, err } = await program.signal("SIGTERM", 60_000);
    if (exitCode !== 0)
      throw new Finding(`the server ended with ${exitCode}:\n${err.slice(-2_000)}`);
    for (const format of [[], ["--json"]]) {
      const args = ["history", "--data", data, "--last", "1000000000", ...format];
      const read = await this.#sandbox.home("reader").run(args);
      if (read.exitCode === 0 && read.out.includes("lobby")) continue;
      throw new Finding(`chat ${args.join(" ")}: ${read.exitCode}\n${read.err.slice(-2_000)}`);
    }
    await this.#start();
    await this.#serves();
  }

  #explained(error: unknown): string {
    const said = this.#actors.map(({ role, said }) => {
      const lines = said.slice(-BATCH).map((one) => `  ${describe(one)}`);
      return `${role}:\n${lines.join("\n")}`;
    });
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const { seed } = this.#options;
    const run = `seed ${seed}, after ${this.#requests} requests`;
    const told = this.#served?.program.err.text.slice(-2_000) ?? "";
    const server = `the server ${this.#served?.program.isRunning ? "runs" : "ended"}: ${told}`;
    return `${why}\n${run}; ${server}\nthe last requests of each:\n${said.join("\n")}`;
  }
}
