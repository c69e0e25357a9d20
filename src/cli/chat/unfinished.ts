/** The user's own unfinished uploads and waiting messages: lists and commands. */

import { Fault, msg } from "../../base/fault.ts";
import { parseTarget } from "../../base/names.ts";
import { formatSize } from "../../base/sizes.ts";
import { formatUtc } from "../../base/time.ts";
import type { Client } from "../../client/client.ts";
import { listUploads, type UnfinishedUpload } from "../../client/link/queries.ts";
import type { OutgoingCommand } from "../../core/client/outgoing.ts";
import { oneLine } from "../../core/markup/plain.ts";
import type { WaitingView } from "../../core/model/state.ts";
import { waitingFileText } from "../../ui/text/waiting-text.ts";
import { faultLine } from "../context.ts";
import { faultJson, usageFault } from "../errors.ts";
import type { JsonOutput } from "../output/render.ts";
import { destinationOfTarget } from "./post.ts";

/** @returns oldest first */
export async function unfinishedUploads({
  request,
}: Pick<Client, "request">): Promise<readonly UnfinishedUpload[]> {
  const found = await listUploads(request);
  const files = found.filter(({ purpose }) => purpose === undefined);
  return files.sort((a, b) => a.since - b.since);
}

/** The fields are part of the stable output of `chat files`. */
export function unfinishedJson(upload: UnfinishedUpload, me: string): JsonOutput {
  const { file: id, name, to, bytes: sentBytes, size: sizeBytes, since, expires } = upload;
  const { complete, sending } = upload;
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
    complete,
    sending,
    expires: formatUtc(expires),
    targets: to.length > 1 ? to : undefined,
  };
}

type UploadState = Pick<UnfinishedUpload, "sending" | "complete" | "expires" | "size">;

/** @param at formats a time */
export function unfinishedState(
  { sending, complete, expires, size }: UploadState,
  at: (unixMs: number) => string,
): string {
  const ofSize = size === undefined ? "" : ` of ${formatSize(size)}`;
  if (sending) return `being sent${ofSize}`;
  const isStream = size === undefined && complete !== true;
  if (isStream) return `unfinished pipe, cannot be resumed, kept until ${at(expires)}`;
  return `${complete === true ? "not posted" : `unfinished${ofSize}`}, kept until ${at(expires)}`;
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

const OUTGOING_COMMANDS = {
  retry: "retry",
  without: "send-without",
  edit: "edit",
  delete: "discard",
} as const;

/** @throws {Fault} usage if the command does not apply to the message */
export function waitingCommand(
  { actions }: WaitingView,
  verb: keyof typeof OUTGOING_COMMANDS,
): OutgoingCommand {
  const kind = OUTGOING_COMMANDS[verb];
  if (!actions.includes(kind)) {
    throw usageFault(msg`${verb} does not apply to this message`, msg`list them: ${"/files"}`);
  }
  return { kind };
}

export function waitingLine({ to, text, files, fault }: WaitingView): string {
  const names = files.map((file) => {
    return `${oneLine(file.name, 200)} ${waitingFileText(file, undefined, faultLine)}`.trimEnd();
  });
  const reason = fault === undefined ? [] : [faultLine(fault)];
  return [`${to.join(", ")}: ${oneLine(text, 200)}`.trimEnd(), ...names, ...reason].join(" · ");
}

export function waitingJson({ to, text, files, fault }: WaitingView): object {
  return {
    to,
    text,
    files: files.map((file) => ({
      name: file.name,
      sizeBytes: file.size,
      sentBytes: file.progress?.doneBytes,
      fault: file.fault && faultJson(file.fault),
    })),
    fault: fault && faultJson(fault),
  };
}
