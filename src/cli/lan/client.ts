/** Line-mode clients of `chat lan`, for signed messages and for plain datagrams. */

import { unreachable } from "../../base/assert.ts";
import { utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import {
  LAN_ANNOUNCE_INTERVAL_MS,
  LAN_DATAGRAM_BYTES_MAX,
  LAN_ECHO_TIMEOUT_MS,
  OUTPUT_QUEUE_BYTES_MAX,
} from "../../base/limits.ts";
import type { Name } from "../../base/names.ts";
import { cleanText } from "../../base/text.ts";
import { formatUtc } from "../../base/time.ts";
import type { LanEvent, LanRoom } from "../../client/lan-room.ts";
import type { LanNotice, LanPeer } from "../../core/lan/lan.ts";
import { every } from "../../io/clock.ts";
import type { Multicast, MulticastSource } from "../../io/lan/multicast.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import { checkLanText, isLanDatagram } from "../../wire/lan.ts";
import { ChatConsole } from "../chat/console.ts";
import { type Context, faultLine } from "../context.ts";
import { faultJson, usageFault } from "../errors.ts";
import type { DisplayRecord, JsonOutput } from "../output/render.ts";
import { nearestWord } from "../suggest.ts";

interface LanLineHandlers {
  send(text: string): Promise<void>;
  /**
   * @param word command without its slash
   * @returns whether the command is known
   */
  slash(word: string, rest: string): Promise<boolean>;
}

/**
 * Reads lines until the end of input, /quit or QUIT.
 * @throws {Fault} interrupted, or the error that broke the input
 */
async function readLanLines(
  context: Context,
  chatConsole: ChatConsole,
  handlers: LanLineHandlers,
): Promise<number> {
  const stopped = Promise.withResolvers<number>();
  const release = context.onSignal((signal) => {
    if (signal === "SIGINT") stopped.reject(leftFault());
    else stopped.resolve(143);
  });
  try {
    return await Promise.race([readAll(chatConsole, handlers), stopped.promise]);
  } finally {
    release();
  }
}

async function readAll(chatConsole: ChatConsole, handlers: LanLineHandlers): Promise<number> {
  for (;;) {
    try {
      const line = await chatConsole.line();
      if (line === undefined || isQuit(line)) return 0;
      await handleLine(line, handlers);
      await chatConsole.drained();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === "interrupted") throw leftFault();
      reportFault(chatConsole, error);
    }
  }
}

/** Drops incoming texts while the output is blocked, and prints one notice for each blockage. */
class OutputOverflow {
  #isOpen = false;

  constructor(
    private readonly context: Context,
    private readonly chatConsole: ChatConsole,
  ) {}

  get isFull(): boolean {
    const isFull = this.context.stdout.queuedBytes() > OUTPUT_QUEUE_BYTES_MAX;
    if (isFull && !this.#isOpen) {
      this.chatConsole.note("output is too slow; some messages were skipped");
    }
    this.#isOpen = isFull;
    return isFull;
  }
}

function reportFault(chatConsole: ChatConsole, fault: Fault): void {
  chatConsole.print(faultJson(fault), faultLine(fault));
}

async function handleLine(line: string, handlers: LanLineHandlers): Promise<void> {
  if (line === "") return;
  if (!line.startsWith("/")) return handlers.send(line);
  if (line.startsWith("//")) return handlers.send(line.slice(1));
  const [, word = "", rest = ""] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  if (await handlers.slash(word, rest)) return;
  const suggestion = nearestWord(word, ["who", "help", "quit", "exit"]);
  throw new Fault("usage", `unknown command /${word.slice(0, 40)}`, {
    remedy:
      suggestion === undefined
        ? "/help lists commands; // at the start sends a slash"
        : `did you mean /${suggestion}? see /help`,
  });
}

function isQuit(line: string): boolean {
  const word = line.trim();
  return word === "QUIT" || word === "/quit" || word === "/exit";
}

function noEchoFault(): Fault {
  return new Fault(
    "unreachable",
    "multicast is blocked: this machine does not receive its own messages",
    { remedy: "allow UDP in this machine's firewall, or try --interface ADDR" },
  );
}

function leftFault(): Fault {
  return new Fault("interrupted", "you left", { remedy: "to rejoin, run chat lan" });
}

const DESTINATION = { room: "lan" } as const;
const KEY_LETTERS = 12;
const HELP = [
  "Each line is sent to everyone in this group; // at the start sends a slash.",
  "/who       list users and their keys",
  "/me TEXT   send an action",
  "/quit      leave (also QUIT or Ctrl-D)",
];

export class LanClient {
  readonly chatConsole: ChatConsole;
  readonly #me: LanPeer;
  readonly #overflow: OutputOverflow;

  constructor(
    private readonly context: Context,
    name: Name,
    keyId: Fingerprint,
  ) {
    this.#me = { name, keyId, isVerified: true };
    this.chatConsole = new ChatConsole(context);
    this.#overflow = new OutputOverflow(context, this.chatConsole);
    this.chatConsole.setUser(name);
  }

  async run(room: LanRoom): Promise<number> {
    this.chatConsole.prompt("lan> ");
    return readLanLines(this.context, this.chatConsole, {
      send: (text) => this.#send(room, text, false),
      slash: (word, rest) => this.#slash(room, word, rest),
    });
  }

  readonly show = (event: LanEvent): void => {
    const { chatConsole } = this;
    if (this.#overflow.isFull) return;
    switch (event.kind) {
      case "text":
        return this.#showText(event.from, event);
      case "join":
        return chatConsole.print(
          this.#line("join", event.person),
          `${displayName(event.person)} joined`,
        );
      case "leave": {
        const reason = event.isSilent ? "left (timed out)" : "left";
        return chatConsole.print(
          this.#line("leave", event.person),
          `${displayName(event.person)} ${reason}`,
        );
      }
      case "gap": {
        const { from, missing } = event;
        const countText = missing === 1 ? "1 message" : `${missing} messages`;
        const line = { ...this.#line("gap", from), missing };
        return chatConsole.print(line, `${countText} from ${displayName(from)} lost`);
      }
      case "notice":
        return reportFault(chatConsole, noticeFault(event.notice));
      case "fault":
        return reportFault(chatConsole, event.fault);
      default:
        return unreachable(event);
    }
  };

  async #slash(room: LanRoom, word: string, rest: string): Promise<boolean> {
    switch (word) {
      case "help":
        this.#help(rest.replace(/^\//, ""));
        return true;
      case "who":
        this.#who(room.people());
        return true;
      case "me":
        if (rest === "") throw usageFault("message is empty", "usage: /me TEXT");
        await this.#send(room, rest, true);
        return true;
      default:
        return false;
    }
  }

  #help(word: string): void {
    const rows = HELP.filter((row) => row.startsWith(`/${word} `));
    const [first = "", ...remainingRows] = word === "" || rows.length === 0 ? HELP : rows;
    this.chatConsole.note(first, remainingRows);
  }

  async #send(room: LanRoom, text: string, isAction: boolean): Promise<void> {
    checkLanText(text);
    const { chatConsole } = this;
    const timeUnixMs = this.context.clock.unixMs();
    if (chatConsole.isInteractive) {
      // The typed line is erased and reprinted in one write, so that no received line appears in
      // between.
      chatConsole.eraseEntered();
      this.#showText(this.#me, { text, isAction, timeUnixMs });
    }
    await room.send(text, isAction);
    const action = isAction ? { action: true } : {};
    chatConsole.print({ kind: "sent", time: formatUtc(timeUnixMs), text, ...action }, undefined);
  }

  #showText(
    from: LanPeer,
    message: Pick<Extract<LanEvent, { kind: "text" }>, "text" | "isAction" | "timeUnixMs">,
  ): void {
    const { text, isAction, timeUnixMs } = message;
    const kind = isAction ? "action" : "text";
    if (this.context.json) {
      const { name, ...key } = personJson(from);
      const time = formatUtc(timeUnixMs);
      return this.chatConsole.print({ kind, time, from: name, text, ...key }, undefined);
    }
    const common = { seq: 0, timeUnixMs, destination: DESTINATION, from: displayName(from) };
    const record: DisplayRecord = { ...common, kind, text };
    this.chatConsole.record(record);
  }

  #line(kind: string, person: LanPeer): JsonOutput {
    const { name, ...key } = personJson(person);
    return { kind, time: formatUtc(this.context.clock.unixMs()), from: name, ...key };
  }

  #who(others: readonly LanPeer[]): void {
    const people = [this.#me, ...others];
    if (this.context.json) {
      this.chatConsole.print({ kind: "who", people: people.map(personJson) }, undefined);
      return;
    }
    const lines = people.map(({ name, keyId, isVerified }) => {
      const unverifiedNote = isVerified ? "" : " (another user had this name before)";
      return `${name}  ${keyId.slice(0, KEY_LETTERS)}${unverifiedNote}`;
    });
    this.chatConsole.note("users here, with the first characters of their keys:", lines);
  }
}

function personJson({ name, keyId, isVerified }: LanPeer) {
  return { name, key: formatFingerprint(keyId), verified: isVerified };
}

/** No name contains a `?`, so an unverified user cannot impersonate a verified one. */
function displayName({ name, keyId, isVerified }: LanPeer): string {
  return isVerified ? name : `${name}?${keyId.slice(0, KEY_LETTERS)}`;
}

function noticeFault(notice: LanNotice): Fault {
  switch (notice.kind) {
    case "plain":
      return new Fault("kind-unknown", "hiding plain-text messages from another user", {
        remedy: "to see them: chat lan --plain",
      });
    case "open":
      return new Fault("room-password-wrong", "hiding a user who has no password set", {
        remedy: "agree on one password, or on none",
      });
    case "sealed":
      return new Fault("room-password-wrong", "hiding a user who has a different password", {
        remedy: "use the same password everywhere: CHAT_ROOM_PASSWORD",
      });
    case "version":
      return new Fault(
        "version-unsupported",
        "hiding a user with an incompatible version of chat lan",
      );
    case "malformed":
      return new Fault("frame-malformed", "dropping damaged or forged datagrams", {
        remedy: "no action is needed",
      });
    case "crowded":
      return new Fault("too-many", `too many users in this group; hiding ${notice.name}`, {
        remedy: "for this many users, run a server: chat serve",
      });
    case "no-echo":
      return noEchoFault();
    case "taken":
      return new Fault("name-taken", `another user here is also named ${notice.name}`, {
        remedy: "choose another name with --user",
      });
    case "clock": {
      const { name, aheadMs } = notice;
      const reason = aheadMs > 0 ? "ahead of" : "behind";
      const message = `${name}'s clock is ${formatDuration(Math.abs(aheadMs))} ${reason} this one`;
      return new Fault("clock-wrong", `${message}; hiding their messages`);
    }
    default:
      return unreachable(notice);
  }
}

function formatDuration(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  return minutes < 48 * 60
    ? `${Math.round(minutes / 60)} hours`
    : `${Math.round(minutes / 1440)} days`;
}

const PLAIN_HELP = [
  "Each line is sent as typed; // at the start sends a slash.",
  "/quit      leave (also QUIT or Ctrl-D)",
];
const LINE_END = /\r?\n$/;

/** Client of `chat lan --plain`, which exchanges unsigned text datagrams with any script. */
export class PlainClient {
  readonly chatConsole: ChatConsole;
  readonly #overflow: OutputOverflow;
  readonly #lenient = new TextDecoder("utf-8", { ignoreBOM: true });
  #stopEcho: (() => void) | undefined;
  #hasEcho = false;
  #hasReportedSigned = false;

  constructor(private readonly context: Context) {
    this.chatConsole = new ChatConsole(context);
    this.#overflow = new OutputOverflow(context, this.chatConsole);
  }

  async run(multicast: Multicast): Promise<number> {
    this.chatConsole.prompt("lan> ");
    const { clock } = this.context;
    // Follows changes of the network also while nothing is sent.
    const stopRefreshing = every(clock, LAN_ANNOUNCE_INTERVAL_MS, () => multicast.refresh());
    try {
      return await readLanLines(this.context, this.chatConsole, {
        send: (text) => this.#send(multicast, text),
        slash: async (word) => {
          if (word === "help") this.chatConsole.note(PLAIN_HELP[0] ?? "", PLAIN_HELP.slice(1));
          return word === "help";
        },
      });
    } finally {
      stopRefreshing();
      this.#stopEcho?.();
    }
  }

  readonly show = (bytes: Uint8Array, { address, port, isOwn }: MulticastSource): void => {
    if (isOwn) {
      this.#hasEcho = true;
      this.#stopEcho?.();
      return;
    }
    if (isLanDatagram(bytes)) return this.#reportSigned();
    if (this.#overflow.isFull) return;
    const text = this.#lenient.decode(bytes);
    if (this.context.json) {
      const time = formatUtc(this.context.clock.unixMs());
      this.chatConsole.print({ kind: "text", time, from: `${address}:${port}`, text }, undefined);
    } else {
      this.chatConsole.data(`${cleanText(text.replace(LINE_END, ""))}\n`);
    }
  };

  async #send(multicast: Multicast, text: string): Promise<void> {
    const bytes = utf8Encode(text);
    if (bytes.length > LAN_DATAGRAM_BYTES_MAX) {
      const message = `a datagram can have at most ${LAN_DATAGRAM_BYTES_MAX} bytes`;
      throw new Fault("too-large", `${message}, this text has ${bytes.length}`, {
        remedy: "split it, or run a server: chat serve",
      });
    }
    await multicast.send(bytes);
    const time = formatUtc(this.context.clock.unixMs());
    this.chatConsole.print({ kind: "sent", time, text }, undefined);
    if (!this.#hasEcho) this.#awaitEcho();
  }

  #awaitEcho(): void {
    this.#stopEcho ??= this.context.clock.after(LAN_ECHO_TIMEOUT_MS, () =>
      reportFault(this.chatConsole, noEchoFault()),
    );
  }

  #reportSigned(): void {
    if (this.#hasReportedSigned) return;
    this.#hasReportedSigned = true;
    const message = "hiding signed messages from another user";
    const fault = new Fault("kind-unknown", message, { remedy: "remove --plain" });
    reportFault(this.chatConsole, fault);
  }
}
