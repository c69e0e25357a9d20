/** The four programs of `npm run soak -- irc`. Each has its own account and read positions. */

import { CHAT } from "../test/e2e/binary.ts";
import { type IrcAccount, irssiLogs, openIrssi, WeeChat } from "../test/e2e/irc-programs.ts";
import type { Home, Sandbox } from "../test/e2e/program.ts";
import { Screen } from "../test/e2e/tmux.ts";
import { until } from "../test/event.ts";
import type { Browser } from "../test/page/browser.ts";
import type { Visit } from "../test/page/visit.ts";
import { baseOf, tokensIn } from "./soak-irc-check.ts";

/** Rows of the terminal and of the page: more than two rounds of messages in a room. */
const TERMINAL_ROWS = 150;
const TERMINAL_COLUMNS = 90;
const PAGE_SIZE = { width: 1_000, height: 4_000 };

/**
 * Texts without authors, times, quoted messages and unsent ones. The page may keep older messages
 * mounted outside the window.
 */
const MESSAGE_TEXTS = `[
    ...document.querySelectorAll(".timeline article.message:not(.is-pending)"),
  ].filter((article) => {
    const { top, bottom } = article.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  }).map((article) => {
    const copy = article.cloneNode(true);
    for (const part of copy.querySelectorAll(".quote, .message-head")) part.remove();
    return copy.textContent;
  })`;

export abstract class SoakProgram {
  abstract readonly title: string;
  /** True if the program displays in `view` what it has received since its first start. */
  abstract readonly isLog: boolean;
  isRunning = false;
  readonly account: string;
  #runs = 0;
  #previous: Promise<unknown> = Promise.resolve();

  constructor(account: string) {
    this.account = account;
  }

  async open(): Promise<void> {
    await this.start(++this.#runs);
    this.isRunning = true;
  }

  async kill(): Promise<void> {
    this.isRunning = false;
    await this.end();
  }

  /** Runs actions one at a time, because each may open a different room. */
  protected exclusively<Result>(act: () => Promise<Result>): Promise<Result> {
    const result = this.#previous.then(act);
    this.#previous = result.catch(() => undefined);
    return result;
  }

  protected abstract start(run: number): Promise<void>;
  protected abstract end(): Promise<void>;
  /** @param target current name of a room, or `@` and an account */
  abstract say(target: string, text: string): Promise<void>;
  abstract command(room: string, line: string): Promise<void>;
  /** Tokens of the messages that the program displays in a target. */
  abstract view(target: string): Promise<readonly string[]>;
}

/** @param logs by file name */
function logView(logs: ReadonlyMap<string, string>, target: string): readonly string[] {
  const base = baseOf(target);
  const files = [...logs].filter(([file]) => {
    const [, room] = /#([a-z]+)(?:-\d+)?\.log$/.exec(file) ?? [];
    return (room ?? "dm") === base;
  });
  return files.flatMap(([, text]) => tokensIn(text));
}

abstract class IrcProgram extends SoakProgram {
  readonly isLog = true;
  protected readonly sandbox: Sandbox;
  protected readonly irc: IrcAccount;

  constructor(sandbox: Sandbox, irc: IrcAccount) {
    super(irc.name);
    this.sandbox = sandbox;
    this.irc = irc;
  }

  /** Logs by file name. */
  abstract get logs(): ReadonlyMap<string, string>;

  async view(target: string): Promise<readonly string[]> {
    return logView(this.logs, target);
  }
}

export class WeeChatProgram extends IrcProgram {
  readonly title = "WeeChat";
  #weechat: WeeChat | undefined;

  async start(): Promise<void> {
    this.#weechat = await WeeChat.open(this.sandbox, this.irc);
  }

  async end(): Promise<void> {
    await this.#weechat?.[Symbol.asyncDispose]();
  }

  async say(target: string, text: string): Promise<void> {
    if (target.startsWith("@")) this.#weechat?.line("chat", `/msg ${target.slice(1)} ${text}`);
    else this.#weechat?.line(`#${target}`, text);
  }

  async command(room: string, line: string): Promise<void> {
    this.#weechat?.line(line.startsWith("/join") ? "chat" : `#${room}`, line);
  }

  get logs(): ReadonlyMap<string, string> {
    return this.#weechat?.logs() ?? new Map();
  }
}

export class IrssiProgram extends IrcProgram {
  readonly title = "irssi";
  #screen: Screen | undefined;

  async start(run: number): Promise<void> {
    this.#screen = await openIrssi(this.sandbox, `irssi-${run}`, this.irc);
    await this.#screen.shows(/Act: |#/);
  }

  async end(): Promise<void> {
    await killInTerminal(this.#screen);
  }

  async say(target: string, text: string): Promise<void> {
    const to = target.startsWith("@") ? target.slice(1) : `#${target}`;
    this.#screen?.line(`/msg ${to} ${text}`);
  }

  async command(room: string, line: string): Promise<void> {
    const [, verb = "", rest = ""] = /^\/(\S+) ?(.*)$/.exec(line) ?? [];
    const isJoin = verb === "join";
    this.#screen?.line(isJoin ? line : `/${verb} #${room} ${rest}`);
  }

  get logs(): ReadonlyMap<string, string> {
    return irssiLogs(this.sandbox);
  }
}

export class ScreenProgram extends SoakProgram {
  readonly title = "full screen";
  readonly isLog = false;
  readonly #home: Home;
  readonly #address: string;
  #screen: Screen | undefined;

  constructor(account: string, home: Home, address: string) {
    super(account);
    this.#home = home;
    this.#address = address;
  }

  async start(run: number): Promise<void> {
    const env = { ...this.#home.environment, CHAT, LC_ALL: "C.UTF-8" };
    const screen = await Screen.open(this.#home.sandbox, `screen-${run}`, env);
    screen.resize(TERMINAL_COLUMNS, TERMINAL_ROWS);
    screen.line(`exec $CHAT join ${this.#address} --user ${this.account}`);
    await screen.shows(/^#[a-z]+(?:-\d+)?>/);
    this.#screen = screen;
  }

  async end(): Promise<void> {
    await killInTerminal(this.#screen);
  }

  async say(target: string, text: string): Promise<void> {
    await this.command(target, text);
  }

  async command(room: string, line: string): Promise<void> {
    await this.exclusively(async () => (await this.#go(room)).line(line));
  }

  async view(target: string): Promise<readonly string[]> {
    const rows = await this.exclusively(async () => (await this.#go(target)).rows());
    const messages = rows.filter((row) => row.includes("│") && !row.includes("│ ┌"));
    return messages.flatMap((row) => tokensIn(row));
  }

  async #go(target: string): Promise<Screen> {
    const screen = this.#screen;
    if (screen === undefined) throw new Error("the full screen is not open");
    const prompt = target.startsWith("@") ? `${target}>` : `#${target}>`;
    if (screen.rows().at(-1)?.startsWith(prompt) === true) return screen;
    if (!target.startsWith("@")) await screen.shows(target);
    screen.press("M-k");
    screen.type(target.replace("@", ""));
    screen.press("Enter");
    await screen.until(prompt, (rows) => rows.at(-1)?.startsWith(prompt) === true);
    return screen;
  }
}

async function killInTerminal(screen: Screen | undefined): Promise<void> {
  if (screen === undefined) return;
  process.kill(Number(screen.query("#{pane_pid}")), "SIGKILL");
  await screen[Symbol.asyncDispose]();
}

export class PageProgram extends SoakProgram {
  readonly title = "page";
  readonly isLog = false;
  readonly #browser: Browser;
  readonly #address: string;
  readonly #password: string;
  #visit: Visit | undefined;

  constructor(account: string, password: string, browser: Browser, address: string) {
    super(account);
    this.#browser = browser;
    this.#address = address;
    this.#password = password;
  }

  async start(): Promise<void> {
    if (this.#visit === undefined) {
      this.#visit = await this.#browser.visit(this.#address, PAGE_SIZE);
      await this.#visit.logIn(this.account, { password: this.#password });
    } else {
      this.#visit = await this.#visit.tab();
      await this.#visit.composer.waitFor();
    }
  }

  async end(): Promise<void> {
    await this.#visit?.page.close();
  }

  async say(target: string, text: string): Promise<void> {
    if (!target.startsWith("@")) return this.command(target, text);
    await this.exclusively(async () => this.#visit?.send(`/msg ${target.slice(1)} ${text}`));
  }

  async command(room: string, line: string): Promise<void> {
    await this.exclusively(async () => (await this.#go(room)).send(line));
  }

  async sendFile(room: string, path: string): Promise<void> {
    await this.exclusively(async () => (await this.#go(room)).sendFiles(path));
  }

  async view(target: string): Promise<readonly string[]> {
    const texts = await this.exclusively(async () => {
      return (await this.#go(target)).page.evaluate<string[]>(MESSAGE_TEXTS);
    });
    return texts.flatMap((text) => [...new Set(tokensIn(text))]);
  }

  async confirm(): Promise<void> {
    await this.#visit?.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  }

  async waitUntilConnected(): Promise<void> {
    await this.#visit?.waitUntilConnected();
  }

  async #go(target: string): Promise<Visit> {
    const visit = this.#visit;
    if (visit === undefined) throw new Error("the page is not open");
    const name = target.startsWith("@") ? target : `#${target}`;
    if ((await visit.heading(name).count()) === 0) {
      await visit.room(target).click();
      await until(`${target} on the page`, async () => (await visit.heading(name).count()) > 0);
    }
    return visit;
  }
}
