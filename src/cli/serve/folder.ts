import { hostname } from "node:os";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { Registry } from "../../core/rooms/accounts.ts";
import { RoomEngine } from "../../core/rooms/engine.ts";
import { Rooms } from "../../core/rooms/rooms.ts";
import {
  type CertificatePair,
  checkCertificatePair,
  makeCertificate,
} from "../../crypto/certificate.ts";
import type { Identity } from "../../crypto/identity.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { type LogArchive, openArchive } from "../../io/archive/archive.ts";
import type { Clock } from "../../io/clock.ts";
import {
  type DataFolder,
  openDataFolder,
  readSmallFile,
  writeSmallFile,
} from "../../io/disk/data-folder.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import type { Entropy } from "../../io/entropy.ts";
import { type LogFile, openLog } from "../../io/log/log-file.ts";
import type { Head } from "../../wire/record.ts";
import { loadIdentity } from "./identity.ts";

/** All that a server keeps, opened, checked and folded. */
export interface OpenFolder {
  readonly folder: DataFolder;
  readonly identity: Identity;
  readonly certificate: CertificatePair;
  readonly history: LogFile;
  readonly accounts: LogFile;
  readonly archive: LogArchive;
  readonly rooms: Rooms;
  readonly registry: Registry;
  readonly engine: RoomEngine;
  close(): Promise<void>;
}

export interface FolderOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** PEM files to use in place of the certificate of our own. */
  readonly certificate: CertificatePair | undefined;
  readonly hosts: readonly string[];
  readonly postsPerSecond?: number;
  /** Make a new identity, named by the one before it. */
  readonly newIdentity?: boolean;
}

/** @throws Fault data-…, store-…, log-corrupt, version-unsupported, usage */
export async function openFolder(options: FolderOptions): Promise<OpenFolder> {
  const folder = openDataFolder(options.path, options.clock.unixMs());
  try {
    return await openContents(folder, options);
  } catch (error) {
    folder.lock.release();
    throw error;
  }
}

async function openContents(folder: DataFolder, options: FolderOptions): Promise<OpenFolder> {
  const { path } = folder;
  const { clock, entropy } = options;
  const disk = systemDisk();
  const registry = new Registry();
  const rooms = new Rooms();
  const { postsPerSecond } = options;
  const engine = new RoomEngine({
    rooms,
    directory: registry,
    sha256,
    ...(postsPerSecond === undefined
      ? {}
      : { postsPerSecond, postsBurst: Math.max(1, postsPerSecond * 5) }),
  });
  const common = { disk, clock, entropy, sha256 };
  /** Also those whose body is damaged: they are there, only not to be read. */
  const known = new Set<string>();
  const accounts = await openLog({
    ...common,
    folder: join(path, "accounts"),
    onRecord: (record) => {
      known.add(record.head.by);
      registry.apply(record);
    },
  });
  let strange: Head | undefined;
  const history = await openLog({
    ...common,
    folder: join(path, "history"),
    onRecord: (record) => {
      const { by } = record.head;
      if (by !== "server" && !known.has(by)) strange ??= record.head;
      engine.restore(record);
    },
  });
  if (strange !== undefined) throw accountsLost(path, strange);
  const identity = await loadIdentity({
    path,
    isUsed: history.head() > 0,
    renew: options.newIdentity ?? false,
    accounts,
    registry,
  });
  const certificate = await loadCertificate(path, options);
  const archive = openArchive({
    folder: join(path, "history"),
    disk,
    sha256,
    cachePath: join(path, "cache", "history.index"),
    head: () => history.head(),
  });
  const close = async () => {
    await history.close();
    await accounts.close();
    archive.close();
    folder.lock.release();
  };
  const logs = { history, accounts, archive };
  return { folder, identity, certificate, ...logs, rooms, registry, engine, close };
}

/** An account is on the disk before its first record, so an unknown author means lost accounts. */
function accountsLost(path: string, { seq, by }: Head): Fault {
  const sentence = `${join(path, "accounts")} has lost the account ${by} of seq ${seq}`;
  return new Fault("log-corrupt", sentence, { remedy: "restore a backup" });
}

async function loadCertificate(path: string, options: FolderOptions): Promise<CertificatePair> {
  if (options.certificate !== undefined) {
    checkCertificatePair(options.certificate);
    return options.certificate;
  }
  const certPath = join(path, "tls.crt");
  const keyPath = join(path, "tls.key");
  const certPem = readSmallFile(certPath);
  const keyPem = readSmallFile(keyPath);
  if (certPem !== undefined && keyPem !== undefined) {
    checkCertificatePair({ certPem, keyPem });
    return { certPem, keyPem };
  }
  const made = await makeCertificate([hostname(), ...options.hosts]);
  writeSmallFile(keyPath, made.keyPem);
  writeSmallFile(certPath, made.certPem);
  return made;
}

/** The settings that the folder remembers from the start before. */
export interface KeptSettings {
  readonly name: string;
  readonly roomPassword: string;
}

/** Letters and digits that are not confused when they are read out. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
const PASSWORD_GROUPS = 3;
const GROUP_LETTERS = 4;

/** Three groups of four: 60 bits, and easy to read out. */
function makeRoomPassword(entropy: Entropy): string {
  const bytes = entropy(PASSWORD_GROUPS * GROUP_LETTERS);
  const letters = [...bytes].map((byte) => ALPHABET[byte % ALPHABET.length]).join("");
  return (letters.match(/.{4}/g) ?? []).join("-");
}

/** @param given the settings of this start; the others are those of the start before */
export function keepSettings(
  path: string,
  given: { readonly name: string | undefined; readonly roomPassword: string | undefined },
  entropy: Entropy,
): KeptSettings {
  const file = join(path, "settings.json");
  const kept = parseSettings(readSmallFile(file), file);
  const settings = {
    name: given.name ?? kept.name ?? hostname(),
    roomPassword: given.roomPassword ?? kept.roomPassword ?? makeRoomPassword(entropy),
  };
  if (settings.name !== kept.name || settings.roomPassword !== kept.roomPassword) {
    writeSmallFile(file, `${JSON.stringify(settings, undefined, 2)}\n`);
  }
  return settings;
}

function parseSettings(text: string | undefined, file: string): Partial<KeptSettings> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    const { name, roomPassword } = value as Record<string, unknown>;
    return {
      ...(typeof name === "string" ? { name } : {}),
      ...(typeof roomPassword === "string" ? { roomPassword } : {}),
    };
  } catch (cause) {
    throw new Fault("data-foreign", `${file} is not JSON`, {
      remedy: "mend it, or remove it to begin anew",
      cause,
    });
  }
}
