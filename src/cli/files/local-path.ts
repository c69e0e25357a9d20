/** Paths that users type or paste, which may be `file:` addresses (RFC 8089). */

import { tryDecodeUri } from "../../base/decode.ts";
import { msg } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import { usageFault } from "../errors.ts";

const FILE_ADDRESS = /^file:(?:\/\/([^/]*))?(\/.*)$/is;
const LOCAL_HOSTS: ReadonlySet<string> = new Set(["", "localhost"]);

/**
 * Returns the path of a `file:` address, and any other text unchanged.
 * @throws {Fault} usage if the address names another machine or is not valid
 */
export function localPath(text: string, platform: string = process.platform): string {
  const [, host = "", encoded] = FILE_ADDRESS.exec(text) ?? [];
  if (encoded === undefined) return text;
  if (!LOCAL_HOSTS.has(host.toLowerCase())) {
    throw usageFault(
      msg`${quoteText(text)} is on another machine, ${host}`,
      msg`use a path on this machine`,
    );
  }
  const path = tryDecodeUri(encoded);
  if (path === undefined || path.includes("\0")) {
    throw usageFault(
      msg`${quoteText(text)} is not a valid file address`,
      msg`use the path of the file`,
    );
  }
  return platform === "win32" ? path.replace(/^\/(?=[A-Za-z]:)/, "") : path;
}
