/** Registry of the servers that this user runs on this machine. */

import { chmodSync, existsSync, lstatSync, readdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { unlessFault } from "../../base/fault.ts";
import { parseJson } from "../../wire/field.ts";
import { parseFingerprint } from "../../wire/fingerprint.ts";
import { readSmallFile, writeSmallFile } from "../disk/data-folder.ts";
import { onDisk } from "../disk/disk.ts";
import { removeIfPossible } from "../disk/open-elsewhere.ts";
import { createPrivateFolder } from "../disk/private-path.ts";

const LOCAL_SERVER = v.object({
  pid: v.number(),
  host: v.string(),
  port: v.number(),
  fingerprint: v.pipe(v.string(), v.transform(parseFingerprint)),
  data: v.string(),
  home: v.fallback(v.string(), ""),
  startedUnixMs: v.number(),
  /** Addresses for IRC clients on this machine. */
  irc: v.fallback(v.pipe(v.array(v.string()), v.filterItems(isIrcAddress)), []),
});

/** Allows `chat join` without an address. Stored as one file per process in a private folder. */
export type LocalServer = Readonly<v.InferOutput<typeof LOCAL_SERVER>>;

type Environment = Readonly<Record<string, string | undefined>>;

function runFolder(env: Environment): string {
  const runtime = env["XDG_RUNTIME_DIR"];
  if (runtime !== undefined && runtime !== "") return join(runtime, "chat");
  return join(tmpdir(), `chat-${process.getuid?.() ?? userInfo().username}`);
}

/** File in a data folder, through which its server is found without the list. */
const IN_DATA_FOLDER = "server.json";

/**
 * Returns a function that removes the entries. Failures are ignored, because the entries are
 * optional.
 */
export function announceLocalServer(
  server: LocalServer,
  env: Environment,
): (isFolderPresent: boolean) => void {
  const path = join(server.data, IN_DATA_FOLDER);
  unlessFault(() => writeSmallFile(path, formatEntry(server)));
  const withdraw = announceInList(server, env);
  return (isFolderPresent) => {
    if (isFolderPresent) removeIfPossible(path);
    withdraw();
  };
}

/**
 * Finds the server of a data folder, also for another user who can read the folder, in a container,
 * or after the list was lost. A server that was killed leaves its entry, so clients check whether
 * it answers.
 * @throws {Fault} store-denied if the folder belongs to another user, store-failed
 */
export function serverOfFolder(data: string): LocalServer | undefined {
  return parseJson(LOCAL_SERVER, readSmallFile(join(data, IN_DATA_FOLDER)) ?? "");
}

function formatEntry(server: LocalServer): string {
  return `${JSON.stringify(server)}\n`;
}

function announceInList(server: LocalServer, env: Environment): () => void {
  const folder = runFolder(env);
  const path = join(folder, `${server.pid}.json`);
  try {
    createPrivateFolder(folder);
    if (!isOwnFolder(folder)) return () => {};
    chmodSync(folder, 0o700);
    writeSmallFile(path, formatEntry(server));
  } catch {
    return () => {};
  }
  return () => removeIfPossible(path);
}

/** Newest first. Process ids are reused, so clients check fingerprints. */
export function findLocalServers(env: Environment): LocalServer[] {
  const folder = runFolder(env);
  const servers: LocalServer[] = [];
  for (const name of listRunFolder(folder)) {
    if (!/^\d+\.json$/.test(name)) continue;
    const path = join(folder, name);
    const text = unlessFault(() => readSmallFile(path));
    const server = parseJson(LOCAL_SERVER, text ?? "");
    const isRunning = server !== undefined && name === `${server.pid}.json` && isAlive(server.pid);
    if (isRunning) servers.push(server);
    else removeIfPossible(path);
  }
  return servers.sort((a, b) => b.startedUnixMs - a.startedUnixMs);
}

/** Empty if the folder cannot be read, because the list only saves typing an address. */
function listRunFolder(folder: string): string[] {
  const list = () =>
    existsSync(folder) && isOwnFolder(folder) && !isWritableByOthers(folder)
      ? readdirSync(folder)
      : [];
  return unlessFault(() => onDisk(folder, list)) ?? [];
}

function isOwnFolder(folder: string): boolean {
  const stat = lstatSync(folder);
  return stat.isDirectory() && (process.getuid === undefined || stat.uid === process.getuid());
}

function isWritableByOthers(folder: string): boolean {
  return process.platform !== "win32" && (lstatSync(folder).mode & 0o022) !== 0;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function isIrcAddress(value: string): boolean {
  return /^ircs?:/.test(value) && URL.canParse(value);
}
