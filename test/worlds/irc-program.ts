import { concatBytes, utf8Decode, utf8Encode } from "../../src/base/bytes.ts";
import { type IrcLine, parseIrcLine } from "../../src/wire/irc/line.ts";
import type { IrcPipe } from "./irc-pipe.ts";
import { type IrcPosts, IrcView, keyOf, type Way } from "./irc-view.ts";
import type { Machine } from "./machine.ts";
import type { Platform } from "./platform.ts";
import { check } from "./reference-model.ts";

const TAGGED = "message-tags server-time batch labeled-response echo-message";
const MODERN = [
  ...[TAGGED, "standard-replies account-tag extended-join away-notify invite-notify"],
  ...["draft/chathistory draft/event-playback draft/multiline draft/read-marker"],
  ...["draft/message-redaction draft/channel-rename draft/no-implicit-names"],
].join(" ");
export const CAPS = ["", TAGGED, MODERN];
const PAGE = 20;
const PLAYED_PART = /^(\S+): only the last \d+ of your unread messages follow$/;
const ALL_TIMES = "timestamp=2000-01-01T00:00:00.000Z timestamp=2200-01-01T00:00:00.000Z";

export interface IrcProgramOptions {
  readonly name: string;
  readonly user: string;
  readonly caps: string;
  readonly isShared: boolean;
}

/** IRC client: connects again after each disconnection, and checks each line. */
export class IrcProgram {
  readonly name: string;
  readonly user: string;
  readonly caps: string;
  readonly view: IrcView;
  /** Members by channel, as shown by JOIN, PART, KICK and NAMES. */
  readonly channels = new Map<string, Set<string>>();
  readonly messageIds: string[] = [];
  isReady = false;
  isLockedOut = false;
  readonly #platform: Platform;
  readonly #machine: Machine;
  readonly #posts: IrcPosts;
  #pipe: IrcPipe | undefined;
  #partial: Uint8Array = new Uint8Array(0);
  /** Type of each open batch, with that of the batches around it. */
  readonly #batches = new Map<string, { readonly types: string; target: string; lines: number }>();
  /** Targets whose history is to be fetched; the first is in progress. */
  readonly #fetches: string[] = [];
  readonly #names = new Map<string, Set<string>>();
  /** Posts whose commands are not complete, by the token of the PING after them. */
  readonly #sent = new Map<string, { readonly key: string; readonly isNotice: boolean }>();
  #fetchedTo = 0;
  #origin = "";
  #tokens = 0;
  #pongs = 0;
  #refusals = 0;
  #confirmedRefusals = 0;
  #texts = 0;
  #isPlanned = false;

  constructor(platform: Platform, machine: Machine, posts: IrcPosts, options: IrcProgramOptions) {
    const { name, user, caps, isShared } = options;
    this.#platform = platform;
    this.#machine = machine;
    this.#posts = posts;
    this.name = name;
    this.user = user;
    this.caps = caps;
    const hasTags = caps !== "";
    this.view = new IrcView(posts, {
      name,
      user,
      isShared,
      hasTags,
      hasEcho: hasTags,
      hasHistory: caps === MODERN,
    });
  }

  get isConnected(): boolean {
    return this.#pipe !== undefined;
  }

  get isIdle(): boolean {
    return this.isReady && this.#pongs === this.#tokens && this.#fetches.length === 0;
  }

  connect(): void {
    this.#isPlanned = false;
    if (this.isConnected) return;
    const pipe = this.#machine.openIrc(this.name, {
      written: (bytes) => this.#written(bytes),
      data: (bytes) => this.#platform.guard(() => this.#data(bytes)),
      closed: () => {
        if (this.#pipe === pipe) this.#closed();
      },
    });
    if (pipe === undefined) return this.reconnectLater();
    this.#note("connects");
    this.#pipe = pipe;
    const plain = utf8Encode(`\0${this.user}\0secret`).toBase64();
    this.send(
      ...["CAP LS 302", `NICK ${this.user}`, `USER ${this.user} 0 * :${this.name}`],
      ...[`CAP REQ :${`sasl ${this.caps}`.trim()}`, "AUTHENTICATE PLAIN"],
      ...[`AUTHENTICATE ${plain}`, "CAP END"],
    );
    this.ping();
  }

  reconnectLater(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    const waitMs = 200 + this.#platform.random.int(2_000);
    this.#platform.clock.after(waitMs, () => this.connect());
  }

  send(...lines: readonly string[]): void {
    this.#pipe?.send(utf8Encode(lines.map((line) => `${line}\r\n`).join("")));
  }

  /** Asks for a PONG, which arrives when the commands so far are complete. */
  ping(): string {
    const token = `${++this.#tokens}`;
    this.send(`PING ${token}`);
    return token;
  }

  cut(): void {
    this.#pipe?.cut();
  }

  stall(isStalled: boolean): void {
    this.#pipe?.stall(isStalled);
  }

  /** Text that no other post has. */
  newText(sizeChars: number): string {
    return `${this.name}.${this.#texts++} ${"x".repeat(sizeChars)}`;
  }

  post(command: string, target: string, text: string, tags = ""): void {
    const key = keyOf(text) ?? "";
    const label = this.caps === "" ? "" : `@label=${key}${tags} `;
    if (text.includes("\n")) {
      this.send(
        `${label}BATCH +m${key} draft/multiline ${target}`,
        ...text.split("\n").map((line) => `@batch=m${key} ${command} ${target} :${line}`),
        `BATCH -m${key}`,
      );
    } else this.send(`${label}${command} ${target} :${text}`);
    this.#sent.set(this.ping(), { key, isNotice: command === "NOTICE" });
  }

  // Lines

  #written(bytes: Uint8Array): Uint8Array {
    const { mutant, guard } = this.#platform;
    const text = utf8Decode(bytes);
    const lines = text.split("\r\n").slice(0, -1);
    guard(() => {
      check(text.endsWith("\r\n"), () => `${this.name} is sent a part of a line`);
      for (const line of lines) this.#checkWritten(line);
    });
    const changed =
      mutant.irc === undefined
        ? lines
        : lines.flatMap((line) => mutant.irc?.(line, this.#platform, this.channels) ?? [line]);
    return utf8Encode(changed.map((line) => `${line}\r\n`).join(""));
  }

  #checkWritten(text: string): void {
    const line = this.#parse(text);
    this.view.checkPermission(line);
    const [, name] = PLAYED_PART.exec(line.params.at(-1) ?? "") ?? [];
    const room = line.source === "chat" ? this.#roomOf(name ?? "") : undefined;
    if (room !== undefined) this.view.playedPart(room);
    if (line.command === "PONG" && line.params.at(-1) === "1") this.view.ready();
  }

  #parse(text: string): IrcLine {
    const line = parseIrcLine(utf8Encode(text));
    check(typeof line !== "string", () => `${this.name} is sent a line that is ${line}: ${text}`);
    return line;
  }

  #data(bytes: Uint8Array): void {
    let rest = concatBytes(this.#partial, bytes);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const text = utf8Decode(rest.subarray(0, end - 1));
      rest = rest.subarray(end + 1);
      this.#note(`< ${text.slice(0, 160)}`);
      this.#line(this.#parse(text));
    }
    this.#partial = rest;
  }

  #line(line: IrcLine): void {
    const { command, params, tags, source = "" } = line;
    const batch = this.#batches.get(tags.get("batch") ?? "");
    const isFetched = batch?.types.includes("chathistory") === true;
    const way = !isFetched ? "live" : this.caps === MODERN ? "fetched" : "missed";
    if (batch !== undefined) batch.lines += 1;
    const id = tags.get("msgid");
    if (id !== undefined) {
      const at = id.lastIndexOf("-");
      this.#origin = id.slice(0, at);
      if (isFetched) this.#fetchedTo = Math.max(this.#fetchedTo, Number(id.slice(at + 1)));
    }
    switch (command) {
      case "PING":
        return this.send(`PONG ${params.at(-1)}`);
      case "PONG":
        return this.#pong(params.at(-1) ?? "");
      case "904":
        this.isLockedOut = true;
        return;
      case "BATCH":
        return this.#batch(line, way);
      case "PRIVMSG":
      case "NOTICE":
        if (source === "chat") this.#refusals += 1;
        return this.#message(line, this.isReady || this.caps !== "" ? way : "missed");
      case "353":
      case "366":
        return this.#nameList(line);
      case "FAIL":
        this.#refusals += 1;
        if (params[0] === "CHATHISTORY") this.#fetchFailed(params[1] ?? "");
        return;
      case "TOPIC":
      case "MODE":
        return isFetched ? undefined : this.#inChannel(params[0] ?? "");
      case "CHATHISTORY":
        if (params[0] === "TARGETS") this.#wantHistory(params[1] ?? "");
        return;
      default:
        if (/^[45]/.test(command)) this.#refusals += 1;
        else if (!isFetched) this.#membership(command, params, source.split("!")[0] ?? "");
    }
  }

  #batch(line: IrcLine, way: Way): void {
    const { params, tags } = line;
    const [reference = "", type = "", target = ""] = params;
    const id = reference.slice(1);
    if (reference.startsWith("+")) {
      const outer = this.#batches.get(tags.get("batch") ?? "")?.types ?? "";
      this.#batches.set(id, { types: `${outer} ${type}`, target, lines: 0 });
      // The first line has the key, but the batch has the tags.
      if (type === "draft/multiline") this.#message({ ...line, params: [target, ""] }, way);
      return;
    }
    const batch = this.#batches.get(id);
    this.#batches.delete(id);
    if (batch?.types === " chathistory" && this.caps === MODERN)
      this.#fetched(batch.target, batch.lines);
  }

  #message(line: IrcLine, way: Way): void {
    const [target = "", text = ""] = line.params;
    if (target.startsWith("#")) this.#inChannel(target);
    const id = line.tags.get("msgid");
    if (id !== undefined) this.messageIds.push(id);
    this.view.show(line, way);
    if (keyOf(text)?.startsWith(`${this.name}.`) === true) this.#acknowledged(keyOf(text) ?? "");
  }

  #inChannel(name: string): void {
    check(this.channels.has(name), () => `${this.name} is sent what happens in ${name}`);
  }

  #acknowledged(key: string): void {
    const seq = this.#posts.seqOf(key);
    check(seq !== undefined, () => `'${key}' was acknowledged over IRC and is not durable`);
  }

  #pong(token: string): void {
    this.#pongs = Number(token);
    if (token === "1") this.#ready();
    const post = this.#sent.get(token);
    if (post === undefined) return;
    this.#sent.delete(token);
    const isRefused = this.#refusals > this.#confirmedRefusals;
    this.#confirmedRefusals = this.#refusals;
    if (!isRefused && !post.isNotice) this.#acknowledged(post.key);
  }

  #ready(): void {
    this.isReady = true;
    this.isLockedOut = false;
    this.#note("ready");
    if (this.caps === MODERN) this.send(`CHATHISTORY TARGETS ${ALL_TIMES} 100`);
    this.ping();
  }

  #closed(): void {
    this.#note("closed");
    this.view.closed();
    this.#pipe = undefined;
    this.#partial = new Uint8Array(0);
    this.isReady = false;
    this.channels.clear();
    this.#names.clear();
    this.#batches.clear();
    this.#fetches.length = 0;
    this.#sent.clear();
    this.#tokens = 0;
    this.#pongs = 0;
    this.reconnectLater();
  }

  // Channels

  #membership(command: string, params: readonly string[], nick: string): void {
    const [name = "", second = ""] = params;
    const isOwn = nick.toLowerCase() === this.user;
    switch (command) {
      case "JOIN":
        if (!isOwn) this.#inChannel(name);
        else {
          check(!this.channels.has(name), () => `${this.name} joins ${name} twice`);
          this.channels.set(name, new Set());
          this.#moved(name);
          this.#wantHistory(name);
        }
        this.channels.get(name)?.add(nick);
        return;
      case "PART":
        this.#inChannel(name);
        return this.#left(name, nick);
      case "KICK":
        this.#inChannel(name);
        return this.#left(name, second);
      case "NICK":
        for (const members of this.channels.values()) if (members.delete(nick)) members.add(name);
        return;
      case "RENAME": {
        this.#inChannel(name);
        const members = this.channels.get(name) ?? new Set();
        this.channels.delete(name);
        this.channels.set(second, members);
        const at = this.#fetches.indexOf(name);
        if (at >= 0) this.#fetches[at] = second;
        return;
      }
      default:
        return;
    }
  }

  #left(name: string, nick: string): void {
    this.channels.get(name)?.delete(nick);
    if (nick.toLowerCase() !== this.user) return;
    this.channels.delete(name);
    this.#moved(name);
  }

  #moved(name: string): void {
    const room = this.#roomOf(name);
    if (room !== undefined) this.view.moved(room);
  }

  #roomOf(target: string): string | undefined {
    const { model } = this.#posts;
    for (const [id, { name, pair }] of model.rooms) {
      if (target === `#${name}`) return id;
      const ids = [model.idOf(this.user), model.idOf(target)];
      const isPair = Bun.deepEquals(new Set<string | undefined>(pair), new Set(ids));
      if (pair.length > 0 && isPair) return id;
    }
    return undefined;
  }

  #nameList({ command, params }: IrcLine): void {
    if (command === "353") {
      const [, , name = "", list = ""] = params;
      const names = this.#names.get(name) ?? new Set();
      this.#names.set(name, names);
      for (const nick of list.split(" ")) names.add(nick.replace(/^@/, ""));
      return;
    }
    const [, name = ""] = params;
    const names = this.#names.get(name);
    this.#names.delete(name);
    if (names !== undefined && this.channels.has(name)) this.channels.set(name, names);
  }

  // History

  #wantHistory(target: string): void {
    if (this.caps !== MODERN || this.#fetches.includes(target)) return;
    this.#fetches.push(target);
    if (this.#fetches.length === 1) this.#startFetch();
  }

  #startFetch(): void {
    const [target] = this.#fetches;
    if (target === undefined) return;
    const room = this.#roomOf(target);
    this.#fetchedTo = room === undefined ? 0 : this.view.completeOf(room);
    if (this.#fetchedTo === 0) this.send(`CHATHISTORY LATEST ${target} * ${PAGE}`);
    else this.#fetchNext(target);
  }

  #fetchNext(target: string): void {
    this.send(`CHATHISTORY AFTER ${target} msgid=${this.#origin}-${this.#fetchedTo} ${PAGE}`);
  }

  #fetched(target: string, lines: number): void {
    if (this.#fetches[0] !== target) return;
    const room = this.#roomOf(target);
    if (room !== undefined) this.view.fetched(room, this.#fetchedTo);
    if (lines > 0) return this.#fetchNext(target);
    this.#fetches.shift();
    this.#startFetch();
  }

  #fetchFailed(code: string): void {
    const pipe = this.#pipe;
    if (code === "INVALID_TARGET") {
      this.#fetches.shift();
      return this.#startFetch();
    }
    this.#platform.clock.after(500, () => {
      if (this.#pipe === pipe) this.#startFetch();
    });
  }

  #note(what: string): void {
    this.#platform.trace.note(`${this.#platform.clock.now()} ${this.name} ${what}`);
  }
}
