/** What `chat serve` prints. */

import { realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { utf8Decode } from "../../base/bytes.ts";
import { diskSentence } from "../../base/disk-space.ts";
import type { Fault } from "../../base/fault.ts";
import {
  OUTPUT_QUEUE_BYTES_MAX,
  PRINTED_CHARS_MAX,
  PRINTED_CHARS_PER_SECOND,
} from "../../base/limits.ts";
import type { Name } from "../../base/names.ts";
import { cleanText, tsvLine } from "../../base/text.ts";
import { formatLocalClock, formatUtc } from "../../base/time.ts";
import { TokenBucket } from "../../core/rate.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { MAJORITY_AGAIN, type ServerEvent } from "../../server/session/event.ts";
import { encodeSecret, formatPlace, quoteInvite, type ServerAddress } from "../../wire/invite.ts";
import type { LogRecord } from "../../wire/record.ts";
import { type Context, faultLine, say } from "../context.ts";
import { createLog } from "../log.ts";
import { DayLines } from "../output/day-line.ts";
import { qrLines } from "../output/qr.ts";
import { type Names, shownRecord } from "../output/records.ts";
import {
  type Destination,
  type JsonObject,
  recordJson,
  renderJson,
  renderRecord,
  type ShownRecord,
  type Style,
  styleOf,
} from "../output/render.ts";
import { wrapMarked } from "../word-wrap.ts";
import type { OpenFolder } from "./folder.ts";
import { HTTPS_PORT } from "./public.ts";

/** A busy server writes its lines together: each system call costs as much as a message. */
const GATHER_MS = 20;
const FULL_EVERY_MS = 60_000;

/** What a line that waits to be made counts as, beside the record's body. */
const LINE_FRAME_CHARS = 256;
/** A body that is a text alone, and printed as it stands: nothing in it is escaped or hidden. */
const PLAIN_TEXT = /^\{"text":"[ !#-[\]-~]*"\}$/;

/** A record whose line is made when it is written: names as they were when it was said. */
interface Said {
  readonly record: LogRecord;
  readonly names: Names;
  readonly isDirect: boolean;
}

/** Standard output of `chat serve`: every message and event as it happens. */
export class ServePrinter {
  readonly #context: Context;
  readonly #registry: Registry;
  readonly #isQuiet: boolean;
  #skipped = 0;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #lastWarning: string | undefined;
  #warnedUntil = Number.NEGATIVE_INFINITY;
  /** In their order; those of records are made when they are written. */
  #gathered: (string | Said)[] = [];
  #gatheredChars = 0;
  #isGathering = false;
  readonly #days: DayLines;
  readonly #style: Style;
  readonly #pace: TokenBucket;
  /** The last moment that a line told, and how: a batch of the log has one. */
  #moment = 0;
  #momentText = formatUtc(0);

  /**
   * @param how quiet: nothing that people chose the words of; users who read a system's journal are
   *   not in their rooms
   */
  constructor(context: Context, registry: Registry, how: { readonly quiet?: boolean } = {}) {
    this.#context = context;
    this.#days = new DayLines(context);
    this.#registry = registry;
    this.#isQuiet = how.quiet ?? false;
    this.#style = styleOf(context, { stamp: "clock" });
    const perSecond = PRINTED_CHARS_PER_SECOND;
    this.#pace = new TokenBucket(perSecond, perSecond, context.clock.now());
  }

  event(event: ServerEvent): void {
    if (event.kind === "failed" || event.kind === "decided") return;
    if (event.kind === "warning") return this.#warning(event.fault.message);
    if (event.kind === "cancelled") {
      const { kind, by, user, file } = event;
      return this.line(kind, { by, user, id: file });
    }
    if (event.kind === "majority") return this.#majority(event.fault);
    if (event.kind === "disk") return this.#warning(diskSentence(event));
    if (event.kind === "full") return this.#full(event.fault);
    if (event.kind === "record") return this.#isQuiet ? undefined : this.#record(event);
    const { host, port } = event.address;
    const address = formatPlace({ host, port });
    switch (event.kind) {
      case "connected": {
        const { client, transport } = event;
        const program = this.#isQuiet ? {} : { client };
        return this.line(event.kind, { address, ...program, transport });
      }
      case "logged-in":
      case "logged-out": {
        const { user, transport } = event;
        return this.line(event.kind, { user, address, transport });
      }
      case "disconnected": {
        const { transport } = event;
        const user = event.user === undefined ? {} : { user: event.user };
        const { fault } = event;
        const words = this.#isQuiet ? fault?.code : fault?.message;
        const reason = words === undefined ? {} : { reason: words };
        return this.line(event.kind, { ...user, address, transport, ...reason });
      }
      case "offered":
        return this.#offered(event, address);
      case "got":
      case "withdrawn":
        // Not its name: it may have been between two people.
        return this.line(event.kind, { user: event.user, address, id: event.file });
      default:
        return;
    }
  }

  #offered(event: Extract<ServerEvent, { kind: "offered" }>, address: string): void {
    const { user, file, name, sizeBytes, to } = event;
    const isPrivate = to.some((target) => target.startsWith("@"));
    this.line("offered", {
      user,
      address,
      id: file,
      ...(isPrivate || this.#isQuiet ? {} : { name }),
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
    });
  }

  /**
   * Once a minute: a client that asks again and again for what cannot be read must not fill the
   * log.
   */
  #warning(sentence: string): void {
    const now = this.#context.clock.now();
    if (sentence === this.#lastWarning && now < this.#warnedUntil) return;
    this.#lastWarning = sentence;
    this.#warnedUntil = now + FULL_EVERY_MS;
    this.#warn(sentence);
  }

  #majority(fault: Fault | undefined): void {
    this.#warn(fault === undefined ? MAJORITY_AGAIN : faultLine(fault));
    if (!this.#context.json) return;
    this.line(
      "majority",
      fault === undefined ? { on: true } : { on: false, reason: fault.message },
    );
  }

  /** Once a minute: a full disk refuses all that users write. */
  #full(fault: Fault): void {
    const now = this.#context.clock.now();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + FULL_EVERY_MS;
    this.#warn(faultLine(fault));
  }

  #warn(sentence: string): void {
    createLog(this.#context).warn(cleanText(sentence));
  }

  #record({ record, room }: { readonly record: LogRecord; readonly room: Room }): void {
    const { head, bodyBytes } = record;
    if (head.kind === "room") return;
    const names = {
      from: this.#registry.nameOf(head.by),
      destination: this.#destination(room, head.by),
    };
    const said = { record, names, isDirect: room.pair !== undefined };
    // A line for a screen may begin with that of a new day: it is made in its turn.
    if (this.#style.format === "text") this.#write(this.#line(said));
    else this.#write(said, (bodyBytes?.length ?? 0) + LINE_FRAME_CHARS);
  }

  #line({ record, names, isDirect }: Said): string {
    const style = this.#style;
    const plain = isDirect || style.format !== "json" ? undefined : this.#plain(record, names);
    if (plain !== undefined) return plain;
    const shown = this.#shortened(shownRecord(record, names));
    const day = style.format === "text" ? this.#days.before(record.head.time) : "";
    if (!isDirect) return day + renderRecord(shown, style);
    // What two people say to each other is not for the server's window.
    if (style.format === "json") return renderJson(withoutWords(recordJson(shown)));
    const what = shown.kind === "file" ? "(a file for one person)" : "(a direct message)";
    return day + renderRecord({ ...shown, kind: "action", text: what }, style);
  }

  /** For people: the beginning of a long text, and only the length of what comes too fast. */
  #shortened(shown: ShownRecord): ShownRecord {
    const isText = "text" in shown && typeof shown.text === "string";
    if (this.#style.format === "json" || !isText) return shown;
    const { length } = shown.text;
    const taken = Math.min(length, PRINTED_CHARS_MAX);
    const isTooFast = this.#pace.take(this.#context.clock.now(), taken) > 0;
    if (isTooFast) return { ...shown, text: `(${length} characters)` };
    return length === taken ? shown : { ...shown, text: `${shown.text.slice(0, taken)}…` };
  }

  /** What most people say is in the log as it is to be printed: the same line, without a parser. */
  #plain({ head, bodyBytes }: LogRecord, { from, destination }: Names): string | undefined {
    if (head.kind !== "text" || bodyBytes === undefined || from === undefined) return undefined;
    const body = utf8Decode(bodyBytes);
    if (!PLAIN_TEXT.test(body) || !("room" in destination)) return undefined;
    const { seq, time } = head;
    if (time !== this.#moment) {
      this.#moment = time;
      this.#momentText = formatUtc(time);
    }
    const said = `"room":"${destination.room}","from":"${from}",${body.slice(1)}`;
    return `{"kind":"text","seq":${seq},"time":"${this.#momentText}",${said}\n`;
  }

  #destination(room: Room, by: string): Destination {
    if (room.name !== undefined) return { room: room.name };
    const [one, other] = room.pair ?? [];
    const to = one === by ? other : one;
    return { to: (to === undefined ? undefined : this.#registry.nameOf(to)) ?? "?" };
  }

  /** @param sentence for people, in place of the bare values */
  line(
    kind: string,
    fields: Readonly<Record<string, string | number | boolean>>,
    sentence?: string,
  ): void {
    const { json, stdout, clock, offsetMinutes } = this.#context;
    const now = clock.unixMs();
    if (json) return this.#write(renderJson({ kind, time: formatUtc(now), ...fields }));
    const words = cleanText(sentence ?? Object.values(fields).join(" "));
    if (!stdout.isTerminal) return this.#write(tsvLine([formatUtc(now), "*", kind, words]));
    const line = `${formatLocalClock(now, offsetMinutes)} * ${kind} ${words}`;
    this.#write(`${this.#days.before(now)}${wrapMarked(line, stdout.columns(), "  | ")}\n`);
  }

  /** A reader that stalls must not fill the memory: then lines are left out, and counted. */
  #write(line: string | Said, chars = typeof line === "string" ? line.length : 0): void {
    const { stdout, clock } = this.#context;
    if (stdout.queuedBytes() + this.#gatheredChars > OUTPUT_QUEUE_BYTES_MAX) {
      this.#skipped++;
      return;
    }
    if (this.#isGathering) {
      this.#gathered.push(line);
      this.#gatheredChars += chars;
      return;
    }
    if (this.#skipped > 0) {
      const count = this.#skipped;
      this.#skipped = 0;
      this.line("skipped", { lines: String(count) });
    }
    stdout.write(typeof line === "string" ? line : this.#line(line));
    this.#isGathering = true;
    clock.after(GATHER_MS, () => this.flush());
  }

  /** Writes what was gathered. */
  flush(): void {
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#gatheredChars = 0;
    this.#isGathering = false;
    if (gathered.length === 0) return;
    let text = "";
    for (const line of gathered) text += typeof line === "string" ? line : this.#line(line);
    this.#write(text);
  }
}

/** A direct message, without its text. */
function withoutWords(record: JsonObject): JsonObject {
  const { text: _text, react: _react, mentions: _mentions, ...about } = record;
  const { name: _name, digest: _digest, folder: _folder, ...rest } = about;
  return rest as JsonObject;
}

export interface Joining {
  readonly name: string;
  /** How this machine reaches it. */
  readonly local: ServerAddress;
  /** How others do: with fingerprint and secret. */
  readonly invite: ServerAddress;
  /** `--public` has said how others reach it. */
  readonly isPublic: boolean;
  /** `SHA256:...` */
  readonly fingerprint: string;
  readonly roomPassword: string | undefined;
  readonly tls: boolean;
  readonly udp: boolean;
  readonly data: string;
  /** The program itself, for visitors; left out: it is not offered. */
  readonly offered?: {
    /** Names of files. */
    readonly programs: readonly string[];
    /** Its certificate is one that other programs may know. */
    readonly isCertified: boolean;
  };
  /** Makes the first user who shows it on the page an operator. */
  readonly operatorToken: string;
}

/** Where a browser finds the page: as `--public` has it, else on this machine. */
export function webAddress({ local, tls, invite, isPublic }: Joining): string {
  return isPublic ? pageAddress(invite) : `${tls ? "https" : "http"}://${formatPlace(local)}/`;
}

function pageAddress({ host, port }: ServerAddress): string {
  const place = formatPlace({ host, port });
  return `https://${port === HTTPS_PORT ? place.slice(0, -`:${port}`.length) : place}/`;
}

/** Where the program itself is had, as others reach it if they do. */
export function programAddress(joining: Joining): string {
  const { invite, tls, isPublic } = joining;
  const isReached = (tls || isPublic) && !isLoopback(invite.host);
  return `${isReached ? pageAddress(invite) : webAddress(joining)}program/`;
}

/** For terminals that have none yet. */
function programLines(joining: Joining): string[] {
  const { programs: [first, ...others] = [], isCertified = false } = joining.offered ?? {};
  if (first === undefined) return [];
  const address = programAddress(joining);
  const also = others.length === 0 ? [] : [`                    or ${others.join(", ")}`];
  return [`  the program       curl ${isCertified ? "-O" : "-kO"} ${address}${first}`, ...also];
}

/** The same for its operator. Fragments never leave the browser. */
export function operatorLink(joining: Joining): string {
  return `${webAddress(joining)}#operator=${joining.operatorToken}`;
}

/** For a phone: the page's address as others reach it, with the secret. */
function guestLink({ invite, tls, isPublic }: Joining): string | undefined {
  if (!(tls || isPublic) || isLoopback(invite.host)) return undefined;
  const { secret } = invite;
  const fragment = secret === undefined ? "" : `#invite=${encodeSecret(secret)}`;
  return `${pageAddress(invite)}${fragment}`;
}

/**
 * What to run on another machine. Nothing but its proxy talks to the port of a server without TLS:
 * an invite must not name it.
 */
function elsewhereLine({ invite, tls, isPublic }: Joining): string {
  return tls || isPublic
    ? `  on another one    chat join ${quoteInvite(invite)} --user YOUR-NAME`
    : "  in a terminal     through the TLS proxy: add --public HOST";
}

/** What to run on this machine, if it can. */
function hereLine({ tls, isPublic }: Joining, env: Context["env"]): string | undefined {
  return tls || isPublic ? `${programName(env)} join --user YOUR-NAME` : undefined;
}

/** What to type here to run this very program, which may not be in the search path of the shell. */
function programName(env: Context["env"]): string {
  const program = process.execPath;
  const found = Bun.which("chat", { PATH: env["PATH"] ?? "" });
  if (found !== null && realpathSync(found) === realpathSync(program)) return "chat";
  const path = relative(process.cwd(), program);
  return path.startsWith("..") ? program : join(".", path);
}

/**
 * For people, on standard error. Secrets only on a terminal: pipes end up in files. The line for
 * another machine is the last, so that it does not scroll away on a screen of 80 by 24.
 */
export function printJoining(context: Context, joining: Joining): void {
  const { stderr } = context;
  if (!stderr.isTerminal) {
    const { name, local, data } = joining;
    say(context, `'${name}' listens on ${formatPlace(local)}, how to join: ${data}/invite`);
    return;
  }
  const code = codeLines(context, guestLink(joining));
  const beside = code === undefined ? undefined : sideBySide(code, joining, context);
  const lines = beside ?? [...(code ?? []), ...joiningLines(joining, context.env)];
  const last = [...programLines(joining), elsewhereLine(joining)];
  stderr.write(`${[...lines, ...last].join("\n")}\n`);
}

function joiningLines(joining: Joining, env: Context["env"]): string[] {
  const { name, roomPassword, fingerprint, data, udp } = joining;
  const link = guestLink(joining);
  const here = hereLine(joining, env);
  return [
    `'${name}' is up; Ctrl-C stops it. Its data is in ${data}`,
    "",
    ...(link === undefined ? [] : [`  on a phone        ${link}`]),
    `  in a browser      ${webAddress(joining)}`,
    ...(udp ? [`  over UDP          add --transport udp`] : []),
    `  room password     ${roomPassword ?? "none: any user may register"}`,
    `  fingerprint       ${fingerprint}`,
    `  its operator      ${operatorLink(joining)} (for one browser, within the hour)`,
    ...(here === undefined ? [] : [`  on this machine   ${here}`]),
  ];
}

/** The code with the short lines at its right; undefined: they do not fit there. */
function sideBySide(code: string[], joining: Joining, context: Context): string[] | undefined {
  const { name, roomPassword, fingerprint, data, udp, invite } = joining;
  const pages = new Set([webAddress(joining), pageAddress(invite)]);
  const short = [
    `'${name}' is up; Ctrl-C stops it`,
    "",
    "its data",
    `  ${data}`,
    "on this machine",
    `  ${hereLine(joining, context.env) ?? "through the proxy"}`,
    "in a browser",
    ...[...pages].map((page) => `  ${page}`),
    "  or, on a phone, this code",
    ...(udp ? ["over UDP", "  add --transport udp"] : []),
    "room password",
    `  ${roomPassword ?? "none: any user may register"}`,
    "its operator: for one browser, in 1 h",
  ];
  const width = Bun.stringWidth(code[0] ?? "") + 2;
  const isFitting = short.every((line) => width + Bun.stringWidth(line) < context.stderr.columns());
  if (!isFitting || short.length > code.length) return undefined;
  return [
    ...code.map((line, row) => `${line}  ${short[row] ?? ""}`.trimEnd()),
    `  fingerprint       ${fingerprint}`,
    `  its operator      ${operatorLink(joining)}`,
  ];
}

function codeLines({ stderr, env }: Context, link: string | undefined): string[] | undefined {
  const color = !env["NO_COLOR"] && env["TERM"] !== "dumb";
  const lines = link === undefined ? undefined : qrLines(link, stderr.columns() - 2, color);
  return lines?.map((line) => `  ${line}`);
}

/** What the last run left behind: unfinished ends of the log, and damaged bodies. */
export function printRecovery(
  context: Context,
  { accounts, history, lostAccounts }: Pick<OpenFolder, "accounts" | "history" | "lostAccounts">,
): void {
  for (const log of [accounts, history]) {
    if (log.keptSize === undefined) continue;
    say(
      context,
      `confirmed records were lost, and ${log.keptSize} are left; clients that knew the others ` +
        "raise an alarm until each user accepts it: chat trust accept SERVER",
    );
  }
  const isAccepted = [accounts, history].some((log) => log.keptSize !== undefined);
  for (const { file, droppedBytes, tornPath } of [...accounts.recovered, ...history.recovered]) {
    const what = isAccepted ? "are damaged or follow damage" : "were never acknowledged";
    say(context, `${file} ended in ${droppedBytes} bytes that ${what}; now in ${tornPath}`);
    if (context.json) context.stdout.write(renderJson({ kind: "recovered", droppedBytes, file }));
  }
  printLostAccounts(context, lostAccounts);
  for (const seq of accounts.damaged) {
    say(
      context,
      `the body of account record ${seq} is damaged: what it said is not known any more`,
    );
    if (context.json) context.stdout.write(renderJson({ kind: "damaged", seq, log: "accounts" }));
  }
  printDamaged(context, history.damaged);
}

/** Names shown in the one line; the others are in the accounts. */
const NAMES_SHOWN_MAX = 8;

function printLostAccounts(context: Context, names: readonly Name[]): void {
  if (names.length === 0) return;
  const more = names.length - NAMES_SHOWN_MAX;
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(", ");
  const count = names.length === 1 ? "1 account is" : `${names.length} accounts are`;
  say(
    context,
    `${count} lost, with bans and roles that were set last; what they said is shown as by ` +
      `${shown}${more > 0 ? ` and ${more} more` : ""}: chat admin reset, rename or remove`,
  );
  if (context.json) context.stdout.write(renderJson({ kind: "accounts-lost", users: names }));
}

/** Also of what is found later, where a snapshot made the start short. */
export function printDamaged(context: Context, seqs: readonly number[]): void {
  for (const seq of seqs) {
    say(context, `the body of record ${seq} is damaged and is served as such`);
    if (context.json) context.stdout.write(renderJson({ kind: "damaged", seq }));
  }
}
