import { Newcomer } from "./cluster/newcomer.ts";
import { CAPS, IrcProgram } from "./irc-program.ts";
import { IrcPosts } from "./irc-view.ts";
import type { Machine } from "./machine.ts";
import type { Platform } from "./platform.ts";
import { check } from "./reference-model.ts";
import { SeededRandom } from "./seeded-random.ts";

/** Account without other devices. */
const ONLY_IRC = "ira";
const USERS = [ONLY_IRC, ONLY_IRC, "ana", "bob"];
const CHANNELS = ["#lobby", "#lobby", "#one", "#two"];
const PEERS = ["ana", "bob", "ira", "nobody"];
const PROGRAMS_MAX = 3;
const WEIGHTS = {
  post: 40,
  multiline: 4,
  react: 3,
  redact: 3,
  topic: 2,
  join: 10,
  part: 3,
  kick: 3,
  names: 2,
  cut: 5,
  quit: 3,
  stall: 3,
};

/** IRC programs of a world. Other seeds have none, and so run as without them. */
export class IrcWorld {
  readonly programs: readonly IrcProgram[];
  readonly #platform: Platform;
  readonly #machine: Machine;
  #newcomer: Newcomer | undefined;

  constructor(seed: number, platform: Platform, machine: Machine) {
    this.#platform = platform;
    this.#machine = machine;
    const random = new SeededRandom(-seed);
    const posts = new IrcPosts(platform.model);
    const count = random.chance(0.4) ? 1 + random.int(PROGRAMS_MAX) : 0;
    const users = Array.from({ length: count }, () => random.pick(USERS));
    this.programs = users.map((user, i) => {
      const isShared = user !== ONLY_IRC || users.filter((other) => other === user).length > 1;
      const options = { name: `irc${i}`, user, caps: random.pick(CAPS), isShared };
      return new IrcProgram(platform, machine, posts, options);
    });
  }

  isOnline(user: string): boolean {
    return this.programs.some((program) => program.isReady && program.user === user);
  }

  start(): void {
    if (this.programs.some(({ user }) => user === ONLY_IRC)) {
      const newcomer = new Newcomer(this.#platform, this.#machine.dialFrom(ONLY_IRC), {
        name: ONLY_IRC,
        password: "secret",
        secret: this.#platform.roomSecret,
        // An own post from another device moves the read position past posts of others.
        texts: 0,
        leaves: () => Promise.resolve(newcomer.end()),
      });
      this.#newcomer = newcomer;
    }
    for (const program of this.programs) program.reconnectLater();
  }

  step(): void {
    if (this.programs.length === 0) return;
    for (let i = this.#platform.random.int(4); i > 0; i--) this.#act();
  }

  #act(): void {
    const { random, clock } = this.#platform;
    const program = random.pick(this.programs);
    if (!program.isReady) return;
    const channel = random.pick(CHANNELS);
    const size = random.int(random.pick([20, 300]));
    const text = program.newText(size);
    const id = random.pick([...program.messageIds.slice(-8), "unknown-1"]);
    const kind = random.weighted(WEIGHTS);
    switch (kind) {
      case "post": {
        const command = random.chance(0.8) ? "PRIVMSG" : "NOTICE";
        const target = random.chance(0.8) ? channel : random.pick(PEERS);
        const isAction = random.chance(0.1) && command === "PRIVMSG";
        const tags = random.chance(0.2) ? `;+draft/reply=${id}` : "";
        program.post(command, target, isAction ? `\u0001ACTION ${text}\u0001` : text, tags);
        for (let i = random.int(4); i > 0; i--) {
          program.post(command, target, program.newText(random.int(200)));
        }
        return;
      }
      case "multiline":
        if (!program.caps.includes("multiline")) return;
        return program.post("PRIVMSG", channel, `${text}\n\n${"y".repeat(size)}`);
      case "react":
        return program.send(`@+draft/reply=${id};+draft/react=+1 TAGMSG ${channel}`);
      case "redact":
        return program.send(`REDACT ${channel} ${id}`);
      case "topic":
        return program.send(`TOPIC ${channel} :topic ${size}`);
      case "join":
      case "part":
      case "names":
        return program.send(`${kind.toUpperCase()} ${channel}`);
      case "kick":
        return program.send(`KICK ${channel} ${random.pick(PEERS)} :out`);
      case "cut":
        clock.after(random.int(30), () => program.cut());
        return;
      case "quit":
        return program.send("QUIT :bye");
      default:
        program.stall(true);
        clock.after(random.int(5_000), () => program.stall(false));
    }
  }

  calm(): void {
    this.#newcomer?.end();
    for (const program of this.programs) program.stall(false);
  }

  get isQuiet(): boolean {
    return this.programs.every((program) => {
      return this.#isExcused(program) || (program.isIdle && program.view.gap === undefined);
    });
  }

  /** The recovery of an account may have failed, and the account of a program may not exist. */
  #isExcused({ isLockedOut, user }: IrcProgram): boolean {
    return isLockedOut && (user !== ONLY_IRC || this.#newcomer?.isIn !== true);
  }

  async check(advance: (ms: number) => Promise<void>): Promise<void> {
    // A program that was locked out may have just logged in.
    for (let i = 0; i < 10 && !this.isQuiet; i++) await advance(100);
    const programs = this.programs.filter((program) => !this.#isExcused(program));
    for (const program of programs) {
      check(program.isIdle, () => `${program.name} waits for the server`);
      const { gap } = program.view;
      check(gap === undefined, () => gap ?? "");
      if (!program.caps.includes("no-implicit-names")) this.#checkMembers(program);
      for (const name of program.channels.keys()) program.send(`NAMES ${name}`);
    }
    await advance(1_000);
    for (const program of programs) this.#checkMembers(program);
  }

  #checkMembers({ name, user, channels }: IrcProgram): void {
    const { model } = this.#platform;
    const id = model.idOf(user) ?? "";
    const expected = [...model.rooms.values()].flatMap((room) => {
      const { members, pair } = room;
      if (room.name === undefined || pair.length > 0 || !members.get(id)?.isMember) return [];
      const ids = [...members].flatMap(([one, { isMember }]) => (isMember ? [one] : []));
      return [`#${room.name} ${ids.sort()}`];
    });
    const shown = [...channels].map(([channel, nicks]) => {
      return `${channel} ${[...nicks].map((nick) => model.idOf(nick)).sort()}`;
    });
    const [is, meant] = [shown.sort().join("; "), expected.sort().join("; ")];
    check(is === meant, () => `${name} shows ${is} instead of ${meant}`);
  }
}
