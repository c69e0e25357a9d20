/** Folder of the last server that ran on this machine. */

import { join } from "node:path";
import { readSmallFile, writeSmallFile } from "../../io/disk/data-folder.ts";
import { makePrivateFolder } from "../../io/disk/private-path.ts";
import { absolutePath } from "../../io/disk/working-folder.ts";
import { type Context, printNotice } from "../context.ts";
import { quoteArgument } from "../shell-quote.ts";

export function saveLastData(context: Context, path: string): void {
  const { state } = context.settings().folders;
  try {
    makePrivateFolder(state);
    writeSmallFile(join(state, "last-data"), `${path}\n`);
  } catch {
    // The server can run without this file, which is only used to display a notice.
  }
}

/** Users who create a new server are often in the wrong folder by mistake. */
export function warnAboutOtherServer(context: Context, data: string): void {
  const { state } = context.settings().folders;
  const file = join(state, "last-data");
  const path = absolutePath(data);
  const last = readSmallFile(file)?.trimEnd();
  const hasData = readSmallFile(join(path, "format.json")) !== undefined;
  // A node of a cluster shares the identity of the other nodes, so it is not a new server.
  const isNode = readSmallFile(join(path, "identity.key")) !== undefined;
  if (!hasData && !isNode && last !== undefined && last !== path && mayHoldServer(last)) {
    printNotice(
      context,
      `new server; to run your previous one: chat serve --data ${quoteArgument(last)}`,
    );
  }
}

/** Returns true if the folder cannot be read, for example on a failed disk. */
function mayHoldServer(folder: string): boolean {
  try {
    return readSmallFile(join(folder, "format.json")) !== undefined;
  } catch {
    return true;
  }
}
