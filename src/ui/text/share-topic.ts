/** Topic of the lobby of `chat share`, which users read and `chat receive` parses. */

import { type FileId, isFileId } from "../../base/ids.ts";

export interface ShareTopic {
  readonly count: number;
  /** Lets receivers that connect after the announcement download the file too. */
  readonly currentFile: FileId | undefined;
  readonly isText: boolean;
}

/** Older versions do not know this topic and save the text as a file. */
export const TEXT_TOPIC = "a text here";

const TOPIC = /^(\d{1,6}) files? here(?:, on its way: (f[\w-]+))?$/;

export function shareTopic(count: number, running?: FileId): string {
  const fileCount = `${count} ${count === 1 ? "file" : "files"} here`;
  return running === undefined ? fileCount : `${fileCount}, on its way: ${running}`;
}

/** @returns `undefined` if the topic is not from `chat share` */
export function parseShareTopic(topic: string): ShareTopic | undefined {
  if (topic === TEXT_TOPIC) return { count: 1, currentFile: undefined, isText: true };
  const [, count, running = ""] = TOPIC.exec(topic) ?? [];
  if (count === undefined) return undefined;
  return {
    count: Number(count),
    currentFile: isFileId(running) ? running : undefined,
    isText: false,
  };
}
