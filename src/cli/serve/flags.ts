/** Flags of `chat serve`, which settings.toml and the environment can also set. */

import { hostname } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { Fault } from "../../base/fault.ts";
import {
  LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX,
  POSTS_PER_SECOND,
  SERVER_NAME_BYTES_MAX,
  WELCOME_BYTES_MAX,
} from "../../base/limits.ts";
import { parseSize } from "../../base/sizes.ts";
import { quoteText } from "../../base/text.ts";
import { defined } from "../../base/values.ts";
import {
  type CertificatePair,
  certificateNames,
  checkCertificatePair,
} from "../../crypto/certificate.ts";
import { readNamedFile } from "../../io/disk/data-folder.ts";
import { absolutePath } from "../../io/disk/working-folder.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { QUOTAS_DEFAULT } from "../../server/files/quotas.ts";
import type { FileQuotas } from "../../server/kernel/context.ts";
import { isHostOf, parseHost } from "../../wire/host.ts";
import { HTTPS_PORT, PORT_DEFAULT, parseServerSpec, type ServerSpec } from "../../wire/invite.ts";
import {
  type AnyFlagValue,
  enumFlag,
  type FlagDef,
  type FlagDefs,
  type FlagValues,
  flag,
  flagName,
  noFlag,
  stringFlag,
} from "../command.ts";
import { usageFault } from "../errors.ts";
import { checkDecoded, parseFlagValue } from "../parser.ts";
import { parseToml } from "../settings.ts";
import { nearestWord } from "../suggest.ts";
import { NATS_FLAGS, SAFETY_FLAGS } from "./cluster-config.ts";
import { IRC_FLAGS } from "./irc.ts";
import { PUSH_FLAGS } from "./push.ts";

/** Without a file quota, only the disk space limits the files. */
const QUOTA_FLAGS = {
  fileMax: stringFlag("SIZE", "Maximum size of a file, such as 2G (Default: unlimited)"),
  filesPerUser: stringFlag(
    "SIZE",
    "Maximum size of all files per user (Default: half of --files-total)",
  ),
  filesTotal: stringFlag("SIZE", "Maximum size of all files (Default: unlimited)"),
  historyPerDay: stringFlag("SIZE", "Maximum history that a user may read per day (Default: 4GiB)"),
  textsPerDay: stringFlag("SIZE", "Maximum messages that a user may post per day (Default: 64MiB)"),
  keepFree: stringFlag("SIZE", "Disk space to keep free of files and messages (Default: 256MiB)"),
} as const satisfies FlagDefs;

export function quotasOf(args: FlagValues<typeof QUOTA_FLAGS>): FileQuotas {
  const size = (key: keyof typeof QUOTA_FLAGS, otherwise: number) =>
    args[key] === undefined ? otherwise : sizeOf(args[key], flagName(key));
  const { fileBytesMax, freeBytesMin } = QUOTAS_DEFAULT;
  const totalBytesMax = size("filesTotal", QUOTAS_DEFAULT.totalBytesMax);
  return {
    fileBytesMax: Math.min(size("fileMax", fileBytesMax), fileBytesMax),
    userBytesMax: size("filesPerUser", totalBytesMax / 2),
    totalBytesMax,
    freeBytesMin: size("keepFree", freeBytesMin),
  };
}

export function dailyQuotasOf(args: FlagValues<typeof QUOTA_FLAGS>) {
  const size = (key: "historyPerDay" | "textsPerDay") =>
    args[key] === undefined ? undefined : sizeOf(args[key], flagName(key));
  return defined({
    historyBytesPerDay: size("historyPerDay"),
    textsBytesPerDay: size("textsPerDay"),
  });
}

function sizeOf(text: string, flag: string): number {
  try {
    return parseSize(text);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault("usage", `--${flag}: ${error.message}`, { remedy: error.remedy, cause: error });
  }
}

export const SERVE_FLAGS = {
  host: stringFlag("ADDR", "Address to listen on (Default: all IPv4 and IPv6 addresses)", {
    parse: parseHost,
  }),
  port: stringFlag("PORT", `Port to listen on; 0 for any free port (Default: ${PORT_DEFAULT})`, {
    integer: { min: 0, max: 65_535 },
    alias: "p",
  }),
  data: stringFlag("DIR", "Data folder", { default: "./data" }),
  name: stringFlag("NAME", "Server name (Default: the last one, at first the host name)"),
  roomPasswordFile: stringFlag(
    "FILE",
    "Server password file; - for stdin (Default: the last one, at first a generated one)",
  ),
  open: flag("Do not require a server password"),
  welcome: stringFlag("TEXT", "Welcome message"),
  cert: stringFlag("FILE", "TLS certificate (PEM)"),
  key: stringFlag("FILE", "Private key of the TLS certificate (PEM)"),
  newIdentity: flag("Create a new identity, signed by the old one"),
  tls: noFlag("Disable TLS (loopback only)"),
  proxyCert: stringFlag("FILE", "Certificate of the TLS proxy (PEM)"),
  acceptLoss: flag("Start despite lost messages; clients must accept the loss"),
  udp: noFlag("Do not listen on UDP"),
  udpCc: enumFlag(
    ["bbr", "cubic"],
    "UDP congestion control: bbr (fast on lossy paths) or cubic (fair) (Default: bbr)",
  ),
  public: stringFlag("HOST[:PORT]", "Public host name or address; invites use the first", {
    many: true,
  }),
  inviteVia: enumFlag(["tcp", "udp"], "Transport that clients with the invite try first"),
  verbose: flag("Print counters once per second for each connection; on the board, connections"),
  plain: flag("Print lines instead of the board"),
  wall: flag("Begin with the board's wall, which fills the screen for a projector"),
  quiet: flag("Print events, but not users' messages"),
  httpPort: stringFlag("N", "Port of a plain HTTP page that leads to the real one; usually 80", {
    integer: { min: 0, max: 65_535 },
  }),
  discovery: noFlag("Do not announce the server on the LAN"),
  offer: stringFlag("DIR", "Offer downloads of the release or the programs in this folder"),
  postsPerSecond: stringFlag(
    "N",
    `Maximum messages per second per account (Default: ${POSTS_PER_SECOND})`,
    { integer: { min: 1, max: 10_000_000 } },
  ),
  linksPerAddress: stringFlag(
    "N",
    "Maximum connections per address, as of a school behind one router (Default: 3/4 of all)",
    { integer: { min: 1, max: 1_000_000 } },
  ),
  loginsPerAddress: stringFlag(
    "N",
    "Maximum connections per address that have not logged in " +
      `(Default: ${LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX})`,
    { integer: { min: 1, max: 1_024 } },
  ),
  ...IRC_FLAGS,
  ...NATS_FLAGS,
  ...SAFETY_FLAGS,
  ...PUSH_FLAGS,
  ...QUOTA_FLAGS,
} as const satisfies FlagDefs;

export type ServeArgs = FlagValues<typeof SERVE_FLAGS>;

export function checkArgs(args: ServeArgs): void {
  if (args.open && args.roomPasswordFile !== undefined) {
    throw usageFault("--open and --room-password-file cannot be combined", "use only one of them");
  }
  if ((args.cert === undefined) !== (args.key === undefined)) {
    throw usageFault("--cert and --key require each other", "specify both");
  }
  const flags = [
    ...(args.unsafeNats ? ["--unsafe-nats"] : []),
    ...(args.natsCreds === undefined ? [] : ["--nats-creds"]),
    ...(args.natsCa === undefined ? [] : ["--nats-ca"]),
    ...(args.natsCert === undefined ? [] : ["--nats-cert"]),
    ...(args.natsKey === undefined ? [] : ["--nats-key"]),
    ...(args.natsMonitor.length === 0 ? [] : ["--nats-monitor"]),
  ];
  const [flag] = args.nats.length === 0 ? flags : [];
  if (flag !== undefined) {
    throw usageFault(`${flag} requires --nats`, "add --nats nats://HOST:4222");
  }
  if (args.pushPrivate && args.push === undefined) {
    throw usageFault("--push-private requires --push", "add --push you@example.org");
  }
  const { host = "::" } = args;
  if (!args.tls && !isLoopback(host)) {
    throw usageFault("--no-tls requires a loopback address", "add --host 127.0.0.1");
  }
  if (args.name?.trim() === "") {
    throw usageFault("the server's name is empty", "remove --name");
  }
  checkBytes("a server's name", args.name, SERVER_NAME_BYTES_MAX);
  checkBytes("a welcome", args.welcome, WELCOME_BYTES_MAX);
}

function checkBytes(label: string, text: string | undefined, max: number): void {
  if (Buffer.byteLength(text ?? "") <= max) return;
  throw usageFault(`${label} can have at most ${max} bytes`, "shorten it");
}

export function readPair({ cert, key }: ServeArgs): CertificatePair | undefined {
  if (cert === undefined || key === undefined) return undefined;
  const pair = { certPem: readPem(cert), keyPem: readPem(key) };
  checkCertificatePair(pair);
  return pair;
}

export function readPem(path: string): string {
  const text = readNamedFile(path);
  if (text !== undefined) return text;
  throw new Fault("file-unknown", `no such file: ${quoteText(path)}`, { remedy: "check the path" });
}

/**
 * Parses `--public HOST[:PORT]`.
 * @throws {Fault} usage
 */
export function parsePublic(
  texts: readonly string[],
  port = HTTPS_PORT,
): Pick<ServerSpec, "host" | "port">[] {
  return texts.map((text) => {
    if (text.includes("/")) {
      throw usageFault(
        `${quoteText(text)} is not a host`,
        "write --public HOST or --public HOST:PORT",
      );
    }
    const address = parseServerSpec(text);
    return { host: address.host, port: address.portGiven ? address.port : port };
  });
}

export function hostNames(
  args: { readonly host?: string | undefined; readonly public: readonly string[] },
  certPem: string | undefined,
): string[] {
  const certified = certPem === undefined ? [] : certificateNames(certPem);
  const host = args.host === undefined ? [] : [args.host];
  return [...host, ...parsePublic(args.public).map(({ host }) => host), ...certified];
}

/** Accepts the names of this machine and `names`. */
export function hostCheck(names: readonly string[]): (header: string | null) => boolean {
  const own = hostname();
  const [label = own] = own.split(".");
  const hostNamesKnown = new Set(
    [own, label, ...names].map((name) => name.toLowerCase().replace(/\.$/, "")),
  );
  return (header) => isHostOf(hostNamesKnown, header);
}

const PREFIX = "CHAT_SERVE_";
const TRUE = new Set(["true", "yes", "on", "1"]);
const FALSE = new Set(["false", "no", "off", "0"]);

/**
 * settings.toml cannot name its own folder, and an action meant for one start must not repeat at
 * each start.
 */
const NOT_IN_FILE = new Set(["data", "newIdentity", "acceptLoss"]);
const NOT_IN_ENVIRONMENT = new Set(["newIdentity", "acceptLoss"]);

type Values = Readonly<Record<string, AnyFlagValue>>;
type Environment = Readonly<Record<string, string | undefined>>;

/** @internal */
export function variableOf(key: string): string | undefined {
  if (NOT_IN_ENVIRONMENT.has(key)) return undefined;
  return `${PREFIX}${flagName(key).replaceAll("-", "_").toUpperCase()}`;
}

/**
 * `undefined` if settings.toml cannot set the flag.
 * @internal
 */
export function settingOf(key: string): string | undefined {
  return NOT_IN_FILE.has(key) ? undefined : flagName(key);
}

interface SettingsSources {
  readonly definitions: FlagDefs;
  readonly values: Values;
  readonly byFlag: ReadonlySet<string>;
  readonly env: Environment;
}

/**
 * Merges settings by precedence: flag, environment, settings.toml in the data folder, default.
 * @throws {Fault} usage, naming the variable, or file, line and key
 */
export function withSettings({ definitions, values, byFlag, env }: SettingsSources): Values {
  const byEnvironment = fromEnvironment(definitions, env);
  const data = byFlag.has("data") ? values["data"] : (byEnvironment["data"] ?? values["data"]);
  const byFile = fromFile(definitions, join(String(data), "settings.toml"));
  const overriding = new Set([...byFlag, ...Object.keys(byEnvironment)]);
  const merged: Record<string, AnyFlagValue> = { ...values };
  for (const key of Object.keys(definitions)) {
    if (byFlag.has(key)) continue;
    const value =
      byEnvironment[key] ?? (isOverridden(key, overriding, env) ? undefined : byFile[key]);
    if (value !== undefined) merged[key] = value;
  }
  return merged;
}

function isOverridden(key: string, stronger: ReadonlySet<string>, env: Environment): boolean {
  const hasPassword = Boolean(env["CHAT_ROOM_PASSWORD"]);
  if (key === "open") return hasPassword || stronger.has("roomPasswordFile");
  return key === "roomPasswordFile" && (hasPassword || stronger.has("open"));
}

function fromEnvironment(definitions: FlagDefs, env: Environment): Record<string, AnyFlagValue> {
  const keys = keysBy(definitions, variableOf);
  const values: Record<string, AnyFlagValue> = {};
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || !text) continue;
    const key = keys.get(variable);
    if (key === undefined) throw unknownFault("variable", variable, [...keys.keys()]);
    checkDecoded(text, variable, () => false);
    values[key] = parseText(definitions[key], text, variable);
  }
  return values;
}

function parseText(definition: FlagDef | undefined, text: string, name: string): AnyFlagValue {
  if (definition === undefined) return undefined;
  if (definition.many) return text.split(/[\s,]+/).filter((word) => word !== "");
  if (definition.type !== "boolean") return parseValue(text, definition, name);
  if (TRUE.has(text.toLowerCase())) return true;
  if (FALSE.has(text.toLowerCase())) return false;
  throw usageFault(`invalid value for ${name}: ${quoteText(text)}`, "use true or false");
}

function fromFile(definitions: FlagDefs, path: string): Record<string, AnyFlagValue> {
  const text = readNamedFile(path);
  if (text === undefined) return {};
  const keys = keysBy(definitions, settingOf);
  const values: Record<string, AnyFlagValue> = {};
  const file = parseToml(text, path, 'name = "Room 12"');
  for (const [setting, value] of Object.entries(file.values)) {
    const position = file.position(setting);
    const key = keys.get(setting);
    const definition = key === undefined ? undefined : definitions[key];
    if (key === undefined || definition === undefined) {
      throw unknownFault(`setting in ${position}`, setting, [...keys.keys()]);
    }
    const parsed = parseTomlValue(definition, value, `${setting} (${position})`);
    values[key] = isPath(definition) ? resolvePath(String(parsed), path) : parsed;
  }
  return values;
}

function parseTomlValue(definition: FlagDef, value: unknown, name: string): AnyFlagValue {
  if (definition.many) {
    const items = Array.isArray(value) ? value : [value];
    if (items.every((item) => typeof item === "string")) return items;
    throw usageFault(`${name} must be a list of strings`, 'write it as ["one", "two"]');
  }
  if (definition.type === "boolean") {
    if (typeof value === "boolean") return value;
    throw usageFault(`${name} must be true or false`, "write it without quotes");
  }
  const isNumber = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  if (definition.integer !== undefined) {
    if (typeof value === "number") return parseValue(String(value), definition, name);
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const { min, max } = definition.integer;
    const remedy = `use a number from ${min} to ${max}, without quotes`;
    throw usageFault(`invalid value for ${name}: ${quoteText(text)}`, remedy);
  }
  const text = isNumber && definition.valueHint === "SIZE" ? String(value) : value;
  if (typeof text === "string") return parseValue(text, definition, name);
  throw usageFault(`${name} must be a string`, "put it in quotes");
}

function parseValue(text: string, definition: FlagDef, name: string): AnyFlagValue {
  if (definition.valueHint !== "SIZE") return parseFlagValue(text, definition, name);
  try {
    parseSize(text);
    return text;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw usageFault(`${name}: ${error.message}`, error.remedy);
  }
}

function isPath(definition: FlagDef): boolean {
  return definition.valueHint === "FILE";
}

function resolvePath(path: string, file: string): string {
  return path === "-" ? path : absolutePath(isAbsolute(path) ? path : join(dirname(file), path));
}

function keysBy(
  definitions: FlagDefs,
  nameOf: (key: string) => string | undefined,
): Map<string, string> {
  const pairs = Object.keys(definitions).map((key) => [nameOf(key), key] as const);
  return new Map(pairs.flatMap(([name, key]) => (name === undefined ? [] : [[name, key]])));
}

function unknownFault(kind: string, name: string, names: readonly string[]): Fault {
  const suggestion = nearestWord(name, names);
  return usageFault(
    `unknown ${kind}: ${quoteText(name)}`,
    suggestion === undefined ? "see chat serve --help" : `did you mean ${suggestion}?`,
  );
}
