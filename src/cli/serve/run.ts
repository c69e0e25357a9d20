/** Runs a server on an open data folder until a signal or a fault ends it. */

import { join } from "node:path";
import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { DESCRIPTORS_RESERVED, LINKS_MAX } from "../../base/limits.ts";
import { SIBLINGS_ANSWER_TIMEOUT_MS } from "../../base/limits-cluster.ts";
import { defined } from "../../base/values.ts";
import { VERSION } from "../../base/version.ts";
import { hashPassword, verifyPassword } from "../../crypto/password.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { GROUP_INFOS } from "../../io/backup/copy.ts";
import { openBlobStore } from "../../io/blob/blob-store.ts";
import { type Clock, delay, every } from "../../io/clock.ts";
import { removedFault, writeSmallFile } from "../../io/disk/data-folder.ts";
import { descriptorLimit, SpareDescriptors } from "../../io/disk/descriptors.ts";
import { watchPresence } from "../../io/disk/presence.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import { systemEntropy } from "../../io/entropy.ts";
import { certificateHashOf } from "../../io/link/certificate-hash.ts";
import type { LineSocket } from "../../io/link/line-socket.ts";
import type { LinkCounters, Listener } from "../../io/link/link.ts";
import { announceLocalServer } from "../../io/state/local-servers.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { type HttpOptions, httpHandler, startPageHandler } from "../../server/http/handler.ts";
import type { FileQuotas } from "../../server/kernel/context.ts";
import { migrateToCluster, sealedFolder } from "../../server/sealed/buckets.ts";
import { Server, type ServerOptions } from "../../server/server.ts";
import type { ClientConnection } from "../../server/session/client-connection.ts";
import { encode } from "../../wire/codec.ts";
import { formatFingerprint } from "../../wire/fingerprint.ts";
import { formatAddress, PORT_DEFAULT, quoteInvite, type ServerAddress } from "../../wire/invite.ts";
import {
  lanAddresses,
  listenHosts,
  ownAddresses,
  reachableHosts,
  reachWarning,
  routedOwnAddresses,
} from "../connect/invite.ts";
import { type Context, endSignalLine, printNotice } from "../context.ts";
import { printKeyWarning, serverKeyWarning } from "../exposure.ts";
import { displayRecord } from "../output/records.ts";
import { recordJson, renderJson } from "../output/render.ts";
import { countersLine } from "../output/stats.ts";
import { GuidePages } from "../web/guide-pages.ts";
import { loadPage, namedPage } from "../web/page.ts";
import { Certificates } from "./certificates.ts";
import { dailyQuotasOf, type ServeArgs } from "./flags.ts";
import { type OpenFolder, postLimits } from "./folder.ts";
import { type IrcEndpoint, ircAddress, openIrcListeners } from "./irc.ts";
import {
  type JoinInfo,
  joinInfo,
  type OpenServerListeners,
  ownInvite,
  printListening,
  publicAddresses,
  withClusterAddresses,
} from "./join-info.ts";
import { saveLastData } from "./last-data.ts";
import { announceServer, listenHttp, openListeners } from "./listen.ts";
import { type OfferedPrograms, programSource } from "./offer.ts";
import { watchInvite } from "./own-invite.ts";
import { ServePrinter } from "./print.ts";
import { pushContact, pushDelivery } from "./push.ts";
import { printDamaged } from "./recovery.ts";
import type { ServerBoard } from "./server-board.ts";

interface ServerSetup {
  readonly name: string;
  readonly roomPassword: string | undefined;
  readonly files: FileQuotas;
  readonly offer: OfferedPrograms | undefined;
  readonly irc: readonly IrcEndpoint[];
  /** Shows the server's events instead of printed lines. */
  readonly board: ServerBoard | undefined;
}

export async function runServer(
  context: Context,
  args: ServeArgs,
  open: OpenFolder,
  { name, roomPassword, files, offer, irc, board }: ServerSetup,
): Promise<number> {
  const printer = new ServePrinter(context, open.registry, { quiet: args.quiet });
  const finished = Promise.withResolvers<Fault | undefined>();
  const { identity } = open;
  const operatorToken = newOperatorToken(open.folder.path);
  printKeyWarning(context, serverKeyWarning(open.folder.path));
  const operatorLink = toBase64Url(systemEntropy()(16));
  const builtInPage = await loadPage();
  const page = builtInPage === undefined ? undefined : namedPage(builtInPage, name, args.welcome);
  const certificates = await Certificates.open({ context, args, open, title: name });
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
    linksMax: linksWithinLimit(context),
    ...defined({ linksPerAddress: args.linksPerAddress, loginsPerAddress: args.loginsPerAddress }),
    hasCertificateFailed: args.cert === undefined ? undefined : () => certificates.hasFailed,
    proxyCertificates: args.proxyCert === undefined ? undefined : certificates.proxyHashes,
  };
  let cluster: readonly ServerAddress[] = [];
  let joinDetails: JoinInfo | undefined;
  const writeInvite = () => {
    if (joinDetails === undefined) return;
    const invite = withClusterAddresses(joinDetails.invite, cluster);
    writeSmallFile(join(open.folder.path, "invite"), `${quoteInvite(invite)}\n`);
  };
  const { pushPrivate: isPrivateAllowed } = args;
  const push =
    args.push === undefined ? undefined : { contact: pushContact(args.push), isPrivateAllowed };
  const server = newServer(context, open, settings, {
    ...defined({
      programs: offer && programSource(args, open, offer),
      push: push && {
        delivery: pushDelivery(identity, push),
        file: { disk: systemDisk(), folder: open.folder.path },
      },
    }),
    onEvent: (event) => {
      if (event.kind === "failed") finished.resolve(event.fault);
      (board ?? printer).event(event);
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
  });
  void open.cluster?.stopped.then((fault) => {
    // Stop only if the disk failed, or another server has the same name. After other faults, the
    // data remains readable.
    if (fault.code.startsWith("store-") || fault.code === "data-foreign") finished.resolve(fault);
    else {
      const text = `${fault.message}; this server is now read-only: ${fault.remedy}`;
      printNotice(context, text);
      board?.setFault("store", text);
    }
  });
  if (open.cluster !== undefined) {
    await migrateToCluster({ disk: systemDisk(), folder: sealedPath(open) }, open.cluster.sealed);
  }
  await server.start();
  const opened = await listen(context, args, open, server, { name, page, irc, certificates });
  const unwatch = certificates.watch((tls) => server.setCertificate(tls));
  const { port, irc: ircListeners } = opened;
  const start = listenForStartPage(context, args, server, certificates, { name, port });
  server.setAddresses(() => publicAddresses(args, port));
  const { named } = certificates;
  const own = await routedOwnAddresses();
  const ownJoinInfo = joinInfo(args, open, opened, {
    own,
    name,
    roomPassword,
    operatorLink,
    offer,
    named,
  });
  open.cluster?.setAddress(formatAddress(ownJoinInfo.invite));
  open.cluster?.setDiskFault(() => server.diskFault);
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
    if (board === undefined) endSignalLine(context, signal);
    finished.resolve(undefined);
  });
  saveLastData(context, open.folder.path);
  board?.start({
    server,
    open,
    records: (from) => open.logs.history.read(from),
    joinInfo: () => joinDetails ?? ownJoinInfo,
    hasNetwork: () =>
      isLoopback(ownJoinInfo.invite.host) || lanAddresses(ownAddresses()).length > 0,
    hasCertificateFailed: () => args.cert !== undefined && certificates.hasFailed,
    stop: () => finished.resolve(undefined),
  });
  printListening(context, joinDetails, open, board !== undefined);
  void offer?.programs.list();
  const { lacksIpv6, external } = reachableHosts(args.host, own);
  const warning = lacksIpv6
    ? "this machine has only IPv6; add --host :: so that other machines can connect"
    : joinDetails.isPublic || !args.tls
      ? undefined
      : reachWarning(args.host, external);
  if (warning !== undefined) printNotice(context, warning);
  const { host = "::" } = args;
  const needs = roomPassword === undefined ? "open" : "password";
  const { fingerprint } = identity;
  const announcement = args.discovery
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
  const stopInvite = watchInvite({
    clock,
    first: ownJoinInfo.invite,
    make: async () => {
      const own = await routedOwnAddresses();
      return ownInvite(args, { port, fingerprint, roomPassword, own });
    },
    onChange: (invite) => {
      joinDetails = { ...ownJoinInfo, invite };
      open.cluster?.setAddress(formatAddress(invite));
      writeInvite();
      const address = formatAddress(invite);
      printNotice(context, `the address is now ${address}; new invite: ${join(path, "invite")}`);
    },
    onFault: ({ message, remedy }) => printNotice(context, `${message}; ${remedy}`),
  });
  const { lock, path } = open.folder;
  const stopWatch = watchPresence(
    clock,
    () => open.isPresent(),
    () => finished.resolve(removedFault(path)),
  );
  const printsStats = args.verbose && board === undefined;
  const stopStats = printsStats ? reportStats(clock, printer, () => server.peers()) : undefined;
  try {
    const fault = await finished.promise;
    await board?.close();
    const isPresent = lock.isPresent();
    // Stopping writes files, which would create a removed folder again.
    if (isPresent) await Promise.all([server.stop(), start?.stop(), announcement?.stop()]);
    stopStats?.();
    stopWatch();
    stopInvite();
    unwatch();
    printer.flush();
    if (fault !== undefined) throw fault;
    return 0;
  } finally {
    release();
    withdraw(open.folder.lock.isPresent());
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
    stateFiles: { disk, folder: folder.path, isPresent: folder.lock.isPresent },
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

function sealedPath({ folder }: OpenFolder): string {
  return join(folder.path, GROUP_INFOS.folder);
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

async function listen(
  context: Context,
  args: ServeArgs,
  open: OpenFolder,
  server: Server,
  {
    irc,
    certificates,
    ...httpOptions
  }: Pick<HttpOptions, "name" | "page"> &
    Pick<ServerSetup, "irc"> & { readonly certificates: Certificates },
): Promise<OpenServerListeners> {
  const fingerprint = formatFingerprint(open.identity.fingerprint);
  const { tls } = certificates;
  const gateway = irc.length === 0 ? undefined : server.openIrc();
  const guides = new GuidePages();
  const opened = await openListeners(
    {
      hosts: listenHosts(args.host),
      port: args.port ?? PORT_DEFAULT,
      certificate: args.tls ? tls : undefined,
      proxyCertificate: args.tls ? undefined : tls?.certPem,
      udp: args.udp ? (args.udpCc ?? "bbr") : undefined,
      isHost: (header) => certificates.isHost(header),
      http: (port) =>
        httpHandler({
          ...httpOptions,
          fingerprint,
          port,
          root: () => certificates.named,
          guides,
          ...server.http,
        }),
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

/** Continues without the page if the port cannot be bound, which often requires rights. */
function listenForStartPage(
  context: Context,
  { host, httpPort }: ServeArgs,
  { sessions }: Server,
  certificates: Certificates,
  server: { readonly name: string; readonly port: number },
): Listener | undefined {
  if (httpPort === undefined) return undefined;
  const hasRoot = () => certificates.named !== undefined;
  const handle = startPageHandler({ ...server, hasRoot });
  try {
    const where = { hosts: listenHosts(host), port: httpPort };
    return listenHttp(where, handle, (remote) => sessions.acceptsRequest(remote));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    printNotice(context, `${error.message}; continuing without the page on that port`);
    return undefined;
  }
}

/**
 * Each connection and each open file needs a descriptor. Prints a notice if the system allows fewer
 * than LINKS_MAX connections. `limit` is already the hard limit, because Bun raises the soft limit.
 */
function linksWithinLimit(
  context: Pick<Context, "stderr">,
  limit: number | undefined = descriptorLimit(),
): number {
  if (limit === undefined) return LINKS_MAX;
  const links = Math.max(DESCRIPTORS_RESERVED, limit - 2 * DESCRIPTORS_RESERVED);
  if (limit < LINKS_MAX) {
    printNotice(
      context,
      `this system allows ${limit} open files, enough for ${links} connections; ` +
        "raise it with ulimit -n, or LimitNOFILE= of systemd",
    );
  }
  return Math.min(LINKS_MAX, links);
}

const DASHBOARD_INTERVAL_MS = 1_000;

const PING_BYTES = encode({ kind: "ping" }).length;

/**
 * Maximum number of packets per second from an idle client, for pings and acknowledgements. A file
 * transfer on a data channel needs more.
 */
const IDLE_PACKETS_MAX = 16;

interface Traffic {
  readonly bytes: string;
  readonly packets: number;
}

function trafficOf(counters: LinkCounters): Traffic {
  const { sentBytes, sentMessages, receivedBytes, receivedMessages } = counters;
  const sent = sentBytes - sentMessages * PING_BYTES;
  const bytes = `${sent},${receivedBytes - receivedMessages * PING_BYTES}`;
  return { bytes: bytes, packets: (counters.sentPackets ?? 0) + (counters.receivedPackets ?? 0) };
}

function isActive(now: Traffic, before: Traffic | undefined): boolean {
  if (before === undefined || now.bytes !== before.bytes) return true;
  return now.packets - before.packets > IDLE_PACKETS_MAX;
}

/**
 * Implements `--verbose`: once a second, prints acknowledged requests and transport counters for
 * each active link.
 * @returns function that stops the output
 */
function reportStats(
  clock: Clock,
  printer: Pick<ServePrinter, "line">,
  peers: () => Iterable<ClientConnection>,
): () => void {
  let previous = new Map<number, Traffic>();
  return every(clock, DASHBOARD_INTERVAL_MS, () => {
    const current = new Map<number, Traffic>();
    for (const peer of peers()) {
      if (peer.channel !== undefined || peer.handshake === undefined) continue;
      const counters = peer.link.counters();
      const traffic = trafficOf(counters);
      current.set(peer.id, traffic);
      if (!isActive(traffic, previous.get(peer.id))) continue;
      const { address, transport } = peer.origin;
      const user = peer.account?.name;
      const { acknowledged } = peer;
      const fields = defined({ user, address: formatAddress(address), transport, acknowledged });
      const label = Object.values({ ...fields, acknowledged: `ACK ${acknowledged}:` }).join(" ");
      printer.line("stats", { ...fields, ...counters }, `${label} ${countersLine(counters)}`);
    }
    previous = current;
  });
}
