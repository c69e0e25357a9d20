/** Data folder: logs, snapshots and derived state. */

import { hostname } from "node:os";
import { join } from "node:path";
import { equalBytes } from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import { Fault } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import type { Name } from "../../base/names.ts";
import { checkNewPassword } from "../../base/new-passwords.ts";
import { counted } from "../../base/sizes.ts";
import { COMMIT, VERSION } from "../../base/version.ts";
import { Authors } from "../../core/cluster/authors.ts";
import { findResetCode } from "../../core/reset-codes.ts";
import { Registry } from "../../core/rooms/accounts.ts";
import { type EngineValue, RoomEngine } from "../../core/rooms/engine.ts";
import { needsBody, Rooms } from "../../core/rooms/rooms.ts";
import {
  type CertificatePair,
  checkCertificatePair,
  makeCertificate,
} from "../../crypto/certificate.ts";
import { hasSigned } from "../../crypto/checkpoint.ts";
import { Identity, verifySignature } from "../../crypto/identity.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { snapshotBytes } from "../../crypto/signed-bytes.ts";
import { lineage } from "../../crypto/succession.ts";
import { type LogArchive, openArchive } from "../../io/archive/archive.ts";
import type { Clock } from "../../io/clock.ts";
import {
  type DataFolder,
  type OnFormatRaised,
  openDataFolder,
  readSmallFile,
  writeSmallFile,
} from "../../io/disk/data-folder.ts";
import { SpareDescriptors } from "../../io/disk/descriptors.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import type { Entropy } from "../../io/entropy.ts";
import { recordedCommitment } from "../../io/log/checkpoints.ts";
import type { Log } from "../../io/log/log.ts";
import { type LogFile, openLog } from "../../io/log/log-file.ts";
import { LogProofs } from "../../io/log/proofs.ts";
import {
  type LogSnapshot,
  readSnapshot,
  type SnapshotKey,
  SnapshotWriter,
} from "../../io/log/snapshot.ts";
import type { ServerSettings } from "../../server/kernel/context.ts";
import type { Checkpoint } from "../../wire/checkpoint.ts";
import { formatFingerprint } from "../../wire/fingerprint.ts";
import { isOperatorAct } from "../../wire/kinds.ts";
import type { FoldedHead, LogRecord } from "../../wire/record.ts";
import { partlyMovedFault, preseededFiles, readMembership } from "../membership.ts";
import { quoteArgument } from "../shell-quote.ts";
import type { OpenCluster } from "./cluster.ts";
import type { ClusterConfig } from "./cluster-config.ts";
import { loadIdentity, type OpenCheckpoints, openCheckpoints } from "./identity.ts";

export interface OpenFolder {
  readonly folder: DataFolder;
  readonly identity: Identity;
  readonly certificate: CertificatePair;
  /** Log on this machine's disk; append through `logs` only. */
  readonly history: LogFile;
  readonly accounts: LogFile;
  /** In a cluster, the logs shared by all nodes; otherwise the local logs. */
  readonly logs: { readonly history: Log; readonly accounts: Log };
  readonly cluster: OpenCluster | undefined;
  readonly archive: LogArchive;
  readonly rooms: Rooms;
  readonly registry: Registry;
  readonly engine: RoomEngine;
  /** Placeholder names for accounts that the history mentions but the accounts log has lost. */
  readonly lostAccounts: readonly Name[];
  readonly provable: OpenCheckpoints["provable"];
  /**
   * Verifies the part of the history that the start took from a snapshot. Runs while the server is
   * in use.
   * @returns seqs of records with a damaged body
   * @throws {Fault} log-corrupt, store-…
   */
  verify(): Promise<readonly number[]>;
  /** Reports whether the paths of the folder and of its logs still lead to them. */
  isPresent(): boolean;
  close(): Promise<void>;
}

export interface FolderOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly certificate: CertificatePair | undefined;
  readonly hosts: readonly string[];
  readonly postsPerSecond?: number;
  readonly newIdentity?: boolean;
  /** Starts even if acknowledged records are damaged or lost; damaged records are dropped. */
  readonly acceptsLoss?: boolean;
  readonly cluster?: ClusterConfig;
  readonly isFrozen?: true;
  readonly onWriteError: (fault: Fault) => void;
  readonly onFormatRaised?: OnFormatRaised;
}

export async function openFolder(options: FolderOptions): Promise<OpenFolder> {
  checkStandaloneOptions(options);
  const allowedFiles = options.cluster === undefined ? [] : preseededFiles(options.path);
  const folder = openDataFolder(options.path, options.clock.unixMs(), allowedFiles);
  folder.format.onRaised = options.onFormatRaised ?? (() => undefined);
  let openedCluster: OpenCluster | undefined;
  try {
    return await openContents(folder, options, (cluster) => {
      openedCluster = cluster;
    });
  } catch (error) {
    await openedCluster?.close();
    folder.lock.release();
    throw error;
  }
}

/** Rates of the engine and of the IRC gateway. */
export function postLimits(
  postsPerSecond: number | undefined,
): Pick<ServerSettings, "postsPerSecond" | "postsBurst"> {
  if (postsPerSecond === undefined) return {};
  return { postsPerSecond, postsBurst: Math.max(1, postsPerSecond * 5) };
}

function checkStandaloneOptions(options: FolderOptions): void {
  const { path, cluster, newIdentity, acceptsLoss, isFrozen } = options;
  if (cluster !== undefined && (newIdentity === true || acceptsLoss === true)) {
    const flag = newIdentity === true ? "--new-identity" : "--accept-loss";
    throw new Fault("usage", `${flag} cannot be used with a server in a cluster`, {
      remedy:
        "remove one server from the cluster (chat cluster leave), and create a new cluster from it",
    });
  }
  if (cluster !== undefined || isFrozen === true) return;
  const membership = readMembership(path);
  if (membership === undefined || membership.state === "left") return;
  if (membership.state === "filling") throw partlyMovedFault(path, membership);
  throw new Fault("data-foreign", `${path} belongs to the cluster '${membership.cluster}'`, {
    remedy: `add --nats, or to run it alone, run chat cluster leave ${quoteArgument(path)} first`,
  });
}

function ownIdentity(path: string): Identity | undefined {
  const file = join(path, "identity.key");
  const pem = readSmallFile(file);
  return pem === undefined ? undefined : Identity.fromPem(pem, file);
}

function snapshotKey(identity: Identity): SnapshotKey {
  return {
    sign: (digest) => identity.sign(snapshotBytes(digest)),
    hasSigned: (digest, signature) =>
      verifySignature(identity.publicKey, snapshotBytes(digest), signature),
  };
}

async function openContents(
  folder: DataFolder,
  options: FolderOptions,
  onJoined: (cluster: OpenCluster) => void,
): Promise<OpenFolder> {
  const { path } = folder;
  const { clock, entropy } = options;
  const disk = systemDisk(new SpareDescriptors());
  const registry = new Registry();
  const limits = postLimits(options.postsPerSecond);
  const newFolds = () => {
    const rooms = new Rooms();
    const shared = { isShared: options.cluster !== undefined };
    const engine = new RoomEngine({ rooms, directory: registry, sha256, ...limits, ...shared });
    return { rooms, engine };
  };
  let folds = newFolds();
  const { acceptsLoss = false } = options;
  const isPresent = () => folder.lock.isPresent();
  const admit = (records: Iterable<LogRecord>) => folder.format.admit(records);
  const common = { disk, clock, entropy, sha256, acceptsLoss, isPresent, admit };
  /** Includes accounts whose records are damaged. */
  const authors = new Authors();
  let lastAct = 0;
  const accounts = await openLog({
    ...common,
    folder: join(path, "accounts"),
    committedIn: join(path, "history"),
    onRecord: (record) => {
      authors.note(record.head);
      if (isOperatorAct(record.head)) lastAct = record.head.seq;
      registry.apply(record);
    },
  });
  const unknownAuthors = new Map<UserId, FoldedHead>();
  const snapshotOptions = {
    disk,
    path: join(path, "cache", "history.snapshot"),
    folder: join(path, "history"),
    sha256,
    version: `${VERSION} ${COMMIT}`,
  };
  const storedIdentity = ownIdentity(path);
  let snapshot =
    storedIdentity === undefined
      ? undefined
      : readSnapshot<HistoryFolds>({ ...snapshotOptions, key: snapshotKey(storedIdentity) });
  const history = await openLog({
    ...common,
    folder: snapshotOptions.folder,
    snapshot: snapshot?.log,
    fold: {
      needsBody,
      load: () => {
        const loaded = newFolds();
        if (snapshot === undefined || !isLoaded(snapshot, loaded, authors)) return false;
        folds = loaded;
        return true;
      },
      apply: (record) => {
        const { by } = record.head;
        if (by !== "server" && !authors.has(by) && !unknownAuthors.has(by))
          unknownAuthors.set(by, record.head);
        folds.engine.restore(record);
      },
    },
  });
  folder.format.lengths = () => ({ history: history.head(), accounts: accounts.head() });
  // The closures below would retain the whole snapshot.
  snapshot = undefined;
  const { rooms, engine } = folds;
  const keys = { path, accounts, registry };
  const cluster =
    options.cluster === undefined
      ? undefined
      : await (await import("./cluster.ts")).joinCluster({
          ...common,
          path,
          config: options.cluster,
          mirrors: { history, accounts },
          authors,
          identity: {
            own:
              storedIdentity === undefined
                ? undefined
                : formatFingerprint(storedIdentity.fingerprint),
            make: async () => {
              const isUsed = history.head() > 0;
              const created = await loadIdentity({ ...keys, isUsed, renew: false });
              return formatFingerprint(created.fingerprint);
            },
          },
          onWriteError: options.onWriteError,
          onWarning: options.onWriteError,
        });
  if (cluster !== undefined) onJoined(cluster);
  // Other nodes may have appended records while the local records were read.
  for await (const record of accounts.read(registry.head + 1)) {
    authors.note(record.head);
    registry.apply(record);
  }
  for await (const record of history.read(rooms.head + 1)) {
    const { by } = record.head;
    if (by !== "server" && !authors.has(by)) unknownAuthors.set(by, record.head);
    engine.restore(record);
  }
  const [first] = unknownAuthors.values();
  if (first !== undefined && !acceptsLoss)
    throw lostAccountsFault(path, first, cluster !== undefined);
  const committed = await recordedCommitment(history);
  if (committed !== undefined && !(await isPrefix(committed, accounts))) {
    if (!acceptsLoss) throw rolledBackFault(path, committed, accounts, cluster !== undefined);
    await accounts.fork({ onRecord: (record) => registry.apply(record) });
  }
  const lostAccounts = await addPlaceholderAccounts([...unknownAuthors.keys()], accounts, registry);
  const identity = await loadIdentity({
    ...keys,
    isUsed: history.head() > 0,
    renew: options.newIdentity ?? false,
  });
  // Loading the identity may have appended a record.
  for await (const record of accounts.read(registry.head + 1)) registry.apply(record);
  for (const log of [accounts, history]) await checkSigned(log, { identity, registry, options });
  const certificate = await loadCertificate(path, options);
  const archive = openArchive({
    folder: join(path, "history"),
    disk,
    sha256,
    cachePath: join(path, "cache", "history.index"),
    head: () => history.head(),
  });
  const { provable, close: closeCheckpoints } = await openCheckpoints({
    ...common,
    path,
    identity,
    history,
    accounts,
    hasUncommittedAct: lastAct > (committed?.size ?? 0),
    recordLog: options.isFrozen === true ? { appendThen: () => undefined } : cluster?.history,
    isOwn: cluster === undefined ? undefined : (seq: number) => cluster.sequencer.isOwn(seq),
    onWriteError: options.onWriteError,
  });
  const snapshotWriter = new SnapshotWriter<HistoryFolds>({
    ...snapshotOptions,
    key: snapshotKey(identity),
    clock,
    log: history,
    folds: () => {
      if (rooms.head !== history.head()) return undefined;
      return { engine: engine.value(), authors: [...registry.all()].map(({ id }) => id) };
    },
    onWriteError: options.onWriteError,
  });
  await snapshotWriter.start();
  const verify = async () => {
    try {
      return await history.verify();
    } catch (error) {
      snapshotWriter.discard();
      throw error;
    }
  };
  const close = async () => {
    if (!folder.lock.isPresent()) {
      await cluster?.close();
      return folder.lock.release();
    }
    await closeCheckpoints();
    await snapshotWriter.close();
    await cluster?.close();
    await history.close();
    await accounts.close();
    archive.close();
    folder.lock.release();
  };
  const { history: sharedHistory = history, accounts: sharedAccounts = accounts } = cluster ?? {};
  return {
    folder,
    identity,
    certificate,
    history,
    accounts,
    archive,
    cluster,
    logs: { history: sharedHistory, accounts: sharedAccounts },
    rooms,
    registry,
    engine,
    lostAccounts,
    provable,
    verify,
    isPresent: () => history.isPresent() && accounts.isPresent(),
    close,
  };
}

interface HistoryFolds {
  readonly engine: EngineValue;
  readonly authors: readonly UserId[];
}

function isLoaded(
  { log, folds }: LogSnapshot<HistoryFolds>,
  { rooms, engine }: Pick<OpenFolder, "rooms" | "engine">,
  known: Authors,
): boolean {
  // Accounts were lost. Only the complete history yields the first record of each, so the snapshot
  // cannot be used.
  if (!folds.authors.every((author) => known.has(author))) return false;
  try {
    engine.load(folds.engine);
  } catch {
    return false;
  }
  return rooms.head === log.order.seq;
}

/**
 * An account is written to disk before its first record, so an unknown author means that accounts
 * were lost.
 */
function lostAccountsFault(path: string, { seq, by }: FoldedHead, isShared: boolean): Fault {
  const accounts = join(path, "accounts");
  const message = `${accounts} has lost the account ${by}, the author of record ${seq}`;
  return new Fault("log-corrupt", message, { remedy: lossRemedy(isShared) });
}

function lossRemedy(isShared: boolean): string {
  return isShared
    ? "remove everything except identity.key and settings.json; the cluster has the rest"
    : "restore a backup, or accept the loss with chat serve --accept-loss";
}

/** A different origin means that the loss was accepted, or that clients will raise an alarm. */
async function isPrefix({ origin, size, root }: Checkpoint, accounts: LogFile): Promise<boolean> {
  if (origin !== accounts.origin) return true;
  if (size > accounts.head()) return false;
  return equalBytes(await new LogProofs(accounts, sha256).root(size), root);
}

function rolledBackFault(
  path: string,
  { size }: Checkpoint,
  accounts: LogFile,
  isShared: boolean,
): Fault {
  const reason =
    size > accounts.head()
      ? `has ${counted(accounts.head(), "record")}, but the history was written when it had ${size}`
      : `differs from what the history says about its first ${size} records`;
  return new Fault("log-corrupt", `${join(path, "accounts")} ${reason}`, {
    remedy: lossRemedy(isShared),
  });
}

async function addPlaceholderAccounts(
  authors: readonly UserId[],
  accounts: LogFile,
  registry: Registry,
): Promise<Name[]> {
  const names: Name[] = [];
  for (const id of authors) {
    const { publicKey } = Identity.generate();
    registry.apply(await accounts.append(registry.lostDraft(id, publicKey)));
    const name = registry.nameOf(id);
    if (name !== undefined) names.push(name);
  }
  return names;
}

interface Signers {
  readonly identity: Identity;
  readonly registry: Registry;
  readonly options: FolderOptions;
}

async function checkSigned(log: LogFile, { identity, registry, options }: Signers): Promise<void> {
  const { storedNote } = log;
  if (storedNote === undefined || log.keptSize !== undefined) return;
  const formers = lineage(identity.publicKey, registry.predecessors);
  const keys = [identity.publicKey, ...registry.predecessors.map(({ key }) => key)];
  if (keys.slice(0, 1 + formers.length).some((key) => hasSigned(storedNote, key))) return;
  if (options.acceptsLoss === true) return log.fork();
  const message = `the checkpoint of a log in ${options.path} is not signed by this server`;
  const remedy = "restore a backup, or accept the loss with chat serve --accept-loss";
  throw new Fault("log-corrupt", message, { remedy });
}

async function loadCertificate(path: string, options: FolderOptions): Promise<CertificatePair> {
  if (options.certificate !== undefined) return options.certificate;
  const certPath = join(path, "tls.crt");
  const keyPath = join(path, "tls.key");
  const certPem = readSmallFile(certPath);
  const keyPem = readSmallFile(keyPath);
  if (certPem !== undefined && keyPem !== undefined) {
    checkCertificatePair({ certPem, keyPem });
    return { certPem, keyPem };
  }
  const created = await makeCertificate([hostname(), ...options.hosts]);
  writeSmallFile(keyPath, created.keyPem);
  writeSmallFile(certPath, created.certPem);
  return created;
}

export interface StoredSettings {
  readonly name: string;
  readonly roomPassword: string;
}

/** Letters and digits that are hard to confuse when read aloud. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
const PASSWORD_GROUPS = 3;
const GROUP_LETTERS = 4;

function makeRoomPassword(entropy: Entropy): string {
  const bytes = entropy(PASSWORD_GROUPS * GROUP_LETTERS);
  const letters = [...bytes].map((byte) => ALPHABET[byte % ALPHABET.length]).join("");
  const password = (letters.match(/.{4}/g) ?? []).join("-");
  // The code of a card has the same form, and a typed room password would be looked up as one.
  return findResetCode(password) === undefined ? password : makeRoomPassword(entropy);
}

/**
 * @param overrides settings for this start; the others keep their stored values
 * @param isShared whether other nodes already have settings, which generated ones would contradict
 * @throws {Fault} data-foreign, usage
 */
export function loadServerSettings(
  path: string,
  overrides: { readonly name: string | undefined; readonly roomPassword: string | undefined },
  entropy: Entropy,
  isShared = false,
): StoredSettings {
  const file = join(path, "settings.json");
  const stored = parseSettings(readSmallFile(file), file);
  if (isShared && (overrides.roomPassword ?? stored.roomPassword) === undefined) {
    throw new Fault("data-foreign", `${path} does not have the server password of its cluster`, {
      remedy: "copy settings.json from a node's data folder, or add --open",
    });
  }
  const { roomPassword } = overrides;
  if (roomPassword !== undefined && roomPassword !== stored.roomPassword) {
    checkNewPassword(roomPassword);
  }
  const settings = {
    name: overrides.name ?? stored.name ?? hostname(),
    roomPassword: overrides.roomPassword ?? stored.roomPassword ?? makeRoomPassword(entropy),
  };
  if (settings.name !== stored.name || settings.roomPassword !== stored.roomPassword) {
    writeSmallFile(file, `${JSON.stringify(settings, undefined, 2)}\n`);
  }
  return settings;
}

function parseSettings(text: string | undefined, file: string): Partial<StoredSettings> {
  if (text === undefined) return {};
  try {
    const value: unknown = decodeJson(text);
    const { name, roomPassword } = value as Record<string, unknown>;
    return {
      name: typeof name === "string" ? name : undefined,
      roomPassword: typeof roomPassword === "string" ? roomPassword : undefined,
    };
  } catch (cause) {
    throw new Fault("data-foreign", `${file} is not JSON`, {
      remedy: "fix it, or remove it to start over",
      cause,
    });
  }
}
