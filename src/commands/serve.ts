import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { toBase64Url } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { SERVER_NAME_BYTES_MAX, WELCOME_BYTES_MAX } from "../base/limits.ts";
import { quoteText } from "../base/text.ts";
import { VERSION } from "../base/version.ts";
import { LOBBY } from "../core/room.ts";
import type { CertificatePair } from "../crypto/certificate.ts";
import { hashPassword, verifyPassword } from "../crypto/password.ts";
import { sha256 } from "../crypto/sha256.ts";
import { openBlobStore } from "../io/blob-store.ts";
import { readSmallFile, writeSmallFile } from "../io/data-folder.ts";
import { systemDisk } from "../io/disk-file.ts";
import { systemEntropy } from "../io/entropy.ts";
import { announceLocalServer } from "../io/local-servers.ts";
import { type HttpOptions, httpHandler } from "../server/http.ts";
import type { FileQuotas } from "../server/quotas.ts";
import { Server } from "../server/server.ts";
import type { ServerEvent } from "../server/server-event.ts";
import type { ServerOptions } from "../server/server-options.ts";
import { formatFingerprint } from "../wire/fingerprint.ts";
import { checkHost } from "../wire/host.ts";
import { formatInvite, PORT_DEFAULT, quoteInvite, type ServerAddress } from "../wire/invite.ts";
import { type Context, say } from "./_context.ts";
import { lanAddresses, ownAddresses, reachableAt } from "./_own-addresses.ts";
import { loadPage } from "./_page.ts";
import { renderJson } from "./_render.ts";
import { ROOM_PASSWORD, readSecret } from "./_secrets.ts";
import { announceServer } from "./_serve-announce.ts";
import { keepSettings, type OpenFolder, openFolder } from "./_serve-folder.ts";
import { type Listening, openListeners } from "./_serve-listen.ts";
import {
  type Joining,
  operatorLink,
  printJoining,
  printRecovery,
  ServePrinter,
  webAddress,
} from "./_serve-print.ts";
import { QUOTA_FLAGS, quotasOf } from "./_serve-quotas.ts";
import { tellStats } from "./_serve-stats.ts";
import { defineVerb, type FlagDefs, type FlagValues } from "./_verb.ts";

const ARGS = {
  host: {
    type: "string",
    default: "0.0.0.0",
    valueHint: "ADDR",
    description: "Address to listen on",
  },
  port: {
    type: "string",
    integer: { min: 0, max: 65_535 },
    alias: "p",
    valueHint: "PORT",
    description: `Port to listen on, ${PORT_DEFAULT} if left out; 0 takes a free one`,
  },
  data: {
    type: "string",
    default: "./data",
    valueHint: "DIR",
    description: "Where everything is kept",
  },
  name: { type: "string", valueHint: "NAME", description: "What the server calls itself" },
  roomPasswordFile: { type: "string", valueHint: "F", description: "Room password; - is stdin" },
  open: { type: "boolean", description: "Ask nobody for a room password" },
  welcome: { type: "string", valueHint: "TEXT", description: "Said to whoever comes in" },
  cert: { type: "string", valueHint: "F", description: "TLS certificate, PEM" },
  key: { type: "string", valueHint: "F", description: "Its private key, PEM" },
  newIdentity: { type: "boolean", description: "Make a new identity, signed by the old one" },
  tls: { type: "boolean", default: true, negativeDescription: "Plain, on loopback only" },
  proxyCert: { type: "string", valueHint: "F", description: "What a TLS proxy in front presents" },
  udp: { type: "boolean", default: true, negativeDescription: "Do not listen on UDP" },
  udpCc: {
    type: "enum",
    options: ["bbr", "cubic"],
    description: "How UDP shares the wire: bbr (quick on lossy paths) or cubic (polite)",
  },
  inviteVia: {
    type: "enum",
    options: ["tcp", "udp"],
    description: "What the invite tells others to try first",
  },
  verbose: { type: "boolean", description: "Count, once a second and link" },
  discovery: { type: "boolean", default: true, negativeDescription: "Do not announce on the LAN" },
  postsPerSecond: {
    type: "string",
    integer: { min: 1, max: 10_000_000 },
    valueHint: "N",
    description: "Messages a second that one account may send",
  },
  ...QUOTA_FLAGS,
} as const satisfies FlagDefs;

type Args = FlagValues<typeof ARGS>;

export const command = defineVerb({
  args: ARGS,
  details: "Example: chat serve --name 'Room 12' --welcome 'Be kind.'",
  async run(args, context) {
    checkArgs(args);
    const files = quotasOf(args);
    context.outliveOutput(); // Whoever reads the log may go; the people who talk stay.
    const entropy = systemEntropy();
    const given = await readSecret(context, ROOM_PASSWORD, args.roomPasswordFile);
    const certificate = readPair(args);
    noteOtherServer(context, args.data);
    const { clock } = context;
    const hosts = lanAddresses(ownAddresses());
    const { postsPerSecond } = args;
    const open = await openFolder({
      path: args.data,
      clock,
      entropy,
      certificate,
      hosts,
      newIdentity: args.newIdentity,
      ...(postsPerSecond === undefined ? {} : { postsPerSecond }),
    });
    try {
      const names = { name: args.name, roomPassword: given };
      const settings = keepSettings(open.folder.path, names, entropy);
      const roomPassword = args.open ? undefined : settings.roomPassword;
      return await serve(context, args, open, { name: settings.name, roomPassword, files });
    } finally {
      await open.close();
    }
  },
});

interface Chosen {
  readonly name: string;
  readonly roomPassword: string | undefined;
  readonly files: FileQuotas;
}

async function serve(
  context: Context,
  args: Args,
  open: OpenFolder,
  { name, roomPassword, files }: Chosen,
): Promise<number> {
  const printer = new ServePrinter(context, open.registry);
  const ended = Promise.withResolvers<Fault | undefined>();
  const { identity } = open;
  const operatorToken = newOperatorToken(open.folder.path);
  const operatorLink = toBase64Url(systemEntropy()(16));
  const page = await loadPage();
  const settings = {
    name,
    version: VERSION,
    welcome: args.welcome,
    roomPassword,
    operatorToken,
    operatorLink,
    ...(page === undefined ? {} : { build: page.build }),
    files,
  };
  const server = newServer(context, open, settings, (event) => {
    if (event.kind === "failed") ended.resolve(event.fault);
    printer.event(event);
  });
  await server.start();
  const listening = await listen(context, args, open, server, { name, page });
  const { port } = listening;
  const joining = joiningOf(args, open, listening, { name, roomPassword, operatorLink });
  writeSmallFile(join(open.folder.path, "invite"), `${quoteInvite(joining.invite)}\n`);
  const withdraw = announceLocalServer(
    {
      pid: process.pid,
      host: joining.local.host,
      port,
      fingerprint: identity.fingerprint,
      data: open.folder.path,
      startedUnixMs: context.clock.unixMs(),
    },
    context.env,
  );
  const release = context.onSignal((signal) => {
    // The terminal has written ^C: the shell's prompt belongs on the next line.
    if (signal === "SIGINT" && context.stderr.isTerminal) context.stderr.write("\n");
    ended.resolve(undefined);
  });
  rememberData(context, open.folder.path);
  sayListening(context, joining, open);
  if (reachableAt(args.host, ownAddresses()).misses6) {
    say(context, "this machine has IPv6 alone: others reach it only with --host ::");
  }
  const { host, discovery } = args;
  const needs = roomPassword === undefined ? "open" : "password";
  const { fingerprint } = identity;
  const announced = discovery
    ? announceServer(context, { name, fingerprint, needs, host, port })
    : undefined;
  const { clock } = context;
  const silence = args.verbose ? tellStats(clock, printer, () => server.peers()) : undefined;
  try {
    const fault = await ended.promise;
    await Promise.all([server.stop(), announced?.stop()]);
    silence?.();
    printer.flush();
    if (fault !== undefined) throw fault;
    return 0;
  } finally {
    release();
    withdraw();
  }
}

function newServer(
  { clock }: Context,
  { folder, identity, history, accounts, archive, rooms, registry, hall }: OpenFolder,
  settings: ServerOptions["settings"],
  onEvent: (event: ServerEvent) => void,
): Server {
  return new Server({
    clock,
    entropy: systemEntropy(),
    identity,
    settings,
    blobs: openBlobStore({ disk: systemDisk(), folder: join(folder.path, "files"), sha256 }),
    history,
    accounts,
    archive,
    rooms,
    registry,
    hall,
    passwords: { hash: hashPassword, verify: verifyPassword },
    marks: { disk: systemDisk(), folder: folder.path },
    onEvent,
  });
}

/** Whoever can read it operates: this machine's user. New each time, and never shown. */
function newOperatorToken(data: string): string {
  const token = toBase64Url(systemEntropy()(32));
  writeSmallFile(join(data, "operator"), `${token}\n`);
  return token;
}

async function listen(
  context: Context,
  args: Args,
  open: OpenFolder,
  server: Server,
  shown: Pick<HttpOptions, "name" | "page">,
): Promise<Listening> {
  const fingerprint = formatFingerprint(open.identity.fingerprint);
  const listening = await openListeners(
    {
      host: args.host,
      port: args.port ?? PORT_DEFAULT,
      certificate: args.tls ? open.certificate : undefined,
      proxyCertificate: args.proxyCert === undefined ? undefined : readPem(args.proxyCert),
      udp: args.udp ? (args.udpCc ?? "bbr") : undefined,
      http: (port) => httpHandler({ ...shown, fingerprint, port, ...server.http }),
    },
    server,
  );
  for (const listener of listening.listeners) server.listen(listener);
  const { udpFault } = listening;
  if (udpFault !== undefined) say(context, `${udpFault.message}; TCP goes on without it`);
  return listening;
}

interface Named extends Pick<Chosen, "name" | "roomPassword"> {
  readonly operatorLink: string;
}

function joiningOf(args: Args, open: OpenFolder, listening: Listening, chosen: Named): Joining {
  const { port, listeners } = listening;
  const reachable = reachableAt(args.host, ownAddresses());
  const local: ServerAddress = { host: reachable.local, port, portGiven: true };
  const { fingerprint } = open.identity;
  const { roomPassword } = chosen;
  const invite: ServerAddress = {
    host: reachable.others,
    port,
    portGiven: true,
    ...(args.inviteVia === undefined ? {} : { transport: args.inviteVia }),
    room: LOBBY,
    fingerprint,
    ...(roomPassword === undefined ? {} : { secret: roomPassword }),
  };
  return {
    name: chosen.name,
    local,
    invite,
    fingerprint: formatFingerprint(fingerprint),
    roomPassword,
    tls: args.tls,
    udp: listeners.some(({ transport }) => transport === "udp"),
    data: open.folder.path,
    operatorToken: chosen.operatorLink,
  };
}

/** The first words: only now can clients connect. */
function sayListening(context: Context, joining: Joining, open: OpenFolder): void {
  const { local, invite, fingerprint, tls, udp, data } = joining;
  if (context.json) {
    const { host, port } = local;
    const listening = {
      kind: "listening",
      url: formatInvite(local),
      host,
      port,
      web: webAddress(joining),
      operatorLink: operatorLink(joining),
      udp,
      tls,
      fingerprint,
      invite: formatInvite(invite),
      data,
      pid: process.pid,
    };
    context.stdout.write(renderJson(listening));
  } else {
    printJoining(context, joining);
  }
  printRecovery(context, open);
}

function checkArgs(args: Args): void {
  if (args.open && args.roomPasswordFile !== undefined) {
    throw new Fault("usage", "--open and --room-password-file contradict each other", {
      remedy: "give one of them",
    });
  }
  if ((args.cert === undefined) !== (args.key === undefined)) {
    throw new Fault("usage", "--cert and --key go together", { remedy: "give both" });
  }
  checkHost(args.host, args.host.includes(":") ? "v6" : "v4-or-name");
  const isLocal = args.host === "::1" || args.host === "localhost" || args.host.startsWith("127.");
  if (!args.tls && !isLocal) {
    throw new Fault("usage", "--no-tls is for loopback only", { remedy: "add --host 127.0.0.1" });
  }
  if (args.proxyCert !== undefined && args.tls) {
    throw new Fault("usage", "--proxy-cert goes with --no-tls", { remedy: "add --no-tls" });
  }
  if (args.name?.trim() === "") {
    throw new Fault("usage", "the server's name is empty", { remedy: "leave --name out" });
  }
  checkBytes("a server's name", args.name, SERVER_NAME_BYTES_MAX);
  checkBytes("a welcome", args.welcome, WELCOME_BYTES_MAX);
}

function checkBytes(what: string, text: string | undefined, max: number): void {
  if (Buffer.byteLength(text ?? "") <= max) return;
  throw new Fault("usage", `${what} has at most ${max} bytes`, { remedy: "shorten it" });
}

function readPair({ cert, key }: Args): CertificatePair | undefined {
  if (cert === undefined || key === undefined) return undefined;
  return { certPem: readPem(cert), keyPem: readPem(key) };
}

function readPem(path: string): string {
  const text = readSmallFile(path);
  if (text !== undefined) return text;
  throw new Fault("file-unknown", `there is no file ${quoteText(path)}`, {
    remedy: "check the path",
  });
}

function rememberData(context: Context, path: string): void {
  const { state } = context.settings().folders;
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 });
    writeSmallFile(join(state, "last-data"), `${path}\n`);
  } catch {
    // It only spares a surprise later; the server runs without it.
  }
}

/** A new identity where there is one already is mostly a `cd` forgotten. */
function noteOtherServer(context: Context, data: string): void {
  const { state } = context.settings().folders;
  const file = join(state, "last-data");
  const path = resolve(data);
  const last = readSmallFile(file)?.trimEnd();
  const isHere = readSmallFile(join(path, "format.json")) !== undefined;
  if (!isHere && last !== undefined && last !== path && readSmallFile(join(last, "format.json"))) {
    say(context, `this is a new server; the one you had goes on with: chat serve --data ${last}`);
  }
}
