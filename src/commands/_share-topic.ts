import type { FileId } from "../base/ids.ts";
import { isFileId } from "./_taking.ts";

/** What `chat share` says of itself in the topic of its lobby, for people and for `receive`. */
export interface ShareTopic {
  readonly count: number;
  /** Being uploaded: whoever comes later has not heard of it. */
  readonly running: FileId | undefined;
}

const TOPIC = /^(\d{1,6}) files? here(?:, on its way: (f[\w-]+))?$/;

export function shareTopic(count: number, running?: FileId): string {
  const what = `${count} ${count === 1 ? "file" : "files"} here`;
  return running === undefined ? what : `${what}, on its way: ${running}`;
}

/** Undefined: no such server. */
export function parseShareTopic(topic: string): ShareTopic | undefined {
  const [, count, running = ""] = TOPIC.exec(topic) ?? [];
  if (count === undefined) return undefined;
  return { count: Number(count), running: isFileId(running) ? running : undefined };
}
