/** Handlers for files: data channels, transfers on them, and download addresses. */

import { Fault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { RequestKind, RequestOf } from "../../wire/messages.ts";
import type { FileService } from "../files/file-service.ts";
import type { Services } from "../services/services.ts";
import type { DataChannel } from "../session/connection-state.ts";
import { DEFERRED, type Handlers, NO_FILES, required, type SessionActions } from "./handler.ts";

type TransferKind = "offer" | "finish" | "withdraw" | "fetch" | "got";

export function fileHandlers(services: Services, sessions: SessionActions) {
  const { channels, downloads } = services;
  const serve = async <Result>(
    { channel }: { readonly channel: DataChannel },
    request: RequestOf<TransferKind>,
    run: (files: FileService, account: Account) => Result | Promise<Result>,
  ): Promise<Result> => {
    const files = required(services.files, NO_FILES);
    checkFile(channel, request);
    try {
      return await run(files, channel.account);
    } catch (error) {
      throw error instanceof Fault ? files.reportFault(error) : error;
    }
  };
  return {
    ticket: (_, { client, account }) => ({ ticket: channels.ticket(client, account) }),
    lane: ({ ticket }, { client }) => sessions.openChannel(client, ticket),
    offer: (request, from) =>
      serve(from, request, (files, account) => files.offer(from.client, account, request)),
    finish: (request, from) =>
      serve(from, request, (files, account) => files.finish(from.client, account, request)),
    withdraw: (request, from) =>
      serve(from, request, (files, account) => files.withdraw(from.client, account, request)),
    fetch: (request, from) =>
      serve(from, request, async (files, account) => {
        await files.fetch(from.client, account, request);
        return DEFERRED;
      }),
    got: (request, from) =>
      serve(from, request, (files, account) =>
        files.downloaded(from.client, account, request.file as FileId),
      ),
    download: ({ file }, { client, account }) =>
      required(downloads, NO_FILES).createLink(client, account, file as FileId),
  } satisfies Partial<Handlers<RequestKind>>;
}

function checkFile({ file }: DataChannel, request: RequestOf<TransferKind>): void {
  const isRead = request.kind === "fetch" || request.kind === "got";
  if (file === undefined || (isRead && request.file === file)) return;
  const remedy = "request a ticket";
  throw new Fault("not-allowed", "this data channel is for one download only", { remedy });
}
