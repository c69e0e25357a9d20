/** Servers that this user runs on this machine. */

import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { utf8Encode } from "../../base/bytes.ts";
import { type Fingerprint, parseFingerprint } from "../../wire/fingerprint.ts";
import { parseObject } from "../../wire/record.ts";
import { readSmallFile, writeSmallFile } from "../disk/data-folder.ts";

/**
 * A server that this user runs on this machine, so that `chat join` needs no address. One file per
 * process in a folder that belongs to the user alone.
 */
export interface LocalServer {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  readonly fingerprint: Fingerprint;
  /** Its data folder; `invite` in it is readable for the same user. */
  readonly data: string;
  /** Client folder (`CHAT_HOME`) of the user who started it; empty for older programs. */
  readonly home: string;
  readonly startedUnixMs: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** XDG_RUNTIME_DIR if set, else a private folder of the user among temporary files. */
function runFolder(env: Environment): string {
  const runtime = env["XDG_RUNTIME_DIR"];
  if (runtime !== undefined && runtime !== "") return join(runtime, "chat");
  const { uid, username } = userInfo();
  return join(tmpdir(), `chat-${uid >= 0 ? uid : username}`);
}

/** @returns a function that removes the entry; a folder that is not ours is left alone */
export function announceLocalServer(server: LocalServer, env: Environment): () => void {
  const folder = runFolder(env);
  const path = join(folder, `${server.pid}.json`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOurs(folder)) return () => {};
    chmodSync(folder, 0o700);
    writeSmallFile(path, `${JSON.stringify(server)}\n`);
  } catch {
    return () => {}; // A convenience only: without it the address must be typed.
  }
  return () => rmSync(path, { force: true });
}

/**
 * Running servers, newest first. An entry proves nothing: its process id may have been reused, so
 * clients must require its fingerprint.
 */
export function findLocalServers(env: Environment): LocalServer[] {
  const folder = runFolder(env);
  if (!existsSync(folder) || !isOurs(folder) || isWritableByOthers(folder)) return [];
  const found: LocalServer[] = [];
  for (const name of readdirSync(folder)) {
    if (!/^\d+\.json$/.test(name)) continue;
    const server = parse(readSmallFile(join(folder, name)));
    const isRunning = server !== undefined && name === `${server.pid}.json` && isAlive(server.pid);
    if (isRunning) found.push(server);
    else rmSync(join(folder, name), { force: true }); // Left behind by a killed server.
  }
  return found.sort((one, other) => other.startedUnixMs - one.startedUnixMs);
}

/** Another user could have created the folder first, to direct us to their server. */
function isOurs(folder: string): boolean {
  const stat = lstatSync(folder);
  return stat.isDirectory() && (process.platform === "win32" || stat.uid === userInfo().uid);
}

/** A folder writable by others can hold their entries. */
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

function parse(text = ""): LocalServer | undefined {
  const { pid, host, port, fingerprint, data, home, startedUnixMs } =
    parseObject(utf8Encode(text)) ?? {};
  const isWhole =
    typeof pid === "number" &&
    typeof host === "string" &&
    typeof port === "number" &&
    typeof fingerprint === "string" &&
    typeof data === "string" &&
    typeof startedUnixMs === "number";
  if (!isWhole) return undefined;
  try {
    return {
      ...{ pid, host, port, data, startedUnixMs },
      fingerprint: parseFingerprint(fingerprint),
      home: typeof home === "string" ? home : "",
    };
  } catch {
    return undefined;
  }
}
