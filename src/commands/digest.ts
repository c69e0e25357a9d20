/** `chat digest`, which prints the digests of files. */

import { toHex } from "../base/bytes.ts";
import { tsvLine } from "../base/text.ts";
import { defineVerb } from "../cli/command.ts";
import { printNotice } from "../cli/context.ts";
import { Omissions } from "../cli/files/omissions.ts";
import { checkPaths, openSourceAt } from "../cli/files/sources.ts";
import { PATHS_ARGUMENT } from "../cli/flags.ts";
import { printData } from "../cli/output/result.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Source } from "../io/blob/interfaces.ts";
import { Digest } from "../wire/chunks.ts";

export const command = defineVerb({
  args: { path: PATHS_ARGUMENT },
  details: "Prints the digest that send-file and get-file report.",
  async run(args, context) {
    checkPaths(args.path, undefined);
    const omissions = new Omissions(context, (line) => printNotice(context, line));
    for (const path of args.path) {
      const source = await openSourceAt(context, path);
      try {
        omissions.addAll(source.skipped, args.path.length === 1 ? "" : path);
        const read = await digestSource(source);
        const line = { kind: "digest", path, name: source.name, ...read };
        printData(context, line, tsvLine([read.digest, path]));
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

async function digestSource(source: Source): Promise<ContentDigest> {
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
  await source.check();
  return { sizeBytes, chunks: digest.chunks, digest: toHex(digest.value()) };
}
