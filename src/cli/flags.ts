/** Flags that several commands share. */

import { isDisplayName } from "../base/display-names.ts";
import { msg } from "../base/fault.ts";
import { checkName, foldName, isName, type Name, parseTarget, type Target } from "../base/names.ts";
import { checkTypedName, proposeName } from "../base/new-names.ts";
import { parseTime, type TimeContext } from "../base/parse-time.ts";
import { LOBBY } from "../core/rooms/rooms.ts";
import { isSeq } from "../ui/command.ts";
import { type Fingerprint, parseFingerprint } from "../wire/fingerprint.ts";
import { parseServerSpec, type ServerSpec } from "../wire/invite.ts";
import { argument, enumFlag, type FlagDefs, flag, noFlag, stringFlag } from "./command.ts";
import type { Context } from "./context.ts";
import { usageFault } from "./errors.ts";

export const GLOBAL_FLAGS = {
  json: flag("Print NDJSON, one object per line"),
  color: noFlag("Disable colours"),
  debug: flag("Show stack traces"),
} as const satisfies FlagDefs;

export const TRANSPORT_FLAG = enumFlag(
  ["auto", "tcp", "udp"],
  "Transport; auto tries TCP, then UDP",
);

export const SERVER_FLAGS = {
  server: stringFlag("SERVER", "HOST, HOST:PORT, https://HOST:PORT/ or an invite", { alias: "s" }),
  user: stringFlag("NAME", "Your user name", { alias: "u" }),
  transport: TRANSPORT_FLAG,
  fingerprint: stringFlag("FP", "Expected fingerprint of the server"),
  passwordFile: stringFlag("FILE", "Password file; - for stdin"),
  roomPasswordFile: stringFlag("FILE", "Server password file; - for stdin"),
} as const satisfies FlagDefs;

export const THREAD_FLAG = stringFlag("SEQ", "Reply only in the thread of this message");

/**
 * Parses the number of a message to which only one target can reply.
 * @throws {Fault} usage
 */
export function parseThread(text: string | undefined, targets: number): number | undefined {
  if (text === undefined) return undefined;
  const seq = text.replace(/^#/, "");
  if (!isSeq(seq)) {
    throw usageFault(msg`--thread needs the number of a message`, msg`add it after --thread`);
  }
  if (targets > 1) throw usageFault(msg`--thread needs one target`, msg`send it to each target`);
  return Number(seq);
}

/**
 * Parses a user name, with or without its @.
 * @throws {Fault} name-invalid
 */
export function parseUserName(text: string): Name {
  return checkName(text.replace(/^@/, ""), "person's name");
}

export const SERVER_ARGUMENT = argument("HOST, HOST:PORT, https://HOST:PORT/ or an invite", {
  required: false,
  valueHint: "SERVER",
});

export const PATHS_ARGUMENT = argument("Files and folders; - for stdin", {
  many: true,
  valueHint: "PATH",
});

export interface ServerFlags {
  readonly server?: string | undefined;
  readonly user?: string | undefined;
  readonly transport?: "auto" | "tcp" | "udp" | undefined;
  readonly fingerprint?: string | undefined;
}

interface ServerOptions {
  /** `undefined` selects the local server, the server used last, or a server found on the LAN. */
  readonly address: ServerSpec | undefined;
  readonly user: Name | undefined;
  /** Typed in place of a name, from which `user` was derived. */
  readonly displayName: string | undefined;
  readonly transport: "auto" | "tcp" | "udp";
  readonly fingerprint: Fingerprint | undefined;
}

/**
 * The precedence is flags and arguments, CHAT_… variables, config.toml.
 * @param takesDisplayName whether the user may be named by a display name
 * @throws {Fault} usage, name-invalid
 */
export function serverOptions(
  context: Context,
  flags: ServerFlags,
  argument?: string,
  takesDisplayName = false,
): ServerOptions {
  const { env } = context;
  const { config } = context.settings();
  const invite = nonEmpty(env["CHAT_INVITE"]);
  const server =
    argument ?? flags.server ?? invite ?? nonEmpty(env["CHAT_SERVER"]) ?? config.server;
  const address = server === undefined ? undefined : parseServerSpec(server);
  const user = flags.user ?? nonEmpty(env["CHAT_USER"]) ?? config.user;
  const { fingerprint } = flags;
  const named = user === undefined ? undefined : namedUser(user, takesDisplayName);
  return {
    address,
    user: named?.user,
    displayName: named?.displayName,
    transport: transportOf(context, flags.transport, address),
    fingerprint: fingerprint === undefined ? address?.fingerprint : parseFingerprint(fingerprint),
  };
}

interface NamedUser {
  /** Name of an account, or a proposal if it is named by its display name. */
  readonly user: Name;
  readonly displayName: string | undefined;
}

/** @throws {Fault} name-invalid */
export function namedUser(text: string, takesDisplayName: boolean): NamedUser {
  const name = text.trim();
  const isDisplay = takesDisplayName && !isName(name) && isDisplayName(name);
  return {
    user: isDisplay ? proposeName(name) : checkTypedName(name),
    displayName: isDisplay ? name : undefined,
  };
}

export function transportOf(
  context: Context,
  flag: ServerOptions["transport"] | undefined,
  address: ServerSpec | undefined,
): ServerOptions["transport"] {
  const only = address?.isTransportFixed === true ? address.transport : undefined;
  return flag ?? only ?? context.settings().config.transport ?? "auto";
}

/**
 * Returns the lobby if there are no texts.
 * @throws {Fault} name-invalid
 */
export function parseTargets(texts: readonly string[]): Target[] {
  const targets = (texts.length === 0 ? [LOBBY] : texts).map(parseTarget);
  return [
    ...new Map(
      targets.map((target) => [`${target.kind} ${foldName(target.name)}`, target]),
    ).values(),
  ];
}

export function timeFlag(
  context: Pick<Context, "clock" | "offsetMinutes">,
  text: string | undefined,
  edge: NonNullable<TimeContext["edge"]>,
): number | undefined {
  if (text === undefined) return undefined;
  const { clock, offsetMinutes } = context;
  return parseTime(text, { nowUnixMs: clock.unixMs(), offsetMinutes, edge });
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

export const YES_FLAG = { yes: flag("Do not prompt for confirmation") } as const satisfies FlagDefs;

/** @throws {Fault} usage if there is no terminal and no `--yes` */
export async function confirmAction(
  context: Context,
  { yes }: { readonly yes: boolean },
  question: string,
): Promise<boolean> {
  if (yes) return true;
  if (context.terminal === undefined) {
    throw usageFault("this cannot be undone", "add --yes to confirm");
  }
  return context.terminal.confirm(question);
}
