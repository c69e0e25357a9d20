/** `chat files`: lists the files of a server. */

import { formatSize } from "../base/sizes.ts";
import { shownChatRecord } from "../cli/chat/console.ts";
import { defineVerb } from "../cli/command.ts";
import { untilConnected, withClient } from "../cli/connect/client.ts";
import { filePages } from "../cli/connect/lists.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../cli/flags.ts";
import { DamageReport } from "../cli/output/damage.ts";
import {
  destinationName,
  isFile,
  moment,
  renderRecord,
  renderTable,
  type ShownRecord,
  styleOf,
} from "../cli/output/render.ts";
import { seenFile } from "../io/state/seen-files.ts";

export const command = defineVerb({
  args: { at: SERVER_ARGUMENT, ...SERVER_FLAGS },
  details: "Take one with: chat get-file ID",
  async run(args, context) {
    return withClient(
      context,
      args,
      { argument: args.at, mode: "login", reads: true },
      async ({ client, state }) => {
        const { user } = await untilConnected(client.read());
        const style = styleOf(context, { me: user });
        const files: ShownRecord[] = [];
        const damage = new DamageReport();
        for await (const page of filePages(client)) {
          const records = page.map((record) => shownChatRecord(record, user));
          damage.note(records);
          files.push(...records.filter(isFile));
        }
        state.seenFiles.note(client.fingerprint ?? "", files.filter(isFile).map(seenFile));
        if (style.format === "json") {
          context.stdout.write(files.map((file) => renderRecord(file, style)).join(""));
          damage.check();
          return 0;
        }
        const rows = files
          .filter(isFile)
          .map((file) => [
            file.id,
            style.format === "text" ? formatSize(file.sizeBytes) : String(file.sizeBytes),
            file.name,
            file.from,
            destinationName(file, user),
            moment(file.timeUnixMs, style),
          ]);
        context.stdout.write(
          renderTable(["id", "size", "name", "from", "where", "time"], rows, style),
        );
        damage.check();
        return 0;
      },
    );
  },
});
