/** How to join a server: links, commands and notices, printed when the server is ready. */

import { realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { hexPairs } from "../../base/bytes.ts";
import { defined } from "../../base/values.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import { shortPath } from "../../io/disk/working-folder.ts";
import { isAppendOnly } from "../../io/terminal/terminal-type.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { installCommand } from "../../ui/text/install-command.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import {
  encodeSecret,
  formatAddress,
  formatInvite,
  HTTPS_PORT,
  PORT_DEFAULT,
  quoteInvite,
  type ServerAddress,
  type ServerSpec,
} from "../../wire/invite.ts";
import {
  externalHosts,
  type OwnAddress,
  otherClusterAddresses,
  ownAddresses,
  reachableHosts,
} from "../connect/invite.ts";
import { type Context, printNotice } from "../context.ts";
import { qrLines } from "../output/qr.ts";
import { printJson } from "../output/result.ts";
import { parsePublic, type ServeArgs } from "./flags.ts";
import type { OpenFolder } from "./folder.ts";
import { ircAddress, type OpenIrcListener } from "./irc.ts";
import type { OpenListeners } from "./listen.ts";
import type { NamedCertificate } from "./local-root.ts";
import {
  type OfferedPrograms,
  type OfferedRelease,
  PROGRAM_TARGETS,
  pinOf,
  programFile,
} from "./offer.ts";
import { printRecovery } from "./recovery.ts";

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
  /** Certificate for browsers that trust the server's root. */
  readonly named?: Pick<NamedCertificate, "name" | "rootSha256">;
  /** Token that makes the first account whose page has it an operator. */
  readonly operatorToken: string;
}

function webAddress({ local, tls, invite, isPublic }: JoinInfo): string {
  return isPublic ? pageAddress(invite) : `${tls ? "https" : "http"}://${formatAddress(local)}/`;
}

function pageAddress({ host, port }: ServerSpec): string {
  const address = formatAddress({ host, port });
  return `https://${port === HTTPS_PORT ? address.slice(0, -`:${port}`.length) : address}/`;
}

function programAddress(joinInfo: JoinInfo): string {
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

function trustedAddress({ named, local }: JoinInfo): string | undefined {
  return named && `https://${named.name}:${local.port}/`;
}

function trustLines(joinInfo: JoinInfo): string[] {
  const { named } = joinInfo;
  if (named === undefined) return [];
  return [
    `  without warning   ${trustedAddress(joinInfo)} on devices that followed /trust`,
    "  root certificate  SHA-256, to compare before you install it:",
    `    ${hexPairs(named.rootSha256)}`,
  ];
}

/** The token is in the fragment, which browsers never send. */
function operatorLink(joinInfo: JoinInfo): string {
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
  const path = shortPath(program);
  return path.includes(sep) ? path : `.${sep}${path}`;
}

/**
 * Secrets are printed only on a terminal, because piped output is often stored in a file. The QR
 * code comes last, so that it is complete on an 80×24 screen however many lines precede it.
 */
function printJoinInfo(context: Context, joinInfo: JoinInfo): void {
  const { stderr } = context;
  if (!stderr.isTerminal) {
    const { name, local, data } = joinInfo;
    printNotice(
      context,
      `'${name}' is listening on ${formatAddress(local)}; invite: ${join(data, "invite")}`,
    );
    return;
  }
  const { name, data } = joinInfo;
  const code = codeLines(context, inviteLink(joinInfo));
  const besideCode = code === undefined ? undefined : sideBySide(code, joinInfo, context);
  const lines = [
    `'${name}' is running (Ctrl-C to stop). Data folder: ${data}`,
    ...detailLines(joinInfo),
    ...(besideCode ?? [...joinLines(joinInfo, context.env), ...(code ?? [])]),
  ];
  stderr.write(`${lines.join("\n")}\n`);
}

/** Long lines, and those that only some need. */
function detailLines(joinInfo: JoinInfo): string[] {
  return [
    remoteCommand(joinInfo),
    ...programLines(joinInfo),
    `  fingerprint       ${joinInfo.fingerprint}`,
    ...trustLines(joinInfo),
    `  to be an operator ${operatorLink(joinInfo)} (works once, for 1 hour)`,
  ];
}

/** How people join, for the board. */
export interface JoinAddresses {
  readonly page: string;
  /** `undefined` if anybody may register. */
  readonly password: string | undefined;
  /** Command for other machines that asks for the password. */
  readonly command: string | undefined;
  /** Command with the secret, for one line to send. */
  readonly inviteCommand: string | undefined;
  /** Page address with the secret, for a QR code; `undefined` if other machines cannot reach it. */
  readonly link: string | undefined;
  readonly operatorLink: string;
  /** Further addresses, each with its label. */
  readonly others: readonly (readonly [label: string, text: string])[];
}

/** @param secret replaces the server's password */
export function joinAddresses(joinInfo: JoinInfo, secret?: string): JoinAddresses {
  const invite = secret === undefined ? joinInfo.invite : { ...joinInfo.invite, secret };
  const { host, port } = invite;
  const { tls, isPublic, irc } = joinInfo;
  const link = inviteLink({ ...joinInfo, invite });
  const address = formatAddress({ host, port });
  const server = port === PORT_DEFAULT ? address.slice(0, -`:${port}`.length) : address;
  const trusted = trustedAddress(joinInfo);
  const { programs: [program] = [] } = joinInfo.downloads ?? {};
  return {
    page: link === undefined ? webAddress(joinInfo) : pageAddress(invite),
    password: joinInfo.roomPassword,
    command: tls || isPublic ? `chat join ${server} --user YOUR-NAME` : undefined,
    inviteCommand: tls || isPublic ? `chat join ${quoteInvite(invite)}` : undefined,
    link,
    operatorLink: operatorLink(joinInfo),
    others: [
      ...irc.map((text) => ["IRC", text] as const),
      ...(trusted === undefined ? [] : [["no warning", `${trusted} after /trust`] as const]),
      ...(program === undefined ? [] : [["program", programAddress(joinInfo)] as const]),
    ],
  };
}

/** Lines of the join information without a QR code. */
export function joinText(joinInfo: JoinInfo, env: Context["env"]): readonly string[] {
  const { name, data } = joinInfo;
  const title = `'${name}' is running. Data folder: ${data}`;
  return [title, ...detailLines(joinInfo), ...joinLines(joinInfo, env)];
}

interface Ways {
  readonly here: readonly string[];
  readonly elsewhere: readonly string[];
  readonly irc: readonly string[];
  readonly password: string;
}

/** The addresses of the page, with the command for this machine. */
function waysIn(joinInfo: JoinInfo, env: Context["env"]): Ways {
  const { roomPassword, irc, isPublic } = joinInfo;
  const command = localCommand(joinInfo, env);
  const page = webAddress(joinInfo);
  return {
    here: [...(isPublic ? [] : [page]), ...(command === undefined ? [] : [command])],
    elsewhere: inviteLink(joinInfo) === undefined ? [] : [pageAddress(joinInfo.invite)],
    irc,
    password: roomPassword ?? "none: any user may register",
  };
}

function joinLines(joinInfo: JoinInfo, env: Context["env"]): string[] {
  const { here, irc, password } = waysIn(joinInfo, env);
  const link = inviteLink(joinInfo);
  return [
    ...here.map((line) => `  on this computer  ${line}`),
    ...irc.map((address) => `  in an IRC client  ${address}`),
    `  server password   ${password}`,
    ...(link === undefined ? [] : [`  phones and others ${link}`]),
  ];
}

function sideBySide(code: string[], joinInfo: JoinInfo, context: Context): string[] | undefined {
  const { here, elsewhere, irc, password } = waysIn(joinInfo, context.env);
  const shortLines = [
    "",
    ...headed("on this computer", here),
    ...headed("phones and others: scan this, or", elsewhere),
    ...headed("in an IRC client", irc),
    ...headed("server password", [password]),
  ];
  const width = Bun.stringWidth(code[0] ?? "") + 2;
  const fits = shortLines.every((line) => width + Bun.stringWidth(line) < context.stderr.columns());
  if (!fits || shortLines.length > code.length) return undefined;
  return code.map((line, row) => `${line}  ${shortLines[row] ?? ""}`.trimEnd());
}

function headed(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [heading, ...lines.map((line) => `  ${line}`)];
}

function codeLines({ stderr, env }: Context, link: string | undefined): string[] | undefined {
  const color = !env["NO_COLOR"] && !isAppendOnly(env);
  const lines = link === undefined ? undefined : qrLines(link, stderr.columns() - 2, color);
  return lines?.map((line) => `  ${line}`);
}

export function withClusterAddresses(
  invite: ServerSpec,
  cluster: readonly ServerAddress[],
): ServerSpec {
  const also = otherClusterAddresses(invite, [...cluster, ...(invite.also ?? [])]);
  return also.length === 0 ? invite : { ...invite, also };
}

/**
 * Without TLS only a proxy connects to the port, so `--public` provides the only public address.
 */
export function publicAddresses(args: ServeArgs, port: number): ServerAddress[] {
  const publicAddress = parsePublic(args.public, args.tls ? port : HTTPS_PORT);
  const hosts = args.tls ? externalHosts(args.host, ownAddresses()) : [];
  return [...publicAddress, ...hosts.map((host) => ({ host, port }))];
}

export interface OpenServerListeners extends OpenListeners {
  readonly irc: readonly OpenIrcListener[];
}

export function joinInfo(
  args: ServeArgs,
  open: OpenFolder,
  opened: OpenServerListeners,
  options: Pick<JoinInfo, "name" | "roomPassword"> & {
    readonly own: readonly OwnAddress[];
    readonly offer: OfferedPrograms | undefined;
    readonly operatorLink: string;
    readonly named: NamedCertificate | undefined;
  },
): JoinInfo {
  const { port, listeners, irc } = opened;
  const reachable = reachableHosts(args.host, options.own);
  const local: ServerSpec = { host: reachable.local, port, portGiven: true };
  const { fingerprint } = open.identity;
  const { roomPassword } = options;
  const [publicAddress] = parsePublic(args.public, args.tls ? port : HTTPS_PORT);
  const invite = ownInvite(args, { port, fingerprint, roomPassword, own: options.own });
  return {
    name: options.name,
    local,
    invite,
    isPublic: publicAddress !== undefined,
    fingerprint: formatFingerprint(fingerprint),
    roomPassword,
    tls: args.tls,
    udp: listeners.some(({ transport }) => transport === "udp"),
    irc: irc.map((listener) => ircAddress(listener, invite.host)),
    data: open.folder.path,
    operatorToken: options.operatorLink,
    ...defined({ named: options.named }),
    ...downloadsOf(args, open, options.offer),
  };
}

interface InviteOptions {
  readonly port: number;
  readonly fingerprint: Fingerprint;
  readonly roomPassword: string | undefined;
  readonly own: readonly OwnAddress[];
}

/** Invite with the public address, or with this machine's addresses. */
export function ownInvite(
  args: Pick<ServeArgs, "host" | "public" | "tls" | "inviteVia">,
  { port, fingerprint, roomPassword, own }: InviteOptions,
): ServerSpec {
  const reachable = reachableHosts(args.host, own);
  const [publicAddress] = parsePublic(args.public, args.tls ? port : HTTPS_PORT);
  return {
    host: publicAddress?.host ?? reachable.external,
    port: publicAddress?.port ?? port,
    portGiven: true,
    room: LOBBY,
    fingerprint,
    ...defined({
      also: publicAddress === undefined ? alsoOf(reachable.also, port) : undefined,
      transport: args.inviteVia,
      secret: roomPassword,
    }),
  };
}

function alsoOf(hosts: readonly string[], port: number): ServerAddress[] | undefined {
  return hosts.length === 0 ? undefined : hosts.map((host) => ({ host, port }));
}

function downloadsOf(
  args: ServeArgs,
  open: OpenFolder,
  offer: OfferedPrograms | undefined,
): Pick<JoinInfo, "downloads"> {
  if (offer === undefined) return {};
  const { programs, release } = offer;
  const pin = pinOf(args, open);
  return { downloads: { programs: programs.present(), release, ...defined({ pin }) } };
}

/** @param isBoard whether a board shows how to join */
export function printListening(
  context: Context,
  joinDetails: JoinInfo,
  open: OpenFolder,
  isBoard = false,
): void {
  const { local, invite, fingerprint, tls, udp, irc, data } = joinDetails;
  if (context.json) {
    const { host, port } = local;
    printJson(context, {
      kind: "listening",
      url: formatInvite(local),
      host,
      port,
      web: webAddress(joinDetails),
      trustedWeb: trustedAddress(joinDetails),
      rootSha256: joinDetails.named?.rootSha256,
      program: joinDetails.downloads && programAddress(joinDetails),
      operatorLink: operatorLink(joinDetails),
      udp,
      tls,
      irc: irc.length === 0 ? undefined : irc,
      fingerprint,
      invite: formatInvite(invite),
      data,
      cluster: open.cluster?.name,
      node: open.cluster?.node,
      pid: process.pid,
    });
  } else if (!isBoard) {
    printJoinInfo(context, joinDetails);
  }
  if (joinDetails.downloads?.programs.length === 0) {
    printNotice(
      context,
      `the --offer folder contains none of ${PROGRAM_TARGETS.map(programFile).join(", ")} yet`,
    );
  }
  if (joinDetails.downloads?.release?.isVerified === false) {
    printNotice(context, "--offer: not verified, as this program was built without a release key");
  }
  printRecovery(context, open);
}
