/** Files of a post: complete uploads of its author, or files that the author has posted before. */

import { toHex } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import { defined } from "../../base/values.ts";
import {
  contentIds,
  type FileBody,
  type FilePreview,
  type Files,
  unknownFile,
} from "../../core/rooms/files.ts";
import type { BlobMetadata } from "../../io/blob/interfaces.ts";
import type { AttachedFile } from "../../wire/messages-files.ts";
import type { HeldFiles } from "../rooms/posts.ts";
import { checkFolder } from "./offer-checks.ts";
import { sameRecipients } from "./recipients.ts";
import type { FileContent, UploadService } from "./uploads.ts";

interface AttachOptions {
  readonly engine: { readonly files: Pick<Files, "get" | "previewOf"> };
  readonly uploads: Pick<UploadService, "complete" | "hold">;
}

/** @throws {Fault} file-unknown or usage, or too-many during a transfer of a file */
export async function attachFiles(
  by: UserId,
  named: readonly AttachedFile[],
  options: AttachOptions,
): Promise<HeldFiles> {
  const ids = contentIds(named);
  if (new Set(ids).size < ids.length) throw new Fault("usage", "a post lists each file once");
  const release = options.uploads.hold(by, ids);
  try {
    const files: FileBody[] = [];
    for (const file of named) files.push(await attachFile(by, file, options));
    return { files, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function attachFile(
  by: UserId,
  named: AttachedFile,
  { engine, uploads }: AttachOptions,
): Promise<FileBody> {
  const file = named.file as FileId;
  const content = contentOf(named);
  const about = await uploads.complete(by, file, content);
  if (about.purpose !== undefined || engine.files.get(file)?.isPreview === true)
    throw unknownFile();
  const preview = named.preview && previewOf(named.preview);
  if (preview !== undefined) await checkPreview(by, about, preview, { engine, uploads });
  const { name, folder, details } = about;
  checkFolder({ size: content.size, folder });
  return defined({ file, name, ...content, folder, details, preview });
}

/** A preview must be a complete upload of the same account to the same targets. */
async function checkPreview(
  by: UserId,
  { file, to }: BlobMetadata,
  { file: preview, size, digest }: FilePreview,
  { engine, uploads }: AttachOptions,
): Promise<void> {
  const isPosted = engine.files.get(preview) !== undefined;
  const known = engine.files.previewOf(file);
  const isOther = known !== undefined && known !== preview;
  if (isOther || (isPosted && known !== preview)) {
    throw new Fault("usage", "this preview belongs to another file");
  }
  const about = await uploads.complete(by, preview, { size, chunks: 1, digest });
  if (about.purpose === "preview" && sameRecipients(about.to, to)) return;
  throw new Fault("file-unknown", msg`no such preview`);
}

export function contentOf({ size, chunks, digest }: Omit<AttachedFile, "file">): FileContent {
  return { size, chunks, digest: toHex(digest) };
}

function previewOf({ file, digest, ...fields }: NonNullable<AttachedFile["preview"]>): FilePreview {
  return defined({ file: file as FileId, ...fields, digest: toHex(digest) });
}
