/** `chat digest`, which prints the digests of files. */

import { toHex } from "../base/bytes.ts";
import { asFault } from "../base/fault.ts";
import { tsvLineOfPaths } from "../base/text.ts";
import { defineVerb } from "../cli/command.ts";
import { printNotice } from "../cli/context.ts";
import { OMISSIONS_HELP, Omissions } from "../cli/files/omissions.ts";
import { checkPaths, expandPaths, openSourceAt } from "../cli/files/sources.ts";
import { PATHS_ARGUMENT } from "../cli/flags.ts";
import { printData } from "../cli/output/result.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Source } from "../io/blob/interfaces.ts";
import { changedFault } from "../io/file/source.ts";
import { Digest } from "../wire/chunks.ts";

export const command = defineVerb({
  args: { path: PATHS_ARGUMENT },
  details: `Prints the digest that send-file and get-file report. ${OMISSIONS_HELP}`,
  async run(args, context) {
    const paths = expandPaths(args.path);
    checkPaths(paths, undefined);
    const omissions = new Omissions(context, (line) => printNotice(context, line));
    for (const path of paths) {
      const source = await openSourceAt(context, path);
      try {
        const read = await digestSource(source);
        omissions.addFrom(source, paths.length === 1 ? "" : path);
        const line = { kind: "digest", path, name: source.name, ...read };
        printData(context, line, tsvLineOfPaths([read.digest, path], process.platform));
        await context.stdout.drained();
      } finally {
        source.close();
      }
    }
    return omissions.exitCode();
  },
});

interface ContentDigest {
  readonly sizeBytes: number;
  readonly chunks: number;
  readonly digest: string;
}

/** Maximum number of times that a source is read until it stays the same. */
const READS_MAX = 4;

/** @throws {Fault} file-changed if the source keeps changing */
async function digestSource(source: Source): Promise<ContentDigest> {
  let last: ContentDigest | undefined;
  for (let count = 0; count < READS_MAX; count++) {
    const digest = await readOnce(source);
    const isProven = source.unproven === undefined || digest?.digest === last?.digest;
    if (digest !== undefined && isProven) return digest;
    last = digest;
  }
  const { unproven, path = source.name } = source;
  throw source.unstableAt?.(unproven?.from ?? 0) ?? changedFault(path);
}

/** Returns `undefined` if a folder was listed again. */
async function readOnce(source: Source): Promise<ContentDigest | undefined> {
  try {
    return await readDigest(source);
  } catch (error) {
    if (asFault(error).code !== "file-changed" || (await source.relist?.()) !== true) throw error;
    return undefined;
  }
}

async function readDigest(source: Source): Promise<ContentDigest> {
  const digest = new Digest(new Bun.CryptoHasher("sha256"));
  let sizeBytes = 0;
  let next = source.read(0);
  for (let index = 0; ; index++) {
    const bytes = await next;
    if (bytes === undefined) break;
    next = source.read(index + 1);
    source.release(index + 1);
    sizeBytes += bytes.length;
    digest.add(sha256(bytes));
  }
  return { sizeBytes, chunks: digest.chunks, digest: toHex(digest.value()) };
}
