/** IRC client of a simulated server. It checks that each line is valid. */

import { expect } from "bun:test";
import { utf8Decode, utf8Encode } from "../../../src/base/bytes.ts";
import type { Fault } from "../../../src/base/fault.ts";
import type { LineSocket, LineSocketHandlers } from "../../../src/io/link/line-socket.ts";
import type { IrcGateway } from "../../../src/server/irc/gateway.ts";
import type { Site } from "../site.ts";

/** Lines without control characters, apart from those of formatting and of ACTION. */
const TEXT = String.raw`(?: :(?:\P{Cc}|[\t\x02\x11\x1d\x1e])*)?`;
const LINE = new RegExp(
  String.raw`^(?:@[^ \0]+ )?(?::[^ \0]+ )?(?:[A-Z]+|\d{3})(?: [^ :][^ ]*)*${TEXT}$`,
  "u",
);
/** Repeats what the client sent, including control characters. */
const PONG = /^(?:@[^ \0]+ )?:chat PONG chat :[^\r\n\0]*$/;
const ACTION = /^((?:@[^\s\0]+ )?:[^\s\0]+ PRIVMSG [^\s:]+ :)\x01ACTION ([^\x01]*)\x01$/;

export class IrcClient {
  readonly #site: Site;
  readonly #handlers: LineSocketHandlers;
  readonly lines: string[] = [];
  isPaused = false;
  isClosed = false;
  /** True if the client does not close when the server does. */
  keepsOpen = false;
  queuedBytes = 0;
  /** True if the client reads nothing, so that what it receives stays in the queue. */
  isStalled = false;
  #seen = 0;

  constructor(site: Site, gateway: IrcGateway, host = "10.0.0.9") {
    this.#site = site;
    const socket: LineSocket = {
      remote: { host, port: 40_000 },
      isSecure: true,
      write: (bytes) => {
        if (this.isClosed) return;
        const lines = utf8Decode(bytes).split("\r\n");
        expect(lines.pop()).toBe("");
        for (const line of lines) checkLine(line);
        this.lines.push(...lines);
        if (this.isStalled) this.queuedBytes += bytes.length;
      },
      queuedBytes: () => this.queuedBytes,
      pause: () => {
        this.isPaused = true;
      },
      resume: () => {
        this.isPaused = false;
      },
      end: () => {
        if (!this.keepsOpen) this.#close();
      },
      destroy: () => this.#close(),
    };
    this.#handlers = gateway.socket(socket);
  }

  #close(fault?: Fault): void {
    if (this.isClosed) return;
    this.isClosed = true;
    queueMicrotask(() => this.#handlers.closed(fault));
  }

  lose(fault?: Fault): void {
    this.#close(fault);
  }

  endInput(): void {
    this.#handlers.ended?.();
  }

  drain(): void {
    this.queuedBytes = 0;
    this.#handlers.queueLow();
  }

  sendBytes(bytes: Uint8Array): void {
    this.#handlers.data(bytes);
  }

  send(...lines: readonly string[]): void {
    for (const line of lines) this.sendBytes(utf8Encode(`${line}\r\n`));
  }

  /** Waits for a line after those seen so far, and returns it. */
  async until(pattern: RegExp | string): Promise<string> {
    const since = this.lines.slice(this.#seen).join("\n");
    return await this.#site.until(`${pattern} in ${since}`, () => {
      const at = this.lines.findIndex((line, i) => i >= this.#seen && matches(line, pattern));
      if (at < 0) return undefined;
      this.#seen = at + 1;
      return this.lines[at];
    });
  }

  async untilClosed(): Promise<string> {
    await this.#site.until("the end of a connection", () => this.isClosed || undefined);
    return this.lines.at(-1) ?? "";
  }

  /** Waits until the commands so far are complete, and returns the lines since the last call. */
  async sync(): Promise<readonly string[]> {
    const start = this.#seen;
    const token = `sync${this.lines.length}`;
    this.send(`PING ${token}`);
    await this.until(new RegExp(`PONG \\S+ :?${token}$`));
    return this.lines.slice(start, this.#seen - 1).filter(isNews);
  }

  /** Sends the lines, and returns what arrives until their commands are complete. */
  async ask(...lines: readonly string[]): Promise<readonly string[]> {
    this.#seen = this.lines.length;
    this.send(...lines);
    return await this.sync();
  }

  /** Lines since the last call of any method that waits, except requests for confirmation. */
  async news(): Promise<readonly string[]> {
    await this.#site.quiet();
    const lines = this.lines.slice(this.#seen);
    this.#seen = this.lines.length;
    return lines.filter(isNews);
  }

  async logIn(user: string, password: string, caps = ""): Promise<void> {
    this.send("CAP LS 302", `NICK ${user}`, `USER ${user} 0 * :${user}`);
    this.send(`CAP REQ :${`sasl ${caps}`.trim()}`, "AUTHENTICATE PLAIN");
    await this.until("AUTHENTICATE +");
    this.send(`AUTHENTICATE ${plain(user, password)}`, "CAP END");
    await this.until(/ 001 /);
    await this.sync();
  }
}

/** Response of SASL PLAIN. */
export function plain(user: string, password: string, as = ""): string {
  return utf8Encode(`${as}\0${user}\0${password}`).toBase64();
}

/** Without tags, whose times and ids differ between runs. */
export function untagged(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/^@\S+ /, ""));
}

function isNews(line: string): boolean {
  return !line.startsWith("PING received-");
}

function checkLine(line: string): void {
  const [, before = line, text = ""] = ACTION.exec(line) ?? [];
  if (!PONG.test(line)) expect(before + text).toMatch(LINE);
  const rest = line.startsWith("@") ? line.slice(line.indexOf(" ") + 1) : line;
  expect(utf8Encode(rest).length).toBeLessThanOrEqual(510);
  expect(utf8Encode(line).length - utf8Encode(rest).length).toBeLessThanOrEqual(4_096 + 4_096);
}

function matches(line: string, pattern: RegExp | string): boolean {
  return typeof pattern === "string" ? line.includes(pattern) : pattern.test(line);
}
