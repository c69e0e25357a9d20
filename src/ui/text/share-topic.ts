import type { FileId } from "../../base/ids.ts";
import { isFileId } from "../../base/ids.ts";

/** What `chat share` says of itself in the topic of its lobby, for people and for `receive`. */
export interface ShareTopic {
  readonly count: number;
  /** Being uploaded: receivers that come later were not sent its offer. */
  readonly running: FileId | undefined;
  /** The file is a text: to be read at once, and not to be kept. */
  readonly isText: boolean;
}

/** An older `receive` takes the file, and keeps it. */
export const TEXT_TOPIC = "a text here";

const TOPIC = /^(\d{1,6}) files? here(?:, on its way: (f[\w-]+))?$/;

export function shareTopic(count: number, running?: FileId): string {
  const what = `${count} ${count === 1 ? "file" : "files"} here`;
  return running === undefined ? what : `${what}, on its way: ${running}`;
}

/** Undefined: no such server. */
export function parseShareTopic(topic: string): ShareTopic | undefined {
  if (topic === TEXT_TOPIC) return { count: 1, running: undefined, isText: true };
  const [, count, running = ""] = TOPIC.exec(topic) ?? [];
  if (count === undefined) return undefined;
  return { count: Number(count), running: isFileId(running) ? running : undefined, isText: false };
}
