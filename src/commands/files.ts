import { PAGE_RECORDS_MAX } from "../base/limits.ts";
import { formatSize } from "../base/sizes.ts";
import type { Client } from "../client/client.ts";
import type { ChatRecord } from "../core/chat-record.ts";
import { untilConnected, withClient } from "./_client.ts";
import { shownChatRecord } from "./_face.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "./_flags.ts";
import {
  moment,
  placeName,
  renderRecord,
  renderTable,
  type ShownRecord,
  styleOf,
} from "./_render.ts";
import { defineVerb } from "./_verb.ts";

export const command = defineVerb({
  args: { at: SERVER_ARGUMENT, ...SERVER_FLAGS },
  details: "Take one with: chat get-file ID",
  async run(args, context) {
    return withClient(context, args, { argument: args.at, mode: "login" }, async ({ client }) => {
      const { user } = await untilConnected(client.events());
      const style = styleOf(context, { me: user });
      const files: ShownRecord[] = [];
      for await (const page of filePages(client)) {
        files.push(...page.map((record) => shownChatRecord(record, user)).filter(isFile));
      }
      if (style.format === "json") {
        context.stdout.write(files.map((file) => renderRecord(file, style)).join(""));
        return 0;
      }
      const rows = files
        .filter(isFile)
        .map((file) => [
          file.id,
          style.format === "text" ? formatSize(file.sizeBytes) : String(file.sizeBytes),
          file.name,
          file.from,
          placeName(file, user),
          moment(file.timeUnixMs, style),
        ]);
      context.stdout.write(
        renderTable(["id", "size", "name", "from", "where", "time"], rows, style),
      );
      return 0;
    });
  },
});

export type ShownFile = Extract<ShownRecord, { kind: "file" }>;

/** Erased ones are there as records, and no more as files. */
export function isFile(record: ShownRecord): record is ShownFile {
  return record.kind === "file";
}

/** All files that the account may read, oldest first, page by page. @throws Fault */
export async function* filePages(
  client: Client,
  afterSeq = 0,
): AsyncGenerator<readonly ChatRecord[], void, undefined> {
  for (let after = afterSeq; ; ) {
    const query = { files: true, after, limit: PAGE_RECORDS_MAX } as const;
    const { records, more } = await client.history(query);
    if (records.length > 0) yield records;
    const last = records.at(-1);
    if (!more || last === undefined) return;
    after = last.seq;
  }
}
