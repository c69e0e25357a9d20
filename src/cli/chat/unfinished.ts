/** Unfinished uploads of the user's own account: list and deletion. */

import { Fault, msg } from "../../base/fault.ts";
import { parseTarget } from "../../base/names.ts";
import { formatSize } from "../../base/sizes.ts";
import { formatUtc } from "../../base/time.ts";
import type { Client } from "../../client/client.ts";
import { listUploads, type UnfinishedUpload } from "../../client/link/queries.ts";
import { HANDOVER_NAME } from "../../wire/messages-sealed.ts";
import type { JsonOutput } from "../output/render.ts";
import { destinationOfTarget } from "./post.ts";

/** @returns oldest first */
export async function unfinishedUploads({
  request,
}: Pick<Client, "request">): Promise<readonly UnfinishedUpload[]> {
  const found = await listUploads(request);
  // The user's devices exchange messages of encrypted rooms as uploads.
  const files = found.filter(({ name }) => !name.startsWith(HANDOVER_NAME));
  return files.sort((a, b) => a.since - b.since);
}

/** The fields are part of the stable output of `chat files`. */
export function unfinishedJson(upload: UnfinishedUpload, me: string): JsonOutput {
  const { file: id, name, to, bytes: sentBytes, size: sizeBytes, since, expires, sending } = upload;
  const [first = ""] = to;
  return {
    kind: "file",
    time: formatUtc(since),
    ...destinationOfTarget(parseTarget(first)),
    from: me,
    id,
    name,
    sizeBytes,
    sentBytes,
    unfinished: true,
    sending,
    expires: formatUtc(expires),
    targets: to.length > 1 ? to : undefined,
  };
}

/** @param at formats a time */
export function unfinishedState(
  { sending, expires, size }: Pick<UnfinishedUpload, "sending" | "expires" | "size">,
  at: (unixMs: number) => string,
): string {
  const ofSize = size === undefined ? "" : ` of ${formatSize(size)}`;
  return sending ? `being sent${ofSize}` : `unfinished${ofSize}, kept until ${at(expires)}`;
}

/**
 * @throws {Fault} file-unknown if there is no such unfinished upload, not-allowed if it has been
 * posted
 */
export async function deleteUnfinished(
  client: Pick<Client, "transfers">,
  file: Parameters<Client["transfers"]["withdraw"]>[0],
): Promise<void> {
  try {
    await client.transfers.withdraw(file);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "file-unknown") throw error;
    throw new Fault(error.code, msg`you have no unfinished upload ${file}`, {
      remedy: msg`list yours: ${"chat files, or /files"}`,
      cause: error,
    });
  }
}
