/** `chat serve`, which runs a server. */

import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { toBase64Url } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { SERVER_NAME_BYTES_MAX, WELCOME_BYTES_MAX } from "../base/limits.ts";
import { SIBLINGS_ANSWER_TIMEOUT_MS } from "../base/limits-cluster.ts";
import { checkNewPassword } from "../base/new-names.ts";
import { quoteText } from "../base/text.ts";
import { defined } from "../base/values.ts";
import { VERSION } from "../base/version.ts";
import {
  defineVerb,
  enumFlag,
  type FlagDefs,
  type FlagValues,
  flag,
  noFlag,
  stringFlag,
} from "../cli/command.ts";
import { otherClusterAddresses } from "../cli/connect/invite.ts";
import {
  externalHosts,
  lanAddresses,
  listenHosts,
  ownAddresses,
  reachableHosts,
} from "../cli/connect/own-addresses.ts";
import { type Context, endSignalLine, printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { displayRecord } from "../cli/output/records.ts";
import { recordJson, renderJson } from "../cli/output/render.ts";
import { printJson } from "../cli/output/result.ts";
import { ROOM_PASSWORD, readSecret } from "../cli/secrets.ts";
import { announceServer } from "../cli/serve/announce.ts";
import { clusterConfig, NATS_FLAGS, SAFETY_FLAGS } from "../cli/serve/cluster.ts";
import { linksWithinLimit } from "../cli/serve/descriptors.ts";
import {
  loadServerSettings,
  type OpenFolder,
  openFolder,
  postLimits,
} from "../cli/serve/folder.ts";
import {
  checkIrcListening,
  IRC_FLAGS,
  type IrcEndpoint,
  ircAddress,
  ircEndpoints,
  type OpenIrcListener,
  openIrcListeners,
} from "../cli/serve/irc.ts";
import { checkListening, type OpenListeners, openListeners } from "../cli/serve/listen.ts";
import { checkNatsSync } from "../cli/serve/nats-sync.ts";
import { type Offer, openOffer, PROGRAM_TARGETS, programFile } from "../cli/serve/offer.ts";
import {
  type JoinInfo,
  operatorLink,
  printDamaged,
  printJoinInfo,
  printRecovery,
  programAddress,
  ServePrinter,
  webAddress,
} from "../cli/serve/print.ts";
import { HTTPS_PORT, hostCheck, hostNames, parsePublic } from "../cli/serve/public.ts";
import { PUSH_FLAGS, pushContact, pushDelivery } from "../cli/serve/push.ts";
import { dailyQuotasOf, QUOTA_FLAGS, quotasOf } from "../cli/serve/quotas.ts";
import { withSettings } from "../cli/serve/settings.ts";
import { reportStats } from "../cli/serve/stats.ts";
import { loadPage, namedPage } from "../cli/web/page.ts";
import { LOBBY } from "../core/rooms/rooms.ts";
import {
  type CertificatePair,
  certificatePin,
  checkCertificatePair,
} from "../crypto/certificate.ts";
import { hashPassword, verifyPassword } from "../crypto/password.ts";
import { sha256 } from "../crypto/sha256.ts";
import { openBlobStore } from "../io/blob/blob-store.ts";
import { delay } from "../io/clock.ts";
import { readNamedFile, readSmallFile, writeSmallFile } from "../io/disk/data-folder.ts";
import { SpareDescriptors } from "../io/disk/descriptors.ts";
import { systemDisk } from "../io/disk/system-disk.ts";
import { systemEntropy } from "../io/entropy.ts";
import { certificateHashOf } from "../io/link/certificate-hash.ts";
import type { LineSocket } from "../io/link/line-socket.ts";
import { announceLocalServer } from "../io/state/local-servers.ts";
import { isLoopback } from "../io/ws/address.ts";
import type { FileQuotas } from "../server/files/quotas.ts";
import { type HttpOptions, httpHandler } from "../server/http/handler.ts";
import type { ProgramSource } from "../server/http/programs.ts";
import { migrateToCluster, sealedFolder } from "../server/sealed/buckets.ts";
import type { ServerOptions } from "../server/server.ts";
import { Server } from "../server/server.ts";
import { formatFingerprint } from "../wire/fingerprint.ts";
import { checkHost } from "../wire/host.ts";
import {
  formatAddress,
  formatInvite,
  PORT_DEFAULT,
  quoteInvite,
  type ServerAddress,
  type ServerSpec,
} from "../wire/invite.ts";

export const SERVE_FLAGS = {
  host: stringFlag("ADDR", "Address to listen on (Default: all IPv4 and IPv6 addresses)"),
  port: stringFlag("PORT", `Port to listen on; 0 for any free port (Default: ${PORT_DEFAULT})`, {
    integer: { min: 0, max: 65_535 },
    alias: "p",
  }),
  data: stringFlag("DIR", "Data folder", { default: "./data" }),
  name: stringFlag("NAME", "Server name"),
  roomPasswordFile: stringFlag("FILE", "Server password file; - for stdin"),
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
    "UDP congestion control: bbr (fast on lossy paths) or cubic (fair)",
  ),
  public: stringFlag("HOST[:PORT]", "Public host name or address; invites use the first", {
    many: true,
  }),
  inviteVia: enumFlag(["tcp", "udp"], "Transport that clients with the invite try first"),
  verbose: flag("Print counters once per second for each connection"),
  quiet: flag("Print events, but not users' messages"),
  discovery: noFlag("Do not announce the server on the LAN"),
  offer: stringFlag("DIR", "Offer downloads of the release or the programs in this folder"),
  postsPerSecond: stringFlag("N", "Maximum messages per second per account", {
    integer: { min: 1, max: 10_000_000 },
  }),
  ...IRC_FLAGS,
  ...NATS_FLAGS,
  ...SAFETY_FLAGS,
  ...PUSH_FLAGS,
  ...QUOTA_FLAGS,
} as const satisfies FlagDefs;

type ServeArgs = FlagValues<typeof SERVE_FLAGS>;

export const command = defineVerb({
  args: SERVE_FLAGS,
  details: `Settings can also be in settings.toml in the data folder (port = 2500), or in the
environment (CHAT_SERVE_PORT=2500).`,
  async run(values, context, byFlag) {
    const args = mergeSettings(values, byFlag, context);
    checkArgs(args);
    parsePublic(args.public);
    const irc = ircEndpoints(args);
    const files = quotasOf(args);
    // Refuse an invalid size before anything is opened.
    dailyQuotasOf(args);
    const offer = args.offer === undefined ? undefined : openOffer(args.offer);
    if (args.push !== undefined) pushContact(args.push);
    context.continueWithoutOutput(); // The server continues when the reader of its output exits.
    const entropy = systemEntropy();
    const requestedPassword = await readSecret(context, ROOM_PASSWORD, args.roomPasswordFile);
    const certificate = readPair(args);
    warnAboutOtherServer(context, args.data);
    if (!existsSync(join(args.data, "format.json"))) {
      if (requestedPassword !== undefined) checkNewPassword(requestedPassword);
      const port = args.port ?? PORT_DEFAULT;
      await checkListening({ hosts: listenHosts(args.host), port });
      await checkIrcListening(irc, context.clock);
    }
    const { clock } = context;
    const hosts = lanAddresses(ownAddresses());
    const clusterArgs = args.nats.length === 0 ? undefined : clusterConfig(args, args.unsafeNats);
    const cluster = clusterArgs && { ...clusterArgs, filesBytesMax: files.totalBytesMax };
    if (cluster !== undefined) await checkNatsSync(context, cluster);
    const open = await openFolder({
      path: args.data,
      clock,
      entropy,
      certificate,
      hosts,
      newIdentity: args.newIdentity,
      acceptsLoss: args.acceptLoss,
      onWriteError: (fault) => printNotice(context, `${fault.message}; ${fault.remedy}`),
      ...defined({ postsPerSecond: args.postsPerSecond, cluster }),
    });
    try {
      const names = { name: args.name, roomPassword: requestedPassword };
      const isShared = open.cluster !== undefined && open.history.head() > 0 && !args.open;
      const settings = loadServerSettings(open.folder.path, names, entropy, isShared);
      const roomPassword = args.open ? undefined : settings.roomPassword;
      return await serve(context, args, open, {
        name: settings.name,
        roomPassword,
        files,
        offer,
        irc,
      });
    } finally {
      await open.close();
    }
  },
});

function mergeSettings(
  values: ServeArgs,
  byFlag: ReadonlySet<string>,
  { env }: Context,
): ServeArgs {
  // Safe, because each value is checked against the same definitions.
  return withSettings({ definitions: SERVE_FLAGS, values, byFlag, env }) as ServeArgs;
}

interface ServerSetup {
  readonly name: string;
  readonly roomPassword: string | undefined;
  readonly files: FileQuotas;
  readonly offer: Offer | undefined;
  readonly irc: readonly IrcEndpoint[];
}

async function serve(
  context: Context,
  args: ServeArgs,
  open: OpenFolder,
  { name, roomPassword, files, offer, irc }: ServerSetup,
): Promise<number> {
  const printer = new ServePrinter(context, open.registry, { quiet: args.quiet });
  const finished = Promise.withResolvers<Fault | undefined>();
  const { identity } = open;
  const operatorToken = newOperatorToken(open.folder.path);
  const operatorLink = toBase64Url(systemEntropy()(16));
  const builtInPage = await loadPage();
  const page = builtInPage === undefined ? undefined : namedPage(builtInPage, name);
  const settings = {
    name,
    version: VERSION,
    welcome: args.welcome,
    roomPassword,
    operatorToken,
    operatorLink,
    files,
    ...postLimits(args.postsPerSecond),
    ...defined({ build: page?.build }),
    ...dailyQuotasOf(args),
  };
  let cluster: readonly ServerAddress[] = [];
  let joinDetails: JoinInfo | undefined;
  const writeInvite = () => {
    if (joinDetails === undefined) return;
    const invite = withClusterAddresses(joinDetails.invite, cluster);
    writeSmallFile(join(open.folder.path, "invite"), `${quoteInvite(invite)}\n`);
  };
  const isPrivateAllowed = args.pushPrivate;
  const push =
    args.push === undefined
      ? undefined
      : {
          delivery: pushDelivery(identity, { contact: pushContact(args.push), isPrivateAllowed }),
          file: { disk: systemDisk(), folder: open.folder.path },
        };
  const linksMax = linksWithinLimit(context);
  const server = newServer(
    context,
    open,
    { ...settings, linksMax },
    {
      ...defined({ programs: offer && programSource(args, open, offer), push }),
      onEvent: (event) => {
        if (event.kind === "failed") finished.resolve(event.fault);
        printer.event(event);
      },
      onClusterChange: (addresses) => {
        cluster = addresses;
        try {
          writeInvite();
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          // The server continues with the old certificate if the new one is invalid.
          printNotice(context, `${error.message}; ${error.remedy}`);
        }
      },
    },
  );
  void open.cluster?.stopped.then((fault) => {
    // Stop only if the disk failed. After other faults, the data remains readable.
    if (fault.code.startsWith("store-")) finished.resolve(fault);
    else printNotice(context, `${fault.message}; this server is now read-only: ${fault.remedy}`);
  });
  if (open.cluster !== undefined) {
    await migrateToCluster({ disk: systemDisk(), folder: sealedPath(open) }, open.cluster.sealed);
  }
  await server.start();
  const opened = await listen(context, args, open, server, { name, page, irc });
  const { port, irc: ircListeners } = opened;
  server.setAddresses(() => publicAddresses(args, port));
  const ownJoinInfo = joinInfo(args, open, opened, { name, roomPassword, operatorLink, offer });
  open.cluster?.setAddress(formatAddress(ownJoinInfo.invite));
  // Other nodes need time to answer before the invite can contain their addresses.
  if (open.cluster !== undefined) await delay(context.clock, SIBLINGS_ANSWER_TIMEOUT_MS);
  joinDetails = { ...ownJoinInfo, invite: withClusterAddresses(ownJoinInfo.invite, cluster) };
  writeInvite();
  const withdraw = announceLocalServer(
    {
      pid: process.pid,
      // Without TLS all clients connect through the proxy, including clients on this machine.
      host: args.tls || !joinDetails.isPublic ? joinDetails.local.host : joinDetails.invite.host,
      port: args.tls || !joinDetails.isPublic ? port : joinDetails.invite.port,
      fingerprint: identity.fingerprint,
      data: open.folder.path,
      home: context.settings().folders.data,
      startedUnixMs: context.clock.unixMs(),
      irc: ircListeners.map((listener) => ircAddress(listener, ownJoinInfo.local.host)),
    },
    context.env,
  );
  const release = context.onSignal((signal) => {
    endSignalLine(context, signal);
    finished.resolve(undefined);
  });
  saveLastData(context, open.folder.path);
  printListening(context, joinDetails, open);
  void offer?.programs.list();
  if (reachableHosts(args.host, ownAddresses()).lacksIpv6) {
    printNotice(
      context,
      "this machine has only IPv6; add --host :: so that other machines can connect",
    );
  }
  const { host = "::", discovery } = args;
  const needs = roomPassword === undefined ? "open" : "password";
  const { fingerprint } = identity;
  const announcement = discovery
    ? announceServer(context, { name, fingerprint, needs, host, port })
    : undefined;
  open.verify().then(
    (damaged) => printDamaged(context, damaged),
    (error) => {
      if (!(error instanceof Fault)) throw error;
      finished.resolve(error);
    },
  );
  const { clock } = context;
  const stopStats = args.verbose ? reportStats(clock, printer, () => server.peers()) : undefined;
  try {
    const fault = await finished.promise;
    await Promise.all([server.stop(), announcement?.stop()]);
    stopStats?.();
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
  open: OpenFolder,
  settings: ServerOptions["settings"],
  handlers: Pick<ServerOptions, "onEvent" | "onClusterChange" | "programs" | "push">,
): Server {
  const { folder, identity, logs, cluster, archive, rooms, registry, engine, provable } = open;
  const disk = systemDisk(new SpareDescriptors());
  return new Server({
    clock,
    entropy: systemEntropy(),
    identity,
    settings,
    ...logs,
    archive,
    rooms,
    registry,
    engine,
    provable,
    passwords: { hash: hashPassword, verify: verifyPassword },
    stateFiles: { disk, folder: folder.path },
    blobs: openBlobStore({ disk, folder: join(folder.path, "files"), sha256 }),
    sealed: cluster?.sealed ?? sealedFolder({ disk, folder: sealedPath(open) }),
    ...defined({
      sequencer: cluster?.sequencer,
      siblings: cluster?.siblings,
      contents: cluster?.contents,
    }),
    recordLine: (record, { name = "" }) => {
      const from = registry.nameOf(record.head.by);
      return renderJson(recordJson(displayRecord(record, { from, destination: { room: name } })));
    },
    ...handlers,
  });
}

function withClusterAddresses(invite: ServerSpec, cluster: readonly ServerAddress[]): ServerSpec {
  const also = otherClusterAddresses(invite, cluster);
  return also.length === 0 ? invite : { ...invite, also };
}

function sealedPath({ folder }: OpenFolder): string {
  return join(folder.path, "sealed");
}

/**
 * Any user of this machine who can read the token's file is an operator. The token is never
 * printed.
 */
function newOperatorToken(data: string): string {
  const token = toBase64Url(systemEntropy()(32));
  writeSmallFile(join(data, "operator"), `${token}\n`);
  return token;
}

interface OpenServerListeners extends OpenListeners {
  readonly irc: readonly OpenIrcListener[];
}

async function listen(
  context: Context,
  args: ServeArgs,
  open: OpenFolder,
  server: Server,
  { irc, ...httpOptions }: Pick<HttpOptions, "name" | "page"> & Pick<ServerSetup, "irc">,
): Promise<OpenServerListeners> {
  const fingerprint = formatFingerprint(open.identity.fingerprint);
  const proxyCertificate = args.proxyCert === undefined ? undefined : readPem(args.proxyCert);
  const gateway = irc.length === 0 ? undefined : server.openIrc();
  const opened = await openListeners(
    {
      hosts: listenHosts(args.host),
      port: args.port ?? PORT_DEFAULT,
      certificate: args.tls ? open.certificate : undefined,
      proxyCertificate,
      udp: args.udp ? (args.udpCc ?? "bbr") : undefined,
      isHost: hostCheck(hostNames(args, open.certificate.certPem, proxyCertificate)),
      http: (port) => httpHandler({ ...httpOptions, fingerprint, port, ...server.http }),
      ...defined({ irc: gateway && ((socket: LineSocket) => gateway.socket(socket)) }),
    },
    server.sessions,
  );
  for (const listener of opened.listeners) server.listen(listener);
  const { udpFault } = opened;
  if (udpFault !== undefined) printNotice(context, `${udpFault.message}; continuing with TCP only`);
  const { clock } = context;
  const { certificate } = open;
  const ircListeners = gateway && openIrcListeners(irc, gateway, { clock, certificate });
  for (const { listener, scheme } of ircListeners ?? []) {
    gateway?.add(listener, scheme === "ircs" ? certificateHashOf(certificate.certPem) : undefined);
  }
  return { ...opened, irc: ircListeners ?? [] };
}

/**
 * Without TLS only a proxy connects to the port, so `--public` provides the only public address.
 */
function publicAddresses(args: ServeArgs, port: number): ServerAddress[] {
  const publicAddress = parsePublic(args.public, args.tls ? port : HTTPS_PORT);
  const hosts = args.tls ? externalHosts(args.host, ownAddresses()) : [];
  return [...publicAddress, ...hosts.map((host) => ({ host, port }))];
}

interface JoinOptions extends Pick<ServerSetup, "name" | "roomPassword" | "offer"> {
  readonly operatorLink: string;
}

function joinInfo(
  args: ServeArgs,
  open: OpenFolder,
  opened: OpenServerListeners,
  options: JoinOptions,
): JoinInfo {
  const { port, listeners, irc } = opened;
  const reachable = reachableHosts(args.host, ownAddresses());
  const local: ServerSpec = { host: reachable.local, port, portGiven: true };
  const { fingerprint } = open.identity;
  const { roomPassword } = options;
  const [publicAddress] = parsePublic(args.public, args.tls ? port : HTTPS_PORT);
  const invite: ServerSpec = {
    host: publicAddress?.host ?? reachable.external,
    port: publicAddress?.port ?? port,
    portGiven: true,
    room: LOBBY,
    fingerprint,
    ...defined({ transport: args.inviteVia, secret: roomPassword }),
  };
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
    ...downloadsOf(args, open, options.offer),
  };
}

function downloadsOf(
  args: ServeArgs,
  open: OpenFolder,
  offer: Offer | undefined,
): Pick<JoinInfo, "downloads"> {
  if (offer === undefined) return {};
  const { programs, release } = offer;
  const pin = pinOf(args, open);
  return { downloads: { programs: programs.present(), release, ...defined({ pin }) } };
}

function programSource(
  args: ServeArgs,
  open: OpenFolder,
  { programs, release }: Offer,
): ProgramSource {
  return {
    list: () => programs.list(),
    open: (name) => programs.open(name),
    release: release && { version: release.version, pin: pinOf(args, open) },
  };
}

/** Returns `undefined` if curl can verify the operator's certificate without a pin. */
function pinOf(args: ServeArgs, open: OpenFolder): string | undefined {
  const isCertified = args.cert !== undefined || !args.tls;
  return isCertified ? undefined : certificatePin(open.certificate.certPem);
}

function printListening(context: Context, joinDetails: JoinInfo, open: OpenFolder): void {
  const { local, invite, fingerprint, tls, udp, irc, data } = joinDetails;
  if (context.json) {
    const { host, port } = local;
    printJson(context, {
      kind: "listening",
      url: formatInvite(local),
      host,
      port,
      web: webAddress(joinDetails),
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
  } else {
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

function checkArgs(args: ServeArgs): void {
  if (args.open && args.roomPasswordFile !== undefined) {
    throw usageFault("--open and --room-password-file cannot be combined", "use only one of them");
  }
  if ((args.cert === undefined) !== (args.key === undefined)) {
    throw usageFault("--cert and --key require each other", "specify both");
  }
  const flags = [
    ...(args.unsafeNats ? ["--unsafe-nats"] : []),
    ...(args.natsCreds === undefined ? [] : ["--nats-creds"]),
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
  checkHost(host, host.includes(":") ? "v6" : "v4-or-name");
  if (!args.tls && !isLoopback(host)) {
    throw usageFault("--no-tls requires a loopback address", "add --host 127.0.0.1");
  }
  if (args.proxyCert !== undefined && args.tls) {
    throw usageFault("--proxy-cert requires --no-tls", "add --no-tls");
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

function readPair({ cert, key }: ServeArgs): CertificatePair | undefined {
  if (cert === undefined || key === undefined) return undefined;
  const pair = { certPem: readPem(cert), keyPem: readPem(key) };
  checkCertificatePair(pair);
  return pair;
}

function readPem(path: string): string {
  const text = readNamedFile(path);
  if (text !== undefined) return text;
  throw new Fault("file-unknown", `no such file: ${quoteText(path)}`, { remedy: "check the path" });
}

function saveLastData(context: Context, path: string): void {
  const { state } = context.settings().folders;
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 });
    writeSmallFile(join(state, "last-data"), `${path}\n`);
  } catch {
    // The server can run without this file, which is only used to display a notice.
  }
}

/** Users who create a new server are often in the wrong folder by mistake. */
function warnAboutOtherServer(context: Context, data: string): void {
  const { state } = context.settings().folders;
  const file = join(state, "last-data");
  const path = resolve(data);
  const last = readSmallFile(file)?.trimEnd();
  const hasData = readSmallFile(join(path, "format.json")) !== undefined;
  // A node of a cluster shares the identity of the other nodes, so it is not a new server.
  const isNode = readSmallFile(join(path, "identity.key")) !== undefined;
  if (!hasData && !isNode && last !== undefined && last !== path && mayHoldServer(last)) {
    printNotice(context, `new server; to run your previous one: chat serve --data ${last}`);
  }
}

/** Returns true if the folder cannot be read, for example on a failed disk. */
function mayHoldServer(folder: string): boolean {
  try {
    return readSmallFile(join(folder, "format.json")) !== undefined;
  } catch {
    return true;
  }
}
