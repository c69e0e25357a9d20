import { hostname } from "node:os";
import type { Sandbox, Served } from "./program.ts";

/**
 * Transcripts of commands: what a script sees of `chat`. A transcript is a text file:
 *
 *     # A comment
 *     ana$ chat send 'hello, all'        a command of this user, quoted as for a shell
 *     < a line of its standard input
 *     | a line of its standard output
 *     ! a line of its standard error
 *     = 4                                its exit code, unless it is 0
 *     ana$ http GET /healthz             a request to the server's port
 *     ana$ stop                          the server ends
 *
 * Values that differ in each run have names in the file, `<id-1>`; commands may use these names.
 * Progress is left out: it depends on the machine. What `chat join` prints is sorted, since answers
 * and records come in either order.
 */

interface Step {
  readonly comments: readonly string[];
  readonly user: string;
  readonly command: string;
  readonly input: readonly string[];
}

export function stepsIn(text: string): Step[] {
  const steps: Step[] = [];
  let comments: string[] = [];
  for (const line of text.split("\n")) {
    const { user, command } = /^(?<user>\w+)\$ (?<command>.*)$/.exec(line)?.groups ?? {};
    if (user !== undefined && command !== undefined) {
      steps.push({ comments, user, command, input: [] });
      comments = [];
    } else if (line.startsWith("< ")) {
      const last = steps.pop();
      if (last !== undefined) steps.push({ ...last, input: [...last.input, line.slice(2)] });
    } else if (line.startsWith("#") || (line === "" && comments.length === 0)) {
      comments.push(line);
    }
  }
  return steps;
}

const NAMED: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["fingerprint", /SHA256:[\w-]{43}/g],
  ["digest", /\b[0-9a-f]{64}\b/g],
  ["hash", /(?<![\w-])[\w-]{43}(?![\w-])/g],
  ["card", /\b(?:[\dCDFGHJKMNPQRTV-Y]{4}-){2}[\dCDFGHJKMNPQRTV-Y]{4}\b/g],
  ["token", /\b[pt][\w-]{22}(?![\w-])/g],
  ["code", /(?<![\w-])[\w-]{22}(?![\w-])/g],
  // Ids have 12 characters. A word of this length has no digits and no capitals after the first
  // letter.
  ["id", /(?<![\w-])[\w-](?=[\w-]*[A-Z\d])[\w-]{11}(?![\w-]|":)/g],
];
const ANY: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/(?<="checkpoint":")[^"]+/g, "<checkpoint>"],
  [/(?<="copiedBytes":)\d+/g, "<number>"],
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{3})?)?Z?/g, "<time>"],
  [/\d{4}-\d\d-\d\d/g, "<day>"],
  [/\bprocess \d+/g, "process <pid>"],
  [/since \d\d:\d\d;.*/g, "since <time>; <numbers>"],
  [/("kind":"stats",.*"since":"<time>").*/g, "$1, <numbers>}"],
];

export class Transcript {
  readonly #sandbox: Sandbox;
  readonly #served: Served;
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(sandbox: Sandbox, served: Served) {
    this.#sandbox = sandbox;
    this.#served = served;
  }

  async run(steps: readonly Step[]): Promise<string> {
    const lines: string[] = [];
    for (const step of steps) {
      lines.push(...step.comments, `${step.user}$ ${step.command}`);
      lines.push(...step.input.map((line) => `< ${line}`), ...(await this.#outcome(step)));
    }
    return `${lines.join("\n")}\n`;
  }

  async #outcome({ user, command, input }: Step): Promise<string[]> {
    const [program = "", ...args] = wordsIn(this.#filledIn(command));
    const stdin = input.map((line) => `${this.#filledIn(line)}\n`).join("");
    if (program === "http") return this.#request(args, stdin);
    if (program === "stop") {
      await this.#served.program.signal("SIGTERM");
      return [];
    }
    const home = this.#sandbox.home(user).with({ CHAT_USER: user });
    const { exitCode, out, err } = await home.run(args, { stdin });
    const shown = this.#shown("|", out).filter((line) => !line.includes('{"kind":"progress"'));
    return [
      ...(args[0] === "join" ? shown.toSorted() : shown),
      ...this.#shown("!", err),
      ...(exitCode === 0 ? [] : [`= ${exitCode}`]),
    ];
  }

  async #request([method = "GET", path = "/", token]: string[], body: string): Promise<string[]> {
    const response = await fetch(`https://${this.#served.address}${path}`, {
      method,
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
      ...(method === "POST" ? { body } : {}),
      redirect: "manual",
      tls: { rejectUnauthorized: false },
    });
    const type = response.headers.get("content-type");
    return [`| ${response.status} ${type}`, ...this.#shown("|", await response.text())];
  }

  #filledIn(text: string): string {
    let filled = text.replaceAll("<folder>", this.#sandbox.folder);
    filled = filled.replaceAll("<port>", String(this.#served.port));
    for (const [value, name] of this.#names) filled = filled.replaceAll(name, value);
    return filled;
  }

  #shown(mark: string, text: string): string[] {
    let shown = text.replaceAll(this.#sandbox.folder, "<folder>");
    shown = shown.replace(wholeWord(hostname()), "<host>");
    for (const [pattern, name] of ANY) shown = shown.replace(pattern, name);
    for (const [name, pattern] of NAMED) {
      shown = shown.replace(pattern, (value) => this.#nameOf(name, value));
    }
    shown = shown.replace(wholeWord(String(this.#served.port)), "<port>");
    return shown
      .split("\n")
      .filter((line, i, all) => line !== "" || i < all.length - 1)
      .map((line) => `${mark} ${line}`.trimEnd());
  }

  #nameOf(kind: string, value: string): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const name = `<${kind}-${count}>`;
    this.#names.set(value, name);
    return name;
  }
}

/** Matches a complete word, because a random id may contain it. */
function wholeWord(word: string): RegExp {
  return new RegExp(`(?<![\\w-])${RegExp.escape(word)}(?![\\w-])`, "g");
}

function wordsIn(command: string): string[] {
  return [...command.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ""));
}
