import { realpathSync } from "node:fs";
import { join, relative } from "node:path";
import type { Fault } from "../base/fault.ts";
import { OUTPUT_QUEUE_BYTES_MAX } from "../base/limits.ts";
import { cleanText, tsvLine } from "../base/text.ts";
import { formatLocalClock, formatUtc } from "../base/time.ts";
import type { Registry } from "../core/registry.ts";
import type { Room } from "../core/room.ts";
import { isLoopback } from "../server/addresses.ts";
import type { ServerEvent } from "../server/server-event.ts";
import { formatPlace, quoteInvite, type ServerAddress } from "../wire/invite.ts";
import type { LogRecord } from "../wire/record.ts";
import { type Context, faultLine, say } from "./_context.ts";
import { createLog } from "./_log.ts";
import { qrLines } from "./_qr.ts";
import {
  type JsonObject,
  type Place,
  recordJson,
  renderJson,
  renderRecord,
  styleOf,
} from "./_render.ts";
import type { OpenFolder } from "./_serve-folder.ts";
import { shownRecord } from "./_shown.ts";

/** A busy server writes its lines together: each system call costs as much as a message. */
const GATHER_MS = 20;
const FULL_EVERY_MS = 60_000;

/** Standard output of `chat serve`: every message and event as it happens. */
export class ServePrinter {
  readonly #context: Context;
  readonly #registry: Registry;
  #skipped = 0;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #gathered = "";
  #isGathering = false;

  constructor(context: Context, registry: Registry) {
    this.#context = context;
    this.#registry = registry;
  }

  event(event: ServerEvent): void {
    if (event.kind === "failed") return;
    if (event.kind === "warning") return this.#warn(event.fault.message);
    if (event.kind === "full") return this.#full(event.fault);
    if (event.kind === "record") return this.#record(event.record, event.room);
    const { host, port } = event.address;
    const address = formatPlace({ host, port });
    switch (event.kind) {
      case "connected": {
        const { client, transport } = event;
        return this.line(event.kind, { address, client, transport });
      }
      case "logged-in":
      case "logged-out": {
        const { user, transport } = event;
        return this.line(event.kind, { user, address, transport });
      }
      case "disconnected": {
        const { transport } = event;
        const user = event.user === undefined ? {} : { user: event.user };
        const reason = event.fault === undefined ? {} : { reason: event.fault.message };
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
      ...(isPrivate ? {} : { name }),
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
    });
  }

  /** Once a minute: a full disk refuses everything that everybody writes. */
  #full(fault: Fault): void {
    const now = this.#context.clock.now();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + FULL_EVERY_MS;
    this.#warn(faultLine(fault));
  }

  #warn(sentence: string): void {
    createLog(this.#context).warn(cleanText(sentence));
  }

  #record(record: LogRecord, room: Room): void {
    const { head } = record;
    const isDirect = room.pair !== undefined;
    if (head.kind === "room") return;
    const shown = shownRecord(record, {
      from: this.#registry.nameOf(head.by),
      place: this.#place(room, head.by),
    });
    const style = styleOf(this.#context, { stamp: "clock" });
    if (!isDirect) return this.#write(renderRecord(shown, style));
    // What two people say to each other is not for the server's window.
    if (style.format === "json") {
      return this.#write(renderJson(withoutWords(recordJson(shown))));
    }
    const what = shown.kind === "file" ? "(a file for one person)" : "(a direct message)";
    this.#write(renderRecord({ ...shown, kind: "action", text: what }, style));
  }

  #place(room: Room, by: string): Place {
    if (room.name !== undefined) return { room: room.name };
    const [one, other] = room.pair ?? [];
    const to = one === by ? other : one;
    return { to: (to === undefined ? undefined : this.#registry.nameOf(to)) ?? "?" };
  }

  /** @param sentence for people, in place of the bare values */
  line(kind: string, fields: Readonly<Record<string, string | number>>, sentence?: string): void {
    const { json, stdout, clock, offsetMinutes } = this.#context;
    const now = clock.unixMs();
    if (json) return this.#write(renderJson({ kind, time: formatUtc(now), ...fields }));
    const words = cleanText(sentence ?? Object.values(fields).join(" "));
    if (!stdout.isTerminal) return this.#write(tsvLine([formatUtc(now), "*", kind, words]));
    this.#write(`${formatLocalClock(now, offsetMinutes)} * ${kind} ${words}\n`);
  }

  /** A reader that stalls must not fill the memory: then lines are left out, and counted. */
  #write(text: string): void {
    const { stdout, clock } = this.#context;
    if (stdout.queuedBytes() + this.#gathered.length > OUTPUT_QUEUE_BYTES_MAX) {
      this.#skipped++;
      return;
    }
    if (this.#isGathering) {
      this.#gathered += text;
      return;
    }
    if (this.#skipped > 0) {
      const count = this.#skipped;
      this.#skipped = 0;
      this.line("skipped", { lines: String(count) });
    }
    stdout.write(text);
    this.#isGathering = true;
    clock.after(GATHER_MS, () => this.flush());
  }

  /** Writes what was gathered. */
  flush(): void {
    const text = this.#gathered;
    this.#gathered = "";
    this.#isGathering = false;
    if (text !== "") this.#write(text);
  }
}

/** A record between two people, as far as it concerns others. */
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
  /** `SHA256:...` */
  readonly fingerprint: string;
  readonly roomPassword: string | undefined;
  readonly tls: boolean;
  readonly udp: boolean;
  readonly data: string;
  /** What makes the first who shows it on the page an operator. */
  readonly operatorToken: string;
}

/** Where a browser on this machine finds the page. */
export function webAddress({ local, tls }: Pick<Joining, "local" | "tls">): string {
  return `${tls ? "https" : "http"}://${formatPlace(local)}/`;
}

/** The same for its operator. Fragments never leave the browser. */
export function operatorLink(joining: Joining): string {
  return `${webAddress(joining)}#operator=${joining.operatorToken}`;
}

/** For a phone: the page as others reach it, with what lets them in. */
function guestLink({ invite, tls }: Joining): string | undefined {
  if (!tls || isLoopback(invite.host)) return undefined;
  const { secret } = invite;
  const fragment = secret === undefined ? "" : `#invite=${encodeURIComponent(secret)}`;
  return `https://${formatPlace(invite)}/${fragment}`;
}

/** What to type here to run this very program: not everybody has put it where the shell looks. */
function programName(env: Context["env"]): string {
  const program = process.execPath;
  const found = Bun.which("chat", { PATH: env["PATH"] ?? "" });
  if (found !== null && realpathSync(found) === realpathSync(program)) return "chat";
  const path = relative(process.cwd(), program);
  return path.startsWith("..") ? program : join(".", path);
}

/** For people, on standard error. Secrets only on a terminal: pipes end up in files. */
export function printJoining(context: Context, joining: Joining): void {
  const { stderr } = context;
  const { name, local, invite, roomPassword, fingerprint, data, udp } = joining;
  if (!stderr.isTerminal) {
    say(context, `'${name}' listens on ${formatPlace(local)}, how to join: ${data}/invite`);
    return;
  }
  const lines = [
    `'${name}' is up. Its data is in ${data}`,
    "",
    `  on this machine   ${programName(context.env)} join --user YOUR-NAME`,
    `  on another one    chat join ${quoteInvite(invite)} --user YOUR-NAME`,
    `  in a browser      ${webAddress(joining)}`,
    ...(udp ? [`  over UDP          add --transport udp`] : []),
    `  its operator      ${operatorLink(joining)} (for one browser, within the hour)`,
    "",
    `  room password     ${roomPassword ?? "none: whoever comes may register"}`,
    `  fingerprint       ${fingerprint}`,
    "",
    ...phoneLines(context, guestLink(joining)),
    "Ctrl-C stops it.",
    "",
  ];
  stderr.write(`${lines.join("\n")}\n`);
}

function phoneLines({ stderr, env }: Context, link: string | undefined): string[] {
  const color = !env["NO_COLOR"] && env["TERM"] !== "dumb";
  const lines = link === undefined ? undefined : qrLines(link, stderr.columns() - 2, color);
  if (link === undefined || lines === undefined) return [];
  return [`  on a phone        ${link}`, "", ...lines.map((line) => `  ${line}`), ""];
}

/** What the last run left behind: ends that were torn, and bodies that are not what was said. */
export function printRecovery(
  context: Context,
  { accounts, history }: Pick<OpenFolder, "accounts" | "history">,
): void {
  for (const { file, droppedBytes, tornPath } of [...accounts.recovered, ...history.recovered]) {
    say(
      context,
      `${file} ended in ${droppedBytes} bytes that were never acknowledged; now in ${tornPath}`,
    );
    if (context.json) context.stdout.write(renderJson({ kind: "recovered", droppedBytes, file }));
  }
  for (const seq of accounts.damaged) {
    say(
      context,
      `the body of account record ${seq} is damaged: what it said is not known any more`,
    );
    if (context.json) context.stdout.write(renderJson({ kind: "damaged", seq, log: "accounts" }));
  }
  for (const seq of history.damaged) {
    say(context, `the body of record ${seq} is damaged and is served as such`);
    if (context.json) context.stdout.write(renderJson({ kind: "damaged", seq }));
  }
}
