/** `cluster.json`, which stores a data folder's cluster and stream position. */

import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { Fault } from "../base/fault.ts";
import type { Position } from "../io/cluster/position.ts";
import { readSmallFile, writeSmallFile } from "../io/disk/data-folder.ts";
import { removePath, renamePath } from "../io/disk/open-elsewhere.ts";
import { makePrivateFolder } from "../io/disk/private-path.ts";
import { count, parseJson } from "../wire/field.ts";
import { quoteArgument } from "./shell-quote.ts";

export interface ClusterMembership {
  readonly cluster: string;
  readonly node: string;
  readonly position: Position;
  /** Earlier positions, oldest first, needed if the stream has lost its latest messages. */
  readonly before?: readonly Position[];
  /**
   * `undefined` for a member. `filling` if `chat cluster init` was interrupted during its import.
   * `left` if the server has left; its history may differ since then, so it cannot return.
   */
  readonly state?: "filling" | "left";
}

const POSITION = v.object({
  seq: count,
  history: count,
  accounts: count,
  mark: v.exactOptional(v.string()),
  isFilling: v.exactOptional(v.literal(true)),
});
const MEMBERSHIP = v.object({
  ...POSITION.entries,
  cluster: v.string(),
  node: v.string(),
  before: v.optional(v.array(POSITION), []),
  state: v.exactOptional(v.picklist(["filling", "left"])),
});
const FILE = "cluster.json";

export function newNodeName(): string {
  return `${hostname()}-${randomBytes(2).toString("hex")}`;
}

/**
 * `undefined` if the folder was never in a cluster.
 * @throws {Fault} data-foreign
 */
export function readMembership(path: string): ClusterMembership | undefined {
  const file = join(path, FILE);
  const text = readSmallFile(file);
  if (text === undefined) return undefined;
  const stored = parseJson(MEMBERSHIP, text);
  if (stored !== undefined) {
    const { cluster, node, before, state, ...position } = stored;
    return { cluster, node, position, before, state };
  }
  throw new Fault("data-foreign", `${file} was not written by a server`, {
    remedy: "start over with only identity.key and settings.json; the cluster has the rest",
  });
}

export function writeMembership(path: string, membership: ClusterMembership): void {
  const { position, ...fields } = membership;
  writeSmallFile(join(path, FILE), `${JSON.stringify({ ...fields, ...position })}\n`);
}

export function removeMembership(path: string): void {
  removePath(join(path, FILE));
}

/** Files that an operator may add before a node's first start. */
const PRESEEDED_FILES = [
  ...["identity.key", "settings.json", "files"],
  ...["tls.key", "tls.crt", "ca.key", "ca.crt"],
];
const RETIRED = /^retired-\d+$/;

/** Files and folders that a new member's data folder may contain. */
export function preseededFiles(path: string): readonly string[] {
  const retired = existsSync(path) ? readdirSync(path).filter((name) => RETIRED.test(name)) : [];
  return [...PRESEEDED_FILES, ...retired];
}

/**
 * Moves everything but the server's identity and files into a folder beside them, so that the next
 * start reads the whole history from the stream.
 * @returns path of that folder
 */
export function retireLogs(path: string): string {
  const kept = new Set([...preseededFiles(path), "settings.toml"]);
  const moved = readdirSync(path).filter((name) => !(kept.has(name) || name.startsWith("LOCK")));
  let number = 1;
  while (existsSync(join(path, `retired-${number}`))) number++;
  const retired = join(path, `retired-${number}`);
  makePrivateFolder(retired);
  // These are moved last, so that the command can be repeated after an interruption.
  const last = [FILE, "format.json"];
  for (const name of moved.toSorted((a, b) => last.indexOf(a) - last.indexOf(b)))
    renamePath(join(path, name), join(retired, name));
  return retired;
}

export function leftClusterFault(path: string, { cluster }: ClusterMembership): Fault {
  return new Fault("data-foreign", `${path} has left the cluster '${cluster}'`, {
    remedy:
      "it may have its own history by now; start over with only identity.key and settings.json",
  });
}

export function partlyMovedFault(path: string, { cluster }: ClusterMembership): Fault {
  const message = `${path} was only partly moved into the cluster '${cluster}'`;
  const remedy = `run chat cluster init ${quoteArgument(path)} again, or chat cluster leave`;
  return new Fault("data-foreign", message, { remedy });
}
