/** Checks of uploads against their offers. */

import { Fault, msg } from "../../base/fault.ts";
import { BUSY_RETRY_MS } from "../../base/limits.ts";
import { PREVIEW_BYTES_MAX, SEALED_PREVIEW_BYTES_MAX } from "../../base/limits-page.ts";
import { parseTarget } from "../../base/names.ts";
import { formatSize } from "../../base/sizes.ts";
import type { BlobMetadata } from "../../io/blob/interfaces.ts";
import type { RequestOf } from "../../wire/messages.ts";
import { sameRecipients } from "./recipients.ts";

/** Upload retry delay, long enough for a closing data channel to release the file. */
export const RELEASE_RETRY_MS = 200;

export function deletedUpload(): Fault {
  return new Fault("file-unknown", msg`this upload was deleted`, {
    remedy: msg`send the file again`,
  });
}

export function foreignFile(): Fault {
  return new Fault("not-allowed", msg`this file belongs to another user`, {
    remedy: msg`send it again as a new file`,
  });
}

export function uploadBusy(retryAfterMs = BUSY_RETRY_MS): Fault {
  const message = "this file is being transferred on another connection";
  return new Fault("too-many", message, { retryAfterMs });
}

export function checkSameOffer(
  about: BlobMetadata,
  { to, size, purpose }: RequestOf<"offer">,
): void {
  if (about.purpose !== purpose) throw foreignFile();
  const difference =
    about.sizeBytes !== size ? "size" : sameRecipients(about.to, to) ? undefined : "targets";
  if (difference === undefined) return;
  const remedy = "send it again as a new file";
  throw new Fault("usage", msg`this file was offered with a different ${difference}`, { remedy });
}

export function checkFolder({
  size = Number.POSITIVE_INFINITY,
  folder,
}: {
  readonly size?: number | undefined;
  readonly folder?: { readonly manifestBytes: number } | undefined;
}): void {
  if (folder === undefined || folder.manifestBytes <= size) return;
  throw new Fault("usage", "the folder's size is smaller than its list of files");
}

/** A file with a purpose has one chunk. */
export function checkPurpose({ purpose, to, size = 0, folder }: RequestOf<"offer">): void {
  if (purpose === undefined) return;
  const isToOnePerson =
    to.length === 1 && to.every((target) => parseTarget(target).kind === "person");
  if (purpose === "handover" && !isToOnePerson) {
    throw new Fault("usage", msg`earlier messages are handed over to one person`);
  }
  if (size === 0 || folder !== undefined)
    throw new Fault("usage", "a preview or a hand-over is one file");
  if (size <= SEALED_PREVIEW_BYTES_MAX) return;
  throw new Fault("too-large", msg`previews are limited to ${formatSize(PREVIEW_BYTES_MAX)}`);
}

export function damagedFile(cause?: Fault): Fault {
  return new Fault("checksum-wrong", "the server's copy of this file is damaged", {
    remedy: "ask the sender to send it again",
    cause,
  });
}

export async function readStored<Value>(read: Promise<Value>): Promise<Value> {
  try {
    return await read;
  } catch (error) {
    throw error instanceof Fault && error.code === "checksum-wrong" ? damagedFile(error) : error;
  }
}
