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
import { counted } from "../../base/sizes.ts";
import { cleanText, tsvLine } from "../../base/text.ts";
import { formatLocalClock, formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { type ClockStatus, clockText } from "../../core/clock-check.ts";
import { TokenBucket } from "../../core/rate.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { MAJORITY_RESTORED, type ServerEvent } from "../../server/session/event.ts";
import { installCommand } from "../../ui/text/install-command.ts";
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
import type { OfferedRelease } from "./offer.ts";
import { HTTPS_PORT } from "./public.ts";

/** Lines are batched, because a system call for each would cost as much as processing a message. */
const BATCH_MS = 20;
const WARNING_INTERVAL_MS = 60_000;

const LINE_FRAME_CHARS = 256;
/**
 * Matches a body that contains only text without characters to escape or hide, which is printed
 * unchanged.
 */
const PLAIN_TEXT = /^\{"text":"[ !#-[\]-~]*"\}$/;

/** A line is rendered when it is written, but with the names at the time of its record. */
interface PendingLine {
  readonly record: LogRecord;
  readonly names: RecordNames;
  readonly isDirect: boolean;
}

export class ServePrinter {
  readonly #context: Context;
  readonly #registry: Registry;
  readonly #isQuiet: boolean;
  #skipped = 0;
  #fullWarnedUntil = Number.NEGATIVE_INFINITY;
  #lastWarning: string | undefined;
  #warnedUntil = Number.NEGATIVE_INFINITY;
  #pending: (string | PendingLine)[] = [];
  #pendingChars = 0;
  #isBatching = false;
  readonly #days: DayLines;
  readonly #style: Style;
  readonly #pace: TokenBucket;
  #lastTime = 0;
  #lastTimeText = formatUtc(0);

  /**
   * @param options `quiet` omits all message texts, because readers of the system's journal are not
   * room members
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
    if (event.kind === "warning") return this.#printWarning(event.fault.message);
    if (event.kind === "cancelled") {
      return this.line(event.kind, { by: event.by, user: event.user, id: event.file });
    }
    if (event.kind === "majority") return this.#printMajority(event.fault);
    if (event.kind === "clock") return this.#printClock(event.status);
    if (event.kind === "disk") return this.#printWarning(diskSpaceText(event));
    if (event.kind === "full") return this.#warnFull(event.fault);
    if (event.kind === "record") return this.#isQuiet ? undefined : this.#printRecord(event);
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
        // The file may belong to a direct conversation, so its name is omitted.
        return this.line(event.kind, { user: event.user, address, id: event.file });
      default:
        return;
    }
  }

  /**
   * Prints each warning at most once a minute, so that a client that repeats a failing request
   * cannot fill the log.
   */
  #printWarning(message: string): void {
    const now = this.#context.clock.now();
    if (message === this.#lastWarning && now < this.#warnedUntil) return;
    this.#lastWarning = message;
    this.#warnedUntil = now + WARNING_INTERVAL_MS;
    this.#warn(message);
  }

  #printMajority(fault: Fault | undefined): void {
    this.#warn(fault === undefined ? MAJORITY_RESTORED : faultLine(fault));
    const fields = defined({ on: fault === undefined, reason: fault?.message });
    if (this.#context.json) this.line("majority", fields);
  }

  #printClock(status: ClockStatus): void {
    this.#warn(clockText(status));
    const { plausible, now, newest } = status;
    const fields = { plausible, now: formatUtc(now), newest: formatUtc(newest) };
    if (this.#context.json) this.line("clock", fields);
  }

  /**
   * Prints the warning at most once a minute, because a full disk causes every post to be refused.
   */
  #warnFull(fault: Fault): void {
    const now = this.#context.clock.now();
    if (now < this.#fullWarnedUntil) return;
    this.#fullWarnedUntil = now + WARNING_INTERVAL_MS;
    this.#warn(faultLine(fault));
  }

  #warn(message: string): void {
    createLog(this.#context).warn(cleanText(message));
  }

  #printRecord({ record, room }: { readonly record: LogRecord; readonly room: Room }): void {
    const { head, bodyBytes } = record;
    if (head.kind === "room") return;
    const names = {
      from: this.#registry.nameOf(head.by),
      destination: this.#destination(room, head.by),
    };
    const line = { record, names, isDirect: room.pair !== undefined };
    // Lines for a terminal are rendered immediately and in order, because a date line precedes the
    // first line of each day.
    if (this.#style.format === "text") this.#write(this.#renderLine(line));
    else this.#write(line, (bodyBytes?.length ?? 0) + LINE_FRAME_CHARS);
  }

  #renderLine({ record, names, isDirect }: PendingLine): string {
    const style = this.#style;
    const plain =
      isDirect || style.format !== "json" ? undefined : this.#renderPlain(record, names);
    if (plain !== undefined) return plain;
    const displayed = this.#truncate(displayRecord(record, names));
    const day = style.format === "text" ? this.#days.before(record.head.time) : "";
    if (!isDirect) return day + renderRecord(displayed, style);
    if (style.format === "json") return renderJson(withoutContent(recordJson(displayed)));
    const description =
      displayed.kind === "file" ? "(a file for one person)" : "(a direct message)";
    return day + renderRecord({ ...displayed, kind: "action", text: description }, style);
  }

  /**
   * Truncates a long text, and replaces texts that arrive too fast with their length. JSON is never
   * truncated.
   */
  #truncate(displayed: DisplayRecord): DisplayRecord {
    const isText = "text" in displayed && typeof displayed.text === "string";
    if (this.#style.format === "json" || !isText) return displayed;
    const { length } = displayed.text;
    const printed = Math.min(length, PRINTED_CHARS_MAX);
    const isTooFast = this.#pace.take(this.#context.clock.now(), printed) > 0;
    if (isTooFast) return { ...displayed, text: `(${length} characters)` };
    return length === printed
      ? displayed
      : { ...displayed, text: `${displayed.text.slice(0, printed)}…` };
  }

  /**
   * Most bodies are stored in the form in which they are printed and need no parsing. `undefined`
   * if the body must be parsed.
   */
  #renderPlain(
    { head, bodyBytes }: LogRecord,
    { from, destination }: RecordNames,
  ): string | undefined {
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
    const [first, second] = room.pair ?? [];
    const to = first === by ? second : first;
    return { to: (to === undefined ? undefined : this.#registry.nameOf(to)) ?? "?" };
  }

  line(
    kind: string,
    fields: Readonly<Record<string, string | number | boolean>>,
    message?: string,
  ): void {
    const { json, stdout, clock, offsetMinutes } = this.#context;
    const now = clock.unixMs();
    if (json) return this.#write(renderJson({ kind, time: formatUtc(now), ...fields }));
    const text = cleanText(message ?? Object.values(fields).join(" "));
    if (!stdout.isTerminal) return this.#write(tsvLine([formatUtc(now), "*", kind, text]));
    const line = `${formatLocalClock(now, offsetMinutes)} * ${kind} ${text}`;
    this.#write(`${this.#days.before(now)}${wrapMarked(line, stdout.columns(), "  | ")}\n`);
  }

  /**
   * While the reader is blocked, lines are dropped and counted, so that they cannot fill the
   * memory.
   */
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
    stdout.write(typeof line === "string" ? line : this.#renderLine(line));
    this.#isBatching = true;
    clock.after(BATCH_MS, () => this.flush());
  }

  flush(): void {
    const batch = this.#pending;
    this.#pending = [];
    this.#pendingChars = 0;
    this.#isBatching = false;
    if (batch.length === 0) return;
    let text = "";
    for (const line of batch) text += typeof line === "string" ? line : this.#renderLine(line);
    this.#write(text);
  }
}

function withoutContent(record: JsonObject): JsonObject {
  const { text: _text, react: _react, mentions: _mentions, ...metadata } = record;
  const { name: _name, digest: _digest, folder: _folder, ...fields } = metadata;
  return fields as JsonObject;
}

export interface JoinInfo {
  readonly name: string;
  readonly local: ServerSpec;
  readonly invite: ServerSpec;
  readonly isPublic: boolean;
  readonly fingerprint: string;
  readonly roomPassword: string | undefined;
  readonly tls: boolean;
  readonly udp: boolean;
  /** Addresses for IRC clients. */
  readonly irc: readonly string[];
  readonly data: string;
  readonly downloads?: {
    readonly programs: readonly string[];
    readonly release: OfferedRelease | undefined;
    /** Hash of the server's public key; absent if browsers trust the certificate. */
    readonly pin?: string;
  };
  /** Token that makes the first user who opens the page with it an operator. */
  readonly operatorToken: string;
}

export function webAddress({ local, tls, invite, isPublic }: JoinInfo): string {
  return isPublic ? pageAddress(invite) : `${tls ? "https" : "http"}://${formatAddress(local)}/`;
}

function pageAddress({ host, port }: ServerSpec): string {
  const address = formatAddress({ host, port });
  return `https://${port === HTTPS_PORT ? address.slice(0, -`:${port}`.length) : address}/`;
}

export function programAddress(joinInfo: JoinInfo): string {
  const { invite, tls, isPublic } = joinInfo;
  const isReachable = (tls || isPublic) && !isLoopback(invite.host);
  return `${isReachable ? pageAddress(invite) : webAddress(joinInfo)}program/`;
}

function programLines(joinInfo: JoinInfo): string[] {
  const { programs: [first, ...otherPrograms] = [], release, pin } = joinInfo.downloads ?? {};
  if (first === undefined) return [];
  const address = programAddress(joinInfo);
  if (release !== undefined) {
    return [`  the program       ${installCommand("linux", address.replace(/\/$/, ""), pin)}`];
  }
  const otherLines =
    otherPrograms.length === 0 ? [] : [`                    or ${otherPrograms.join(", ")}`];
  return [
    `  the program       curl ${pin === undefined ? "-O" : "-kO"} ${address}${first}`,
    ...otherLines,
  ];
}

/** The token is in the fragment, which browsers never send. */
export function operatorLink(joinInfo: JoinInfo): string {
  return `${webAddress(joinInfo)}#operator=${joinInfo.operatorToken}`;
}

/**
 * Page address with the secret, for a QR code; `undefined` if other machines cannot reach the page.
 */
function inviteLink({ invite, tls, isPublic }: JoinInfo): string | undefined {
  if (!(tls || isPublic) || isLoopback(invite.host)) return undefined;
  const { secret } = invite;
  const fragment = secret === undefined ? "" : `#invite=${encodeSecret(secret)}`;
  return `${pageAddress(invite)}${fragment}`;
}

/** Without TLS, only a proxy can connect to the server's port, so the command omits the port. */
function remoteCommand({ invite, tls, isPublic }: JoinInfo): string {
  return tls || isPublic
    ? `  other machines    chat join ${quoteInvite(invite)} --user YOUR-NAME`
    : "  in a terminal     through the TLS proxy: add --public HOST";
}

function localCommand({ tls, isPublic }: JoinInfo, env: Context["env"]): string | undefined {
  return tls || isPublic ? `${programName(env)} join --user YOUR-NAME` : undefined;
}

/** `chat` if the shell would find this program under that name, otherwise its path. */
function programName(env: Context["env"]): string {
  const program = process.execPath;
  const installed = Bun.which("chat", { PATH: env["PATH"] ?? "" });
  if (installed !== null && realpathSync(installed) === realpathSync(program)) return "chat";
  const path = relative(process.cwd(), program);
  return path.startsWith("..") ? program : join(".", path);
}

/**
 * Secrets are printed only on a terminal, because piped output is often stored in a file. The
 * command for other machines comes last, so that it stays visible on an 80×24 screen.
 */
export function printJoinInfo(context: Context, joinInfo: JoinInfo): void {
  const { stderr } = context;
  if (!stderr.isTerminal) {
    const { name, local, data } = joinInfo;
    printNotice(
      context,
      `'${name}' is listening on ${formatAddress(local)}; invite: ${data}/invite`,
    );
    return;
  }
  const code = codeLines(context, inviteLink(joinInfo));
  const besideCode = code === undefined ? undefined : sideBySide(code, joinInfo, context);
  const lines = besideCode ?? [...(code ?? []), ...joinLines(joinInfo, context.env)];
  const lastLines = [...programLines(joinInfo), remoteCommand(joinInfo)];
  stderr.write(`${[...lines, ...lastLines].join("\n")}\n`);
}

function joinLines(joinInfo: JoinInfo, env: Context["env"]): string[] {
  const { name, roomPassword, fingerprint, data, udp, irc } = joinInfo;
  const link = inviteLink(joinInfo);
  const localLine = localCommand(joinInfo, env);
  return [
    `'${name}' is running (Ctrl-C to stop). Data folder: ${data}`,
    "",
    ...(link === undefined ? [] : [`  on a phone        ${link}`]),
    `  in a browser      ${webAddress(joinInfo)}`,
    ...(udp ? [`  over UDP          add --transport udp`] : []),
    ...irc.map((address) => `  in an IRC client  ${address}`),
    `  server password   ${roomPassword ?? "none: any user may register"}`,
    `  fingerprint       ${fingerprint}`,
    `  operator link     ${operatorLink(joinInfo)} (for one browser, 1 hour)`,
    ...(localLine === undefined ? [] : [`  on this machine   ${localLine}`]),
  ];
}

function sideBySide(code: string[], joinInfo: JoinInfo, context: Context): string[] | undefined {
  const { name, roomPassword, fingerprint, data, udp, irc, invite } = joinInfo;
  const pages = new Set([webAddress(joinInfo), pageAddress(invite)]);
  const shortLines = [
    `'${name}' is running (Ctrl-C to stop)`,
    "",
    "data folder",
    `  ${data}`,
    "on this machine",
    `  ${localCommand(joinInfo, context.env) ?? "through the proxy"}`,
    "in a browser",
    ...[...pages].map((page) => `  ${page}`),
    "  on a phone: scan this code",
    ...(udp ? ["over UDP", "  add --transport udp"] : []),
    ...(irc.length === 0 ? [] : ["in an IRC client", ...irc.map((address) => `  ${address}`)]),
    "server password",
    `  ${roomPassword ?? "none: any user may register"}`,
    "operator link: 1 browser, 1 hour",
  ];
  const width = Bun.stringWidth(code[0] ?? "") + 2;
  const fits = shortLines.every((line) => width + Bun.stringWidth(line) < context.stderr.columns());
  if (!fits || shortLines.length > code.length) return undefined;
  return [
    ...code.map((line, row) => `${line}  ${shortLines[row] ?? ""}`.trimEnd()),
    `  fingerprint       ${fingerprint}`,
    `  operator link     ${operatorLink(joinInfo)}`,
  ];
}

function codeLines({ stderr, env }: Context, link: string | undefined): string[] | undefined {
  const color = !env["NO_COLOR"] && env["TERM"] !== "dumb";
  const lines = link === undefined ? undefined : qrLines(link, stderr.columns() - 2, color);
  return lines?.map((line) => `  ${line}`);
}

export function printRecovery(
  context: Context,
  { accounts, history, lostAccounts }: Pick<OpenFolder, "accounts" | "history" | "lostAccounts">,
): void {
  for (const log of [accounts, history]) {
    if (log.keptSize === undefined) continue;
    printNotice(
      context,
      `confirmed records were lost, leaving ${counted(log.keptSize, "record")}. Users whose ` +
        "clients have the lost records will see an alarm and can accept the loss: " +
        "chat trust accept SERVER",
    );
  }
  const isAccepted = [accounts, history].some((log) => log.keptSize !== undefined);
  for (const { file, droppedBytes, tornPath } of [...accounts.recovered, ...history.recovered]) {
    const description = isAccepted ? "are damaged or follow damage" : "were never acknowledged";
    printNotice(
      context,
      `${file} ended with ${droppedBytes} bytes that ${description}; moved them to ${tornPath}`,
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

const NAMES_LISTED_MAX = 8;

function printLostAccounts(context: Context, names: readonly Name[]): void {
  if (names.length === 0) return;
  const moreCount = names.length - NAMES_LISTED_MAX;
  const moreText = moreCount > 0 ? ` and ${moreCount} more` : "";
  const displayed = names.slice(0, NAMES_LISTED_MAX).join(", ");
  const count = counted(names.length, "account");
  printNotice(
    context,
    `${count} and the latest bans and roles are lost. Their messages appear under ` +
      `${displayed}${moreText}. To repair an account: chat admin reset, rename or remove`,
  );
  printJson(context, { kind: "accounts-lost", users: names });
}

export function printDamaged(context: Context, seqs: readonly number[]): void {
  for (const seq of seqs) {
    printNotice(context, `the content of record ${seq} is damaged; clients display it as damaged`);
    printJson(context, { kind: "damaged", seq });
  }
}
