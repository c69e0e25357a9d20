import { Fault } from "../../src/base/fault.ts";
import type { MessageFile, MessageRequest, SentMessage } from "../../src/client/files/message.ts";
import type { Transfers, UploadedFile } from "../../src/client/files/transfers.ts";

export type FileToSend = MessageFile &
  Pick<MessageRequest, "to" | "signal" | "isCommand"> &
  Partial<MessageRequest["body"]>;

export type SentFile = UploadedFile & Pick<SentMessage, "posted" | "refused">;

export function messageOf(file: FileToSend): MessageRequest {
  const { source, preview, onProgress, to, signal, isCommand = false, text = "", ...body } = file;
  const files = [{ source, preview, onProgress }];
  return { to, body: { text, ...body }, files, signal, isCommand };
}

/** Sends a message with one file. */
export async function sendFile(
  transfers: Pick<Transfers, "sendMessage">,
  file: FileToSend,
): Promise<SentFile> {
  const { files, posted, refused } = await transfers.sendMessage(messageOf(file));
  const [sent] = files;
  if (sent === undefined || sent instanceof Fault) throw sent ?? new Error("no file");
  return { ...sent, posted, refused };
}
