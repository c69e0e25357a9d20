/** Output of `chat serve`. */

import { realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { utf8Decode } from "../../base/bytes.ts";
import { diskSpaceText } from "../../base/disk-space.ts";
import type { Fault } from "../../base/fault.ts";
import {
  OUTPUT_QUEUE_BYTES_MAX,
  PRINTED_CHARS_MAX,
  PRINTED_CHARS_PER_SECOND,
} from "../../base/limits.ts";
import type { Name } from "../../base/names.ts";
import { cleanText, tsvLine } from "../../base/text.ts";
import { formatLocalClock, formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { TokenBucket } from "../../core/rate.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { MAJORITY_RESTORED, type ServerEvent } from "../../server/session/event.ts";
import { encodeSecret, formatAddress, quoteInvite, type ServerSpec } from "../../wire/invite.ts";
import type { LogRecord } from "../../wire/record.ts";
import { type Context, faultLine, printNotice } from "../context.ts";
import { createLog } from "../log.ts";
import { DayLines } from "../output/day-line.ts";
import { qrLines } from "../output/qr.ts";
import { displayRecord, type RecordNames } from "../output/records.ts";
import {
  type Destination,
  type DisplayRecord,
  type JsonObject,
  recordJson,
  renderJson,
  renderRecord,
  type Style,
  styleOf,
} from "../output/render.ts";
import { printJson } from "../output/result.ts";
import { wrapMarked } from "../word-wrap.ts";
import type { OpenFolder } from "./folder.ts";
import { HTTPS_PORT } from "./public.ts";

/** Milliseconds to gather lines: each system call costs as much as a message. */
const BATCH_MS = 20;
const WARNING_INTERVAL_MS = 60_000;

/** Size that an unrendered line counts as, in addition to the record's body. */
const LINE_FRAME_CHARS = 256;
/** A body with only a text that is printed unchanged: nothing in it is escaped or hidden. */
const PLAIN_TEXT = /^\{"text":"[ !#-[\]-~]*"\}$/;

/** A record whose line is rendered when it is written, with the names at its time. */
interface PendingLine {
  readonly record: LogRecord;
  readonly names: RecordNames;
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
  /** In order; lines of records are rendered when they are written. */
  #pending: (string | PendingLine)[] = [];
  #pendingChars = 0;
  #isBatching = false;
  readonly #days: DayLines;
  readonly #style: Style;
  readonly #pace: TokenBucket;
  /** Time of the latest line and its text, because a batch of the log has one time. */
  #lastTime = 0;
  #lastTimeText = formatUtc(0);

  /**
   * @param how quiet: omits everything worded by users; readers of a system's journal are not
   * members of their rooms
   */
  constructor(context: Context, registry: Registry, options: { readonly quiet?: boolean } = {}) {
    this.#context = context;
    this.#days = new DayLines(context);
    this.#registry = registry;
    this.#isQuiet = options.quiet ?? false;
    this.#style = styleOf(context, { stamp: "clock" });
    const perSecond = PRINTED_CHARS_PER_SECOND;
    this.#pace = new TokenBucket(perSecond, perSecond, context.clock.now());
  }

  event(event: ServerEvent): void {
    if (event.kind === "failed" || event.kind === "decided") return;
    if (event.kind === "warning") return this.#warning(event.fault.message);
    if (event.kind === "cancelled") {
      return this.line(event.kind, { by: event.by, user: event.user, id: event.file });
    }
    if (event.kind === "majority") return this.#majority(event.fault);
    if (event.kind === "disk") return this.#warning(diskSpaceText(event));
    if (event.kind === "full") return this.#full(event.fault);
    if (event.kind === "record") return this.#isQuiet ? undefined : this.#record(event);
    const { host, port } = event.address;
    const address = formatAddress({ host, port });
    switch (event.kind) {
      case "connected": {
        const { transport } = event;
        const client = this.#isQuiet ? undefined : event.client;
        return this.line(event.kind, defined({ address, client, transport }));
      }
      case "logged-in":
      case "logged-out": {
        const { user, transport } = event;
        return this.line(event.kind, { user, address, transport });
      }
      case "disconnected": {
        const { user, transport, fault } = event;
        const reason = this.#isQuiet ? fault?.code : fault?.message;
        return this.line(event.kind, defined({ user, address, transport, reason }));
      }
      case "offered": {
        const { user, file: id, sizeBytes, to } = event;
        const isPrivate = to.some((target) => target.startsWith("@"));
        const name = isPrivate || this.#isQuiet ? undefined : event.name;
        return this.line(event.kind, defined({ user, address, id, name, sizeBytes }));
      }
      case "got":
      case "withdrawn":
        // Without its name, which may be from a direct conversation.
        return this.line(event.kind, { user: event.user, address, id: event.file });
      default:
        return;
    }
  }

  /** At most once a minute: a client that repeats a failing request must not fill the log. */
  #warning(message: string): void {
    const now = this.#context.clock.now();
    if (message === this.#lastWarning && now < this.#warnedUntil) return;
    this.#lastWarning = message;
    this.#warnedUntil = now + WARNING_INTERVAL_MS;
    this.#warn(message);
  }

  #majority(fault: Fault | undefined): void {
    this.#warn(fault === undefined ? MAJORITY_RESTORED : faultLine(fault));
    const fields = defined({ on: fault === undefined, reason: fault?.message });
    if (this.#context.json) this.line("majority", fields);
  }

  /** At most once a minute: a full disk refuses every post. */
  #full(fault: Fault): void {
    const now = this.#context.clock.now();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + WARNING_INTERVAL_MS;
    this.#warn(faultLine(fault));
  }

  #warn(message: string): void {
    createLog(this.#context).warn(cleanText(message));
  }

  #record({ record, room }: { readonly record: LogRecord; readonly room: Room }): void {
    const { head, bodyBytes } = record;
    if (head.kind === "room") return;
    const names = {
      from: this.#registry.nameOf(head.by),
      destination: this.#destination(room, head.by),
    };
    const line = { record, names, isDirect: room.pair !== undefined };
    // A line for a screen may begin with that of a new day: it is rendered in order.
    if (this.#style.format === "text") this.#write(this.#line(line));
    else this.#write(line, (bodyBytes?.length ?? 0) + LINE_FRAME_CHARS);
  }

  #line({ record, names, isDirect }: PendingLine): string {
    const style = this.#style;
    const plain = isDirect || style.format !== "json" ? undefined : this.#plain(record, names);
    if (plain !== undefined) return plain;
    const shown = this.#shortened(displayRecord(record, names));
    const day = style.format === "text" ? this.#days.before(record.head.time) : "";
    if (!isDirect) return day + renderRecord(shown, style);
    // Direct messages are not shown in the server's window.
    if (style.format === "json") return renderJson(withoutContent(recordJson(shown)));
    const description = shown.kind === "file" ? "(a file for one person)" : "(a direct message)";
    return day + renderRecord({ ...shown, kind: "action", text: description }, style);
  }

  /**
   * For people: the beginning of a long text, and only the length of texts that arrive too fast.
   */
  #shortened(shown: DisplayRecord): DisplayRecord {
    const isText = "text" in shown && typeof shown.text === "string";
    if (this.#style.format === "json" || !isText) return shown;
    const { length } = shown.text;
    const printed = Math.min(length, PRINTED_CHARS_MAX);
    const isTooFast = this.#pace.take(this.#context.clock.now(), printed) > 0;
    if (isTooFast) return { ...shown, text: `(${length} characters)` };
    return length === printed ? shown : { ...shown, text: `${shown.text.slice(0, printed)}…` };
  }

  /** Fast path: most bodies are stored as they are printed, and need no parser. */
  #plain({ head, bodyBytes }: LogRecord, { from, destination }: RecordNames): string | undefined {
    if (head.kind !== "text" || bodyBytes === undefined || from === undefined) return undefined;
    const body = utf8Decode(bodyBytes);
    if (!PLAIN_TEXT.test(body) || !("room" in destination)) return undefined;
    const { seq, time } = head;
    if (time !== this.#lastTime) {
      this.#lastTime = time;
      this.#lastTimeText = formatUtc(time);
    }
    const line = `"room":"${destination.room}","from":"${from}",${body.slice(1)}`;
    return `{"kind":"text","seq":${seq},"time":"${this.#lastTimeText}",${line}\n`;
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
    message?: string,
  ): void {
    const { json, stdout, clock, offsetMinutes } = this.#context;
    const now = clock.unixMs();
    if (json) return this.#write(renderJson({ kind, time: formatUtc(now), ...fields }));
    const words = cleanText(message ?? Object.values(fields).join(" "));
    if (!stdout.isTerminal) return this.#write(tsvLine([formatUtc(now), "*", kind, words]));
    const line = `${formatLocalClock(now, offsetMinutes)} * ${kind} ${words}`;
    this.#write(`${this.#days.before(now)}${wrapMarked(line, stdout.columns(), "  | ")}\n`);
  }

  /** A blocked reader must not fill the memory: lines are then dropped, and counted. */
  #write(line: string | PendingLine, chars = typeof line === "string" ? line.length : 0): void {
    const { stdout, clock } = this.#context;
    if (stdout.queuedBytes() + this.#pendingChars > OUTPUT_QUEUE_BYTES_MAX) {
      this.#skipped++;
      return;
    }
    if (this.#isBatching) {
      this.#pending.push(line);
      this.#pendingChars += chars;
      return;
    }
    if (this.#skipped > 0) {
      const count = this.#skipped;
      this.#skipped = 0;
      this.line("skipped", { lines: String(count) });
    }
    stdout.write(typeof line === "string" ? line : this.#line(line));
    this.#isBatching = true;
    clock.after(BATCH_MS, () => this.flush());
  }

  /** Writes the gathered lines. */
  flush(): void {
    const gathered = this.#pending;
    this.#pending = [];
    this.#pendingChars = 0;
    this.#isBatching = false;
    if (gathered.length === 0) return;
    let text = "";
    for (const line of gathered) text += typeof line === "string" ? line : this.#line(line);
    this.#write(text);
  }
}

/** A direct message, without its text. */
function withoutContent(record: JsonObject): JsonObject {
  const { text: _text, react: _react, mentions: _mentions, ...about } = record;
  const { name: _name, digest: _digest, folder: _folder, ...rest } = about;
  return rest as JsonObject;
}

export interface JoinInfo {
  readonly name: string;
  /** Address for this machine. */
  readonly local: ServerSpec;
  /** Address for others, with fingerprint and secret. */
  readonly invite: ServerSpec;
  /** `--public` has set the address for others. */
  readonly isPublic: boolean;
  /** `SHA256:...` */
  readonly fingerprint: string;
  readonly roomPassword: string | undefined;
  readonly tls: boolean;
  readonly udp: boolean;
  readonly data: string;
  /** Program downloads for unauthenticated clients; absent if none are offered. */
  readonly downloads?: {
    /** File names. */
    readonly programs: readonly string[];
    /** Its certificate may be trusted by other programs. */
    readonly isCertified: boolean;
  };
  /** Makes the first user who opens the page with it an operator. */
  readonly operatorToken: string;
}

/** Address of the page: as given by `--public`, else on this machine. */
export function webAddress({ local, tls, invite, isPublic }: JoinInfo): string {
  return isPublic ? pageAddress(invite) : `${tls ? "https" : "http"}://${formatAddress(local)}/`;
}

function pageAddress({ host, port }: ServerSpec): string {
  const address = formatAddress({ host, port });
  return `https://${port === HTTPS_PORT ? address.slice(0, -`:${port}`.length) : address}/`;
}

/** Address of program downloads, as others reach it if possible. */
export function programAddress(joining: JoinInfo): string {
  const { invite, tls, isPublic } = joining;
  const isReachable = (tls || isPublic) && !isLoopback(invite.host);
  return `${isReachable ? pageAddress(invite) : webAddress(joining)}program/`;
}

/** Download commands for terminals. */
function programLines(joining: JoinInfo): string[] {
  const { programs: [first, ...others] = [], isCertified = false } = joining.downloads ?? {};
  if (first === undefined) return [];
  const address = programAddress(joining);
  const also = others.length === 0 ? [] : [`                    or ${others.join(", ")}`];
  return [`  the program       curl ${isCertified ? "-O" : "-kO"} ${address}${first}`, ...also];
}

/** The same address for the operator. Fragments never leave the browser. */
export function operatorLink(joining: JoinInfo): string {
  return `${webAddress(joining)}#operator=${joining.operatorToken}`;
}

/** For a phone: the page's address for others, with the secret. */
function guestLink({ invite, tls, isPublic }: JoinInfo): string | undefined {
  if (!(tls || isPublic) || isLoopback(invite.host)) return undefined;
  const { secret } = invite;
  const fragment = secret === undefined ? "" : `#invite=${encodeSecret(secret)}`;
  return `${pageAddress(invite)}${fragment}`;
}

/**
 * Command for another machine. Only a proxy connects to the port of a server without TLS, so an
 * invite must not contain it.
 */
function remoteCommand({ invite, tls, isPublic }: JoinInfo): string {
  return tls || isPublic
    ? `  on another one    chat join ${quoteInvite(invite)} --user YOUR-NAME`
    : "  in a terminal     through the TLS proxy: add --public HOST";
}

/** Command for this machine, if possible. */
function localCommand({ tls, isPublic }: JoinInfo, env: Context["env"]): string | undefined {
  return tls || isPublic ? `${programName(env)} join --user YOUR-NAME` : undefined;
}

/** How to start this program here, which may not be in the shell's search path. */
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
export function printJoinInfo(context: Context, joining: JoinInfo): void {
  const { stderr } = context;
  if (!stderr.isTerminal) {
    const { name, local, data } = joining;
    printNotice(
      context,
      `'${name}' is listening on ${formatAddress(local)}; invite: ${data}/invite`,
    );
    return;
  }
  const code = codeLines(context, guestLink(joining));
  const beside = code === undefined ? undefined : sideBySide(code, joining, context);
  const lines = beside ?? [...(code ?? []), ...joinLines(joining, context.env)];
  const last = [...programLines(joining), remoteCommand(joining)];
  stderr.write(`${[...lines, ...last].join("\n")}\n`);
}

function joinLines(joining: JoinInfo, env: Context["env"]): string[] {
  const { name, roomPassword, fingerprint, data, udp } = joining;
  const link = guestLink(joining);
  const here = localCommand(joining, env);
  return [
    `'${name}' is running (Ctrl-C to stop). Data folder: ${data}`,
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

/** The code with the short lines at its right; `undefined` if they do not fit. */
function sideBySide(code: string[], joining: JoinInfo, context: Context): string[] | undefined {
  const { name, roomPassword, fingerprint, data, udp, invite } = joining;
  const pages = new Set([webAddress(joining), pageAddress(invite)]);
  const short = [
    `'${name}' is running (Ctrl-C to stop)`,
    "",
    "its data",
    `  ${data}`,
    "on this machine",
    `  ${localCommand(joining, context.env) ?? "through the proxy"}`,
    "in a browser",
    ...[...pages].map((page) => `  ${page}`),
    "  or, on a phone, this code",
    ...(udp ? ["over UDP", "  add --transport udp"] : []),
    "room password",
    `  ${roomPassword ?? "none: any user may register"}`,
    "its operator: for one browser, in 1 h",
  ];
  const width = Bun.stringWidth(code[0] ?? "") + 2;
  const fits = short.every((line) => width + Bun.stringWidth(line) < context.stderr.columns());
  if (!fits || short.length > code.length) return undefined;
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

/** Problems left by the previous run: unfinished ends of the log, and damaged bodies. */
export function printRecovery(
  context: Context,
  { accounts, history, lostAccounts }: Pick<OpenFolder, "accounts" | "history" | "lostAccounts">,
): void {
  for (const log of [accounts, history]) {
    if (log.keptSize === undefined) continue;
    printNotice(
      context,
      `confirmed records were lost, ${log.keptSize} remain; clients that have the others ` +
        "warn until each user accepts it: chat trust accept SERVER",
    );
  }
  const isAccepted = [accounts, history].some((log) => log.keptSize !== undefined);
  for (const { file, droppedBytes, tornPath } of [...accounts.recovered, ...history.recovered]) {
    const description = isAccepted ? "are damaged or follow damage" : "were never acknowledged";
    printNotice(
      context,
      `${file} ended in ${droppedBytes} bytes that ${description}; moved to ${tornPath}`,
    );
    printJson(context, { kind: "recovered", droppedBytes, file });
  }
  printLostAccounts(context, lostAccounts);
  for (const seq of accounts.damaged) {
    printNotice(context, `account record ${seq} is damaged; its content is lost`);
    printJson(context, { kind: "damaged", seq, log: "accounts" });
  }
  printDamaged(context, history.damaged);
}

/** Names shown in the line; the others are in the accounts. */
const NAMES_LISTED_MAX = 8;

function printLostAccounts(context: Context, names: readonly Name[]): void {
  if (names.length === 0) return;
  const more = names.length - NAMES_LISTED_MAX;
  const shown = names.slice(0, NAMES_LISTED_MAX).join(", ");
  const count = names.length === 1 ? "1 account is" : `${names.length} accounts are`;
  printNotice(
    context,
    `${count} lost, with the latest bans and roles; their messages are shown as from ` +
      `${shown}${more > 0 ? ` and ${more} more` : ""}: chat admin reset, rename or remove`,
  );
  printJson(context, { kind: "accounts-lost", users: names });
}

/** Also for damage found later, if a snapshot shortened the start. */
export function printDamaged(context: Context, seqs: readonly number[]): void {
  for (const seq of seqs) {
    printNotice(context, `the body of record ${seq} is damaged and is served as such`);
    printJson(context, { kind: "damaged", seq });
  }
}
